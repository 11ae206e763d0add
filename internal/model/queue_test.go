package model

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDB_Claim(t *testing.T) {
	t.Parallel()
	t.Run("twelve_claimers", testClaimTwelveClaimers)
	t.Run("fewest_running_first", testClaimFewestRunningFirst)
	t.Run("oldest_due_first", testClaimOldestDueFirst)
	t.Run("no_slots", testClaimNoSlots)
}

func testClaimTwelveClaimers(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "shared")
	const instances, claimers = 240, 12
	for i := range instances {
		addInst(t, d, tpl, int32(i%3))
	}
	var mu sync.Mutex
	owner := map[int64]string{}
	var wg sync.WaitGroup
	for c := range claimers {
		wg.Go(func() {
			name := fmt.Sprintf("claimer-%d", c)
			for {
				got, err := d.Claim(context.Background(), name, 3)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, in := range got {
					if before := owner[in.ID]; before != "" {
						t.Errorf("instance %d claimed by %s and %s", in.ID, before, name)
					}
					owner[in.ID] = name
				}
				all := len(owner) == instances
				mu.Unlock()
				if all {
					return
				}
			}
		})
	}
	wg.Wait()
	if len(owner) != instances {
		t.Errorf("claimed %d instances, want %d", len(owner), instances)
	}
}

func testClaimFewestRunningFirst(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "fair")
	for range 20 {
		addInst(t, d, tpl, 1)
	}
	if _, err := d.Claim(t.Context(), "w", 2); err != nil {
		t.Fatal(err)
	}
	lone := addInst(t, d, tpl, 2)
	if got := claimOne(t, d, "w"); got.ID != lone.ID {
		t.Errorf("claimed %d of operator %d, want %d of operator 2", got.ID, got.OperatorID, lone.ID)
	}
}

func testClaimOldestDueFirst(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "order")
	first, second, later := addInst(t, d, tpl, 1), addInst(t, d, tpl, 1), addInst(t, d, tpl, 1)
	run(t, d, `UPDATE welife_export_inst SET runAfter = UTC_TIMESTAMP(6) + INTERVAL 1 HOUR WHERE einstId = ?`, later.ID)
	for _, want := range []int64{first.ID, second.ID} {
		if got := claimOne(t, d, "w"); got.ID != want {
			t.Errorf("claimed %d, want %d", got.ID, want)
		}
	}
	got, err := d.Claim(t.Context(), "w", 5)
	if err != nil || len(got) != 0 {
		t.Errorf("claimed %d instances that are not due (error %v)", len(got), err)
	}
}

func testClaimNoSlots(t *testing.T) {
	t.Parallel()
	d := setup(t)
	addInst(t, d, addTpl(t, d, "none"), 1)
	got, err := d.Claim(t.Context(), "w", 0)
	if err != nil || len(got) != 0 {
		t.Errorf("got %d instances, error %v; want none", len(got), err)
	}
}

func TestDB_Finish(t *testing.T) {
	t.Parallel()
	t.Run("stores_all_in_one", testFinishStoresAllInOne)
	t.Run("repeated", testFinishRepeated)
}

