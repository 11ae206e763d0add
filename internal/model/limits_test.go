package model

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func addInstOn(t *testing.T, d *DB, tpl *Tpl, operator int32, source string) *Inst {
	t.Helper()
	in := newInst(tpl, operator)
	in.Source = source
	made, err := d.CreateInst(t.Context(), in, Request{}, manyWaiting)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// claimAll claims until nothing more is given, as a worker does.
func claimAll(t *testing.T, d *DB, owner string, slots int) []Inst {
	t.Helper()
	var all []Inst
	for {
		got, err := d.Claim(context.Background(), owner, slots-len(all))
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, got...); len(got) == 0 {
			return all
		}
	}
}

func TestDB_Claim_limits(t *testing.T) {
	t.Parallel()
	t.Run("operator", testClaimLimitsOperator)
	t.Run("data_source", testClaimLimitsDataSource)
	t.Run("last_chance", testClaimLimitsLastChance)
}

func testClaimLimitsOperator(t *testing.T) {
	t.Parallel()
	d := setup(t).WithQueueSettings(QueueSettings{Lease: Lease, MaxRunning: 3})
	tpl := addTpl(t, d, "limit")
	for range 30 {
		addInst(t, d, tpl, 1)
	}
	addInst(t, d, tpl, 2)
	var mu sync.Mutex
	running := map[int32]int{}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for _, in := range claimAll(t, d, "w", 10) {
				mu.Lock()
				running[in.OperatorID]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if diff := cmp.Diff(map[int32]int{1: 3, 2: 1}, running); diff != "" {
		t.Errorf("running by operator (-want +got):\n%s", diff)
	}
}

func testClaimLimitsDataSource(t *testing.T) {
	t.Parallel()
	d := setup(t).WithQueueSettings(QueueSettings{Lease: Lease, MaxRunningSource: 4, SourceMaxRunning: map[string]int{"small": 1}})
	tpl := addTpl(t, d, "limit")
	for range 10 {
		addInstOn(t, d, tpl, 1, "small")
	}
	for range 10 {
		addInstOn(t, d, tpl, 1, "big")
	}
	running := map[string]int{}
	for _, in := range claimAll(t, d, "w", 10) {
		running[in.Source]++
	}
	if diff := cmp.Diff(map[string]int{"small": 1, "big": 4}, running); diff != "" {
		t.Errorf("running by data source (-want +got):\n%s", diff)
	}
}

// One instance kills its workers; those that happened to run beside it are
// taken back together with it, but must not be ended together with it.
func testClaimLimitsLastChance(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "poison")
	for range 4 {
		addInst(t, d, tpl, 1)
	}
	for range suspectCrashes {
		if got := claimAll(t, d, "w", 4); len(got) != 4 {
			t.Fatalf("claimed %d, want 4", len(got))
		}
		run(t, d, `UPDATE welife_export_inst SET leaseUntil = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND`)
		if n, err := d.Rescue(t.Context()); n != 4 || err != nil {
			t.Fatalf("rescued %d, error %v", n, err)
		}
	}
	fresh := addInst(t, d, tpl, 1)
	got := claimAll(t, d, "w", 4)
	if len(got) != 2 || got[0].Crashes != suspectCrashes || got[1].ID != fresh.ID {
		t.Errorf("claimed %d instances, want one that crashed twice and the fresh one: %+v", len(got), got)
	}
	if other := claimAll(t, d, "another", 4); len(other) != 1 {
		t.Errorf("another worker claimed %d, want one", len(other))
	}
}

func TestDB_Rescue_queue_place(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "place")
	first := addInst(t, d, tpl, 1)
	addInst(t, d, tpl, 1)
	claimOne(t, d, "w")
	loseLease(t, d, first.ID)
	if _, err := d.Rescue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := claimOne(t, d, "w2"); got.ID != first.ID || got.Attempt != 2 {
		t.Errorf("claimed %d, attempt %d; want %d, 2", got.ID, got.Attempt, first.ID)
	}
}

