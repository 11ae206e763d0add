package model

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"exporttask/internal/testkit"
	"exporttask/migrations"
)

// setup is a migrated database of the test's own.
func setup(t *testing.T) *DB {
	t.Helper()
	d := open(t, testkit.Database(t))
	if _, err := migrations.Up(t.Context(), d.SQL(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return d
}

func addTpl(t *testing.T, d *DB, name string) *Tpl {
	t.Helper()
	tpl, err := d.CreateTpl(t.Context(), Tpl{Name: name, Source: "default", Expr: "select 1", Status: TplNormal}, Request{})
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

const manyWaiting = 1 << 20

func newInst(tpl *Tpl, operator int32) Inst {
	return Inst{
		TplID: tpl.ID, TplName: tpl.Name, TplVersion: tpl.Version, Source: tpl.Source, Expr: tpl.Expr,
		OutputFormat: FormatCSV, OperatorID: operator, TimeoutSec: 60, RetentionSec: 3600, MaxAttempts: 3,
	}
}

func addInst(t *testing.T, d *DB, tpl *Tpl, operator int32) *Inst {
	t.Helper()
	in, err := d.CreateInst(t.Context(), newInst(tpl, operator), Request{}, manyWaiting)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// claimOne claims the only instance that waits.
func claimOne(t *testing.T, d *DB, owner string) *Inst {
	t.Helper()
	got, err := d.Claim(t.Context(), owner, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 {
		t.Fatalf("claimed %d instances, want 1", len(got))
	}
	return &got[0]
}

// run executes a statement of the test's own, such as one that lets time pass.
func run(t *testing.T, d *DB, query string, args ...any) {
	t.Helper()
	if _, err := d.db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// loseLease lets an instance's lease run out.
func loseLease(t *testing.T, d *DB, id int64) {
	t.Helper()
	run(t, d, `UPDATE welife_export_inst SET leaseUntil = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND WHERE einstId = ?`, id)
}

// skipBackoff lets the wait before an instance's next attempt pass.
func skipBackoff(t *testing.T, d *DB, id int64) {
	t.Helper()
	run(t, d, `UPDATE welife_export_inst SET runAfter = UTC_TIMESTAMP(6) WHERE einstId = ?`, id)
}

func state(t *testing.T, d *DB, id int64) State {
	t.Helper()
	in, err := d.GetInst(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return in.State
}

// history is an instance's events, as "STATE attempt".
func history(t *testing.T, d *DB, id int64) []string {
	t.Helper()
	events, err := d.ListEvents(context.Background(), id, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range events {
		out = append(out, fmt.Sprintf("%s %d", e.State, e.Attempt))
	}
	return out
}
