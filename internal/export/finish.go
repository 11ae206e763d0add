package export

import (
	"context"
	"errors"
	"sync"

	"exporttask/internal/model"
	"exporttask/internal/worker"
)

// finishBatch bounds the instances that one transaction finishes.
const finishBatch = 64

// finisher finishes instances in groups: while one attempt writes a transaction,
// attempts that end meanwhile queue up, and the next of them writes for all. No
// attempt waits for others to arrive.
type finisher struct {
	queue Queue

	mu      sync.Mutex
	waiting []*ended

	// writing is held by the attempt that writes.
	writing sync.Mutex
}

// ended is an attempt that waits to be finished.
type ended struct {
	success model.Success
	// written and err are the outcome; the holder of finisher.writing uses them.
	written bool
	err     error
}

// errNoOutcome is the outcome of a transaction that never returned one.
var errNoOutcome = errors.New("finish: no outcome")

// finish writes an attempt's success and returns the outcome. With a database
// that does not answer it takes about twice worker.TryTimeout.
func (f *finisher) finish(ctx context.Context, in *model.Inst, r model.Result) error {
	e := &ended{success: model.Success{Inst: in, Result: r}}
	f.mu.Lock()
	f.waiting = append(f.waiting, e)
	f.mu.Unlock()

	f.writing.Lock()
	defer f.writing.Unlock()
	for !e.written { // else an earlier holder of the lock wrote it
		f.write(ctx, f.next())
	}
	return e.err
}

// next takes the attempts that have waited longest.
func (f *finisher) next() []*ended {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := min(len(f.waiting), finishBatch)
	batch := f.waiting[:n:n]
	f.waiting = f.waiting[n:]
	return batch
}

// write writes a batch. The end of ctx does not stop it: other attempts depend
// on it.
func (f *finisher) write(ctx context.Context, batch []*ended) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), worker.TryTimeout)
	defer stop()
	list := make([]model.Success, len(batch))
	for i, e := range batch {
		list[i] = e.success
		e.written, e.err = true, errNoOutcome // in case FinishAll panics
	}
	for i, err := range f.queue.FinishAll(ctx, list) {
		batch[i].err = err
	}
}
