package model

import (
	"database/sql"
	"errors"
	"testing"
	"time"
)

// dueSched is an active schedule that came due some time ago.
func dueSched(t *testing.T, d *DB, tpl *Tpl, ago time.Duration, change func(*Sched)) *Sched {
	t.Helper()
	s := Sched{Name: "s", TplID: tpl.ID, Cron: "@daily", OperatorID: 7}
	s.NextDue = sql.NullTime{Time: time.Now().UTC().Add(-ago).Truncate(time.Second), Valid: true}
	if change != nil {
		change(&s)
	}
	made, err := d.CreateSched(t.Context(), s, Request{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestDB_UpdateSched(t *testing.T) {
	t.Parallel()
	t.Run("concurrent_run", testUpdateSchedConcurrentRun)
	t.Run("older_version", testUpdateSchedOlderVersion)
}

// A schedule that ends, or goes on, in the middle of an edit does both.
func testUpdateSchedConcurrentRun(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "t")
	next := time.Now().UTC().Add(time.Hour).Truncate(time.Second)
	for name, to := range map[string]struct {
		step Step
		want SchedStatus
		next sql.NullTime
	}{
		"ends":    {Step{}, SchedEnded, sql.NullTime{}},
		"goes on": {Step{Next: next}, SchedActive, sql.NullTime{Time: next, Valid: true}},
	} {
		s := dueSched(t, d, tpl, time.Second, nil)
		moved := false
		got, err := d.UpdateSched(t.Context(), s.ID, s.Version, func(edit *Sched) error {
			edit.Name = "new"
			if moved {
				return nil
			}
			moved = true
			return d.SkipRun(t.Context(), s, to.step)
		})
		if err != nil || got.Name != "new" || got.Status != to.want || got.NextDue != to.next || got.Version != s.Version+1 {
			t.Errorf("%s: %+v, %v; want renamed, status %d, next %v", name, got, err, to.want, to.next)
		}
	}
}

func testUpdateSchedOlderVersion(t *testing.T) {
	t.Parallel()
	d := setup(t)
	s := dueSched(t, d, addTpl(t, d, "t"), 0, nil)
	rename := func(edit *Sched) error { edit.Name = "new"; return nil }
	if _, err := d.UpdateSched(t.Context(), s.ID, s.Version, rename); err != nil {
		t.Fatal(err)
	}
	_, err := d.UpdateSched(t.Context(), s.ID, s.Version, rename)
	var wrong *Error
	if !errors.As(err, &wrong) || wrong.Kind != Conflict {
		t.Errorf("got %v, want a Conflict", err)
	}
}

func TestDB_StartRun(t *testing.T) {
	t.Parallel()
	t.Run("one_instance_per_due_time", testStartRunOneInstancePerDueTime)
}

// A due time gets no second instance, whether a schedule or a request asks.
func testStartRunOneInstancePerDueTime(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "t")
	s := dueSched(t, d, tpl, time.Minute, nil)
	in := newInst(tpl, 7)
	in.SchedID, in.Due = s.ID, s.NextDue
	runs, err := d.RunDues(t.Context(), []Inst{in}, Request{}, manyWaiting)
	if err != nil || len(runs) != 1 || runs[0].Existed {
		t.Fatalf("run by hand: %v, %v", runs, err)
	}
	next := s.NextDue.Time.Add(time.Hour)
	id, err := d.StartRun(t.Context(), s, in, Step{Next: next}, manyWaiting)
	if id != 0 || err != nil {
		t.Errorf("fired as %d, %v; want no second instance", id, err)
	}
	got, err := d.GetSched(t.Context(), s.ID)
	if err != nil || !got.NextDue.Time.Equal(next) || got.LastInst != runs[0].InstID {
		t.Errorf("next %s, last instance %d, %v; want %s and %d", got.NextDue.Time, got.LastInst, err, next, runs[0].InstID)
	}
	if _, err := d.StartRun(t.Context(), s, in, Step{Next: next}, manyWaiting); !errors.Is(err, ErrMoved) {
		t.Errorf("fired by a replica that read it earlier: %v, want ErrMoved", err)
	}
	// Even where the schedule's row says that it is due again, the key holds.
	run(t, d, `UPDATE welife_export_sched SET nextDue = ? WHERE eschedId = ?`, s.NextDue, s.ID)
	if id, err := d.StartRun(t.Context(), s, in, Step{Next: next}, manyWaiting); id != 0 || err != nil {
		t.Errorf("fired again as %d, %v; want no second instance", id, err)
	}
	if list, _, err := d.ListInst(t.Context(), InstFilter{Limit: 10}); err != nil || len(list) != 1 {
		t.Errorf("%d instances, %v; want 1", len(list), err)
	}
}

func TestDB_SchedLag(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "t")
	lag := func() time.Duration {
		t.Helper()
		lag, err := d.SchedLag(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return lag
	}
	dueSched(t, d, tpl, -time.Hour, nil)
	dueSched(t, d, tpl, 10*time.Minute, func(s *Sched) { s.JitterSec = 3600 })
	if got := lag(); got != 0 {
		t.Errorf("lag %s while a schedule waits for its jitter, want 0", got)
	}
	dueSched(t, d, tpl, 7*time.Minute, nil)
	if got := lag(); got < 7*time.Minute || got > 8*time.Minute {
		t.Errorf("lag %s, want 7 minutes", got)
	}
}