func testFinishStoresAllInOne(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "ok")
	addInst(t, d, tpl, 1)
	in := claimOne(t, d, "w")
	sum := make([]byte, 32)
	file := File{Name: "ok-1.csv", Key: "1/1-1/ok-1.csv", ContentType: "text/csv", Rows: 3, Bytes: 12, SHA256: sum}
	result := Result{Rows: 3, Files: []File{file}, Warnings: []Warning{{Code: "cut_text", Count: 1, Text: "1 text cut"}}}
	if err := d.Finish(t.Context(), in, result); err != nil {
		t.Fatal(err)
	}
	got, err := d.GetInst(t.Context(), in.ID)
	if err != nil {
		t.Fatal(err)
	}
	file.InstID, file.Seq = in.ID, 1
	if diff := cmp.Diff([]File{file}, got.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if got.State != StateSucceeded || got.Status != Finished || got.RowsDone != 3 || got.BytesDone != 12 || len(got.Warnings.V) != 1 {
		t.Errorf("got %+v", got)
	}
	if kept := got.Expires.Time.Sub(got.Finished.Time); kept != time.Hour {
		t.Errorf("kept for %s, want 1h", kept)
	}
	counted, err := d.GetTpl(t.Context(), tpl.ID)
	if err != nil {
		t.Fatal(err)
	}
	if counted.ExecTimes != 1 || counted.ExecOkTimes != 1 {
		t.Errorf("counters %d/%d, want 1/1", counted.ExecTimes, counted.ExecOkTimes)
	}
	want := []string{"QUEUED 0", "RUNNING 1", "SUCCEEDED 1"}
	if diff := cmp.Diff(want, history(t, d, in.ID)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func testFinishRepeated(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "twice")
	addInst(t, d, tpl, 1)
	in := claimOne(t, d, "w")
	for range 2 {
		if err := d.Finish(t.Context(), in, Result{Rows: 1}); err != nil {
			t.Fatal(err)
		}
	}
	counted, err := d.GetTpl(t.Context(), tpl.ID)
	if err != nil {
		t.Fatal(err)
	}
	if counted.ExecTimes != 1 {
		t.Errorf("counted %d times, want once", counted.ExecTimes)
	}
}

// A worker that stalled for longer than its lease must not change anything,
// whatever it calls and whatever happened to the instance meanwhile.
func TestDB_lease_lost(t *testing.T) {
	t.Parallel()
	writes := map[string]func(*DB, *Inst) error{
		"finish": func(d *DB, in *Inst) error { return d.Finish(context.Background(), in, Result{Rows: 99}) },
		"fail": func(d *DB, in *Inst) error {
			return d.Fail(context.Background(), in, Failure{State: StateFailed, Msg: "stale"})
		},
		"release": func(d *DB, in *Inst) error { return d.Release(context.Background(), in) },
	}
	meanwhile := map[string]func(*testing.T, *DB, *Inst){
		"waiting_again": func(*testing.T, *DB, *Inst) {},
		"claimed_by_another": func(t *testing.T, d *DB, _ *Inst) {
			claimOne(t, d, "second")
		},
		"claimed_again": func(t *testing.T, d *DB, _ *Inst) {
			claimOne(t, d, "first")
		},
		"finished_by_another": func(t *testing.T, d *DB, _ *Inst) {
			if err := d.Finish(t.Context(), claimOne(t, d, "second"), Result{Rows: 7}); err != nil {
				t.Fatal(err)
			}
		},
	}
	for what, write := range writes {
		for when, happens := range meanwhile {
			t.Run(what+"/"+when, func(t *testing.T) {
				t.Parallel()
				d := setup(t)
				addInst(t, d, addTpl(t, d, "fence"), 1)
				stale := claimOne(t, d, "first")
				loseLease(t, d, stale.ID)
				if n, err := d.Rescue(t.Context()); n != 1 || err != nil {
					t.Fatalf("rescued %d, error %v; want 1", n, err)
				}
				happens(t, d, stale)
				before, err := d.GetInst(t.Context(), stale.ID)
				if err != nil {
					t.Fatal(err)
				}
				if err := write(d, stale); !errors.Is(err, ErrLeaseLost) {
					t.Errorf("got error %v, want ErrLeaseLost", err)
				}
				if err := d.Heartbeat(t.Context(), []Progress{{Claim: stale.Claim(), Rows: 99}}); err != nil {
					t.Errorf("heartbeat: %v", err)
				}
				after, err := d.GetInst(t.Context(), stale.ID)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(before, after); diff != "" {
					t.Errorf("the stale write changed the instance (-before +after):\n%s", diff)
				}
			})
		}
	}
}

func TestDB_Release(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "release")
	first := addInst(t, d, tpl, 1)
	addInst(t, d, tpl, 1)
	if err := d.Release(t.Context(), claimOne(t, d, "w1")); err != nil {
		t.Fatal(err)
	}
	again := claimOne(t, d, "w2")
	if again.ID != first.ID || again.Attempt != 1 || again.Claims != 2 {
		t.Errorf("claimed %d, attempt %d, claims %d; want %d, 1, 2", again.ID, again.Attempt, again.Claims, first.ID)
	}
}

