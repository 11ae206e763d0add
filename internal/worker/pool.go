// Package worker runs items that a process has claimed from a queue in the
// database. internal/export and internal/delivery each have a Pool; what an item
// is, how it is claimed and how its end is written is theirs.
//
//	Claim ─▶ Run ─▶ the item's end is written by Run itself
//	  ▲       ▲
//	wake    Heartbeat: renews leases, stops items that were lost or canceled
//
// A pool has two contexts. The end of the first stops claiming: a running item
// goes on to its end. The end of the second stops what still runs with
// ErrShutdown as its cause; Run is then expected to give the item back.
package worker

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"exporttask/internal/worker/backoff"
)

// ErrShutdown is the cause of an item's context when the pool shuts down before
// the item has ended.
var ErrShutdown = errors.New("the worker shuts down")

const (
	// claimTimeout bounds one call of Claim. A shutdown does not cut a claim
	// off: whether the database made it would be unknown.
	claimTimeout = 5 * time.Second
	// releaseTimeout bounds how long Run waits for items that it stopped to
	// give themselves back, and the call of Release.
	releaseTimeout = 10 * time.Second
)

// Config are the settings of a pool and what it calls. The functions are called
// from several goroutines.
type Config[T any] struct {
	// Workers is the largest number of items that run at once; 0: the pool
	// claims nothing.
	Workers int
	// Poll is the interval at which the queue is polled, with jitter, while
	// nothing calls Wake.
	Poll time.Duration
	// Claim claims up to free items of the queue. Items that are returned along
	// with an error run as well.
	Claim func(ctx context.Context, free int) ([]T, error)
	// Run works on an item and writes down how it ended. context.Cause(ctx) is
	// ErrShutdown or the error that was given to Item.Stop.
	Run func(ctx context.Context, item *Item[T])
	// Heartbeat is called every HeartbeatEvery with the running items, also
	// while there are none, from the start of Run until the last item has
	// ended; never twice at once.
	Heartbeat      func(ctx context.Context, now time.Time, running []*Item[T]) error
	HeartbeatEvery time.Duration
	// Release, if set, is called once before Run returns, when no item runs any
	// more: it gives back claims of this process that no item came of.
	Release func(ctx context.Context) error
	Log     *slog.Logger
}

// Item is a claimed item that runs.
type Item[T any] struct {
	Value T
	stop  context.CancelCauseFunc
}

// Stop ends the context of the item's Run with the given cause. The first call
// counts.
func (i *Item[T]) Stop(cause error) { i.stop(cause) }

// Pool claims and runs items. It is used once.
type Pool[T any] struct {
	cfg  Config[T]
	wake chan struct{} // holds one token: the queue is to be looked at

	mu      sync.Mutex
	running map[*Item[T]]struct{} // by pointer: an item that lost its lease may run beside its successor
}

// New returns a pool that does nothing before Run.
func New[T any](cfg Config[T]) *Pool[T] {
	return &Pool[T]{cfg: cfg, wake: make(chan struct{}, 1), running: map[*Item[T]]struct{}{}}
}

// Wake makes the pool look at the queue now. It never blocks.
func (p *Pool[T]) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Running returns the items that run now, in no particular order.
func (p *Pool[T]) Running() []*Item[T] {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Keys(p.running))
}

// Run claims and runs items until claiming ends, then waits for those that run.
// When working ends as well, it stops them with ErrShutdown and waits up to
// 10 s more. Items that still run after that are left to themselves, and in the
// queue to the end of their leases.
func (p *Pool[T]) Run(claiming, working context.Context) {
	claiming, stopClaiming := context.WithCancel(claiming)
	defer stopClaiming()
	defer context.AfterFunc(working, stopClaiming)()
	lasting := context.WithoutCancel(working)
	beating, stopBeating := context.WithCancel(lasting)
	var heartbeat sync.WaitGroup
	heartbeat.Go(func() { p.beat(beating) })

	p.claim(claiming, lasting)
	ended := p.finish(working)
	stopBeating()
	heartbeat.Wait()
	if ended {
		p.release(lasting)
	}
}

