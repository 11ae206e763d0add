package export

import (
	"context"
	"sync"
	"time"

	"exporttask/internal/model"
)

const (
	// finishBatch bounds the instances that one transaction finishes.
	finishBatch = 64
	// tryTimeout bounds one try of a write that ends an attempt.
	tryTimeout = 5 * time.Second
)

// finisher finishes instances together: while one transaction is under way,
// the attempts that end meanwhile gather for the next one. Nobody waits for
// others to gather.
type finisher struct {
	queue Queue

	mu      sync.Mutex
	waiting []ended
	busy    bool // a goroutine is at it
}

// ended is an attempt that waits to be finished.
type ended struct {
	success model.Success
	err     chan error // gets one value
}

// finish writes one attempt's success and returns when it is known how that
// went, which takes tryTimeout twice at the longest.
func (f *finisher) finish(in *model.Inst, r model.Result) error {
	e := ended{success: model.Success{Inst: in, Result: r}, err: make(chan error, 1)}
	f.mu.Lock()
	f.waiting = append(f.waiting, e)
	if !f.busy {
		f.busy = true
		go f.run()
	}
	f.mu.Unlock()
	return <-e.err
}

// run finishes what waits until nothing does.
func (f *finisher) run() {
	for {
		f.mu.Lock()
		n := min(len(f.waiting), finishBatch)
		batch := f.waiting[:n:n]
		f.waiting = f.waiting[n:]
		f.busy = n > 0
		f.mu.Unlock()
		if n == 0 {
			return
		}
		f.write(batch)
	}
}

func (f *finisher) write(batch []ended) {
	// The attempts' own contexts may have ended: what ends one is written
	// even while it is being stopped.
	ctx, stop := context.WithTimeout(context.Background(), tryTimeout)
	defer stop()
	list := make([]model.Success, len(batch))
	for i, e := range batch {
		list[i] = e.success
	}
	for i, err := range f.queue.FinishAll(ctx, list) {
		batch[i].err <- err
	}
}
