// Package schedule makes the instances of schedules when they come due.
// cmd/exportd runs one Runner in each process; there is no leader. A due time
// makes one instance whatever the number of processes: instance, due time and
// the schedule's move to its next due time are one transaction, and a due time
// can be written once.
//
//	DueScheds ─▶ policy for missed and overlapping ─▶ Freeze ─▶ StartRun
package schedule

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"exporttask/internal/calendar"
	"exporttask/internal/model"
	"exporttask/internal/task"
	"exporttask/internal/worker/backoff"
)

const (
	// batch is how many schedules are read at once.
	batch = 100
	// maxMade is how many due times that have passed are made up for.
	maxMade = 100
	// grace is how late a due time may be dealt with and still not have been
	// missed.
	grace = time.Minute
	// again is when a schedule that has to wait is looked at again.
	again = time.Second
)

// Store is what the runner needs of the model.
type Store interface {
	DueScheds(ctx context.Context, after int64, limit int) ([]model.Sched, time.Time, error)
	Unended(ctx context.Context, schedID int64) (int64, error)
	StartRun(ctx context.Context, s *model.Sched, in model.Inst, step model.Step, maxWaiting int) (int64, error)
	SkipRun(ctx context.Context, s *model.Sched, step model.Step) error
	DeferRun(ctx context.Context, s *model.Sched, wait time.Duration, problem string) error
}

// Freezer makes a schedule's instance as its template is now, for a time.
type Freezer interface {
	FreezeSched(ctx context.Context, s *model.Sched, at task.Moment) (*model.Inst, error)
}

// Config are a runner's settings.
type Config struct {
	// Zone is the zone of schedules that name none.
	Zone *time.Location
	// Every is how often due schedules are looked for, a quarter more or less
	// by chance.
	Every time.Duration
	// MaxWaiting bounds the instances that wait for an operator.
	MaxWaiting int
	// Tracer begins the traces of what the runner makes; nil: there are none.
	Tracer trace.Tracer
}

// Runner makes instances of what is due.
type Runner struct {
	cfg     Config
	store   Store
	freezer Freezer
	nudge   func()
	log     *slog.Logger
}

// New makes a Runner. nudge tells the worker pool that there is an instance.
func New(cfg Config, store Store, freezer Freezer, nudge func(), log *slog.Logger) *Runner {
	if cfg.Tracer == nil {
		cfg.Tracer = noop.Tracer{}
	}
	return &Runner{cfg: cfg, store: store, freezer: freezer, nudge: nudge, log: log}
}

// Run looks for due schedules until ctx ends.
func (r *Runner) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if _, err := r.RunOnce(ctx); err != nil && ctx.Err() == nil {
			r.log.ErrorContext(ctx, "schedules", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(backoff.Jitter(r.cfg.Every)):
		}
	}
}

// RunOnce deals with what is due now and returns how many instances it made.
func (r *Runner) RunOnce(ctx context.Context) (n int, err error) {
	var errs []error
	// All that are due: those that wait for room or for an earlier instance
	// must not stand in the way of the others.
	for after, more := int64(0), true; more; {
		due, now, err := r.store.DueScheds(ctx, after, batch)
		if err != nil {
			return n, errors.Join(append(errs, err)...)
		}
		for i := range due {
			some, err := r.fire(ctx, &due[i], now)
			if err != nil && !errors.Is(err, model.ErrMoved) {
				errs = append(errs, fmt.Errorf("schedule %d: %w", due[i].ID, err))
			}
			n += some
			after = due[i].ID
		}
		more = len(due) == batch
	}
	if n > 0 {
		r.nudge()
	}
	return n, errors.Join(errs...)
}

