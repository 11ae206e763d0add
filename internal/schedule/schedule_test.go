package schedule

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"exporttask/internal/calendar"
	"exporttask/internal/model"
	"exporttask/internal/testkit"
	"exporttask/migrations"
)

// site is a database and a template on it.
type site struct {
	dsn string
	db  *model.DB
	tpl *model.Tpl
}

func setup(t *testing.T) *site {
	t.Helper()
	s := &site{dsn: testkit.Database(t)}
	s.db = s.open(t)
	if _, err := migrations.Up(t.Context(), s.db.SQL(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	var err error
	s.tpl, err = s.db.CreateTpl(t.Context(), model.Tpl{Name: "t", Source: "default", Expr: "SELECT 1", Status: model.TplNormal}, model.Request{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// open is one replica's connections.
func (s *site) open(t *testing.T) *model.DB {
	t.Helper()
	db, err := model.Open(context.WithoutCancel(t.Context()), s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// starter starts runs as task.Service does, of a template without parameters.
type starter struct {
	db         *model.DB
	tpl        *model.Tpl
	fail       error
	maxWaiting int
}

func (f starter) StartRun(ctx context.Context, s *model.Sched, w calendar.Window, step model.Step) (int64, error) {
	if f.fail != nil {
		return 0, f.fail
	}
	utc := func(t time.Time) sql.NullTime { return sql.NullTime{Time: t.UTC(), Valid: true} }
	return f.db.StartRun(ctx, s, model.Inst{
		TplID: f.tpl.ID, TplName: f.tpl.Name, Source: "default", Expr: f.tpl.Expr, OutputFormat: model.FormatCSV,
		OperatorID: s.OperatorID, TimeoutSec: 60, RetentionSec: 60, MaxAttempts: 3,
		SchedID: s.ID, Due: utc(w.Due), WindowStart: utc(w.Start), WindowEnd: utc(w.End),
	}, step, f.maxWaiting)
}

func (f starter) FailRun(ctx context.Context, s *model.Sched, _ calendar.Window, step model.Step) error {
	return f.db.FailRun(ctx, s, f.tpl.Name, step, nil)
}

func (f starter) NotifyLate(ctx context.Context) error {
	_, err := f.db.NotifyLate(ctx)
	return err
}

const plenty = 1 << 20

func (s *site) runner(db *model.DB, fail error) *Runner {
	return s.runnerWithRoom(db, fail, plenty)
}

// runnerWithRoom returns a runner where an operator may have only so many waiting
// instances.
func (s *site) runnerWithRoom(db *model.DB, fail error, maxWaiting int) *Runner {
	return New(Config{Zone: time.UTC, Every: time.Millisecond}, db, starter{db, s.tpl, fail, maxWaiting}, func() {}, slog.New(slog.DiscardHandler))
}

// every minute, due since some time ago.
func (s *site) sched(t *testing.T, since time.Time, change func(*model.Sched)) *model.Sched {
	t.Helper()
	sched := model.Sched{
		Name: "s", TplID: s.tpl.ID, Cron: "* * * * *", OperatorID: 1,
		NextDue: sql.NullTime{Time: since.UTC().Truncate(time.Minute), Valid: true},
	}
	if change != nil {
		change(&sched)
	}
	made, err := s.db.CreateSched(t.Context(), sched, model.Request{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (s *site) insts(t *testing.T) []model.Inst {
	t.Helper()
	list, _, err := s.db.ListInst(t.Context(), model.InstFilter{Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (s *site) get(t *testing.T, id int64) *model.Sched {
	t.Helper()
	sched, err := s.db.GetSched(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return sched
}

// Three replicas, cut off all the time, make one instance for each due time.
func TestRunner_Run_replicas_killed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	const schedules, dues = 20, 100
	now := time.Now().UTC()
	for range schedules {
		s.sched(t, now.Add(-(dues-1)*time.Minute), func(m *model.Sched) { m.Missed = model.MissedAll })
	}
	var kills atomic.Int64
	var replicas sync.WaitGroup
	done, finish := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	defer finish()
	for range 3 {
		db := s.open(t)
		replicas.Go(func() {
			for n := 0; done.Err() == nil; n++ {
				// Killed in the middle of its work. Later lives are longer, so
				// that a slow machine ends as well.
				life, kill := context.WithTimeout(done, time.Duration(5+n*7%(40+2*n))*time.Millisecond)
				s.runner(db, nil).Run(life)
				kill()
				kills.Add(1)
			}
		})
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for late := true; late && done.Err() == nil; <-tick.C {
		late = s.late(t)
	}
	finish()
	replicas.Wait()

	seen := map[string]int{}
	for _, in := range s.insts(t) {
		seen[fmt.Sprint(in.SchedID, " ", in.Due.Time.Format(time.RFC3339))]++
		if !in.WindowEnd.Time.Equal(in.Due.Time) || in.WindowEnd.Time.Sub(in.WindowStart.Time) != time.Minute {
			t.Errorf("due %s is about %s to %s, want the minute before it", in.Due.Time, in.WindowStart.Time, in.WindowEnd.Time)
		}
	}
	for key, n := range seen {
		if n != 1 {
			t.Errorf("due time %s has %d instances, want 1", key, n)
		}
	}
	// A minute may begin while the test runs.
	if n := len(seen); n < schedules*dues || n > schedules*(dues+3) {
		t.Errorf("%d due times ran, want %d", n, schedules*dues)
	}
	if kills.Load() < 20 {
		t.Errorf("%d kills, want at least 20", kills.Load())
	}
}

func TestRunner_RunOnce_missed_runs(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		missed  model.Missed
		since   time.Duration
		want    int
		problem string
	}{
		"all":                     {model.MissedAll, 9*time.Minute + 30*time.Second, 10, ""},
		"all, up to the bound":    {model.MissedAll, 150 * time.Minute, 100, "were skipped"},
		"the latest":              {model.MissedLatest, 9*time.Minute + 30*time.Second, 1, " due times up to "},
		"none but those just due": {model.MissedSkip, 9*time.Minute + 30*time.Second, 1, ""},
		"on time":                 {model.MissedLatest, 0, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			now := time.Now().UTC().Truncate(time.Minute)
			sched := s.sched(t, now.Add(-tc.since), func(m *model.Sched) { m.Missed = tc.missed })
			r := s.runner(s.db, nil)
			var problem string
			for range 3 {
				if _, err := r.RunOnce(t.Context()); err != nil {
					t.Fatal(err)
				}
				if p := s.get(t, sched.ID).LastProblem; p != "" {
					problem = p
				}
			}
			if !strings.Contains(problem, tc.problem) {
				t.Errorf("problem %q, want %q", problem, tc.problem)
			}
			n := len(s.insts(t))
			if n < tc.want || n > tc.want+1 { // a minute may begin meanwhile
				t.Errorf("%d instances, want %d", n, tc.want)
			}
			if got := s.get(t, sched.ID); !got.NextDue.Time.After(time.Now().Add(-time.Minute)) {
				t.Errorf("next due at %s, want a time to come", got.NextDue.Time)
			}
		})
	}
}

func TestRunner_RunOnce_overlapping_runs(t *testing.T) {
	t.Parallel()
	s := setup(t)
	since := time.Now().Add(-3 * time.Minute)
	queue := s.sched(t, since, func(m *model.Sched) { m.Overlap, m.Missed = model.OverlapQueue, model.MissedAll })
	skip := s.sched(t, since, func(m *model.Sched) { m.Overlap, m.Missed = model.OverlapSkip, model.MissedAll })
	r := s.runner(s.db, nil)
	for range 6 {
		if _, err := r.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	count := func(id int64) (n int) {
		for _, in := range s.insts(t) {
			if in.SchedID == id {
				n++
			}
		}
		return n
	}
	if n := count(queue.ID); n != 1 {
		t.Errorf("%d instances of the queueing one, want 1 until it ends", n)
	}
	if n, got := count(skip.ID), s.get(t, skip.ID); n != 1 || !strings.Contains(got.LastProblem, "had not ended") {
		t.Errorf("%d instances of the skipping one (%q), want 1 and a reason", n, got.LastProblem)
	}
	for _, in := range s.insts(t) {
		if _, err := s.db.Cancel(t.Context(), in.ID, 1, "make room"); err != nil {
			t.Fatal(err)
		}
	}
	s.endWait(t)
	if _, err := r.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(queue.ID); n != 2 {
		t.Errorf("%d instances of the queueing one after the first ended, want 2", n)
	}
}

func TestRunner_RunOnce_start_fails(t *testing.T) {
	t.Parallel()
	s := setup(t)
	sched := s.sched(t, time.Now(), nil)
	wrong := s.runner(s.db, model.Errorf(model.WrongState, "etplId: %d, the template is deleted", s.tpl.ID))
	if n, err := wrong.RunOnce(t.Context()); n != 0 || err != nil {
		t.Fatalf("made %d, %v", n, err)
	}
	got := s.get(t, sched.ID)
	if !strings.Contains(got.LastProblem, "the template is deleted") || got.Status != model.SchedActive || !got.NextDue.Time.After(sched.NextDue.Time) {
		t.Errorf("problem %q, status %d, next %s; want why, active, later than %s", got.LastProblem, got.Status, got.NextDue.Time, sched.NextDue.Time)
	}

	down := s.sched(t, time.Now(), nil)
	if _, err := s.runner(s.db, errors.New("database down")).RunOnce(t.Context()); err == nil {
		t.Error("no error of a failing database")
	}
	if got := s.get(t, down.ID); !got.NextDue.Time.Equal(down.NextDue.Time) {
		t.Errorf("the due time was passed over though nobody was to blame: next %s", got.NextDue.Time)
	}
}

func TestRunner_RunOnce_ends_pauses_waits_for_room(t *testing.T) {
	t.Parallel()
	s := setup(t)
	now := time.Now().UTC()
	ends := s.sched(t, now, func(m *model.Sched) { m.EndAt = sql.NullTime{Time: now.Add(time.Second), Valid: true} })
	paused := s.sched(t, now, func(m *model.Sched) { m.Status = model.SchedPaused })
	jitter := s.sched(t, now.Add(time.Minute), func(m *model.Sched) { m.JitterSec = 3600 })
	if d := Jitter(jitter); d < 0 || d > time.Hour || Jitter(jitter) != d {
		t.Errorf("jitter %s", d)
	}
	full := s.runnerWithRoom(s.db, nil, 1)
	second := s.sched(t, now, nil)
	for range 3 {
		if _, err := full.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.get(t, ends.ID); got.Status != model.SchedEnded || got.NextDue.Valid || got.LastInst == 0 {
		t.Errorf("status %d, next %v; want ended after its last instance", got.Status, got.NextDue)
	}
	if got := s.get(t, second.ID); !got.NextDue.Time.Equal(second.NextDue.Time) {
		t.Errorf("a due time was lost to a full queue: next %s", got.NextDue.Time)
	}
	for _, in := range s.insts(t) {
		if in.SchedID == paused.ID {
			t.Error("a paused schedule ran")
		}
	}
}

// More than one batchSize of schedules that wait for an instance to end.
func TestRunner_RunOnce_waiting_schedules_do_not_block(t *testing.T) {
	t.Parallel()
	s := setup(t)
	since := time.Now().Add(-2 * time.Minute)
	for range batchSize + 5 {
		s.sched(t, since, func(m *model.Sched) { m.Overlap, m.Missed = model.OverlapQueue, model.MissedAll })
	}
	r := s.runner(s.db, nil)
	if _, err := r.RunOnce(t.Context()); err != nil { // each has one that waits
		t.Fatal(err)
	}
	last := s.sched(t, since, nil)
	if _, err := r.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.get(t, last.ID); got.LastInst == 0 {
		t.Error("the last one was not reached")
	}
}
