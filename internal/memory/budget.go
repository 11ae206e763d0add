// Package memory bounds the memory that a process uses for exports, deliveries
// and calls. A user of memory acquires a share of a Budget before it allocates,
// and waits, or gets an error, while others hold the rest. Budgets count what is
// declared to them; nothing is allocated here.
package memory

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Budget is a number of bytes that shares divide among themselves. It is safe for
// concurrent use. A nil Budget has no limit.
//
// Shares keep what they have while they wait to grow, so they could wait for each
// other. Therefore all shares together grow into one half of the budget, and only one
// at a time, the large one, into the other half.
type Budget struct {
	name  string
	limit int64

	mu      sync.Mutex
	used    int64
	large   *Share    // the one that may use all; nil: none
	growing list.List // of *waiter: shares that grow; no new share is granted meanwhile
	waiting list.List // of *waiter: new shares
}

// waiter is a request for n bytes that has not been granted yet.
type waiter struct {
	share   *Share
	n       int64
	granted chan struct{} // closed when the bytes belong to the waiter
}

// growTimeout is how long a share waits to grow, varied by half. The large share waits
// twice as long: if it needs more than one half, the others have to give up first.
const growTimeout = 30 * time.Second

// New returns a budget of limit bytes. name is the option that sets the limit, for
// errors.
func New(name string, limit int64) *Budget { return &Budget{name: name, limit: limit} }

// ExceededError is returned for a request that a budget can never grant, and with
// Waited for one that was not granted in time.
type ExceededError struct {
	Budget string        // the option that sets the limit
	Limit  int64         // bytes of the budget
	Want   int64         // bytes that the share would have
	Waited time.Duration // 0: the limit is less than Want
}

// Error names the option that sets the limit.
func (e *ExceededError) Error() string {
	if e.Waited > 0 {
		return fmt.Sprintf("no memory: waited %s for %d MiB, which other work holds (%s: %d MiB)",
			e.Waited.Round(time.Second), mib(e.Want), e.Budget, e.Limit>>20)
	}
	return fmt.Sprintf("no memory: %d MiB are needed at once, want at most %d MiB (%s)", mib(e.Want), e.Limit>>20, e.Budget)
}

// mib returns n in MiB, rounded up.
func mib(n int64) int64 { return (n + 1<<20 - 1) >> 20 }

// Limit returns the number of bytes of the budget.
func (b *Budget) Limit() int64 { return b.limit }

// Used returns the number of bytes that shares hold.
func (b *Budget) Used() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

// Share is a part of a budget. Its methods are safe for concurrent use. A nil Share
// has no limit.
type Share struct {
	budget  *Budget
	base    int64         // bytes that it began with
	timeout time.Duration // of Grow, about

	mu       sync.Mutex
	held     int64
	released bool
}

// Acquire waits until n bytes are free and returns them as a share, which the
// caller must release. Shares are granted in the order of the calls. The error is an
// *ExceededError if n is more than the budget, or the cause of ctx.
func (b *Budget) Acquire(ctx context.Context, n int64) (*Share, error) {
	if b == nil {
		return nil, nil
	}
	if n > b.limit {
		return nil, &ExceededError{Budget: b.name, Limit: b.limit, Want: n}
	}
	s := &Share{budget: b, base: n, held: n, timeout: growTimeout}
	if err := b.wait(ctx, s, n, &b.waiting); err != nil {
		return nil, err
	}
	return s, nil
}

// Grow adds n bytes to the share. It waits until they are free: the share itself may
// shrink meanwhile. The error is an *ExceededError if the budget can never have n
// bytes beside those that the share began with, or if they were not free in time, or
// the cause of ctx.
func (s *Share) Grow(ctx context.Context, n int64) error {
	if s == nil || n == 0 {
		return nil
	}
	if n > s.budget.limit-s.base {
		return &ExceededError{Budget: s.budget.name, Limit: s.budget.limit, Want: s.base + n}
	}
	began := time.Now()
	err := s.grow(ctx, n)
	if errors.Is(err, errWaited) && s.isLarge() {
		err = s.grow(ctx, n)
	}
	if errors.Is(err, errWaited) {
		return &ExceededError{Budget: s.budget.name, Limit: s.budget.limit, Want: n, Waited: time.Since(began)}
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.released {
		s.budget.free(s, n, true)
		return nil
	}
	s.held += n
	return nil
}

// grow waits for n bytes, for about the share's timeout.
func (s *Share) grow(ctx context.Context, n int64) error {
	ctx, stop := context.WithTimeoutCause(ctx, s.timeout/2+rand.N(s.timeout), errWaited) //nolint:gosec // jitter
	defer stop()
	return s.budget.wait(ctx, s, n, &s.budget.growing)
}

func (s *Share) isLarge() bool {
	s.budget.mu.Lock()
	defer s.budget.mu.Unlock()
	return s.budget.large == s
}

// Shrink returns n bytes of the share to the budget.
func (s *Share) Shrink(n int64) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n = min(n, s.held)
	s.held -= n
	s.budget.free(s, n, s.held <= s.base)
}

// Release returns all bytes of the share to the budget. Further calls have no effect.
func (s *Share) Release() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.budget.free(s, s.held, true)
	s.held, s.released = 0, true
}

// errWaited is the cause of a wait that took too long.
var errWaited = errors.New("memory: waited too long")

// wait takes n bytes for a share, or waits for them in a queue.
func (b *Budget) wait(ctx context.Context, s *Share, n int64, queue *list.List) error {
	b.mu.Lock()
	w := &waiter{share: s, n: n, granted: make(chan struct{})}
	at := queue.PushBack(w)
	b.grant()
	b.mu.Unlock()
	select {
	case <-w.granted:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-w.granted: // meanwhile
		return nil
	default:
	}
	queue.Remove(at)
	b.grant() // those behind it may need less
	return context.Cause(ctx)
}

// free returns n bytes of a share. A share that is small now is no longer the large
// one.
func (b *Budget) free(s *Share, n int64, small bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	if small && b.large == s {
		b.large = nil
	}
	b.grant()
}

// grant serves waiters as far as bytes are free.
func (b *Budget) grant() {
	for at := b.growing.Front(); at != nil; {
		next := at.Next()
		w := at.Value.(*waiter)
		limit := b.limit / 2
		if b.used+w.n > limit && b.large == nil {
			b.large = w.share // from now on, whether the bytes are free or not yet
		}
		if b.large == w.share {
			limit = b.limit
		}
		if b.used+w.n <= limit {
			b.take(&b.growing, at)
		}
		at = next
	}
	for at := b.waiting.Front(); at != nil && b.growing.Len() == 0; at = b.waiting.Front() {
		if w := at.Value.(*waiter); b.used > 0 && b.used+w.n > b.limit/2 {
			return
		}
		b.take(&b.waiting, at)
	}
}

// take grants the bytes of a waiter.
func (b *Budget) take(queue *list.List, at *list.Element) {
	w := at.Value.(*waiter)
	queue.Remove(at)
	b.used += w.n
	close(w.granted)
}
