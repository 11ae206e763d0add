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

// Why a session ended.
var (
	errLapsed  = errors.New("lease lapsed, or etcd has not renewed it for its whole time")
	errMissing = errors.New("not in etcd")
	errDeleted = errors.New("deleted")
	errChanged = errors.New("configuration changed")
)

// session is the life of one lease, on a client and a connection of its own. It
// talks to a single member of etcd: a client of several takes them in turns
// call by call, and while one of them is cut off from the rest, no run of calls
// as long as ours would ever succeed. The next session takes the next member.
type session struct {
	cfg     *Config
	log     *slog.Logger
	etcd    *clientv3.Client
	entries []entry
	lease   clientv3.LeaseID
	alive   <-chan *clientv3.LeaseKeepAliveResponse
	shared  sync.Once // guards the warning that another process has our keys
}

// open readies a session with the etcd member at endpoint. The session's client
// ends with ctx or close, whichever comes first.
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

// close ends the client and all goroutines of it. The lease lives on.
func (s *session) close() { _ = s.etcd.Close() }

// grant gets the lease and begins to renew it, until ctx ends.
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

// put writes the keys, each on its own.
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

// hold watches over the lease and the keys and returns why they can't be relied
// on any more: never nil. It is errChanged after a receive from changed.
func (s *session) hold(ctx context.Context, changed <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	var watches sync.WaitGroup
	defer watches.Wait()
	defer cancel()

	faults := make(chan error, len(s.entries)) // each watch writes once
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

// watch follows one key from our put on and returns at the first event that
// takes it away.
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

// read looks at all keys as the majority of etcd's members has them.
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

// check tells whether a key as it stands in etcd still announces us, be it on
// the lease of another process with our address.
func (s *session) check(e entry, kv *mvccpb.KeyValue) error {
	if string(kv.GetValue()) != e.value {
		return fmt.Errorf("%s: overwritten with %.100q", e.key, kv.GetValue())
	}
	if kv.GetLease() == 0 {
		return fmt.Errorf("%s: overwritten without a lease, would outlive this process", e.key)
	}
	if kv.GetLease() != int64(s.lease) {
		s.shared.Do(func() {
			s.log.Warn("another process announces this address in etcd and has taken the keys over",
				"key", e.key, "lease", fmt.Sprintf("%x", s.lease), "other_lease", fmt.Sprintf("%x", kv.GetLease()))
		})
	}
	return nil
}
