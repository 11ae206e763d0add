package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/naming/endpoints"
	"google.golang.org/grpc/resolver"
)

// discoveryScheme is the scheme of etcd's own gRPC resolver, which uses the same
// keys.
const discoveryScheme = "etcd"

const (
	// reloadInterval is the time after which the list of replicas is read again.
	// etcd's resolver reads it once and then relies on a watch, which receives
	// nothing after etcd has lost its data.
	reloadInterval = 30 * time.Second
	// reloadPause is the minimum time between two reads.
	reloadPause = time.Second
)

// addresses returns the addresses of the replicas registered in etcd, sorted.
func addresses(ctx context.Context, etcd *clientv3.Client, service string) ([]string, error) {
	manager, err := endpoints.NewManager(etcd, service)
	if err != nil {
		return nil, err
	}
	list, err := manager.List(ctx)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, e := range list {
		found = append(found, e.Addr)
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// discovery is a resolver.Builder for etcd:///SERVICE.
type discovery struct{ etcd *clientv3.Client }

// Scheme implements resolver.Builder.
func (discovery) Scheme() string { return discoveryScheme }

// Build implements resolver.Builder.
func (d discovery) Build(target resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	manager, err := endpoints.NewManager(d.etcd, strings.TrimPrefix(target.URL.Path, "/"))
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", target.URL.Path, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	f := &follower{manager: manager, cc: cc, stop: stop, done: make(chan struct{}), hint: make(chan struct{}, 1)}
	go f.run(ctx)
	return f, nil
}

// follower is the resolver of one grpc.ClientConn: it passes on the addresses of
// the registered replicas.
type follower struct {
	manager endpoints.Manager
	cc      resolver.ClientConn
	stop    context.CancelFunc
	done    chan struct{}
	hint    chan struct{} // written by ResolveNow: a connection broke
	updated bool          // the ClientConn has received a list
}

// ResolveNow implements resolver.Resolver.
func (f *follower) ResolveNow(resolver.ResolveNowOptions) {
	select {
	case f.hint <- struct{}{}:
	default:
	}
}

// Close implements resolver.Resolver.
func (f *follower) Close() {
	f.stop()
	<-f.done
}

func (f *follower) run(ctx context.Context) {
	defer close(f.done)
	for ctx.Err() == nil {
		f.follow(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(reloadPause):
		}
	}
}

// follow reads the list of replicas and passes on its changes for
// reloadInterval. If the list is empty or etcd does not answer, the ClientConn
// keeps its previous replicas.
func (f *follower) follow(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, reloadInterval)
	defer stop()
	updates, err := f.manager.NewWatchChannel(ctx)
	if err != nil {
		f.report(fmt.Errorf("etcd: %w", err))
		return
	}
	known := map[string]string{}
	for {
		select {
		case changes, ok := <-updates:
			if !ok {
				f.report(errors.New("etcd names no replica"))
				return
			}
			for _, c := range changes {
				if c.Op == endpoints.Delete {
					delete(known, c.Key)
				} else {
					known[c.Key] = c.Endpoint.Addr
				}
			}
			f.update(known)
		case <-f.hint:
			stop() // the channel is closed after its remaining updates
		}
	}
}

func (f *follower) report(err error) {
	if !f.updated {
		f.cc.ReportError(err)
	}
}

// update passes the replicas on. The addresses carry no name for TLS: etcd must
// not decide which server a client trusts, Options.ServerName does.
func (f *follower) update(known map[string]string) {
	state := resolver.State{}
	for _, addr := range known {
		state.Endpoints = append(state.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{{Addr: addr}}})
	}
	slices.SortFunc(state.Endpoints, func(a, b resolver.Endpoint) int {
		return cmp.Compare(a.Addresses[0].Addr, b.Addresses[0].Addr)
	})
	f.updated = true
	_ = f.cc.UpdateState(state) // an error means that the list is empty
}
