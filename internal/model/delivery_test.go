package model

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const deliveryLease = time.Minute

// finished is an instance that has just ended and is to be sent to these
// destinations.
func finished(t *testing.T, d *DB, tpl *Tpl, destinations ...string) *Inst {
	t.Helper()
	in := newInst(tpl, 7)
	for _, name := range destinations {
		in.DeliverTo.V = append(in.DeliverTo.V, DeliverTo{Destination: name})
	}
	if _, err := d.CreateInst(t.Context(), in, Request{}, manyWaiting); err != nil {
		t.Fatal(err)
	}
	claimed := claimOne(t, d, "a")
	file := File{Name: "f.csv", Key: fmt.Sprintf("%d/1/f.csv", claimed.ID), ContentType: "text/csv", SHA256: make([]byte, 32)}
	if err := d.Finish(t.Context(), claimed, Result{Files: []File{file}}); err != nil {
		t.Fatal(err)
	}
	return claimed
}

func claimDelivery(t *testing.T, d *DB, owner string) *Delivery {
	t.Helper()
	got, err := d.ClaimDeliveries(t.Context(), owner, map[string]int{"s3": 1}, deliveryLease)
	if err != nil || len(got) != 1 {
		t.Fatalf("claimed %v, %v; want one delivery", got, err)
	}
	return &got[0]
}

// comesDue lets the time pass that deliveries wait for, leases included.
func comesDue(t *testing.T, d *DB) {
	t.Helper()
	run(t, d, `UPDATE welife_export_delivery SET nextAt = UTC_TIMESTAMP(6) WHERE nextAt IS NOT NULL`)
}

