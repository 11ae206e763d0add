package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/model"
	"exporttask/internal/store"
)

func (b *bench) sweeper(t *testing.T, force bool) *Sweeper {
	t.Helper()
	id, err := b.store.ID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return NewSweeper(SweepConfig{StoreID: id, Force: force, SpillAge: time.Hour}, b.db, b.store, slog.New(slog.DiscardHandler), time.Now)
}

func (b *bench) publish(t *testing.T, key string) {
	t.Helper()
	w, err := b.store.Create(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, key); err != nil {
		t.Fatal(err)
	}
	if err := w.Publish(); err != nil {
		t.Fatal(err)
	}
}

// done makes n instances that succeeded, each with a file.
func (b *bench) done(t *testing.T, n int) (keys []string) {
	t.Helper()
	for range n {
		id := b.add(t)
		got, err := b.db.Claim(t.Context(), "w", 1)
		if err != nil || len(got) != 1 || got[0].ID != id {
			t.Fatalf("claimed %v, error %v", got, err)
		}
		key := folder(&got[0]) + "/a.csv"
		b.publish(t, key)
		r := model.Result{Files: []model.File{{Name: "a.csv", Key: key, SHA256: make([]byte, 32)}}}
		if err := b.db.Finish(t.Context(), &got[0], r); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	return keys
}

func (b *bench) keys(t *testing.T) map[string]bool {
	t.Helper()
	got := map[string]bool{}
	if err := b.store.List(context.Background(), func(i store.Item) error { got[i.Key] = true; return nil }); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSweeper_SweepOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	want := map[string]bool{}
	for _, key := range b.done(t, 10) {
		want[key] = true
	}
	// One runs: what it published is not named yet, what it writes neither.
	running := b.add(t)
	if _, err := b.db.Claim(t.Context(), "w", 1); err != nil {
		t.Fatal(err)
	}
	published := fmt.Sprintf("%d/1-1/a.csv", running)
	b.publish(t, published)
	writing := fmt.Sprintf("%d/1-1", running)
	w, err := b.store.Create(t.Context(), writing+"/b.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	want[published], want[writing] = true, true

	// Left behind: by an earlier claim, by an instance that is not there, and
	// unfinished by a process that died.
	b.publish(t, "1/9-9/a.csv")
	b.publish(t, "404/1-1/a.csv")
	if _, err := b.store.Create(t.Context(), "1/7-7/dead.csv"); err != nil {
		t.Fatal(err)
	}
	n, err := b.sweeper(t, false).SweepOnce(t.Context())
	if n != 3 || err != nil {
		t.Errorf("removed %d, error %v; want 3", n, err)
	}
	if diff := cmp.Diff(want, b.keys(t)); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

func TestSweeper_SweepOnce_too_many_orphans(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.done(t, 7)
	b.publish(t, "404/1-1/a.csv")
	b.publish(t, "405/1-1/a.csv")
	if n, err := b.sweeper(t, false).SweepOnce(t.Context()); n != 0 || !errors.Is(err, ErrTooManyOrphans) {
		t.Errorf("removed %d, error %v; want a refusal", n, err)
	}
	if n := b.stored(t); n != 9 {
		t.Errorf("%d files left, want all 9", n)
	}
	if n, err := b.sweeper(t, true).SweepOnce(t.Context()); n != 2 || err != nil {
		t.Errorf("forced: removed %d, error %v; want 2", n, err)
	}
}

func TestSweeper_SweepOnce_other_store(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.store.VerifyID(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	s := b.sweeper(t, true)
	b.publish(t, "404/1-1/a.csv")
	if err := os.Remove(filepath.Join(filepath.Dir(b.store.TempDir()), ".exportd-store")); err != nil {
		t.Fatal(err)
	}
	if n, err := s.SweepOnce(t.Context()); n != 0 || err == nil {
		t.Errorf("removed %d, error %v; want an error", n, err)
	}
}

func TestSweeper_ExpireOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	keys := b.done(t, 2)
	if _, err := b.db.SQL().ExecContext(t.Context(), `UPDATE welife_export_inst SET leaseUntil = leaseUntil - INTERVAL 2 HOUR ORDER BY einstId LIMIT 1`); err != nil {
		t.Fatal(err)
	}
	if n, err := b.sweeper(t, false).ExpireOnce(t.Context()); n != 1 || err != nil {
		t.Errorf("expired %d, error %v; want 1", n, err)
	}
	if diff := cmp.Diff(map[string]bool{keys[1]: true}, b.keys(t)); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}