// fire deals with one schedule whose next due time has come, and returns how
// many instances it made.
func (r *Runner) fire(ctx context.Context, s *model.Sched, now time.Time) (n int, err error) {
	if wait := s.NextDue.Time.Add(Jitter(s)).Sub(now); wait > 0 {
		// Not for longer than a replica may be away without being missed.
		return 0, r.store.DeferRun(ctx, s, min(wait, grace), "")
	}
	calendar, err := Calendar(s, r.cfg.Zone)
	if err != nil {
		// Another replica may know the zone.
		r.log.WarnContext(ctx, "a schedule waits", "esched_id", s.ID, "error", err)
		return 0, r.store.DeferRun(ctx, s, grace/2, err.Error())
	}
	run, note, err := r.choose(ctx, s, calendar, now)
	if err != nil {
		return 0, err
	}
	for _, due := range run {
		s.NextDue.Time = due
		what, err := r.one(ctx, s, calendar, note)
		if what == made {
			n++
		}
		if err != nil || what == stays {
			return n, err
		}
	}
	return n, nil
}

// choose tells which of the due times up to now are run, passes over those
// before them, and says so in note.
func (r *Runner) choose(ctx context.Context, s *model.Sched, calendar *calendar.Calendar, now time.Time) (run []time.Time, note string, err error) {
	late := missed(s, now)
	run, before := pick(s, calendar, now, late)
	if before == 0 {
		return run, "", nil
	}
	step := model.Step{Next: after(s, calendar, now.Add(-Jitter(s)))}
	if len(run) > 0 {
		step.Next = run[0]
	}
	why := fmt.Sprintf("were skipped: no more than %d wait", maxMade)
	if late {
		why = "passed while no replica ran and were skipped"
	}
	step.Problem = fmt.Sprintf("%d due times up to %s %s", before, now.Format(time.RFC3339), why)
	return run, step.Problem, r.store.SkipRun(ctx, s, step)
}

// outcome is what becomes of a due time.
type outcome int

const (
	stays  outcome = iota // due still
	passed                // without an instance
	made                  // with one, now
)

// one makes the instance of s.NextDue, or passes it over and says why. note is
// what there is to say of due times before it.
func (r *Runner) one(ctx context.Context, s *model.Sched, calendar *calendar.Calendar, note string) (outcome, error) {
	due := s.NextDue.Time
	shown := due.Format(time.RFC3339)
	step := model.Step{Next: after(s, calendar, due), Problem: note}
	if s.Overlap != model.OverlapAllow {
		busy, err := r.store.Unended(ctx, s.ID)
		switch {
		case err != nil:
			return stays, err
		case busy != 0 && s.Overlap == model.OverlapQueue:
			return stays, r.store.DeferRun(ctx, s, again, fmt.Sprintf("the due time %s waits: instance %d has not ended", shown, busy))
		case busy != 0:
			step.Problem = fmt.Sprintf("skipped the due time %s: instance %d had not ended", shown, busy)
			return passed, r.store.SkipRun(ctx, s, step)
		}
	}
	id, err := r.insert(ctx, s, calendar, step)
	var wrong *model.Error
	switch {
	case errors.As(err, &wrong) && wrong.Kind == model.Quota:
		return stays, r.store.DeferRun(ctx, s, again, fmt.Sprintf("the due time %s waits: %s", shown, wrong.Text))
	case errors.As(err, &wrong):
		r.log.WarnContext(ctx, "a due time made no instance", "esched_id", s.ID, "due", due, "error", wrong)
		step.Problem = fmt.Sprintf("no instance at %s: %s", shown, wrong.Text)
		return passed, r.store.SkipRun(ctx, s, step)
	case err != nil:
		return stays, err
	case id == 0:
		return passed, nil // it was run by hand
	}
	r.log.InfoContext(ctx, "due", "esched_id", s.ID, "due", due, "inst_id", id)
	return made, nil
}