func TestDB_Fail(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := addInst(t, d, addTpl(t, d, "retry"), 1).ID
	failure := Failure{State: StateFailed, Code: "14", Msg: "source away", Retry: true, Backoff: time.Hour}
	for attempt := int32(1); attempt <= 3; attempt++ {
		in := claimOne(t, d, "w")
		if in.Attempt != attempt {
			t.Errorf("attempt %d, want %d", in.Attempt, attempt)
		}
		if err := d.Fail(t.Context(), in, failure); err != nil {
			t.Fatal(err)
		}
		if attempt == 3 {
			break
		}
		got, err := d.GetInst(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if got.State != StateRetryWait || got.ErrCode != "14" || time.Until(got.RunAfter) < 50*time.Minute {
			t.Errorf("after attempt %d: %s, errCode %q, next at %s", attempt, got.State, got.ErrCode, got.RunAfter)
		}
		skipBackoff(t, d, id)
	}
	if got := state(t, d, id); got != StateFailed {
		t.Errorf("after the last attempt: %s, want FAILED", got)
	}
}

func TestDB_Rescue(t *testing.T) {
	t.Parallel()
	t.Run("three_lost_leases", testRescueThreeLostLeases)
	t.Run("valid_lease", testRescueValidLease)
}

func testRescueThreeLostLeases(t *testing.T) {
	t.Parallel()
	d := setup(t)
	in := newInst(addTpl(t, d, "poison"), 1)
	in.MaxAttempts = 20
	made, err := d.CreateInst(t.Context(), in, Request{}, manyWaiting)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		claimOne(t, d, "w")
		loseLease(t, d, made.ID)
		if n, err := d.Rescue(t.Context()); n != 1 || err != nil {
			t.Fatalf("rescued %d, error %v; want 1", n, err)
		}
	}
	got, err := d.GetInst(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.State != StateFailed || got.ErrMsg != "3 workers in a row stopped answering while they ran it, the last was w" {
		t.Errorf("got %s: %s", got.State, got.ErrMsg)
	}
}

func testRescueValidLease(t *testing.T) {
	t.Parallel()
	d := setup(t)
	addInst(t, d, addTpl(t, d, "live"), 1)
	in := claimOne(t, d, "w")
	if n, err := d.Rescue(t.Context()); n != 0 || err != nil {
		t.Errorf("rescued %d, error %v; want none", n, err)
	}
	loseLease(t, d, in.ID)
	if err := d.Heartbeat(t.Context(), []Progress{{Claim: in.Claim(), Rows: 5}}); err != nil {
		t.Fatal(err)
	}
	if n, err := d.Rescue(t.Context()); n != 0 || err != nil {
		t.Errorf("rescued %d after a beat, error %v; want none", n, err)
	}
}

func TestDB_Cancel(t *testing.T) {
	t.Parallel()
	lost := func(t *testing.T, d *DB, in *Inst) {
		loseLease(t, d, in.ID)
		if _, err := d.Rescue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	cases := map[string]struct {
		before func(*testing.T, *DB)
		after  func(*testing.T, *DB, *Inst)
		want   State
	}{
		"waiting": {want: StateCanceled},
		"running": {before: func(t *testing.T, d *DB) { claimOne(t, d, "w") }, want: StateCanceling},
		"before_fail": {before: func(t *testing.T, d *DB) { claimOne(t, d, "w") }, after: func(t *testing.T, d *DB, in *Inst) {
			if err := d.Fail(t.Context(), in, Failure{State: StateFailed, Retry: true}); err != nil {
				t.Fatal(err)
			}
		}, want: StateCanceled},
		"before_finish": {before: func(t *testing.T, d *DB) { claimOne(t, d, "w") }, after: func(t *testing.T, d *DB, in *Inst) {
			if err := d.Finish(t.Context(), in, Result{}); !errors.Is(err, ErrCanceling) {
				t.Errorf("finish: got %v, want ErrCanceling", err)
			}
		}, want: StateCanceling},
		"worker_lost": {before: func(t *testing.T, d *DB) { claimOne(t, d, "w") }, after: lost, want: StateCanceled},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := setup(t)
			id := addInst(t, d, addTpl(t, d, "cancel"), 1).ID
			if c.before != nil {
				c.before(t, d)
			}
			in, err := d.Cancel(t.Context(), id, 7, "no longer needed")
			if err != nil {
				t.Fatal(err)
			}
			if c.after != nil {
				c.after(t, d, in)
			}
			if got := state(t, d, id); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestDB_Cancel_ended(t *testing.T) {
	t.Parallel()
	d := setup(t)
	id := addInst(t, d, addTpl(t, d, "ended"), 1).ID
	if err := d.Finish(t.Context(), claimOne(t, d, "w"), Result{}); err != nil {
		t.Fatal(err)
	}
	_, err := d.Cancel(t.Context(), id, 0, "late")
	var mine *Error
	if !errors.As(err, &mine) || mine.Kind != WrongState {
		t.Errorf("got error %v, want a WrongState", err)
	}
	if got := state(t, d, id); got != StateSucceeded {
		t.Errorf("got %s, want SUCCEEDED", got)
	}
}
