package model

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/testkit/mutant"
)

// TestDB_failover has a primary that lost its last transactions replaced by one
// that hands the same numbers out again.
func TestDB_failover(t *testing.T) {
	t.Parallel()
	t.Run("instance_id_again", testFailoverInstanceID)
	t.Run("claim_number_again", testFailoverClaimNumber)
	t.Run("delivery_id_again", testFailoverDeliveryID)
}

// staleWrites calls every write of a worker under a claim and returns those that
// did not return ErrLeaseLost.
func staleWrites(d *DB, in *Inst) (accepted []string) {
	ctx := context.Background()
	for name, err := range map[string]error{
		"Finish":  d.Finish(ctx, in, Result{Rows: 99, Files: []File{{Name: "foreign.csv", Key: "foreign", SHA256: make([]byte, 32)}}}),
		"Fail":    d.Fail(ctx, in, Failure{State: StateFailed, Msg: "stale"}),
		"Release": d.Release(ctx, in),
	} {
		if !errors.Is(err, ErrLeaseLost) {
			accepted = append(accepted, name)
		}
	}
	if err := d.Heartbeat(ctx, []Progress{{Claim: in.Claim(), Rows: 99}}); err != nil {
		accepted = append(accepted, "Heartbeat: "+err.Error())
	}
	return accepted
}

// unchanged checks that stale writes leave an instance as it is.
func unchanged(t *testing.T, d *DB, id int64, stale *Inst) {
	t.Helper()
	before, err := d.GetInst(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if accepted := staleWrites(d, stale); len(accepted) > 0 {
		t.Errorf("accepted under a lost claim: %v", accepted)
	}
	after, err := d.GetInst(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the stale writes changed the instance (-before +after):\n%s", diff)
	}
}

func testFailoverInstanceID(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "failover")
	addInst(t, d, tpl, 1)
	stale := claimOne(t, d, "w")
	run(t, d, `DELETE FROM welife_export_event`)
	run(t, d, `DELETE FROM welife_export_inst`)
	run(t, d, `ALTER TABLE welife_export_inst AUTO_INCREMENT = 1`)
	addInst(t, d, tpl, 2)
	again := claimOne(t, d, "w")
	if again.ID != stale.ID || again.Claims != stale.Claims || again.Owner != stale.Owner {
		t.Fatalf("instance %d, claim %d of %s; want the numbers of the lost one", again.ID, again.Claims, again.Owner)
	}
	unchanged(t, d, again.ID, stale)
	if err := d.Finish(t.Context(), again, Result{Rows: 1}); err != nil {
		t.Errorf("the claim that holds: %v", err)
	}
}

func testFailoverClaimNumber(t *testing.T) {
	t.Parallel()
	d := setup(t)
	made := addInst(t, d, addTpl(t, d, "failover"), 1)
	stale := claimOne(t, d, "w")
	run(t, d, `UPDATE welife_export_inst SET status = 0, state = 1, owner = '', claims = 0, attempt = 0, leaseUntil = NULL, token = ''`)
	again := claimOne(t, d, "w")
	if again.Claims != stale.Claims || again.Identity != made.Identity {
		t.Fatalf("claim %d of identity %s; want the claim number and the identity of the lost claim", again.Claims, again.Identity)
	}
	unchanged(t, d, again.ID, stale)
}

func testFailoverDeliveryID(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "failover")
	finished(t, d, tpl, "s3")
	stale := claimDelivery(t, d, "w")
	run(t, d, `DELETE FROM welife_export_delivery`)
	run(t, d, `ALTER TABLE welife_export_delivery AUTO_INCREMENT = 1`)
	finished(t, d, tpl, "s3")
	again := claimDelivery(t, d, "w")
	if again.ID != stale.ID || again.Claims != stale.Claims {
		t.Fatalf("delivery %d, claim %d; want the numbers of the lost one", again.ID, again.Claims)
	}
	if err := d.FinishDelivery(t.Context(), stale, "elsewhere", ""); !errors.Is(err, ErrLeaseLost) {
		t.Errorf("finish under a lost claim: %v, want ErrLeaseLost", err)
	}
	if err := d.FinishDelivery(t.Context(), again, "here", ""); err != nil {
		t.Errorf("the claim that holds: %v", err)
	}
}

// TestDB_failover_mutant runs TestDB_failover on a build whose fence has numbers
// alone, and wants it to fail.
func TestDB_failover_mutant(t *testing.T) {
	t.Parallel()
	overlay, err := mutant.Overlay(t.TempDir(), mutant.NumberFence())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	out, err := exec.CommandContext(ctx, "go", "test", "-count=1", "-timeout=4m", "-overlay="+overlay, "-run=^TestDB_failover$", ".").CombinedOutput() //nolint:gosec // a path of the test's own
	if err == nil || !bytes.Contains(out, []byte("accepted under a lost claim")) {
		t.Errorf("the suite passes on a build without identities (%v):\n%s", err, out)
	}
}

// TestDB_Claim_earlier_release mixes the claims of this release with rows and
// claims of a release that has neither identities nor tokens.
func TestDB_Claim_earlier_release(t *testing.T) {
	t.Parallel()
	t.Run("row_without_identity", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		made := addInst(t, d, addTpl(t, d, "old"), 1)
		run(t, d, `UPDATE welife_export_inst SET identity = DEFAULT`)
		in := claimOne(t, d, "w")
		if in.Identity == (UID{}) || in.Token == (UID{}) {
			t.Errorf("identity %s, token %s; want random ones", in.Identity, in.Token)
		}
		if err := d.Finish(t.Context(), in, Result{Rows: 1}); err != nil || state(t, d, made.ID) != StateSucceeded {
			t.Errorf("finish: %v, state %s", err, state(t, d, made.ID))
		}
	})
	t.Run("claim_without_token", func(t *testing.T) {
		t.Parallel()
		d := setup(t)
		addInst(t, d, addTpl(t, d, "old"), 1)
		stale := claimOne(t, d, "new")
		// The earlier release takes the instance over and leaves the token as it is.
		run(t, d, `UPDATE welife_export_inst SET owner = 'old', claims = claims + 1, attempt = attempt + 1`)
		unchanged(t, d, stale.ID, stale)
	})
}
