package discovery

import (
	"context"
	"errors"
	"time"
)

// Run registers and heals until Leave is called or ctx ends, and returns nil
// then. The end of ctx alone is for etcd like a crash: the keys stay until the
// TTL is over, unless Leave is called as well, before or after. A second Run is
// an error.
func (r *Registry) Run(ctx context.Context) error {
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

// loop has one session follow the other.
func (r *Registry) loop(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		cfg := r.wanted()
		if cfg.off() {
			r.standBy(ctx)
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
		r.mourn(err)
		if stable {
			failures = 0
		}
		r.pause(ctx, delay(failures))
		failures++
	}
}

// settled is how long a session must have been registered for the next one to
// begin without delay. Where something keeps taking the keys away, attempts
// come further and further apart.
const settled = maxDelay

// session registers, and stays registered for as long as it can. The error is
// what ended it, stable that this was no quick end.
func (r *Registry) session(ctx context.Context, cfg *Config) (stable bool, err error) {
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
	r.held = append(r.held[max(0, len(r.held)+1-maxHeld):], lease{cfg: cfg, id: s.lease})
	if r.State() == Init {
		r.move(Leased, nil)
	}
	if err := s.put(ctx); err != nil {
		return false, err
	}
	r.move(Registered, nil)
	r.warned = false
	since := time.Now()
	r.retire(ctx, 1)
	err = s.hold(ctx, r.changed)
	return time.Since(since) >= settled, err
}

// mourn makes a failure known, once for each outage.
func (r *Registry) mourn(err error) {
	if r.State() != Init {
		r.move(Lost, err)
		return
	}
	if !r.warned {
		r.log.Warn("etcd registration: not yet, trying on", "cause", err)
		r.warned = true
	}
}

// standBy has registration off until the configuration changes or ctx ends.
func (r *Registry) standBy(ctx context.Context) {
	r.retire(ctx, 0)
	r.move(Init, nil)
	r.log.Info("etcd registration: off, no endpoints configured")
	select {
	case <-r.changed:
	case <-ctx.Done():
	}
}
