package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// maxHeld bounds how many leases are remembered to be revoked. More come
// together only while etcd grants leases and refuses the keys; the oldest have
// lapsed by then.
const maxHeld = 16

// errRunning is returned by a second Run.
var errRunning = errors.New("registry: Run was called before")

// Registry keeps one process announced. Its methods may be called from any
// goroutine.
type Registry struct {
	log      *slog.Logger
	onChange func(Change)
	state    atomic.Value // of State

	mu      sync.Mutex // guards what follows, and orders the changes of state
	want    *Config
	running bool
	leaving bool

	changed chan struct{} // holds an element while want is newer than what Run works on
	leave   chan struct{} // closed by the first Leave
	idle    chan struct{} // closed when Run has returned
	gone    chan struct{} // closed when the first Leave is done

	// These belong to Run, and to Leave once Run is idle.
	held   []lease // not revoked yet, the newest last
	member int     // counts up through the endpoints
	warned bool    // that the first registration takes longer
}

// New checks cfg and returns a Registry in the state Init that does nothing
// before Run. The error names each wrong field. A configuration without
// endpoints is fine: registration is off until Update brings some.
func New(cfg Config) (*Registry, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	r := &Registry{
		log:      cfg.Logger,
		onChange: cfg.OnChange,
		want:     &cfg,
		changed:  make(chan struct{}, 1),
		leave:    make(chan struct{}),
		idle:     make(chan struct{}),
		gone:     make(chan struct{}),
		member:   rand.IntN(1 << 16), //nolint:gosec // spreads processes over etcd's members
	}
	r.state.Store(Init)
	return r, nil
}

// State is where the Registry stands now.
func (r *Registry) State() State {
	s, _ := r.state.Load().(State)
	return s
}

// Update makes cfg what is announced: at another address, in another etcd, or
// nowhere when it has no endpoints. It returns at once and the change follows
// in the background; keys of the former configuration go after those of the
// new one are there. An unchanged configuration disturbs nothing. Logger and
// OnChange stay those given to New. An invalid cfg changes nothing and is
// returned as an error that names the fields; after Leave, Update has no effect.
func (r *Registry) Update(cfg Config) error {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return fmt.Errorf("registry: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.want.sameAs(&cfg) {
		return nil
	}
	r.want = &cfg
	select {
	case r.changed <- struct{}{}:
	default: // Run has not looked at the last one yet
	}
	return nil
}

// wanted is the newest configuration.
func (r *Registry) wanted() *Config {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.changed:
	default:
	}
	return r.want
}

// move changes the state, tells the log and OnChange, and does nothing where
// the state is that already or a Leave has begun, after which only Gone follows.
func (r *Registry) move(to State, cause error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := r.State()
	if from == to || r.leaving && to != Draining && to != Gone {
		return
	}
	r.state.Store(to)
	if cause == nil {
		r.log.Info("etcd registration: "+string(to), "from", string(from), "addr", r.want.Addr)
	} else {
		r.log.Warn("etcd registration: "+string(to), "from", string(from), "addr", r.want.Addr, "cause", cause)
	}
	if r.onChange != nil {
		r.onChange(Change{From: from, To: to, Cause: cause})
	}
}

// Leave takes the process out of etcd for good: it stops Run, revokes the lease
// and returns when etcd has deleted the keys, or at the end of ctx, or after
// one Timeout for each lease where etcd does not answer. An error says what
// could not be revoked; etcd drops that by itself after the TTL. In every case
// the state is Gone then and nothing registers again. Further calls wait for
// the first.
func (r *Registry) Leave(ctx context.Context) error {
	r.mu.Lock()
	first, running := !r.leaving, r.running
	r.leaving = true
	r.mu.Unlock()
	if !first {
		select {
		case <-r.gone:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("leave etcd: %w", context.Cause(ctx))
		}
	}
	r.move(Draining, nil)
	close(r.leave)
	err := r.revokeAll(ctx, running)
	r.move(Gone, nil) // err is for the caller to log
	close(r.gone)
	return err
}

// revokeAll waits for Run to end and revokes whatever it held, the newest first.
func (r *Registry) revokeAll(ctx context.Context, running bool) error {
	if running {
		select {
		case <-r.idle:
		case <-ctx.Done():
			return fmt.Errorf("leave etcd: %w", context.Cause(ctx))
		}
	}
	var errs []error
	for _, l := range slices.Backward(r.held) {
		if err := l.revoke(ctx); err != nil {
			errs = append(errs, err)
		}
	}
	r.held = nil
	return errors.Join(errs...)
}

// retire revokes the leases of former sessions, all but the newest keep, in no
// more time than a Timeout in all. What can't be revoked lapses by itself:
// nobody renews it.
func (r *Registry) retire(ctx context.Context, keep int) {
	old := r.held[:len(r.held)-keep]
	if len(old) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, old[0].cfg.Timeout)
	defer cancel()
	for _, l := range old {
		if err := l.revoke(ctx); err != nil {
			r.log.Debug("a former lease is left to lapse", "cause", err)
		}
	}
	r.held = slices.Clone(r.held[len(old):])
}

// pause waits for d, a new configuration or the end of ctx.
func (r *Registry) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-r.changed: // wanted is asked for it right after
	}
}
