package schedule

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/model"
)

// exec runs a statement of the test's own, such as one that lets time pass.
func (s *site) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	if _, err := s.db.SQL().ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// endWait lets the wait of schedules that are held back pass.
func (s *site) endWait(t *testing.T) {
	t.Helper()
	s.exec(t, `UPDATE welife_export_sched SET heldUntil = UTC_TIMESTAMP(6) WHERE heldUntil > UTC_TIMESTAMP(6)`)
}

// endInsts ends whatever waits.
func (s *site) endInsts(t *testing.T) {
	t.Helper()
	for _, in := range s.insts(t) {
		if in.Status != model.Waiting {
			continue
		}
		if _, err := s.db.Cancel(t.Context(), in.ID, 1, "make room"); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *site) once(t *testing.T, r *Runner) int {
	t.Helper()
	made, err := r.RunOnce(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// dues are the due times that have instances, in the order of those.
func (s *site) dues(t *testing.T, id int64) []string {
	t.Helper()
	list := s.insts(t)
	var out []string
	for i := range list {
		if in := list[len(list)-1-i]; in.SchedID == id {
			out = append(out, in.Due.Time.Format(time.TimeOnly))
		}
	}
	return out
}

// minutes are so many due times from one on.
func minutes(from time.Time, n int) []string {
	var out []string
	for i := range n {
		out = append(out, from.Add(time.Duration(i)*time.Minute).Format(time.TimeOnly))
	}
	return out
}

// What a replica finds due and has to leave has not been missed: the policy for
// missed due times has no say in it.
func TestRunner_RunOnce_deferred_runs_in_order(t *testing.T) {
	t.Parallel()
	for name, missed := range map[string]model.Missed{"skip": model.MissedSkip, "latest": model.MissedLatest, "all": model.MissedAll} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			now := time.Now().UTC().Truncate(time.Minute)
			queue := s.sched(t, now, func(m *model.Sched) { m.Overlap, m.Missed = model.OverlapQueue, missed })
			r := s.runner(s.db, nil)
			if n := s.once(t, r); n != 1 {
				t.Fatalf("made %d, want 1 that runs for long", n)
			}
			// It has run for ten minutes; the due times of these were looked at
			// in vain, the last time just now.
			s.exec(t, `DELETE FROM welife_export_due`)
			s.exec(t, `UPDATE welife_export_sched SET nextDue = ?`, now)
			s.once(t, r)
			begin := now.Add(-9 * time.Minute)
			s.exec(t, `UPDATE welife_export_sched SET nextDue = ?`, begin)
			for range 10 {
				s.endInsts(t)
				s.endWait(t)
				s.once(t, r) // makes one, and holds back the next
			}
			want := append([]string{now.Format(time.TimeOnly)}, minutes(begin, 10)...)
			if diff := cmp.Diff(want, s.dues(t, queue.ID)); diff != "" {
				t.Errorf("due times that ran (-want +got):\n%s", diff)
			}
		})
	}
}

// Where no replica ran for a while, it has.
func TestRunner_RunOnce_deferred_then_missed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	now := time.Now().UTC().Truncate(time.Minute)
	sched := s.sched(t, now.Add(-9*time.Minute), func(m *model.Sched) { m.Overlap = model.OverlapQueue })
	s.exec(t, `UPDATE welife_export_sched SET heldUntil = UTC_TIMESTAMP(6) - INTERVAL 5 MINUTE`)
	s.once(t, s.runner(s.db, nil))
	if got := s.dues(t, sched.ID); len(got) != 1 || got[0] < now.Format(time.TimeOnly) {
		t.Errorf("%v ran, want the latest due time alone", got)
	}
}

func TestAZoneThatOneReplicaDoesNotKnowLeavesTheScheduleDue(t *testing.T) {
	t.Parallel()
	s := setup(t)
	sched := s.sched(t, time.Now(), func(m *model.Sched) { m.Zone = "Mars/Base" })
	_, _ = s.runner(s.db, nil).RunOnce(t.Context())
	got := s.get(t, sched.ID)
	if got.Status != model.SchedActive || !got.NextDue.Time.Equal(sched.NextDue.Time) || !strings.Contains(got.LastProblem, "Mars/Base") {
		t.Errorf("status %d, next %v, problem %q; want it active and due still, with the zone named", got.Status, got.NextDue.Time, got.LastProblem)
	}
}

// lastInst is the instance of lastDue.
func TestADueTimeThatIsSkippedHasNoInstance(t *testing.T) {
	t.Parallel()
	s := setup(t)
	sched := s.sched(t, time.Now().Add(-time.Minute), func(m *model.Sched) { m.Overlap, m.Missed = model.OverlapSkip, model.MissedAll })
	r := s.runner(s.db, nil)
	s.once(t, r)
	s.once(t, r)
	if got := s.get(t, sched.ID); got.LastInst != 0 || !strings.Contains(got.LastProblem, "skipped") {
		t.Errorf("last instance %d, problem %q; want none and why", got.LastInst, got.LastProblem)
	}
}

// Connections killed in the middle of whatever they do, three replicas.
func TestEachDueTimeMakesOneInstanceThoughConnectionsAreKilled(t *testing.T) {
	t.Parallel()
	s := setup(t)
	const schedules, dues = 20, 100
	now := time.Now().UTC()
	for range schedules {
		s.sched(t, now.Add(-(dues-1)*time.Minute), func(m *model.Sched) { m.Missed = model.MissedAll })
	}
	var replicas sync.WaitGroup
	run, finish := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
	defer finish()
	for range 3 {
		r := s.runner(s.open(t), nil)
		replicas.Go(func() { r.Run(run) })
	}
	kills := 0
	tick := time.NewTicker(15 * time.Millisecond)
	defer tick.Stop()
	for late := true; late && run.Err() == nil; <-tick.C {
		kills += s.killSome(t)
		late = s.late(t)
	}
	finish()
	replicas.Wait()
	seen := map[string]int{}
	for _, in := range s.insts(t) {
		seen[fmt.Sprint(in.SchedID, " ", in.Due.Time.Format(time.RFC3339))]++
	}
	for key, n := range seen {
		if n != 1 {
			t.Errorf("due time %s has %d instances, want 1", key, n)
		}
	}
	if n := len(seen); n < schedules*dues || n > schedules*(dues+3) || kills < 10 {
		t.Errorf("%d due times ran over %d kills, want %d over at least 10", n, kills, schedules*dues)
	}
}

// late tells whether a due time has passed and was not dealt with.
func (s *site) late(t *testing.T) bool {
	t.Helper()
	var n int
	err := s.db.SQL().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM welife_export_sched WHERE nextDue <= UTC_TIMESTAMP(6)`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}

// killSome kills the replicas' connections that do something now.
func (s *site) killSome(t *testing.T) (killed int) {
	t.Helper()
	db := s.db.SQL()
	rows, err := db.QueryContext(t.Context(), `SELECT ID FROM information_schema.PROCESSLIST
		WHERE DB = DATABASE() AND COMMAND <> 'Sleep' AND ID <> CONNECTION_ID()`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		// It may have ended by itself.
		if _, err := db.ExecContext(t.Context(), fmt.Sprintf("KILL %d", id)); err == nil {
			killed++
		}
	}
	return killed
}
