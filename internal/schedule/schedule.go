// Package schedule starts the runs of schedules when they come due. Each process
// runs one Runner; there is no leader. A due time gets one instance whatever the
// number of processes: instance, due time and the schedule's move to its next due
// time are one transaction, and a due time can be inserted once.
//
//	DueScheds ─▶ policy for missed runs ─▶ policy for overlapping runs ─▶ StartRun, SkipRun or DeferRun
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
	// batchSize is how many due schedules are read at once.
	batchSize = 100
	// maxMissed bounds the missed due times of one schedule that are run.
	maxMissed = 100
	// grace is how late a due time may be handled without counting as missed.
	grace = time.Minute
	// deferTime is when a schedule that has to wait is read again.
	deferTime = time.Second
	// lateEvery is the pause between two searches for late runs.
	lateEvery = 10 * time.Second
)

// Store holds the schedules. *model.DB implements it.
type Store interface {
	DueScheds(ctx context.Context, after int64, limit int) ([]model.Sched, time.Time, error)
	Unended(ctx context.Context, schedID int64) (int64, error)
	SkipRun(ctx context.Context, s *model.Sched, step model.Step) error
	DeferRun(ctx context.Context, s *model.Sched, wait time.Duration, problem string) error
}

// Tasks are the use cases that the runner calls. *task.Service implements it.
type Tasks interface {
	// StartRun creates the instance of a schedule's due time and moves the
	// schedule on; it returns 0 where the due time has an instance already.
	StartRun(ctx context.Context, s *model.Sched, w calendar.Window, step model.Step) (instID int64, err error)
	// FailRun moves the schedule on from a due time for which no instance can be
	// created, and counts that as a failure.
	FailRun(ctx context.Context, s *model.Sched, w calendar.Window, step model.Step) error
	// NotifyLate sends notices of runs that have not ended in time.
	NotifyLate(ctx context.Context) error
}

// Config holds the settings of a Runner.
type Config struct {
	// Zone is the time zone of schedules that name none.
	Zone *time.Location
	// Every is how often due schedules are looked for, with a random deviation
	// of up to a quarter.
	Every time.Duration
	// Tracer starts the traces of scheduled runs; nil: there are none.
	Tracer trace.Tracer
}

// Runner starts the runs of due schedules.
type Runner struct {
	cfg   Config
	store Store
	tasks Tasks
	wake  func()
	log   *slog.Logger

	nextLate time.Time // when Run looks for late runs again
}

// New returns a Runner. It calls wake after it has created instances, so that the
// workers of this process claim them at once.
func New(cfg Config, store Store, tasks Tasks, wake func(), log *slog.Logger) *Runner {
	if cfg.Tracer == nil {
		cfg.Tracer = noop.Tracer{}
	}
	return &Runner{cfg: cfg, store: store, tasks: tasks, wake: wake, log: log}
}

