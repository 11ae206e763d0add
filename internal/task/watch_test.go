package task_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"exporttask/internal/model"
	"exporttask/internal/task"
	"exporttask/internal/task/tasktest"
	"exporttask/internal/testkit"
)

// countingDB counts the statements of a Watcher.
type countingDB struct {
	*model.DB
	statements atomic.Int64
}

func (d *countingDB) CutInsts(ctx context.Context, ids []int64) ([]model.Inst, error) {
	d.statements.Add(2)
	return d.DB.CutInsts(ctx, ids)
}

func (d *countingDB) Progress(ctx context.Context, ids []int64) ([]model.InstProgress, error) {
	d.statements.Add(1)
	return d.DB.Progress(ctx, ids)
}

// view is what the tests' watches receive.
type view struct {
	state model.State
	files int
}

func render(_ context.Context, in *model.Inst) (view, error) {
	return view{in.State, len(in.Files)}, nil
}

func TestWatcher(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	db := &countingDB{DB: f.DB}
	w := task.NewWatcher(db, render)
	tpl := f.Tpl(t, "SELECT 1", nil)
	in := f.Inst(t, tpl.ID)
	const many = 2000
	var watches []*task.Watch[view]
	for range many {
		watch, err := w.Watch(t.Context(), in.ID)
		if err != nil {
			t.Fatal(err)
		}
		watches = append(watches, watch)
	}
	for i, watch := range watches {
		if got := <-watch.States; got.View.state != model.StateQueued || got.Ended || got.Err != nil {
			t.Fatalf("watch %d begins with %+v, want QUEUED", i, got)
		}
	}
	running := f.Claim(t)
	for i, watch := range watches {
		if got := <-watch.States; got.View.state != model.StateRunning {
			t.Fatalf("watch %d: got %+v, want RUNNING", i, got)
		}
	}
	late, err := w.Watch(t.Context(), in.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := <-late.States; got.View.state != model.StateRunning {
		t.Errorf("a later watch begins with %+v, want RUNNING", got)
	}
	file := model.File{Seq: 1, Name: "a.csv", Key: "1/a.csv", ContentType: "text/csv", SHA256: make([]byte, 32)}
	if err := f.DB.Finish(t.Context(), running, model.Result{Files: []model.File{file}}); err != nil {
		t.Fatal(err)
	}
	for i, watch := range append(watches, late) {
		if got := <-watch.States; !got.Ended || got.View != (view{model.StateSucceeded, 1}) {
			t.Fatalf("watch %d: got %+v, want the end with a file", i, got)
		}
		watch.Close()
	}
	// One read at the beginning, two of the whole instance, and a few of its
	// progress: the number of watches does not matter.
	if n := db.statements.Load(); n > 100 {
		t.Errorf("%d watches took %d statements, want at most 100", many, n)
	}
	ended, err := w.Watch(t.Context(), in.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got := <-ended.States; !got.Ended {
		t.Errorf("a watch of an ended instance begins with %+v, want its end", got)
	}
	var missing *model.Error
	if _, err := w.Watch(t.Context(), 1<<40); !errors.As(err, &missing) || missing.Kind != model.NotFound {
		t.Errorf("an instance that does not exist: %v, want NotFound", err)
	}
}

// TestWatcher_manyInstances watches as many instances as make the reads take
// several statements.
func TestWatcher_manyInstances(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	db := &countingDB{DB: f.DB}
	w := task.NewWatcher(db, render)
	tpl := f.Tpl(t, "SELECT 1", nil)
	var watches []*task.Watch[view]
	for range 40 {
		watch, err := w.Watch(t.Context(), f.Inst(t, tpl.ID).ID)
		if err != nil {
			t.Fatal(err)
		}
		<-watch.States
		watches = append(watches, watch)
	}
	for range watches {
		f.Claim(t)
	}
	for i, watch := range watches {
		if got := <-watch.States; got.View.state != model.StateRunning {
			t.Errorf("watch %d: got %+v, want RUNNING", i, got)
		}
		watch.Close()
	}
	idle := int64(-1)
	testkit.Eventually(t, "without watches nothing is read", func() bool {
		before := idle
		idle = db.statements.Load()
		return before == idle
	})
}
