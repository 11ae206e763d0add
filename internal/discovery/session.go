package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// The reasons for the end of a session.
var (
	errLapsed  = errors.New("lease expired, or etcd has not renewed it for its whole TTL")
	errMissing = errors.New("not in etcd")
	errDeleted = errors.New("deleted")
	errChanged = errors.New("configuration changed")
)

// session is one lease and its keys, with an etcd client of its own. The client
// has a single endpoint: a client with several endpoints changes the endpoint
// from call to call, and while one member is cut off from the others, a sequence
// of calls as long as a registration would never succeed. The next session uses
// the next endpoint.
type session struct {
	cfg     *Config
	log     *slog.Logger
	etcd    *clientv3.Client
	entries []entry
	lease   clientv3.LeaseID
	alive   <-chan *clientv3.LeaseKeepAliveResponse
	shared  sync.Once // the warning that another process owns the keys
}

// open creates a session with the etcd member at endpoint. The session's client
// is closed by close or by the end of ctx.
func open(ctx context.Context, cfg *Config, endpoint string, log *slog.Logger) (*session, error) {
	list, err := entries(cfg.Layouts, cfg.Service, cfg.Addr)
	if err != nil {
		return nil, err
	}
	client, err := dial(ctx, cfg, endpoint)
	if err != nil {
		return nil, err
	}
	return &session{cfg: cfg, log: log, etcd: client, entries: list}, nil
}

// close closes the client and ends its goroutines. The lease is not revoked.
func (s *session) close() { _ = s.etcd.Close() }

// grant requests the lease and renews it until ctx ends.
func (s *session) grant(ctx context.Context) error {
	callCtx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	granted, err := s.etcd.Grant(callCtx, int64(s.cfg.TTL/time.Second))
	if err != nil {
		return fmt.Errorf("etcd %s: grant lease: %w", s.etcd.Endpoints()[0], err)
	}
	s.lease = granted.ID
	s.alive, err = s.etcd.KeepAlive(ctx, s.lease)
	if err != nil {
		return fmt.Errorf("keep lease alive: %w", err)
	}
	return nil
}

// put writes the keys, each with a request of its own.
func (s *session) put(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	for i := range s.entries {
		e := &s.entries[i]
		done, err := s.etcd.Put(ctx, e.key, e.value, clientv3.WithLease(s.lease))
		if err != nil {
			return fmt.Errorf("put %s: %w", e.key, err)
		}
		e.rev = done.Header.GetRevision()
	}
	return nil
}

// monitor watches the lease and the keys and returns, when the registration is
// lost, the reason, which is never nil. After a receive from changed it returns
// errChanged.
func (s *session) monitor(ctx context.Context, changed <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	var watches sync.WaitGroup
	defer watches.Wait()
	defer cancel()

	faults := make(chan error, len(s.entries)) // each watch sends once
	for _, e := range s.entries {
		watches.Go(func() { faults <- s.watch(ctx, e) })
	}
	reconcile := time.NewTicker(s.cfg.ReconcileEvery)
	defer reconcile.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-changed:
			return errChanged
		case _, ok := <-s.alive:
			if !ok {
				return errLapsed
			}
		case err := <-faults:
			return err
		case <-reconcile.C:
			if err := s.read(ctx); err != nil {
				return err
			}
		}
	}
}

// watch follows one key from the revision of its put and returns at the first
// event that deletes the key or changes its value.
func (s *session) watch(ctx context.Context, e entry) error {
	for answer := range s.etcd.Watch(ctx, e.key, clientv3.WithRev(e.rev+1)) {
		if err := answer.Err(); err != nil {
			return fmt.Errorf("watch %s: %w", e.key, err)
		}
		for _, event := range answer.Events {
			if event.GetType() == mvccpb.Event_DELETE {
				return fmt.Errorf("%s: %w", e.key, errDeleted)
			}
			if err := s.check(e, event.GetKv()); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("watch %s: closed", e.key)
}

// read checks all keys with linearizable reads, which a member that is cut off
// from the majority cannot answer.
func (s *session) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	for _, e := range s.entries {
		got, err := s.etcd.Get(ctx, e.key)
		if err != nil {
			return fmt.Errorf("read %s: %w", e.key, err)
		}
		if len(got.Kvs) == 0 {
			return fmt.Errorf("%s: %w", e.key, errMissing)
		}
		if err := s.check(e, got.Kvs[0]); err != nil {
			return err
		}
	}
	return nil
}

// check returns an error if kv no longer registers this process's address. A key
// with the right value on the lease of another process is no error; it is logged
// once.
func (s *session) check(e entry, kv *mvccpb.KeyValue) error {
	if string(kv.GetValue()) != e.value {
		return fmt.Errorf("%s: overwritten with %.100q", e.key, kv.GetValue())
	}
	if kv.GetLease() == 0 {
		return fmt.Errorf("%s: overwritten without a lease, so that it would outlive this process", e.key)
	}
	if kv.GetLease() != int64(s.lease) {
		s.shared.Do(func() {
			s.log.Warn("etcd registration: another process registered this address and owns the keys now",
				"key", e.key, "lease", fmt.Sprintf("%x", s.lease), "other_lease", fmt.Sprintf("%x", kv.GetLease()))
		})
	}
	return nil
}