// insert makes the instance of s.NextDue, which begins a trace.
func (r *Runner) insert(ctx context.Context, s *model.Sched, calendar *calendar.Calendar, step model.Step) (id int64, err error) {
	ctx, span := r.cfg.Tracer.Start(ctx, "schedule.fire", trace.WithAttributes(
		attribute.Int64("exportd.sched_id", s.ID),
		attribute.String("exportd.due", s.NextDue.Time.UTC().Format(time.RFC3339)),
	))
	defer func() {
		if id != 0 {
			span.SetAttributes(attribute.Int64("exportd.inst_id", id))
		}
		if err != nil && !errors.Is(err, model.ErrMoved) {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}()
	in, err := r.freezer.FreezeSched(ctx, s, Moment(calendar, s.NextDue.Time))
	if err != nil {
		return 0, err
	}
	return r.store.StartRun(ctx, s, *in, step, r.cfg.MaxWaiting)
}

// missed tells whether due times have passed without a replica that looked. One
// that looked and had to leave the schedule due has held it.
func missed(s *model.Sched, now time.Time) bool {
	looked := s.NextDue.Time.Add(Jitter(s))
	if s.HeldUntil.Time.After(looked) {
		looked = s.HeldUntil.Time
	}
	return now.Sub(looked) > grace
}

// pick tells which of the due times from s.NextDue up to now are run, in their
// order, and how many before them are not. late says that the policy for missed
// ones decides.
func pick(s *model.Sched, calendar *calendar.Calendar, now time.Time, late bool) (run []time.Time, before int) {
	total := 0
	for due := s.NextDue.Time; !due.IsZero() && !due.After(now.Add(-Jitter(s))); due = after(s, calendar, due) {
		total++
		if run = append(run, due); len(run) > maxMade {
			run = run[1:]
		}
	}
	if late && s.Missed != model.MissedAll {
		for len(run) > 0 && (s.Missed == model.MissedSkip || len(run) > 1) && now.Sub(run[0]) > grace+Jitter(s) {
			run = run[1:]
		}
	}
	return run, total - len(run)
}

// after is the schedule's first due time after t; zero where there is none
// before its end.
func after(s *model.Sched, calendar *calendar.Calendar, t time.Time) time.Time {
	return Next(calendar, s.StartAt.Time, s.EndAt.Time, t)
}

// Next is the first due time after t that is not before start and not after end;
// zero times are no bounds, and the zero time is none.
func Next(calendar *calendar.Calendar, start, end, t time.Time) time.Time {
	if !start.IsZero() && t.Before(start) {
		t = start.Add(-time.Microsecond)
	}
	due := calendar.Next(t)
	if due.IsZero() || !end.IsZero() && due.After(end) {
		return time.Time{}
	}
	return due
}

// Calendar is a schedule's calendar; zone is that of schedules that name none.
func Calendar(s *model.Sched, zone *time.Location) (*calendar.Calendar, error) {
	if s.Zone != "" {
		var err error
		if zone, err = time.LoadLocation(s.Zone); err != nil {
			return nil, fmt.Errorf("zone: %q is not known to this server", s.Zone)
		}
	}
	c, err := calendar.Parse(s.Cron, zone)
	if err != nil {
		return nil, fmt.Errorf("cron: %w", err)
	}
	return c, nil
}

// Moment is what the instance of a due time is about: the span from the due time
// before it, by the calendar, up to it. So the spans of all due times lie one
// beside the other, whatever ran when.
func Moment(calendar *calendar.Calendar, due time.Time) task.Moment {
	start := calendar.Prev(due)
	if start.IsZero() {
		start = due
	}
	zone := calendar.Zone()
	return task.Moment{Now: due.In(zone), Due: due.In(zone), Start: start.In(zone), End: due.In(zone)}
}

// Jitter is how long after its due times a schedule's instances are made: of 0
// to JitterSec seconds always the same, so that schedules of one expression
// spread.
func Jitter(s *model.Sched) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(strconv.FormatInt(s.ID, 10))) // a hash takes everything
	return time.Duration(int64(h.Sum32())%int64(s.JitterSec+1)) * time.Second
}