// Run handles due schedules until ctx ends.
func (r *Runner) Run(ctx context.Context) {
	ctx = model.WithActor(ctx, model.Actor{Via: "schedule"})
	for ctx.Err() == nil {
		// First, so that due times that passed while no replica ran are noticed.
		if err := r.notifyLate(ctx); err != nil && ctx.Err() == nil {
			r.log.ErrorContext(ctx, "look for late runs", "error", err)
		}
		if _, err := r.RunOnce(ctx); err != nil && ctx.Err() == nil {
			r.log.ErrorContext(ctx, "handle due schedules", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(backoff.Jitter(r.cfg.Every)):
		}
	}
}

// notifyLate looks for late runs, if that is due again.
func (r *Runner) notifyLate(ctx context.Context) error {
	now := time.Now()
	if now.Before(r.nextLate) {
		return nil
	}
	r.nextLate = now.Add(backoff.Jitter(lateEvery))
	return r.tasks.NotifyLate(ctx)
}

// RunOnce handles every schedule that is due now and returns how many instances
// it created. The error joins the errors of all schedules; one schedule's error
// does not stop the others.
func (r *Runner) RunOnce(ctx context.Context) (created int, err error) {
	var errs []error
	for after, more := int64(0), true; more; {
		due, now, err := r.store.DueScheds(ctx, after, batchSize)
		if err != nil {
			return created, errors.Join(append(errs, err)...)
		}
		for i := range due {
			n, err := r.handle(ctx, &due[i], now)
			if err != nil && !errors.Is(err, model.ErrMoved) {
				errs = append(errs, fmt.Errorf("schedule %d: %w", due[i].ID, err))
			}
			created += n
			after = due[i].ID
		}
		more = len(due) == batchSize
	}
	if created > 0 {
		r.wake()
	}
	return created, errors.Join(errs...)
}

// handle handles a schedule whose next due time has come and returns how many
// instances it created.
func (r *Runner) handle(ctx context.Context, s *model.Sched, now time.Time) (created int, err error) {
	if wait := s.NextDue.Time.Add(Jitter(s)).Sub(now); wait > 0 {
		// No longer than a replica may be away before due times count as missed.
		return 0, r.store.DeferRun(ctx, s, min(wait, grace), "")
	}
	c, err := task.SchedCalendar(s, r.cfg.Zone)
	if err != nil {
		// Another replica may have a newer time zone database.
		r.log.WarnContext(ctx, "the schedule cannot be read and waits", "esched_id", s.ID, "error", err)
		return 0, r.store.DeferRun(ctx, s, grace/2, err.Error())
	}
	dues, note, err := r.skipMissed(ctx, s, c, now)
	if err != nil {
		return 0, err
	}
	for _, due := range dues {
		s.NextDue.Time = due
		what, err := r.run(ctx, s, c, note)
		if what == started {
			created++
		}
		if err != nil || what == deferred {
			return created, err
		}
	}
	return created, nil
}

// skipMissed applies the policy for missed runs: it returns the due times up to
// now that are to be run, moves the schedule past those before them, and returns
// a note about the skipped ones for the schedule's lastProblem.
func (r *Runner) skipMissed(ctx context.Context, s *model.Sched, c *calendar.Calendar, now time.Time) (dues []time.Time, note string, err error) {
	late := isLate(s, now)
	dues, skipped := duesToRun(s, c, now, late)
	if skipped == 0 {
		return dues, "", nil
	}
	step := model.Step{Next: nextDue(s, c, now.Add(-Jitter(s)))}
	if len(dues) > 0 {
		step.Next = dues[0]
	}
	why := fmt.Sprintf("were skipped: no more than %d wait", maxMissed)
	if late {
		why = "passed while no replica ran and were skipped"
	}
	step.Problem = fmt.Sprintf("%d due times up to %s %s", skipped, now.Format(time.RFC3339), why)
	return dues, step.Problem, r.store.SkipRun(ctx, s, step)
}

// outcome is the result of handling one due time.
type outcome int

const (
	deferred outcome = iota // the schedule is still due
	skipped                 // the schedule has moved on without a new instance
	started                 // the due time has a new instance
)

// run starts the run of s.NextDue, or skips or defers it where an earlier run has
// not ended. note is written to the schedule's lastProblem where the run starts.
func (r *Runner) run(ctx context.Context, s *model.Sched, c *calendar.Calendar, note string) (outcome, error) {
	due := s.NextDue.Time
	text := due.Format(time.RFC3339)
	step := model.Step{Next: nextDue(s, c, due), Problem: note}
	if s.Overlap != model.OverlapAllow {
		unended, err := r.store.Unended(ctx, s.ID)
		switch {
		case err != nil:
			return deferred, err
		case unended != 0 && s.Overlap == model.OverlapQueue:
			return deferred, r.store.DeferRun(ctx, s, deferTime, fmt.Sprintf("the due time %s waits: instance %d has not ended", text, unended))
		case unended != 0:
			step.Problem = fmt.Sprintf("skipped the due time %s: instance %d had not ended", text, unended)
			return skipped, r.store.SkipRun(ctx, s, step)
		}
	}
	id, err := r.start(ctx, s, c, step)
	var wrong *model.Error
	switch {
	case errors.As(err, &wrong) && wrong.Kind == model.Quota:
		return deferred, r.store.DeferRun(ctx, s, deferTime, fmt.Sprintf("the due time %s waits: %s", text, wrong.Text))
	case errors.As(err, &wrong):
		r.log.WarnContext(ctx, "the due time got no instance", "esched_id", s.ID, "due", due, "error", wrong)
		step.Problem = fmt.Sprintf("no instance at %s: %s", text, wrong.Text)
		return skipped, r.tasks.FailRun(ctx, s, c.Window(due), step)
	case err != nil:
		return deferred, err
	case id == 0:
		return skipped, nil // somebody has run it with RunSched
	}
	r.log.InfoContext(ctx, "scheduled run started", "esched_id", s.ID, "due", due, "inst_id", id)
	return started, nil
}

// start creates the instance of s.NextDue, in a trace of its own.
func (r *Runner) start(ctx context.Context, s *model.Sched, c *calendar.Calendar, step model.Step) (id int64, err error) {
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
	return r.tasks.StartRun(ctx, s, c.Window(s.NextDue.Time), step)
}

// isLate reports whether due times have passed while no replica handled the
// schedule. A replica that had to leave it due has set HeldUntil.
func isLate(s *model.Sched, now time.Time) bool {
	handled := s.NextDue.Time.Add(Jitter(s))
	if s.HeldUntil.Time.After(handled) {
		handled = s.HeldUntil.Time
	}
	return now.Sub(handled) > grace
}

// duesToRun returns the due times from s.NextDue up to now that are to be run, in
// order, and how many before them are skipped. late says that the schedule's
// policy for missed runs applies.
func duesToRun(s *model.Sched, c *calendar.Calendar, now time.Time, late bool) (dues []time.Time, skipped int) {
	total := 0
	for due := s.NextDue.Time; !due.IsZero() && !due.After(now.Add(-Jitter(s))); due = nextDue(s, c, due) {
		total++
		if dues = append(dues, due); len(dues) > maxMissed {
			dues = dues[1:]
		}
	}
	if late && s.Missed != model.MissedAll {
		for len(dues) > 0 && (s.Missed == model.MissedSkip || len(dues) > 1) && now.Sub(dues[0]) > grace+Jitter(s) {
			dues = dues[1:]
		}
	}
	return dues, total - len(dues)
}

// nextDue returns the schedule's first due time after t; the zero time means that
// there is none before the schedule ends.
func nextDue(s *model.Sched, c *calendar.Calendar, t time.Time) time.Time {
	return c.NextWithin(t, s.StartAt.Time, s.EndAt.Time)
}

// Jitter returns how long after a due time the schedule's run starts: between 0
// and JitterSec seconds, the same for every due time of a schedule and spread
// evenly over schedules.
func Jitter(s *model.Sched) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(strconv.FormatInt(s.ID, 10))) // never fails
	return time.Duration(int64(h.Sum32())%int64(s.JitterSec+1)) * time.Second
}
