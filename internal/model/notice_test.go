package model

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// notices are the notices, oldest first, as "event of instance N to destination".
func notices(t *testing.T, d *DB) []string {
	t.Helper()
	list, err := d.ListDelivery(t.Context(), DeliveryFilter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	names := map[NoticeEvent]string{EventFailed: "failed", EventLate: "late", EventRecovered: "recovered"}
	var out []string
	for _, v := range slices.Backward(list) {
		if v.Event == EventFiles {
			continue
		}
		text := fmt.Sprintf("%s %d to %s", names[v.Event], v.InstID, v.Notice.V.To.Destination)
		if n := v.Notice.V.Failures; n > 0 {
			text += fmt.Sprintf(", %d failures", n)
		}
		if v.Notice.V.Paused {
			text += ", paused"
		}
		out = append(out, text)
	}
	return out
}

func wantNotices(t *testing.T, d *DB, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, notices(t, d)); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
}

var ops = JSON[Notify]{Notify{To: []DeliverTo{{Destination: "mail"}}}}

func addSched(t *testing.T, d *DB, tpl *Tpl, change func(*Sched)) *Sched {
	t.Helper()
	s := Sched{Name: "s", TplID: tpl.ID, Cron: "* * * * *", OperatorID: 7, NextDue: due(0)}
	change(&s)
	made, err := d.CreateSched(t.Context(), s, Request{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// due is a due time in the past.
func due(minute int) sql.NullTime {
	return sql.NullTime{Time: time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC), Valid: true}
}

// fire starts the run of a schedule's due time.
func fire(t *testing.T, d *DB, id int64, notify JSON[Notify]) *Inst {
	t.Helper()
	s, err := d.GetSched(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	in := newInst(&Tpl{ID: s.TplID, Name: "t", Version: 1, Source: "default"}, s.OperatorID)
	in.Notify = notify
	if _, err := d.StartRun(t.Context(), s, in, Step{Next: s.NextDue.Time.Add(time.Minute)}, manyWaiting); err != nil {
		t.Fatal(err)
	}
	return claimOne(t, d, "w")
}

func fail(t *testing.T, d *DB, in *Inst, s State) {
	t.Helper()
	if err := d.Fail(t.Context(), in, Failure{State: s, Code: "3", Msg: "unknown column"}); err != nil {
		t.Fatal(err)
	}
}

func succeed(t *testing.T, d *DB, in *Inst) {
	t.Helper()
	if err := d.Finish(t.Context(), in, Result{Rows: 1}); err != nil {
		t.Fatal(err)
	}
}

func TestDB_notices(t *testing.T) {
	t.Parallel()
	t.Run("schedule", testNoticesSched)
	t.Run("template", testNoticesTpl)
	t.Run("nobody_asked", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		addInst(t, d, addTpl(t, d, "t"), 7)
		fail(t, d, claimOne(t, d, "w"), StateFailed)
		wantNotices(t, d)
	})
	t.Run("retried_attempt_is_no_failure", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		s := addSched(t, d, addTpl(t, d, "t"), func(*Sched) {})
		in := fire(t, d, s.ID, ops)
		if err := d.Fail(t.Context(), in, Failure{State: StateFailed, Msg: "gone away", Retry: true}); err != nil {
			t.Fatal(err)
		}
		wantNotices(t, d)
	})
	t.Run("lost_workers_are_a_failure", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		s := addSched(t, d, addTpl(t, d, "t"), func(*Sched) {})
		in := fire(t, d, s.ID, ops)
		for i := range maxCrashes {
			if i > 0 {
				claimOne(t, d, "w")
			}
			loseLease(t, d, in.ID)
			if _, err := d.Rescue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		wantNotices(t, d, "failed 1 to mail, 1 failures")
	})
	t.Run("erased_with_parameters", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		s := addSched(t, d, addTpl(t, d, "t"), func(*Sched) {})
		in := fire(t, d, s.ID, JSON[Notify]{Notify{To: []DeliverTo{{Destination: "mail", Subject: secret}}}})
		fail(t, d, in, StateFailed)
		if _, _, err := d.EraseInst(t.Context(), in.ID, Erasure{Reason: "r", Params: true}); err != nil {
			t.Fatal(err)
		}
		list, err := d.ListDelivery(t.Context(), DeliveryFilter{InstID: in.ID, Limit: 9})
		if err != nil || len(list) != 1 || list[0].State != DeliveryFailed || strings.Contains(fmt.Sprintf("%+v", list), secret) {
			t.Errorf("%+v, %v; want a failed notice without the value", list, err)
		}
	})
}

