// Package delivery sends the files of instances that have succeeded on to where
// their templates and schedules want them. cmd/exportd runs one Pool in each
// process. A delivery has a row and a state of its own: its instance has
// succeeded whatever becomes of it.
//
//	Finish makes rows ─▶ claim ─▶ parcel ─▶ destination ─▶ DONE
//	                       ▲                     │
//	                       └──── RETRY_WAIT ◀────┴──▶ FAILED
//
// A claim has a lease on the database's clock, which is renewed while the
// destination is at it, so that a delivery whose worker died is taken up by
// another. So a file is sent at least once: every attempt carries the same event
// id, and what a destination shows is whole at any time.
//
// How files are sent is the business of the packages below this one, one for
// each kind of destination.
package delivery

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"exporttask/internal/model"
	"exporttask/internal/store"
)

// Queue is what the pool needs of the model.
type Queue interface {
	ClaimDeliveries(ctx context.Context, owner string, free map[string]int, lease time.Duration) ([]model.Delivery, error)
	HeartbeatDelivery(ctx context.Context, v *model.Delivery, lease time.Duration) error
	FinishDelivery(ctx context.Context, v *model.Delivery, location string) error
	FailDelivery(ctx context.Context, v *model.Delivery, msg string) error
	DeferDelivery(ctx context.Context, v *model.Delivery, msg string, wait time.Duration) error
	ReleaseDelivery(ctx context.Context, v *model.Delivery) error
	GetInst(ctx context.Context, id int64) (*model.Inst, error)
}

// Files opens stored files.
type Files interface {
	Open(ctx context.Context, key string) (store.File, error)
}

// Links makes addresses that open files without a token.
type Links interface {
	// SignedURL is the address of an instance's file, and until when it opens
	// it; ok is false where the server makes none.
	SignedURL(in *model.Inst, name string) (url string, expires time.Time, ok bool)
}

// Observer is told how attempts end: "done", "failed", "retried", "released" at
// a shutdown, or "lost" with the lease. It must return at once.
type Observer interface {
	Delivered(destination, end string, took time.Duration)
}

// Config are a pool's settings.
type Config struct {
	// Owner names this process in claims, as in export.Config.
	Owner string
	// Workers is how many deliveries are sent at once; 0: none.
	Workers int
	// Lease is how long a claim holds without a beat.
	Lease time.Duration
	// Poll is how often the queue is looked at without a nudge, a quarter more
	// or less by chance.
	Poll time.Duration
	// Backoff is the wait before a second attempt; each further one doubles it,
	// up to MaxBackoff.
	Backoff, MaxBackoff time.Duration
	Observer            Observer     // nil: nobody
	Tracer              trace.Tracer // nil: there are no spans
}

// Why a delivery is stopped from outside.
var (
	errShutdown  = errors.New("the worker shuts down")
	errLeaseLost = errors.New("lease lost")
	errTimedOut  = errors.New("timed out")
)

const (
	// claimTimeout bounds one claim, which a shutdown does not cut off: nobody
	// would know whether it was made.
	claimTimeout = 5 * time.Second
	// giveBackTime is how long Shutdown waits, past its own time, for what it
	// stopped to be given back.
	giveBackTime = 10 * time.Second
)

// Pool sends deliveries. Run claims until its context ends; Shutdown then sees
// those through that are under way.
type Pool struct {
	Places

	cfg   Config
	queue Queue
	files Files
	links Links
	log   *slog.Logger
	wake  chan struct{} // one token: look at the queue

	mu      sync.Mutex
	sending map[int64]sending
	idle    chan struct{} // closed while nothing is sent
	claims  int64
}

// sending is a delivery under way.
type sending struct {
	destination string
	cancel      context.CancelCauseFunc
}