// claim fills free slots until claiming ends.
func (p *Pool[T]) claim(claiming, lasting context.Context) {
	for claiming.Err() == nil {
		if err := p.fill(claiming, lasting); err != nil {
			p.cfg.Log.ErrorContext(lasting, "claim", "error", err)
		}
		select {
		case <-claiming.Done():
		case <-p.wake:
		case <-time.After(backoff.Jitter(p.cfg.Poll)):
		}
	}
}

// fill claims until all slots are taken, the queue is empty, or claiming ends.
func (p *Pool[T]) fill(claiming, lasting context.Context) error {
	for claiming.Err() == nil {
		free := p.cfg.Workers - len(p.Running())
		if free <= 0 {
			return nil
		}
		n, err := p.claimOnce(lasting, free)
		if n == 0 || err != nil {
			return err
		}
	}
	return nil
}

func (p *Pool[T]) claimOnce(lasting context.Context, free int) (int, error) {
	ctx, stop := context.WithTimeout(lasting, claimTimeout)
	defer stop()
	values, err := p.cfg.Claim(ctx, free)
	for _, v := range values {
		p.start(lasting, v)
	}
	return len(values), err
}

// start runs an item in a goroutine that finish waits for.
func (p *Pool[T]) start(lasting context.Context, v T) {
	ctx, stop := context.WithCancelCause(lasting)
	item := &Item[T]{Value: v, stop: stop}
	p.mu.Lock()
	p.running[item] = struct{}{}
	p.mu.Unlock()
	go func() {
		defer p.done(item)
		defer stop(nil)
		var err error
		defer func() {
			if err != nil {
				p.cfg.Log.ErrorContext(lasting, "an item's worker panicked: its lease will run out", "error", err)
			}
		}()
		defer Recover(&err)
		p.cfg.Run(ctx, item)
	}()
}

func (p *Pool[T]) done(item *Item[T]) {
	p.mu.Lock()
	delete(p.running, item)
	p.mu.Unlock()
	p.Wake()
}

// finish waits until no item runs; it reports false if some would not stop.
// It begins when nothing starts items any more.
func (p *Pool[T]) finish(working context.Context) (ended bool) {
	if p.wait(working) {
		return true
	}
	running := p.Running()
	p.cfg.Log.InfoContext(working, "stopping and giving back what still runs", "items", len(running))
	for _, item := range running {
		item.Stop(ErrShutdown)
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(working), releaseTimeout)
	defer stop()
	if p.wait(ctx) {
		return true
	}
	p.cfg.Log.WarnContext(ctx, "some items do not stop; their leases will run out", "items", len(p.Running()))
	return false
}

// wait waits until no item runs or ctx ends, and reports which of the two.
func (p *Pool[T]) wait(ctx context.Context) (idle bool) {
	for len(p.Running()) > 0 {
		select {
		case <-p.wake:
		case <-ctx.Done():
			return len(p.Running()) == 0
		}
	}
	return true
}

func (p *Pool[T]) beat(ctx context.Context) {
	tick := time.NewTicker(p.cfg.HeartbeatEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if err := p.cfg.Heartbeat(ctx, now, p.Running()); err != nil && ctx.Err() == nil {
				p.cfg.Log.WarnContext(ctx, "heartbeat", "error", err)
			}
		}
	}
}

func (p *Pool[T]) release(ctx context.Context) {
	if p.cfg.Release == nil {
		return
	}
	ctx, stop := context.WithTimeout(ctx, releaseTimeout)
	defer stop()
	if err := p.cfg.Release(ctx); err != nil {
		p.cfg.Log.WarnContext(ctx, "give back claims that no item came of: their leases will run out", "error", err)
	}
}
