package export

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"exporttask/internal/model"
	"exporttask/internal/testkit"
)

// silent is a database that takes claims, and while it is down no ends.
type silent struct {
	*model.DB

	down atomic.Bool
}

func (s *silent) FinishAll(ctx context.Context, list []model.Success) []error {
	if !s.down.Load() {
		return s.DB.FinishAll(ctx, list)
	}
	errs := make([]error, len(list))
	for i := range errs {
		errs[i] = errors.New("invalid connection")
	}
	return errs
}

// Heartbeat does not renew leases, as that of a process that is gone.
func (s *silent) Heartbeat(context.Context, []model.Progress) error { return nil }

// Rescue leaves expired leases to the other process.
func (s *silent) Rescue(context.Context) (int, error) { return 0, nil }

// ListExpired does too.
func (s *silent) ListExpired(context.Context) ([]model.Inst, error) { return nil, nil }

func (b *bench) loseLease(t *testing.T, id int64) {
	t.Helper()
	const update = `UPDATE welife_export_inst SET leaseUntil = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND WHERE einstId = ?`
	if _, err := b.db.SQL().ExecContext(t.Context(), update, id); err != nil {
		t.Fatal(err)
	}
}

func TestPool_adopt(t *testing.T) {
	t.Parallel()
	// finished starts a worker that cannot record its result, and waits until the
	// result is in the store: the file and what describes it.
	finished := func(t *testing.T, b *bench) (id int64, worker *silent) {
		t.Helper()
		worker = &silent{DB: b.db}
		worker.down.Store(true)
		t.Cleanup(func() { worker.down.Store(false) })
		id = b.add(t)
		start(t, b.pool(worker, "gone"))
		t.Cleanup(func() { worker.down.Store(false) }) // before the pool stops
		testkit.Eventually(t, "the result is in the store", func() bool {
			in, err := b.db.GetInst(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			_, err = kept(t.Context(), b.store, in)
			return err == nil
		})
		b.loseLease(t, id)
		return id, worker
	}
	t.Run("recorded_without_another_attempt", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		id, worker := finished(t, b)
		if _, err := b.pool(b.db, "other").rescueOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		in := b.until(t, id, model.StateSucceeded)
		if in.Attempt != 1 || in.Claims != 1 || len(in.Files) != 1 {
			t.Errorf("attempt %d, claims %d, files %v; want the first attempt with its file", in.Attempt, in.Claims, in.Files)
		}
		worker.down.Store(false) // the worker finds that its claim has ended well
		testkit.Eventually(t, "only the file is left", func() bool { return b.stored(t) == 1 })
		if _, err := b.store.Open(t.Context(), in.Files[0].Key); err != nil {
			t.Error(err)
		}
	})
	t.Run("claimed_again_meanwhile", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		id, worker := finished(t, b)
		if _, err := b.db.Rescue(t.Context()); err != nil {
			t.Fatal(err)
		}
		start(t, b.pool(b.db, "other"))
		in := b.until(t, id, model.StateSucceeded)
		if in.Attempt != 2 {
			t.Errorf("attempt %d, want the second", in.Attempt)
		}
		worker.down.Store(false)
		testkit.Eventually(t, "the files of the first attempt are removed", func() bool { return b.stored(t) == 1 })
	})
	t.Run("file_missing", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		id, _ := finished(t, b)
		list, err := b.db.ListExpired(t.Context())
		if err != nil || len(list) != 1 {
			t.Fatalf("%d expired leases, error %v", len(list), err)
		}
		result, err := kept(t.Context(), b.store, &list[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := b.store.Delete(t.Context(), result.Files[0].Key); err != nil {
			t.Fatal(err)
		}
		if n, err := b.pool(b.db, "other").rescueOnce(t.Context()); n != 1 || err != nil {
			t.Errorf("%d instances rescued, error %v; want 1", n, err)
		}
		b.until(t, id, model.StateRetryWait, model.StateRunning)
	})
}
