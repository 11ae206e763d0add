package worker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"exporttask/internal/testkit"
)

// queue is a queue in memory: Claim takes from it.
type queue struct {
	mu      sync.Mutex
	waiting []int
	claims  int
}

func (q *queue) add(values ...int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, values...)
}

func (q *queue) claim(_ context.Context, free int) ([]int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.claims++
	n := min(free, len(q.waiting))
	got := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	return got, nil
}

func (q *queue) left() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// started is a pool that runs.
type started struct {
	*Pool[int]
	stopClaiming, abort context.CancelFunc
	ended               chan struct{} // closed when Run has returned
}

// start runs a pool with one slot that only Wake makes look at the queue;
// change may change its settings.
func start(t *testing.T, q *queue, run func(ctx context.Context, item *Item[int]), change func(*Config[int])) *started {
	t.Helper()
	cfg := Config[int]{
		Workers: 1, Poll: time.Hour, Claim: q.claim, Run: run,
		Heartbeat:      func(context.Context, time.Time, []*Item[int]) error { return nil },
		HeartbeatEvery: time.Millisecond, Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&cfg)
	}
	claiming, stopClaiming := context.WithCancel(context.Background())
	working, abort := context.WithCancel(context.Background())
	s := &started{Pool: New(cfg), stopClaiming: stopClaiming, abort: abort, ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		s.Run(claiming, working)
	}()
	t.Cleanup(func() {
		stopClaiming()
		abort()
		<-s.ended
	})
	return s
}

// untilStopped waits for the end of ctx and sends its cause.
func untilStopped(began chan<- int, causes chan<- error) func(context.Context, *Item[int]) {
	return func(ctx context.Context, item *Item[int]) {
		began <- item.Value
		<-ctx.Done()
		causes <- context.Cause(ctx)
	}
}

func TestPool_Run(t *testing.T) {
	t.Parallel()
	t.Run("runs_at_most_workers_at_once", func(t *testing.T) {
		t.Parallel()
		q := &queue{waiting: []int{1, 2, 3, 4, 5, 6, 7}}
		var now, most, done atomic.Int32
		start(t, q, func(context.Context, *Item[int]) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Millisecond)
			now.Add(-1)
			done.Add(1)
		}, func(c *Config[int]) { c.Workers = 3 })
		testkit.Eventually(t, "all items have run", func() bool { return done.Load() == 7 })
		if most.Load() > 3 {
			t.Errorf("%d ran at once, want at most 3", most.Load())
		}
	})
	t.Run("wake_looks_at_the_queue", func(t *testing.T) {
		t.Parallel()
		q, began, causes := &queue{}, make(chan int, 1), make(chan error, 1)
		s := start(t, q, untilStopped(began, causes), nil)
		q.add(1)
		s.Wake()
		if got := <-began; got != 1 {
			t.Errorf("item %d runs, want 1", got)
		}
	})
	t.Run("polls_without_wake", func(t *testing.T) {
		t.Parallel()
		q, began, causes := &queue{}, make(chan int, 1), make(chan error, 1)
		start(t, q, untilStopped(began, causes), func(c *Config[int]) { c.Poll = time.Millisecond })
		q.add(1)
		<-began
	})
	t.Run("claims_nothing_without_a_free_slot", func(t *testing.T) {
		t.Parallel()
		q, began, causes := &queue{waiting: []int{1}}, make(chan int, 2), make(chan error, 2)
		s := start(t, q, untilStopped(began, causes), nil)
		<-began
		q.add(2)
		s.Wake()
		testkit.Eventually(t, "the token is taken", func() bool { return len(s.wake) == 0 })
		if q.left() != 1 {
			t.Error("a second item was claimed")
		}
		s.Running()[0].Stop(nil)
		if got := <-began; got != 2 {
			t.Errorf("item %d runs, want 2: a free slot looks at the queue", got)
		}
	})
	t.Run("runs_items_of_a_failed_claim", func(t *testing.T) {
		t.Parallel()
		began, causes := make(chan int, 1), make(chan error, 1)
		start(t, &queue{}, untilStopped(began, causes), func(c *Config[int]) {
			c.Claim = func(context.Context, int) ([]int, error) { return []int{7}, errors.New("half") }
		})
		<-began
	})
	t.Run("keeps_a_panic_to_its_item", func(t *testing.T) {
		t.Parallel()
		q, second := &queue{waiting: []int{1, 2}}, make(chan struct{})
		start(t, q, func(_ context.Context, item *Item[int]) {
			if item.Value == 1 {
				panic("bug")
			}
			close(second)
		}, nil)
		<-second
	})
}

func TestPool_Run_shutdown(t *testing.T) {
	t.Parallel()
	t.Run("lets_items_end", func(t *testing.T) {
		t.Parallel()
		q, began, goOn := &queue{waiting: []int{1}}, make(chan struct{}), make(chan struct{})
		var cause error
		s := start(t, q, func(ctx context.Context, _ *Item[int]) {
			close(began)
			<-goOn
			cause = context.Cause(ctx)
		}, nil)
		<-began
		s.stopClaiming()
		q.add(2)
		close(goOn)
		<-s.ended
		if cause != nil || q.left() != 1 {
			t.Errorf("the item was stopped by %v, %d items left in the queue; want none and 1", cause, q.left())
		}
	})
	t.Run("aborts_what_does_not_end", func(t *testing.T) {
		t.Parallel()
		q, began, causes := &queue{waiting: []int{1}}, make(chan int, 1), make(chan error, 1)
		released := false
		s := start(t, q, untilStopped(began, causes), func(c *Config[int]) {
			c.Release = func(context.Context) error { released = true; return nil }
		})
		<-began
		s.abort()
		<-s.ended
		if cause := <-causes; !errors.Is(cause, ErrShutdown) || !released {
			t.Errorf("stopped by %v, released %t; want ErrShutdown and true", cause, released)
		}
	})
	t.Run("beats_until_the_last_item_has_ended", func(t *testing.T) {
		t.Parallel()
		q, began, goOn := &queue{waiting: []int{1}}, make(chan struct{}), make(chan struct{})
		var beats atomic.Int32
		s := start(t, q, func(context.Context, *Item[int]) {
			close(began)
			<-goOn
		}, func(c *Config[int]) {
			c.Heartbeat = func(_ context.Context, _ time.Time, running []*Item[int]) error {
				if len(running) == 1 {
					beats.Add(1)
				}
				return nil
			}
		})
		<-began
		s.stopClaiming()
		n := beats.Load()
		testkit.Eventually(t, "leases are renewed during a shutdown", func() bool { return beats.Load() > n+1 })
		close(goOn)
		<-s.ended
	})
}

func TestItem_Stop(t *testing.T) {
	t.Parallel()
	q, began, causes := &queue{waiting: []int{1}}, make(chan int, 1), make(chan error, 1)
	errLost, errLater := errors.New("lease lost"), errors.New("later")
	start(t, q, untilStopped(began, causes), func(c *Config[int]) {
		c.Heartbeat = func(_ context.Context, _ time.Time, running []*Item[int]) error {
			for _, item := range running {
				item.Stop(errLost)
				item.Stop(errLater)
			}
			return nil
		}
	})
	if cause := <-causes; !errors.Is(cause, errLost) {
		t.Errorf("stopped by %v, want the first cause", cause)
	}
}
