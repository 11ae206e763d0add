package model

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDB_QueueLoad(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "t")
	for range 2 {
		addInst(t, d, tpl, 1)
	}
	first := addInst(t, d, tpl, 2)
	run(t, d, `UPDATE welife_export_inst SET runAfter = UTC_TIMESTAMP(6) - INTERVAL 60 SECOND WHERE einstId = ?`, first.ID)
	claimed := claimOne(t, d, "w1")
	if claimed.ID != first.ID {
		t.Fatalf("claimed %d, want %d", claimed.ID, first.ID)
	}
	later := addInst(t, d, tpl, 2)
	run(t, d, `UPDATE welife_export_inst SET runAfter = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR WHERE einstId = ?`, later.ID)
	run(t, d, `UPDATE welife_export_inst SET runAfter = UTC_TIMESTAMP(6) - INTERVAL 61 SECOND WHERE operatorId = 1`)

	operators, workers, err := d.QueueLoad(t.Context(), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(operators) > 0 && operators[0].OldestSec >= 61 && operators[0].OldestSec < 120 {
		operators[0].OldestSec = 61
	}
	want := []QueueOperator{{OperatorID: 1, Waiting: 2, OldestSec: 61}, {OperatorID: 2, Retrying: 1, Running: 1}}
	if diff := cmp.Diff(want, operators); diff != "" {
		t.Errorf("operators (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]QueueWorker{{"w1", 1}}, workers); diff != "" {
		t.Errorf("workers (-want +got):\n%s", diff)
	}
	operators, workers, err = d.QueueLoad(t.Context(), 1, 10)
	if err != nil || len(operators) != 1 || operators[0].OperatorID != 1 || len(workers) != 0 {
		t.Errorf("of operator 1: %v, %v (%v)", operators, workers, err)
	}
}