func testNoticesSched(t *testing.T) {
	t.Parallel()
	d := setup(t)
	s := addSched(t, d, addTpl(t, d, "t"), func(s *Sched) { s.PauseAfter = 3 })
	succeed(t, d, fire(t, d, s.ID, ops)) // 1: no notice
	fail(t, d, fire(t, d, s.ID, ops), StateFailed)
	fail(t, d, fire(t, d, s.ID, ops), StateTimedOut)
	in := fire(t, d, s.ID, ops) // a canceled run neither counts nor ends a row of failures
	if _, err := d.Cancel(t.Context(), in.ID, 7, ""); err != nil {
		t.Fatal(err)
	}
	fail(t, d, in, StateFailed)
	succeed(t, d, fire(t, d, s.ID, ops))
	wantNotices(t, d, "failed 2 to mail, 1 failures", "failed 3 to mail, 2 failures", "recovered 5 to mail, 2 failures")
	for range 3 {
		fail(t, d, fire(t, d, s.ID, ops), StateFailed)
	}
	if got := notices(t, d); got[5] != "failed 8 to mail, 3 failures, paused" {
		t.Errorf("notice %q", got[5])
	}
	paused, err := d.GetSched(t.Context(), s.ID)
	if err != nil || paused.Status != SchedPaused || paused.NextDue.Valid || paused.Failures != 3 ||
		paused.LastProblem != "paused after 3 failures in a row, the last one is instance 8; resume it when the cause is mended" {
		t.Errorf("schedule %+v, %v", paused, err)
	}
	rows := auditRows(t, d)
	if last := lines(rows[len(rows)-1:])[0]; !strings.HasPrefix(last, "2 2 1 7 0 service: version 2: paused after 3 failures in a row") {
		t.Errorf("audit log: %s", last)
	}
	resumed, err := d.UpdateSched(t.Context(), s.ID, 0, func(s *Sched) error {
		s.Status, s.NextDue = SchedActive, due(30)
		return nil
	})
	if err != nil || resumed.Failures != 0 || resumed.LastProblem != "" || resumed.Status != SchedActive {
		t.Errorf("resumed: %+v, %v; want no failures and no problem", resumed, err)
	}
	fail(t, d, fire(t, d, s.ID, ops), StateFailed)
	if s, err := d.GetSched(t.Context(), s.ID); err != nil || s.Status != SchedActive || s.Failures != 1 {
		t.Errorf("after one more failure: %+v, %v", s, err)
	}
}

func testNoticesTpl(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "t")
	create := func() *Inst {
		in := newInst(tpl, 7)
		in.Notify = ops
		in.Notify.V.To = append(in.Notify.V.To, DeliverTo{Destination: "crm"})
		if _, err := d.CreateInst(t.Context(), in, Request{}, manyWaiting); err != nil {
			t.Fatal(err)
		}
		return claimOne(t, d, "w")
	}
	fail(t, d, create(), StateFailed)
	fail(t, d, create(), StateFailed)
	succeed(t, d, create())
	succeed(t, d, create())
	wantNotices(t, d, "failed 1 to mail, 1 failures", "failed 1 to crm, 1 failures", "failed 2 to mail, 2 failures", "failed 2 to crm, 2 failures",
		"recovered 3 to mail, 2 failures", "recovered 3 to crm, 2 failures")
}

