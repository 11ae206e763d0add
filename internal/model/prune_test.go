package model

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDB_Prune(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "history")
	const keep = 400 * 24 * time.Hour
	expired, succeeded, failed := finished(t, d, tpl, "s3"), finished(t, d, tpl), addInst(t, d, tpl, 7)
	if err := d.Fail(t.Context(), claimOne(t, d, "w"), Failure{State: StateFailed, Msg: "wrong SQL"}); err != nil {
		t.Fatal(err)
	}
	waiting, recent := addInst(t, d, tpl, 7), addInst(t, d, tpl, 7)
	if _, err := d.Cancel(t.Context(), recent.ID, 7, "no longer needed"); err != nil {
		t.Fatal(err)
	}
	run(t, d, `UPDATE welife_export_inst SET leaseUntil = UTC_TIMESTAMP(6) WHERE einstId = ?`, expired.ID)
	if n, _, err := d.Expire(t.Context()); n != 1 || err != nil {
		t.Fatalf("expired %d, %v", n, err)
	}
	run(t, d, `UPDATE welife_export_inst SET created = created - INTERVAL 401 DAY, finished = finished - INTERVAL 401 DAY WHERE einstId <> ?`, recent.ID)
	run(t, d, `INSERT INTO welife_export_due (eschedId, due, einstId) VALUES (1, '2025-01-01 00:00:00', ?)`, failed.ID)
	before, err := d.GetTpl(t.Context(), tpl.ID)
	if err != nil {
		t.Fatal(err)
	}

	if last, n, err := d.Prune(t.Context(), 500*24*time.Hour, 0); last != 0 || n != 0 || err != nil {
		t.Errorf("nothing is old enough: got %d, %d, %v", last, n, err)
	}
	if last, n, err := d.Prune(t.Context(), keep, 0); last != recent.ID || n != 2 || err != nil {
		t.Errorf("got last %d, removed %d, %v; want %d, 2", last, n, err, recent.ID)
	}
	if last, n, err := d.Prune(t.Context(), keep, recent.ID); last != 0 || n != 0 || err != nil {
		t.Errorf("after the last one: got %d, %d, %v", last, n, err)
	}

	for _, id := range []int64{expired.ID, failed.ID} {
		_, err := d.GetInst(t.Context(), id)
		wantKind(t, err, NotFound)
	}
	for _, id := range []int64{succeeded.ID, waiting.ID, recent.ID} {
		if _, err := d.GetInst(t.Context(), id); err != nil {
			t.Errorf("instance %d: %v", id, err)
		}
	}
	left := map[string]int{}
	for _, table := range []string{"event", "file", "delivery", "due"} {
		var n int
		if err := d.db.GetContext(t.Context(), &n, `SELECT COUNT(*) FROM welife_export_`+table+` WHERE einstId IN (?)`, []int64{expired.ID, failed.ID}); err != nil {
			t.Fatal(err)
		}
		left[table] = n
	}
	if diff := cmp.Diff(map[string]int{"event": 0, "file": 0, "delivery": 0, "due": 1}, left); diff != "" {
		t.Errorf("rows of the removed instances (-want +got):\n%s", diff)
	}
	after, err := d.GetTpl(t.Context(), tpl.ID)
	if err != nil || after.ExecTimes != before.ExecTimes || after.ExecOkTimes != before.ExecOkTimes {
		t.Errorf("counters %d/%d, %v; want %d/%d", after.ExecTimes, after.ExecOkTimes, err, before.ExecTimes, before.ExecOkTimes)
	}
	var wrong *Error
	if _, err := d.Cancel(t.Context(), failed.ID, 7, ""); !errors.As(err, &wrong) || wrong.Kind != NotFound {
		t.Errorf("cancel of a removed instance: %v, want NotFound", err)
	}
}
