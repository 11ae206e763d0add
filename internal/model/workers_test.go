package model

import (
	"context"
	"errors"
	"testing"
	"time"
)

// Callers that hold all their connections cannot keep a worker from claiming,
// renewing its lease and ending an attempt.
func TestDB_Workers(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "a")
	for range 2 {
		addInst(t, d, tpl, 1)
	}
	var held []func() error
	for range callConns {
		conn, err := d.db.db.Connx(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn.Close)
	}
	defer func() {
		for _, release := range held {
			if err := release(); err != nil {
				t.Error(err)
			}
		}
	}()
	short, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if _, err := d.GetInst(short, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a call: got %v, want it to wait for a connection", err)
	}
	w := d.Workers()
	claimed, err := w.Claim(t.Context(), "w", 2)
	if err != nil || len(claimed) != 2 {
		t.Fatalf("got %d claims, %v, want 2", len(claimed), err)
	}
	if err := w.Heartbeat(t.Context(), []Progress{{Claim: claimed[0].Claim(), Rows: 1}}); err != nil {
		t.Errorf("heartbeat: %v", err)
	}
	if held, err := w.ListClaims(t.Context(), "w"); err != nil || len(held) != 2 {
		t.Errorf("got %d claims held, %v, want 2", len(held), err)
	}
	if err := errors.Join(w.FinishAll(t.Context(), []Success{{Inst: &claimed[0]}})...); err != nil {
		t.Errorf("finish: %v", err)
	}
	if err := w.Release(t.Context(), &claimed[1]); err != nil {
		t.Errorf("release: %v", err)
	}
	if err := w.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
}
