package export

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"exporttask/internal/model"
)

// Queue is what the pool needs of the model.
type Queue interface {
	Claim(ctx context.Context, owner string, slots int) ([]model.Inst, error)
	Heartbeat(ctx context.Context, owner string, progress []model.Progress) error
	ListClaims(ctx context.Context, owner string) ([]model.Claim, error)
	Rescue(ctx context.Context) (int, error)
	FinishAll(ctx context.Context, list []model.Success) []error
	Fail(ctx context.Context, in *model.Inst, f model.Failure) error
	Release(ctx context.Context, in *model.Inst) error
}

// Config are a pool's settings.
type Config struct {
	// Owner names this process in claims. No other process, and no earlier or
	// later start of this one, may use the same name.
	Owner string
	// Workers is how many instances run at once.
	Workers int
	// Lease is how long a claim of the queue holds without a beat; 0:
	// model.Lease.
	Lease time.Duration
	// Poll is how often the queue is looked at without a nudge, a quarter
	// more or less by chance.
	Poll time.Duration
	// Backoff is the wait before a second attempt; each further one doubles
	// it, up to MaxBackoff.
	Backoff, MaxBackoff time.Duration
	// Observer is told of attempts; nil: nobody.
	Observer Observer
	// Tracer begins their spans; nil: there are none.
	Tracer trace.Tracer
}

// Why an attempt is stopped from outside.
var (
	errCanceled  = errors.New("canceled")
	errShutdown  = errors.New("the worker shuts down")
	errLeaseLost = errors.New("lease lost")
	errTimedOut  = errors.New("timed out")
)

const (
	// claimTimeout bounds one claim. A claim is not cut off by a shutdown:
	// nobody would know whether it was made.
	claimTimeout = 5 * time.Second
	// giveBackTime is how long Shutdown waits, past its own time, for what it
	// stopped to be given back.
	giveBackTime = 10 * time.Second
)

// Pool runs instances. Run claims until its context ends; Shutdown then sees
// the running ones through.
type Pool struct {
	cfg      Config
	queue    Queue
	runner   *Runner
	finisher finisher
	log      *slog.Logger

	wake chan struct{} // one token: look at the queue

	mu      sync.Mutex
	running map[*attempt]struct{} // not by id: one that lost its lease may linger beside its successor
	idle    chan struct{}         // closed while nothing runs
}

// attempt is one claimed instance that runs here.
type attempt struct {
	inst     model.Inst
	progress progress
	cancel   context.CancelCauseFunc
}

// NewPool makes a pool that does nothing before Run.
func NewPool(cfg Config, queue Queue, runner *Runner, log *slog.Logger) *Pool {
	idle := make(chan struct{})
	close(idle)
	cfg.Lease = cmp.Or(cfg.Lease, model.Lease)
	if cfg.Observer == nil {
		cfg.Observer = nobody{}
	}
	if cfg.Tracer == nil {
		cfg.Tracer = noop.Tracer{}
	}
	return &Pool{
		cfg: cfg, queue: queue, runner: runner, finisher: finisher{queue: queue}, log: log.With("worker", cfg.Owner),
		wake: make(chan struct{}, 1), running: map[*attempt]struct{}{}, idle: idle,
	}
}

// Nudge makes the pool look at the queue now. It never blocks.
func (p *Pool) Nudge() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Cancel stops an instance that became CANCELING, if it runs here.
func (p *Pool) Cancel(instID int64) { p.stop(instID, errCanceled) }

func (p *Pool) stop(instID int64, why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for a := range p.running {
		if a.inst.ID == instID {
			a.cancel(why)
		}
	}
}

// Running is how many instances run here.
func (p *Pool) Running() int { return len(p.snapshot()) }

// Run claims and runs instances until ctx ends. Those that run then go on:
// Shutdown waits for them. It returns when no more will be claimed.
func (p *Pool) Run(ctx context.Context) {
	var loops sync.WaitGroup
	loops.Go(func() { p.rescueLoop(ctx) })
	defer loops.Wait()
	for ctx.Err() == nil {
		if err := p.claim(ctx); err != nil && ctx.Err() == nil {
			p.log.ErrorContext(ctx, "claim", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-p.wake:
		case <-time.After(jitter(p.cfg.Poll)):
		}
	}
}

// claim fills the free slots as far as there are instances.
func (p *Pool) claim(ctx context.Context) error {
	for ctx.Err() == nil {
		slots := p.cfg.Workers - len(p.snapshot())
		if slots <= 0 {
			return nil
		}
		n, err := p.claimOnce(context.WithoutCancel(ctx), slots)
		if n == 0 || err != nil {
			return err
		}
	}
	return nil
}

func (p *Pool) claimOnce(ctx context.Context, slots int) (int, error) {
	ctx, stop := context.WithTimeout(ctx, claimTimeout)
	defer stop()
	insts, err := p.queue.Claim(ctx, p.cfg.Owner, slots)
	for i := range insts {
		p.start(insts[i])
	}
	return len(insts), err
}

// snapshot is what runs now.
func (p *Pool) snapshot() []*attempt {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Keys(p.running))
}

// start runs a claimed instance in a goroutine of its own. Its context does
// not descend from Run's: a shutdown lets it go on for a while.
func (p *Pool) start(in model.Inst) {
	ctx, cancel := context.WithCancelCause(context.Background())
	a := &attempt{inst: in, cancel: cancel}
	a.progress.deadline = time.Now().Add(time.Duration(in.TimeoutSec)*time.Second + p.cfg.Lease)
	a.progress.kept.at = time.Now()
	p.mu.Lock()
	if len(p.running) == 0 {
		p.idle = make(chan struct{})
	}
	p.running[a] = struct{}{}
	p.mu.Unlock()
	go func() {
		defer cancel(nil)
		defer p.done(a)
		p.work(ctx, a)
	}()
}

func (p *Pool) done(a *attempt) {
	p.mu.Lock()
	delete(p.running, a)
	if len(p.running) == 0 {
		close(p.idle)
	}
	p.mu.Unlock()
	p.Nudge()
}

// Shutdown waits for the running instances until ctx ends, then stops the
// rest, gives them back to the queue and waits for that a little longer. Run
// must have returned.
func (p *Pool) Shutdown(ctx context.Context) {
	p.mu.Lock()
	idle := p.idle
	p.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
		running := p.snapshot()
		p.log.InfoContext(ctx, "giving back what still runs", "instances", len(running))
		for _, a := range running {
			a.cancel(errShutdown)
		}
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), giveBackTime)
	defer stop()
	select {
	case <-idle:
	case <-ctx.Done():
		p.log.WarnContext(ctx, "attempts that will not stop are left to their leases", "instances", len(p.snapshot()))
		return
	}
	// What a lost answer left behind under this process's name.
	held, err := p.queue.ListClaims(ctx, p.cfg.Owner)
	if err != nil {
		p.log.WarnContext(ctx, "look for what is left to give back", "error", err)
	}
	for _, h := range held {
		p.giveBack(ctx, h)
	}
}

// backoff is the wait before the attempt after n of them.
func (p *Pool) backoff(n int32) time.Duration {
	wait := p.cfg.Backoff << min(max(n-1, 0), 16)
	return jitter(min(wait, p.cfg.MaxBackoff))
}

// jitter is d, a quarter more or less by chance.
func jitter(d time.Duration) time.Duration {
	return d*3/4 + rand.N(d/2+1) //nolint:gosec // spreads load, guards nothing
}
