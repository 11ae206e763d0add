package audit

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"exporttask/internal/model"
	"exporttask/internal/testkit"
	"exporttask/migrations"
)

func open(t *testing.T) *model.DB {
	t.Helper()
	db, err := model.Open(t.Context(), testkit.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := migrations.Up(t.Context(), db.SQL(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return db
}

// run runs a keeper and returns a function that ends it.
func run(t *testing.T, k *Keeper) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.Run(ctx)
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func rows(t *testing.T, db *model.DB) int {
	t.Helper()
	list, err := db.ListAudit(t.Context(), model.AuditFilter{Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestKeeper_Run(t *testing.T) {
	t.Parallel()
	t.Run("appends_entries_and_refusals", func(t *testing.T) {
		t.Parallel()
		db := open(t)
		k := NewKeeper(Config{CutEvery: time.Hour}, db, slog.New(slog.DiscardHandler))
		run(t, k)
		if err := db.Audit(t.Context(), model.AuditEntry{Action: model.AuditPreview}); err != nil {
			t.Fatal(err)
		}
		ctx, gone := context.WithCancel(model.WithActor(t.Context(), model.Actor{Token: "reports", Via: "grpc"}))
		gone() // the call has ended
		k.Record(ctx, model.AuditEntry{Action: model.AuditRefuse})
		testkit.Eventually(t, "both are in the chain", func() bool { return rows(t, db) == 2 })
		list, err := db.ListAudit(t.Context(), model.AuditFilter{Token: "reports", Limit: 9})
		if err != nil || len(list) != 1 {
			t.Errorf("rows of the token: %v, %v", list, err)
		}
	})
	t.Run("appends_the_last_at_its_end", func(t *testing.T) {
		t.Parallel()
		db := open(t)
		k := NewKeeper(Config{CutEvery: time.Hour}, db, slog.New(slog.DiscardHandler))
		stop := run(t, k)
		k.Record(t.Context(), model.AuditEntry{Action: model.AuditRefuse})
		stop()
		if n := rows(t, db); n != 1 {
			t.Errorf("%d rows after the end, want 1", n)
		}
	})
	t.Run("removes_old_rows", func(t *testing.T) {
		t.Parallel()
		db := open(t)
		for range 3 {
			if err := db.Audit(t.Context(), model.AuditEntry{Action: model.AuditPreview}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := db.SQL().ExecContext(t.Context(), `UPDATE welife_export_audit_new SET at = at - INTERVAL 9 DAY`); err != nil {
			t.Fatal(err)
		}
		run(t, NewKeeper(Config{CutEvery: 10 * time.Millisecond, Keep: 24 * time.Hour}, db, slog.New(slog.DiscardHandler)))
		testkit.Eventually(t, "three rows are one row about their removal", func() bool {
			list, err := db.ListAudit(t.Context(), model.AuditFilter{Limit: 9})
			return err == nil && len(list) == 1 && list[0].ID == 4
		})
	})
}

// broken fails to append and to remove.
type broken struct{ added chan struct{} }

func (broken) Audit(context.Context, model.AuditEntry) error { return errors.New("away") }
func (b broken) AuditAdded() <-chan struct{}                 { return b.added }
func (broken) SealAudit(context.Context) (int, error)        { return 0, errors.New("away") }
func (broken) CutAudit(context.Context, time.Duration) (int, error) {
	return 0, model.ErrAuditBroken
}

// lines collects log lines.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), text)
}

func TestKeeper_Run_logs_faults(t *testing.T) {
	t.Parallel()
	var log lines
	k := NewKeeper(Config{CutEvery: time.Millisecond, Keep: time.Hour}, broken{make(chan struct{})}, slog.New(slog.NewTextHandler(&log, nil)))
	run(t, k)
	k.Record(t.Context(), model.AuditEntry{Detail: "GetInst needs the scope read"})
	for _, want := range []string{"append to the audit log", "run exportctl audit verify", "GetInst needs the scope read"} {
		testkit.Eventually(t, "the log has "+want, func() bool { return log.has(want) })
	}
}
