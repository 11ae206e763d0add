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

// maxLeases bounds the leases that are remembered in order to be revoked. More
// than one or two accumulate only while etcd grants leases and refuses keys; the
// oldest of them have expired by then.
const maxLeases = 16

// errRunning is returned by a second Run.
var errRunning = errors.New("etcd registration: Run was called before")

// Registrar keeps one process registered in etcd. Its methods are safe for
// concurrent use.
type Registrar struct {
	log      *slog.Logger
	onChange func(StateChange)
	state    atomic.Value // of State

	mu      sync.Mutex // guards the fields below up to leaving, and orders state changes
	want    *Config
	running bool
	leaving bool

	changed chan struct{} // holds an element while want is newer than the configuration in use
	leave   chan struct{} // closed by the first Deregister
	idle    chan struct{} // closed when Run has returned
	gone    chan struct{} // closed when the first Deregister is done

	// Used by Run, and by Deregister once Run has returned.
	leases []lease // not revoked yet, the newest last
	member int     // index of the endpoint to use, counted up for each session
	warned bool    // a first registration that takes long has been logged
}

// New checks cfg and returns a Registrar in the state Init. It does nothing
// before Run is called. The error names each invalid field. Without endpoints the
// registration is disabled until Update configures some.
func New(cfg Config) (*Registrar, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("etcd registration: %w", err)
	}
	r := &Registrar{
		log:      cfg.Logger,
		onChange: cfg.OnChange,
		want:     &cfg,
		changed:  make(chan struct{}, 1),
		leave:    make(chan struct{}),
		idle:     make(chan struct{}),
		gone:     make(chan struct{}),
		member:   rand.IntN(1 << 16), //nolint:gosec // spreads processes over the members of etcd
	}
	r.state.Store(Init)
	return r, nil
}

// State returns the current state.
func (r *Registrar) State() State {
	s, _ := r.state.Load().(State)
	return s
}

// Update replaces the configuration: another address, another etcd, or none if
// cfg has no endpoints. It returns at once, and Run applies the change. The keys
// of the old configuration are removed after those of the new one were put. An
// unchanged configuration has no effect; Logger and OnChange stay those given to
// New. The error names each invalid field of cfg, which then changes nothing.
// After Deregister, Update has no effect.
func (r *Registrar) Update(cfg Config) error {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return fmt.Errorf("etcd registration: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.want.sameAs(&cfg) {
		return nil
	}
	r.want = &cfg
	select {
	case r.changed <- struct{}{}:
	default: // Run has not received the last change yet
	}
	return nil
}

// wanted returns the newest configuration and clears changed.
func (r *Registrar) wanted() *Config {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.changed:
	default:
	}
	return r.want
}

// setState changes the state, logs the change and calls OnChange. It does
// nothing if the Registrar is in that state already. After Deregister was called
// only Draining and Gone are accepted.
func (r *Registrar) setState(to State, cause error) {
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
		r.onChange(StateChange{From: from, To: to, Cause: cause})
	}
}

// Deregister stops Run, revokes the lease and returns when etcd has deleted the
// keys. It returns earlier when ctx ends, or after one Config.Timeout for each
// lease if etcd does not answer; the error then names the leases that were not
// revoked, which etcd lets expire. In every case the state is Gone afterwards and
// the process does not register again. Further calls wait for the first one.
func (r *Registrar) Deregister(ctx context.Context) error {
	r.mu.Lock()
	first, running := !r.leaving, r.running
	r.leaving = true
	r.mu.Unlock()
	if !first {
		select {
		case <-r.gone:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("etcd registration: deregister: %w", context.Cause(ctx))
		}
	}
	r.setState(Draining, nil)
	close(r.leave)
	err := r.revokeAll(ctx, running)
	r.setState(Gone, nil) // the caller logs err
	close(r.gone)
	return err
}

// revokeAll waits until Run has returned and revokes its leases, the newest first.
func (r *Registrar) revokeAll(ctx context.Context, running bool) error {
	if running {
		select {
		case <-r.idle:
		case <-ctx.Done():
			return fmt.Errorf("etcd registration: deregister: %w", context.Cause(ctx))
		}
	}
	var errs []error
	for _, l := range slices.Backward(r.leases) {
		if err := l.revoke(ctx); err != nil {
			errs = append(errs, err)
		}
	}
	r.leases = nil
	return errors.Join(errs...)
}

// revokeOld revokes the leases of earlier sessions, all but the newest keep, in
// at most one Config.Timeout in total. A lease that cannot be revoked expires,
// because nothing renews it.
func (r *Registrar) revokeOld(ctx context.Context, keep int) {
	old := r.leases[:len(r.leases)-keep]
	if len(old) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, old[0].cfg.Timeout)
	defer cancel()
	for _, l := range old {
		if err := l.revoke(ctx); err != nil {
			r.log.Debug("etcd registration: an earlier lease is left to expire", "cause", err)
		}
	}
	r.leases = slices.Clone(r.leases[len(old):])
}

// pause waits until d has passed, the configuration has changed or ctx has ended.
func (r *Registrar) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-r.changed: // the caller reads wanted next
	}
}
