package export

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"exporttask/internal/model"
	"exporttask/internal/worker"
	"exporttask/internal/worker/backoff"
)

// Queue is the part of the model that the pool uses; model.DB implements it.
type Queue interface {
	Claim(ctx context.Context, owner string, slots int) ([]model.Inst, error)
	Heartbeat(ctx context.Context, progress []model.Progress) error
	ListClaims(ctx context.Context, owner string) ([]model.HeldClaim, error)
	ListExpired(ctx context.Context) ([]model.Inst, error)
	Rescue(ctx context.Context) (int, error)
	FinishAll(ctx context.Context, list []model.Success) []error
	Fail(ctx context.Context, in *model.Inst, f model.Failure) error
	Release(ctx context.Context, in *model.Inst) error
}

// Config are the settings of a pool.
type Config struct {
	// Owner names this process in claims. No other process, and no earlier or
	// later start of this one, may use the same name.
	Owner string
	// Workers is the largest number of instances that run at once.
	Workers int
	// Lease is how long a claim holds without a heartbeat; 0: model.Lease. It
	// must be the lease of the queue.
	Lease time.Duration
	// Poll is the interval at which the queue is polled, with jitter.
	Poll time.Duration
	// Backoff is the wait before the second attempt of an instance; each
	// further attempt doubles it, up to MaxBackoff.
	Backoff, MaxBackoff time.Duration
	// OutageWait is how long an instance waits for a data source that is not
	// reachable before its attempts are counted, by source; 0 or none: 15 minutes.
	OutageWait map[string]time.Duration
	// Observer is called when attempts begin and end; nil: none.
	Observer Observer
	// Tracer starts the spans of attempts; nil: there are none.
	Tracer trace.Tracer
}

// Causes of an attempt's context, besides worker.ErrShutdown.
var (
	errCanceled  = errors.New("canceled")
	errLeaseLost = errors.New("lease lost")
	errTimedOut  = errors.New("timed out")
)

// Pool claims instances from the queue and runs them.
type Pool struct {
	cfg      Config
	queue    Queue
	runner   *Runner
	finisher finisher
	pool     *worker.Pool[*attempt]
	backoff  backoff.Exponential
	orphans  map[model.Claim]time.Time // claims that nothing here runs, and since when; the heartbeat's
	listed   time.Time                 // when the heartbeat last read the claims of this process
	log      *slog.Logger
}

// attempt is one claimed instance that runs here.
type attempt struct {
	inst     model.Inst
	progress progress
}

// NewPool returns a pool that does nothing before Run.
func NewPool(cfg Config, queue Queue, runner *Runner, log *slog.Logger) *Pool {
	cfg.Lease = cmp.Or(cfg.Lease, model.Lease)
	if cfg.Observer == nil {
		cfg.Observer = noObserver{}
	}
	if cfg.Tracer == nil {
		cfg.Tracer = noop.Tracer{}
	}
	p := &Pool{
		cfg: cfg, queue: queue, runner: runner, finisher: finisher{queue: queue},
		backoff: backoff.Exponential{First: cfg.Backoff, Max: cfg.MaxBackoff},
		log:     log.With("worker", cfg.Owner),
	}
	p.pool = worker.New(worker.Config[*attempt]{
		Workers: cfg.Workers, Poll: cfg.Poll, Log: p.log,
		Claim: p.claim, Run: p.work, Release: p.releaseOrphans,
		Heartbeat: p.heartbeat, HeartbeatEvery: heartbeatEvery,
	})
	return p
}

// Run claims and runs instances until claiming ends, then waits for those that
// run. When working ends as well, it stops what still runs, gives it back to the
// queue, and returns. It also rescues instances whose lease has expired.
func (p *Pool) Run(claiming, working context.Context) {
	var rescue sync.WaitGroup
	rescue.Go(func() { p.rescueLoop(claiming) })
	defer rescue.Wait()
	p.pool.Run(claiming, working)
}

// Wake makes the pool look at the queue now. It never blocks.
func (p *Pool) Wake() { p.pool.Wake() }

// Cancel stops the attempt of an instance that has become CANCELING, if it runs
// in this process.
func (p *Pool) Cancel(instID int64) {
	for _, i := range p.pool.Running() {
		if i.Value.inst.ID == instID {
			i.Stop(errCanceled)
		}
	}
}

// Running is the number of instances that run in this process.
func (p *Pool) Running() int { return len(p.pool.Running()) }

// claim claims up to free instances.
func (p *Pool) claim(ctx context.Context, free int) ([]*attempt, error) {
	insts, err := p.queue.Claim(ctx, p.cfg.Owner, free)
	now := time.Now()
	attempts := make([]*attempt, len(insts))
	for i, in := range insts {
		a := &attempt{inst: in}
		a.progress.deadline = now.Add(time.Duration(in.TimeoutSec)*time.Second + p.cfg.Lease)
		a.progress.written.at = now
		attempts[i] = a
	}
	return attempts, err
}