func deliveryState(t *testing.T, d *DB, id int64) DeliveryState {
	t.Helper()
	v, err := d.GetDelivery(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return v.State
}

func TestDB_Finish_deliveries(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "t")
	finished(t, d, tpl)
	in := finished(t, d, tpl, "s3", "mail")
	if err := d.Finish(t.Context(), in, Result{}); err != nil {
		t.Errorf("to finish again: %v", err)
	}
	list, err := d.ListDelivery(t.Context(), DeliveryFilter{Limit: 10})
	if err != nil || len(list) != 2 {
		t.Fatalf("deliveries %+v, %v; want two", list, err)
	}
	var got []string
	for _, v := range list {
		got = append(got, fmt.Sprintf("%d %d %s %s of %d", v.InstID, v.Seq, v.Destination, v.State, v.OperatorID))
		if v.EventID == "" || v.EventID == list[0].EventID && v.ID != list[0].ID {
			t.Errorf("event id %q, want one of its own", v.EventID)
		}
	}
	want := []string{fmt.Sprintf("%d 2 mail WAITING of 7", in.ID), fmt.Sprintf("%d 1 s3 WAITING of 7", in.ID)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
}

func TestDB_ClaimDeliveries(t *testing.T) {
	t.Parallel()
	t.Run("concurrent_claimers", testClaimDeliveriesConcurrentClaimers)
	t.Run("lease_lost", testClaimDeliveriesLeaseLost)
}

func testClaimDeliveriesConcurrentClaimers(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "t")
	const n = 40
	for range n {
		finished(t, d, tpl, "s3", "unknown")
	}
	var mu sync.Mutex
	seen := map[int64]int{}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for {
				got, err := d.ClaimDeliveries(t.Context(), fmt.Sprint("w", w), map[string]int{"s3": 3, "mail": 2, "full": 0}, deliveryLease)
				if err != nil {
					t.Error(err)
					return
				}
				if len(got) > 3 {
					t.Errorf("claimed %d, want at most 3", len(got))
				}
				if len(got) == 0 {
					var left int
					if err := d.db.GetContext(t.Context(), &left, `SELECT COUNT(*) FROM welife_export_delivery WHERE destination = 's3' AND state = 1`); err != nil || left == 0 {
						return
					}
				}
				mu.Lock()
				for _, v := range got {
					seen[v.ID]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != n {
		t.Errorf("%d deliveries were claimed, want %d", len(seen), n)
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("delivery %d was claimed %d times", id, times)
		}
	}
	load, err := d.DeliveryLoad(t.Context(), []string{"s3", "unknown"})
	if err != nil || len(load) != 1 || load[0].Destination != "unknown" || load[0].Waiting != n {
		t.Errorf("load %+v, %v; want %d that wait for a destination nobody here knows", load, err, n)
	}
}

func testClaimDeliveriesLeaseLost(t *testing.T) {
	t.Parallel()
	d := setup(t)
	finished(t, d, addTpl(t, d, "t"), "s3")
	first := claimDelivery(t, d, "a")
	if got, err := d.ClaimDeliveries(t.Context(), "b", map[string]int{"s3": 1}, deliveryLease); err != nil || len(got) != 0 {
		t.Errorf("another worker claimed %v, %v; want none before the lease is over", got, err)
	}
	if err := d.HeartbeatDelivery(t.Context(), first, deliveryLease); err != nil {
		t.Error(err)
	}
	comesDue(t, d)
	second := claimDelivery(t, d, "a") // by the very same process
	if second.ID != first.ID || second.Attempt != 2 || second.EventID != first.EventID {
		t.Errorf("claimed %+v, want the same event's second attempt", second)
	}
	for name, err := range map[string]error{
		"beat":      d.HeartbeatDelivery(t.Context(), first, deliveryLease),
		"delivered": d.FinishDelivery(t.Context(), first, "s3://a/b", ""),
		"fails":     d.FailDelivery(t.Context(), first, "x"),
		"waits":     d.DeferDelivery(t.Context(), first, "x", 0),
		"release":   d.ReleaseDelivery(t.Context(), first),
	} {
		if !errors.Is(err, ErrLeaseLost) {
			t.Errorf("%s: %v, want %v", name, err, ErrLeaseLost)
		}
	}
	if err := d.FinishDelivery(t.Context(), second, "s3://a/b", ""); err != nil {
		t.Fatal(err)
	}
	got, err := d.GetDelivery(t.Context(), second.ID)
	if err != nil || got.State != DeliveryDone || got.Location != "s3://a/b" || !got.Finished.Valid || got.NextAt.Valid {
		t.Errorf("kept %+v, %v", got, err)
	}
}

func TestDB_RetryDelivery(t *testing.T) {
	t.Parallel()
	d := setup(t)
	in := finished(t, d, addTpl(t, d, "t"), "s3")
	v := claimDelivery(t, d, "a")
	retry := func() error {
		_, err := d.RetryDelivery(t.Context(), v.ID)
		return err
	}
	wrongState := func(what string) {
		t.Helper()
		var wrong *Error
		if err := retry(); !errors.As(err, &wrong) || wrong.Kind != WrongState {
			t.Errorf("retry of %s: %v, want a wrong state", what, err)
		}
	}
	wrongState("one that runs")
	if err := d.ReleaseDelivery(t.Context(), v); err != nil || deliveryState(t, d, v.ID) != DeliveryWaiting {
		t.Errorf("released: %v, %s", err, deliveryState(t, d, v.ID))
	}
	wrongState("one that waits")
	if v = claimDelivery(t, d, "a"); v.Attempt != 1 || v.Claims != 2 {
		t.Errorf("attempt %d, claim %d; want 1 and 2: a release costs no attempt", v.Attempt, v.Claims)
	}
	if err := d.DeferDelivery(t.Context(), v, "503", time.Hour); err != nil {
		t.Fatal(err)
	}
	if got, err := d.ClaimDeliveries(t.Context(), "a", map[string]int{"s3": 1}, deliveryLease); err != nil || len(got) != 0 {
		t.Errorf("claimed %v, %v before its time", got, err)
	}
	if err := retry(); err != nil {
		t.Fatal(err)
	}
	if v = claimDelivery(t, d, "a"); v.Attempt != 2 || v.ErrMsg != "503" {
		t.Errorf("attempt %d after %q, want the second, at once", v.Attempt, v.ErrMsg)
	}
	if err := d.FailDelivery(t.Context(), v, "403"); err != nil || deliveryState(t, d, v.ID) != DeliveryFailed {
		t.Errorf("failed: %v, %s", err, deliveryState(t, d, v.ID))
	}
	if err := retry(); err != nil {
		t.Fatal(err)
	}
	if v = claimDelivery(t, d, "a"); v.Attempt != 1 {
		t.Errorf("attempt %d, want all attempts again", v.Attempt)
	}

	run(t, d, `UPDATE welife_export_inst SET leaseUntil = UTC_TIMESTAMP(6) WHERE einstId = ?`, in.ID)
	if n, _, err := d.Expire(t.Context()); n != 1 || err != nil {
		t.Fatalf("expired %d, %v", n, err)
	}
	got, err := d.GetDelivery(t.Context(), v.ID)
	if err != nil || got.State != DeliveryFailed || !strings.HasPrefix(got.ErrMsg, "the file expired before it was delivered; the last attempt: 403") {
		t.Errorf("when its file expires it is %s %q, %v", got.State, got.ErrMsg, err)
	}
	if err := d.FinishDelivery(t.Context(), v, "x", ""); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("delivered after that: %v, want %v", err, ErrLeaseLost)
	}
	wrongState("one whose file expired")
}