func TestDB_FinishAll(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "batch")
	for range 4 {
		addInst(t, d, tpl, 1)
	}
	insts := claimAll(t, d, "w", 4)
	loseLease(t, d, insts[1].ID)
	if _, err := d.Rescue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Cancel(t.Context(), insts[2].ID, 0, "no longer needed"); err != nil {
		t.Fatal(err)
	}
	var list []Success
	for i := range insts {
		list = append(list, Success{Inst: &insts[i], Result: Result{Rows: int64(i), Files: []File{{Name: "a", Key: "a", SHA256: make([]byte, 32)}}}})
	}
	want := []error{nil, ErrLeaseLost, ErrCanceling, nil}
	for i, err := range d.FinishAll(t.Context(), list) {
		if !errors.Is(err, want[i]) {
			t.Errorf("instance %d: got %v, want %v", i, err, want[i])
		}
	}
	states := []State{StateSucceeded, StateRetryWait, StateCanceling, StateSucceeded}
	for i, in := range insts {
		got, err := d.GetInst(t.Context(), in.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.State != states[i] || got.State == StateSucceeded && (got.RowsDone != int64(i) || len(got.Files) != 1) {
			t.Errorf("instance %d: %s, %d rows, %d files", i, got.State, got.RowsDone, len(got.Files))
		}
	}
	counted, err := d.GetTpl(t.Context(), tpl.ID)
	if err != nil {
		t.Fatal(err)
	}
	if counted.ExecTimes != 2 || counted.ExecOkTimes != 2 {
		t.Errorf("counters %d/%d, want 2/2", counted.ExecTimes, counted.ExecOkTimes)
	}
}

func TestDB_Heartbeat(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "beat")
	for range 3 {
		addInst(t, d, tpl, 1)
	}
	insts := claimAll(t, d, "w", 3)
	var beats []Progress
	for i, in := range insts {
		beats = append(beats, Progress{Claim: in.Claim(), Rows: int64(10 + i), Bytes: int64(100 + i)})
	}
	beats[2].Claims-- // of an earlier claim
	if err := d.Heartbeat(t.Context(), beats); err != nil {
		t.Fatal(err)
	}
	want := [][2]int64{{10, 100}, {11, 101}, {0, 0}}
	for i, in := range insts {
		got, err := d.GetInst(t.Context(), in.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[i], [2]int64{got.RowsDone, got.BytesDone}); diff != "" {
			t.Errorf("instance %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestDB_Expire(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "keep")
	old, kept := addInst(t, d, tpl, 1), addInst(t, d, tpl, 1)
	tokens := map[int64]UID{}
	for _, in := range claimAll(t, d, "w", 2) {
		tokens[in.ID] = in.Token
		file := File{Name: "a.csv", Key: in.TplName, SHA256: make([]byte, 32)}
		if err := d.Finish(t.Context(), &in, Result{Files: []File{file}}); err != nil {
			t.Fatal(err)
		}
	}
	if n, _, err := d.Expire(t.Context()); n != 0 || err != nil {
		t.Errorf("expired %d at once, error %v", n, err)
	}
	run(t, d, `UPDATE welife_export_inst SET leaseUntil = leaseUntil - INTERVAL 1 HOUR, expires = expires - INTERVAL 1 HOUR WHERE einstId = ?`, old.ID)
	n, files, err := d.Expire(t.Context())
	if err != nil || n != 1 || len(files) != 1 || files[0].InstID != old.ID {
		t.Errorf("expired %d with files %+v, error %v", n, files, err)
	}
	if n, _, err := d.Expire(t.Context()); n != 0 || err != nil {
		t.Errorf("expired %d again, error %v", n, err)
	}
	if a, b := state(t, d, old.ID), state(t, d, kept.ID); a != StateExpired || b != StateSucceeded {
		t.Errorf("got %s and %s, want EXPIRED and SUCCEEDED", a, b)
	}
	named, err := d.SweepStates(t.Context(), []int64{old.ID, kept.ID, 404})
	if err != nil {
		t.Fatal(err)
	}
	want := map[int64]SweepState{
		old.ID:  {ID: old.ID, State: StateExpired, Claims: 1, Token: tokens[old.ID]},
		kept.ID: {ID: kept.ID, State: StateSucceeded, Claims: 1, Token: tokens[kept.ID], Keys: []string{"keep"}},
	}
	if diff := cmp.Diff(want, named); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDB_VerifyStoreID(t *testing.T) {
	t.Parallel()
	d := setup(t)
	var mu sync.Mutex
	ids := map[string]int{}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			err := d.VerifyStoreID(context.Background(), func(kept string) (string, error) {
				if kept == "" {
					kept = string(rune('a' + i))
				}
				mu.Lock()
				defer mu.Unlock()
				ids[kept]++
				return kept, nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(ids) != 1 {
		t.Errorf("agreed on %v, want one id", ids)
	}
	refusal := errors.New("another store")
	if err := d.VerifyStoreID(t.Context(), func(string) (string, error) { return "", refusal }); !errors.Is(err, refusal) {
		t.Errorf("got %v, want the refusal", err)
	}
}

func TestDB_Rescue_short_lease(t *testing.T) {
	t.Parallel()
	d := setup(t).WithQueueSettings(QueueSettings{Lease: 50 * time.Millisecond})
	addInst(t, d, addTpl(t, d, "short"), 1)
	claimOne(t, d, "w")
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 500 {
		n, err := d.Rescue(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 1 {
			return
		}
		<-tick.C
	}
	t.Error("never rescued")
}
