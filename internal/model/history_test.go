package model

import (
	"fmt"
	"slices"
	"testing"
)

var forgettable = []string{"welife_export_inst", "welife_export_event", "welife_export_file", "welife_export_delivery", "welife_export_tpl"}

// snapshotTables returns a function that makes the database forget everything
// since the call, as a replica that had not received it yet.
func snapshotTables(t *testing.T, d *DB) (forget func()) {
	t.Helper()
	for _, table := range forgettable {
		run(t, d, fmt.Sprintf("CREATE TABLE kept_%s AS SELECT * FROM %[1]s", table))
	}
	return func() {
		t.Helper()
		for _, table := range forgettable {
			run(t, d, "DELETE FROM "+table)
			run(t, d, fmt.Sprintf("INSERT INTO %s SELECT * FROM kept_%[1]s", table))
		}
	}
}

func compare(t *testing.T, d *DB) *Loss {
	t.Helper()
	loss, err := d.VerifyHistory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return loss
}

func TestDB_VerifyHistory(t *testing.T) {
	t.Parallel()
	result := Result{Rows: 3, Files: []File{{Name: "a.csv", Key: "1/1-1/a.csv", ContentType: "text/csv", Rows: 3, Bytes: 7, SHA256: make([]byte, 32)}}}
	finishOne := func(t *testing.T, d *DB, in *Inst) {
		t.Helper()
		if err := d.Finish(t.Context(), in, result); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("nothing_forgotten", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		tpl := addTpl(t, d, "t")
		addInst(t, d, tpl, 1)
		finishOne(t, d, claimOne(t, d, "w"))
		if loss := compare(t, d); loss != nil {
			t.Errorf("got %+v, want none", loss)
		}
	})
	t.Run("end_forgotten", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		tpl := addTpl(t, d, "t")
		id := addInst(t, d, tpl, 1).ID
		in := claimOne(t, d, "w")
		forget := snapshotTables(t, d)
		finishOne(t, d, in)
		forget()
		if got := state(t, d, id); got != StateRunning {
			t.Fatalf("state %s after the end was forgotten", got)
		}
		loss := compare(t, d)
		if loss == nil || loss.Changes != 1 || !slices.Equal(loss.Restored, []int64{id}) {
			t.Fatalf("got %+v, want one change and the instance restored", loss)
		}
		got, err := d.GetInst(t.Context(), id)
		if err != nil || got.State != StateSucceeded || len(got.Files) != 1 || got.Files[0].Key != "1/1-1/a.csv" {
			t.Errorf("got %+v, error %v; want SUCCEEDED with its file", got, err)
		}
		if n := d.Losses().Changes; n != 1 {
			t.Errorf("%d changes counted, want 1", n)
		}
		if loss := compare(t, d); loss != nil {
			t.Errorf("noticed again: %+v", loss)
		}
	})
	t.Run("claim_and_end_forgotten_and_claimed_again", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		tpl := addTpl(t, d, "t")
		id := addInst(t, d, tpl, 1).ID
		forget := snapshotTables(t, d)
		finishOne(t, d, claimOne(t, d, "w"))
		forget()
		other := claimOne(t, d, "other")
		if loss := compare(t, d); loss == nil || !slices.Equal(loss.Restored, []int64{id}) {
			t.Fatalf("got %+v, want the instance restored", loss)
		}
		if err := d.Finish(t.Context(), other, result); err == nil {
			t.Error("the worker that claimed it meanwhile ended it as well")
		}
	})
	t.Run("instance_forgotten_and_its_id_given_to_another", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		tpl := addTpl(t, d, "t")
		forget := snapshotTables(t, d)
		id := addInst(t, d, tpl, 1).ID
		finishOne(t, d, claimOne(t, d, "w"))
		forget()
		run(t, d, fmt.Sprintf("ALTER TABLE welife_export_inst AUTO_INCREMENT = %d", id))
		if again := addInst(t, d, tpl, 2).ID; again != id {
			t.Fatalf("id %d, want %d again", again, id)
		}
		loss := compare(t, d)
		if loss == nil || !slices.Equal(loss.Missing, []int64{id}) || len(loss.Restored) > 0 {
			t.Errorf("got %+v, want the instance missing", loss)
		}
		if got := state(t, d, id); got != StateQueued {
			t.Errorf("the other instance is %s", got)
		}
	})
}
