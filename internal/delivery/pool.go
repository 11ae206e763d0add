package delivery

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"exporttask/internal/memory"
	"exporttask/internal/model"
	"exporttask/internal/store"
	"exporttask/internal/worker"
	"exporttask/internal/worker/backoff"
)

// Queue is the part of the model that the pool uses; model.DB implements it.
type Queue interface {
	ClaimDeliveries(ctx context.Context, owner string, free map[string]int, lease time.Duration) ([]model.Delivery, error)
	HeartbeatDelivery(ctx context.Context, v *model.Delivery, lease time.Duration) error
	FinishDelivery(ctx context.Context, v *model.Delivery, location, warning string) error
	FailDelivery(ctx context.Context, v *model.Delivery, msg string) error
	DeferDelivery(ctx context.Context, v *model.Delivery, msg string, wait time.Duration) error
	ReleaseDelivery(ctx context.Context, v *model.Delivery) error
	SkipDelivery(ctx context.Context, v *model.Delivery, reason string) error
	LastContent(ctx context.Context, in *model.Inst, v *model.Delivery) (sum model.Content, ok bool, err error)
	GetInst(ctx context.Context, id int64) (*model.Inst, error)
}

// Files opens stored files.
type Files interface {
	Open(ctx context.Context, key string) (store.File, error)
}

// Links makes URLs that open files without a token.
type Links interface {
	// SignedURL returns the URL of an instance's file and when the URL expires;
	// ok is false if the server makes none.
	SignedURL(in *model.Inst, name string) (url string, expires time.Time, ok bool)
}

// Observer is called when attempts end; end is "done", "skipped", "failed",
// "retried", "released" at a shutdown, or "lost" with the lease. It must not block.
type Observer interface {
	Delivered(destination, end string, took time.Duration)
}

// Config are the settings of a pool.
type Config struct {
	// Owner names this process in claims, as in export.Config.
	Owner string
	// Workers is the largest number of deliveries that are sent at once; 0:
	// none.
	Workers int
	// Lease is how long a claim holds without a heartbeat.
	Lease time.Duration
	// Poll is the interval at which the queue is polled, with jitter.
	Poll time.Duration
	// Backoff is the wait before the second attempt of a delivery; each further
	// attempt doubles it, up to MaxBackoff.
	Backoff, MaxBackoff time.Duration
	Observer            Observer     // nil: none
	Tracer              trace.Tracer // nil: there are no spans
	// Memory is shared with the exports of the process; nil: no limit.
	Memory *memory.Budget
}

// attemptMemory is the memory of an attempt, in bytes: one part of an upload to S3 and
// the buffers of a connection.
const attemptMemory = 17 << 20

// Causes of an attempt's context, besides worker.ErrShutdown.
var (
	errLeaseLost = errors.New("lease lost")
	errTimedOut  = errors.New("timed out")
)

// heartbeatTimeout bounds one heartbeat of one delivery.
const heartbeatTimeout = 5 * time.Second

// Pool claims deliveries and sends them.
type Pool struct {
	Destinations

	cfg     Config
	queue   Queue
	files   Files
	links   Links
	pool    *worker.Pool[model.Delivery]
	backoff backoff.Exponential
	log     *slog.Logger
}

// item is a claimed delivery in the worker pool.
type item = worker.Item[model.Delivery]

// New returns a pool that does nothing before Run. links may be nil: then files
// have no URL.
func New(cfg Config, destinations Destinations, queue Queue, files Files, links Links, log *slog.Logger) *Pool {
	if cfg.Tracer == nil {
		cfg.Tracer = noop.Tracer{}
	}
	p := &Pool{
		Destinations: destinations, cfg: cfg, queue: queue, files: files, links: links,
		backoff: backoff.Exponential{First: cfg.Backoff, Max: cfg.MaxBackoff},
		log:     log.With("worker", cfg.Owner),
	}
	p.pool = worker.New(worker.Config[model.Delivery]{
		Workers: cfg.Workers, Poll: cfg.Poll, Log: p.log, Claim: p.claim, Run: p.run,
		Heartbeat: p.heartbeat, HeartbeatEvery: cfg.Lease / 3,
	})
	return p
}

// Run claims and sends deliveries until claiming ends, then waits for those that
// are being sent. When working ends as well, it stops what is still being sent,
// gives it back to the queue, and returns.
func (p *Pool) Run(claiming, working context.Context) {
	if p.cfg.Workers > 0 && len(p.Destinations) > 0 {
		p.pool.Run(claiming, working)
	}
}

// Wake makes the pool look at the queue now. It never blocks.
func (p *Pool) Wake() { p.pool.Wake() }

// claim claims as many deliveries as there are free slots.
func (p *Pool) claim(ctx context.Context, free int) ([]model.Delivery, error) {
	slots := p.freeSlots(free)
	if len(slots) == 0 {
		return nil, nil
	}
	return p.queue.ClaimDeliveries(ctx, p.cfg.Owner, slots, p.cfg.Lease)
}

// freeSlots returns how many more deliveries may be sent to each destination,
// left in all. Slots are shared out one by one, in random order, so that no
// destination is always served last.
func (p *Pool) freeSlots(left int) map[string]int {
	busy := map[string]int{}
	for _, i := range p.pool.Running() {
		busy[i.Value.Destination]++
	}
	free := map[string]int{}
	for more := true; more && left > 0; {
		more = false
		for name, dest := range p.Destinations { // the order of a map is random
			if left > 0 && busy[name]+free[name] < dest.Slots {
				free[name]++
				left--
				more = true
			}
		}
	}
	return free
}

// heartbeat renews the leases of what is being sent, and stops deliveries whose
// lease is lost.
func (p *Pool) heartbeat(ctx context.Context, _ time.Time, running []*item) error {
	var errs []error
	for _, i := range running {
		err := p.renew(ctx, &i.Value)
		if errors.Is(err, model.ErrLeaseLost) {
			// The delivery may just have ended; Stop has no effect then.
			i.Stop(errLeaseLost)
			continue
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (p *Pool) renew(ctx context.Context, v *model.Delivery) error {
	ctx, stop := context.WithTimeout(ctx, heartbeatTimeout)
	defer stop()
	return p.queue.HeartbeatDelivery(ctx, v, p.cfg.Lease)
}