// New makes a pool that does nothing before Run.
func New(cfg Config, places Places, queue Queue, files Files, links Links, log *slog.Logger) *Pool {
	idle := make(chan struct{})
	close(idle)
	if cfg.Tracer == nil {
		cfg.Tracer = noop.Tracer{}
	}
	return &Pool{
		Places: places, cfg: cfg, queue: queue, files: files, links: links, log: log.With("worker", cfg.Owner),
		wake: make(chan struct{}, 1), sending: map[int64]sending{}, idle: idle,
	}
}

// Nudge makes the pool look at the queue now. It never blocks.
func (p *Pool) Nudge() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run claims and sends until ctx ends. What is under way then goes on: Shutdown
// waits for it. It returns when no more will be claimed.
func (p *Pool) Run(ctx context.Context) {
	if p.cfg.Workers == 0 || len(p.Places) == 0 {
		return
	}
	for ctx.Err() == nil {
		if err := p.claim(context.WithoutCancel(ctx)); err != nil {
			p.log.ErrorContext(ctx, "claim deliveries", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-p.wake:
		case <-time.After(jitter(p.cfg.Poll)):
		}
	}
}

// claim fills the free slots as far as there are deliveries.
func (p *Pool) claim(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, claimTimeout)
	defer stop()
	free := p.free()
	if len(free) == 0 {
		return nil
	}
	claimed, err := p.queue.ClaimDeliveries(ctx, p.cfg.Owner, free, p.cfg.Lease)
	for i := range claimed {
		p.start(claimed[i])
	}
	return err
}

// free is how many more may be sent to each destination. Slots are shared out
// one by one, so that all destinations together do not get more than there are.
func (p *Pool) free() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := p.cfg.Workers - len(p.sending)
	busy := map[string]int{}
	for _, s := range p.sending {
		busy[s.destination]++
	}
	free := map[string]int{}
	for more := true; more && left > 0; {
		more = false
		for name, place := range p.Places { // in any order: nobody is always the last
			if left > 0 && busy[name]+free[name] < place.Slots {
				free[name]++
				left--
				more = true
			}
		}
	}
	return free
}

// start sends a claimed delivery in a goroutine of its own. Its context does not
// descend from Run's: a shutdown lets it go on for a while.
func (p *Pool) start(v model.Delivery) {
	ctx, cancel := context.WithCancelCause(context.Background())
	p.mu.Lock()
	if len(p.sending) == 0 {
		p.idle = make(chan struct{})
	}
	p.claims++
	key := p.claims // not the delivery's id: one that lost its lease may linger beside its successor
	p.sending[key] = sending{destination: v.Destination, cancel: cancel}
	p.mu.Unlock()
	go func() {
		defer cancel(nil)
		defer p.done(key)
		p.work(ctx, cancel, &v)
	}()
}

func (p *Pool) done(key int64) {
	p.mu.Lock()
	delete(p.sending, key)
	if len(p.sending) == 0 {
		close(p.idle)
	}
	p.mu.Unlock()
	p.Nudge()
}

// Shutdown waits for what is under way until ctx ends, then stops the rest,
// gives it back to the queue and waits for that a little longer. Run must have
// returned.
func (p *Pool) Shutdown(ctx context.Context) {
	p.mu.Lock()
	idle := p.idle
	p.mu.Unlock()
	select {
	case <-idle:
		return
	case <-ctx.Done():
	}
	p.mu.Lock()
	p.log.InfoContext(ctx, "giving back deliveries", "deliveries", len(p.sending))
	for _, s := range p.sending {
		s.cancel(errShutdown)
	}
	p.mu.Unlock()
	select {
	case <-idle:
	case <-time.After(giveBackTime):
		p.log.WarnContext(ctx, "deliveries that will not stop are left to their leases")
	}
}

// backoff is the wait after n attempts.
func (p *Pool) backoff(n int32) time.Duration {
	return jitter(min(p.cfg.Backoff<<min(max(n-1, 0), 16), p.cfg.MaxBackoff))
}

// jitter is d, a quarter more or less by chance.
func jitter(d time.Duration) time.Duration {
	return d*3/4 + rand.N(d/2+1) //nolint:gosec // spreads load, guards nothing
}
