package discovery

import (
	"context"
	"errors"
	"time"
)

// Run registers the process and keeps it registered until Deregister is called or
// ctx ends, and then returns nil. For etcd the end of ctx alone is like a crash:
// the keys stay until the lease expires, unless Deregister is called before or
// after. A second Run is an error.
func (r *Registrar) Run(ctx context.Context) error {
	r.mu.Lock()
	if r.running {
		r.mu.Unlock()
		return errRunning
	}
	if r.leaving {
		r.mu.Unlock()
		return nil
	}
	r.running = true
	r.mu.Unlock()
	defer close(r.idle)

	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-r.leave:
			cancel()
		case <-ctx.Done():
		}
	}()
	defer func() {
		cancel()
		<-stopped
	}()

	r.loop(ctx)
	return nil
}

// loop runs one session after another until ctx ends.
func (r *Registrar) loop(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		cfg := r.wanted()
		if cfg.disabled() {
			r.waitDisabled(ctx)
			failures = 0
			continue
		}
		stable, err := r.session(ctx, cfg)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errChanged) {
			failures = 0
			continue
		}
		r.reportFailure(err)
		if stable {
			failures = 0
		}
		r.pause(ctx, delay(failures))
		failures++
	}
}

// stableAfter is how long a session must have been registered for the next one
// to start without delay. If something keeps deleting the keys, the delay between
// attempts grows.
const stableAfter = maxDelay

// session registers the process and returns when the registration is lost. The
// error is the reason; stable says that the session lasted for stableAfter.
func (r *Registrar) session(ctx context.Context, cfg *Config) (stable bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.member++
	s, err := open(ctx, cfg, cfg.Endpoints[r.member%len(cfg.Endpoints)], r.log)
	if err != nil {
		return false, err
	}
	defer s.close()
	if err := s.grant(ctx); err != nil {
		return false, err
	}
	r.leases = append(r.leases[max(0, len(r.leases)+1-maxLeases):], lease{cfg: cfg, id: s.lease})
	if r.State() == Init {
		r.setState(Leased, nil)
	}
	if err := s.put(ctx); err != nil {
		return false, err
	}
	r.setState(Registered, nil)
	r.warned = false
	since := time.Now()
	r.revokeOld(ctx, 1)
	err = s.monitor(ctx, r.changed)
	return time.Since(since) >= stableAfter, err
}

// reportFailure logs the failure of a session, once for each outage.
func (r *Registrar) reportFailure(err error) {
	if r.State() != Init {
		r.setState(Lost, err)
		return
	}
	if !r.warned {
		r.log.Warn("etcd registration: not registered yet, retrying", "cause", err)
		r.warned = true
	}
}

// waitDisabled removes the registration and waits until the configuration
// changes or ctx ends.
func (r *Registrar) waitDisabled(ctx context.Context) {
	r.revokeOld(ctx, 0)
	r.setState(Init, nil)
	r.log.Info("etcd registration: disabled, no endpoints configured")
	select {
	case <-r.changed:
	case <-ctx.Done():
	}
}
