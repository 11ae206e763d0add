package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/naming/endpoints"
	"google.golang.org/grpc/resolver"
)

// discoveryScheme is that of etcd's own resolver, and so are the keys.
const discoveryScheme = "etcd"

const (
	// reread is after how long the list is read anew. etcd's resolver reads it
	// once and follows a watch for ever, which hears nothing more once etcd has
	// lost its data.
	reread = 30 * time.Second
	// rereadGap is the least time between two readings.
	rereadGap = time.Second
)

// addresses are the replicas that etcd names, sorted.
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

// discovery resolves etcd:///SERVICE.
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

// follower tells one connection which replicas there are.
type follower struct {
	manager endpoints.Manager
	cc      resolver.ClientConn
	stop    context.CancelFunc
	done    chan struct{}
	hint    chan struct{} // written by ResolveNow: a connection broke
	told    bool          // the connection has had a list
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
		case <-time.After(rereadGap):
		}
	}
}

// follow reads the list and follows its changes until it is time to read it
// anew. An empty list and an etcd that does not answer change nothing: the
// replicas that were known are as good as any.
func (f *follower) follow(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, reread)
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
			f.tell(known)
		case <-f.hint:
			stop() // and take what is left until the channel is closed
		}
	}
}

func (f *follower) report(err error) {
	if !f.told {
		f.cc.ReportError(err)
	}
}

func (f *follower) tell(known map[string]string) {
	state := resolver.State{}
	for _, addr := range known {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			host = addr
		}
		// ServerName is what the replica's certificate has to say.
		state.Endpoints = append(state.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{{Addr: addr, ServerName: host}}})
	}
	slices.SortFunc(state.Endpoints, func(a, b resolver.Endpoint) int {
		return cmp.Compare(a.Addresses[0].Addr, b.Addresses[0].Addr)
	})
	f.told = true
	_ = f.cc.UpdateState(state) // it complains of an empty list, which is the truth
}