// TestDB_FailRun has due times for which no instance can be created.
func TestDB_FailRun(t *testing.T) {
	t.Parallel()
	d := setup(t)
	s := addSched(t, d, addTpl(t, d, "t"), func(s *Sched) { s.PauseAfter = 2 })
	for i := range 2 {
		now, err := d.GetSched(t.Context(), s.ID)
		if err != nil {
			t.Fatal(err)
		}
		step := Step{Next: due(i + 1).Time, Problem: "no instance at 00:0" + fmt.Sprint(i) + ": etplId: deleted"}
		if err := d.FailRun(t.Context(), now, "t", step, ops.V.To); err != nil {
			t.Fatal(err)
		}
		if err := d.FailRun(t.Context(), now, "t", step, ops.V.To); !errors.Is(err, ErrMoved) {
			t.Errorf("the same due time again: %v, want ErrMoved", err)
		}
	}
	wantNotices(t, d, "failed 0 to mail, 1 failures", "failed 0 to mail, 2 failures, paused")
	list, err := d.ListDelivery(t.Context(), DeliveryFilter{Limit: 1})
	if err != nil || list[0].SchedID != s.ID || !list[0].Due.Equal(due(1).Time) || list[0].Notice.V.Problem != "no instance at 00:01: etplId: deleted" {
		t.Errorf("notice %+v, %v", list, err)
	}
	if s, err := d.GetSched(t.Context(), s.ID); err != nil || s.Status != SchedPaused || !strings.HasPrefix(s.LastProblem, "paused after 2 failures") {
		t.Errorf("schedule %+v, %v", s, err)
	}
}

func TestDB_NotifyLate(t *testing.T) {
	t.Parallel()
	d := setup(t)
	late := ops
	late.V.LateSec = 60
	notify := func() {
		t.Helper()
		for range 2 { // each is sent once
			if _, err := d.NotifyLate(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	tpl := addTpl(t, d, "t")
	s := addSched(t, d, tpl, func(s *Sched) { s.Notify = late })
	running := fire(t, d, s.ID, late) // 1: due long ago
	ended := fire(t, d, s.ID, late)   // 2
	succeed(t, d, ended)
	fresh := newInst(tpl, 7)
	fresh.Notify = late
	if _, err := d.CreateInst(t.Context(), fresh, Request{}, manyWaiting); err != nil { // 3: in time
		t.Fatal(err)
	}
	notify()
	wantNotices(t, d, "late 1 to mail")
	run(t, d, `UPDATE welife_export_late SET lateAt = UTC_TIMESTAMP(6)`)
	notify()
	wantNotices(t, d, "late 1 to mail", "late 3 to mail")
	succeed(t, d, running)
	wantNotices(t, d, "late 1 to mail", "late 3 to mail")
}

func TestDB_NotifyLateSched(t *testing.T) {
	t.Parallel()
	d := setup(t)
	late := ops
	late.V.LateSec = 60
	tpl := addTpl(t, d, "t")
	s := addSched(t, d, tpl, func(s *Sched) { s.Notify = late })
	addSched(t, d, tpl, func(s *Sched) { s.Notify = late; s.NextDue.Time = time.Now().Add(time.Hour).UTC() })
	addSched(t, d, tpl, func(*Sched) {})
	for range 2 {
		list, err := d.LateScheds(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := range list {
			if err := d.NotifyLateSched(t.Context(), &list[i], "t", late.V.To); err != nil {
				t.Fatal(err)
			}
		}
	}
	wantNotices(t, d, "late 0 to mail")
	// The run of that due time, when it starts at last, sends no notice again.
	fire(t, d, s.ID, late)
	if _, err := d.NotifyLate(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantNotices(t, d, "late 0 to mail")
	// The next due time is.
	fire(t, d, s.ID, late)
	if _, err := d.NotifyLate(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantNotices(t, d, "late 0 to mail", "late 2 to mail")
}
