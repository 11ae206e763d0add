package discovery

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/naming/endpoints"

	"exporttask/internal/testkit"
)

func TestRegistrar_Run_keys(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	client := connect(t, etcd.Endpoint())

	t.Run("three_layouts_one_lease", func(t *testing.T) {
		t.Parallel()
		const service, addr = "kinds", "10.0.0.1:50051"
		start(t, quick(etcd.Endpoint(), service, addr))
		got := mustHold(t, client, service, addr)
		leases, revs := map[int64]bool{}, map[int64]bool{}
		for key := range got.values {
			leases[got.leases[key]] = true
			revs[got.revs[key]] = true
		}
		if len(leases) != 1 || leases[0] {
			t.Errorf("got leases %v, want one for all", got.leases)
		}
		if len(revs) != 3 {
			t.Errorf("got revisions %v, want one for each key", got.revs)
		}
	})

	t.Run("lease_ttl", func(t *testing.T) {
		t.Parallel()
		const service, addr = "ttl", "10.0.0.1:50051"
		cfg := quick(etcd.Endpoint(), service, addr)
		cfg.TTL = 0
		start(t, cfg)
		for key, id := range mustHold(t, client, service, addr).leases {
			lease, err := client.TimeToLive(t.Context(), clientv3.LeaseID(id))
			if err != nil {
				t.Fatal(err)
			}
			if lease.GrantedTTL != 10 {
				t.Errorf("%s: got a lease of %d s, want the default of 10", key, lease.GrantedTTL)
			}
		}
	})

	t.Run("same_as_etcds_endpoint_manager", func(t *testing.T) {
		t.Parallel()
		const service, addr = "manager", "[fd00::1]:50051"
		ctx := t.Context()
		manager, err := endpoints.NewManager(client, service)
		if err != nil {
			t.Fatal(err)
		}
		key := service + "/" + addr
		if err := manager.AddEndpoint(ctx, key, endpoints.Endpoint{Addr: addr}); err != nil {
			t.Fatal(err)
		}
		theirs := look(t, client, service).values[key]
		if err := manager.DeleteEndpoint(ctx, key); err != nil {
			t.Fatal(err)
		}
		start(t, quick(etcd.Endpoint(), service, addr))
		if diff := cmp.Diff(theirs, look(t, client, service).values[key]); diff != "" {
			t.Errorf("value (-manager's +ours):\n%s", diff)
		}
		list, err := manager.List(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(endpoints.Key2EndpointMap{key: {Addr: addr}}, list); diff != "" {
			t.Errorf("manager's list (-want +got):\n%s", diff)
		}
	})

	for layout, prefix := range map[Layout]string{Endpoints: "some/", Naming: "/etcd3_naming/some/", Resolver: "/etcdv3_resolver/some/"} {
		t.Run(fmt.Sprintf("only_%s", layout), func(t *testing.T) {
			t.Parallel()
			service := "some/" + string(layout)
			cfg := quick(etcd.Endpoint(), service, "10.0.0.1:50051")
			cfg.Layouts = []Layout{layout}
			start(t, cfg)
			keys := sortedKeys(look(t, client, service).values)
			if len(keys) != 1 || !strings.HasPrefix(keys[0], prefix) {
				t.Errorf("got keys %q, want one under %s", keys, prefix)
			}
		})
	}
}

// Readers of the two older layouts follow three processes that register and
// deregister. Like the least capable balancers they read the first event of each
// watch response only.
func TestRegistrar_Run_olderBalancers(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	client := connect(t, etcd.Endpoint())
	const service = "exporttask"
	// Balancers of the naming layout read the address from the value, those of
	// the resolver layout from the key.
	naming := readFirstEvents(t, client, "/etcd3_naming/"+service+"/", func(_, value string) string { return value })
	resolver := readFirstEvents(t, client, "/etcdv3_resolver/"+service+"/", func(key, _ string) string { return key })
	// One more reader follows all keys of etcd.
	all := readFirstEvents(t, client, "", func(key, _ string) string { return key })

	var probes []*probe
	var addrs []string
	for i := range 3 {
		addrs = append(addrs, fmt.Sprintf("10.0.0.%d:50051", i+1))
		probes = append(probes, start(t, quick(etcd.Endpoint(), service, addrs[i])))
	}
	naming.await(t, addrs...)
	resolver.await(t, addrs...)
	all.await(t, sortedKeys(wantKeys(service, addrs...))...)

	if err := probes[0].Deregister(t.Context()); err != nil {
		t.Fatal(err)
	}
	naming.await(t, addrs[1:]...)
	resolver.await(t, addrs[1:]...)
}

// firstEvents is the set of addresses that such a reader has.
type firstEvents struct{ views chan map[string]bool }

// readFirstEvents starts a reader of prefix; name returns the address of a key
// (without the prefix) and its value.
func readFirstEvents(t *testing.T, c *clientv3.Client, prefix string, name func(key, value string) string) *firstEvents {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	t.Cleanup(func() {
		cancel()
		<-done
	})
	opts := []clientv3.OpOption{clientv3.WithPrefix(), clientv3.WithPrevKV()}
	answers := c.Watch(ctx, prefix, opts...)
	r := &firstEvents{views: make(chan map[string]bool, 1000)}
	go func() {
		defer close(done)
		view := map[string]bool{}
		for answer := range answers {
			if len(answer.Events) == 0 {
				continue
			}
			event := answer.Events[0]
			kv := event.GetKv()
			if event.GetType() == clientv3.EventTypeDelete {
				kv = event.GetPrevKv()
			}
			view[name(strings.TrimPrefix(string(kv.GetKey()), prefix), string(kv.GetValue()))] = event.GetType() != clientv3.EventTypeDelete
			r.views <- present(view)
		}
	}()
	return r
}

func present(view map[string]bool) map[string]bool {
	m := map[string]bool{}
	for name, there := range view {
		if there {
			m[name] = true
		}
	}
	return m
}

// await waits until the reader has exactly these addresses.
func (r *firstEvents) await(t *testing.T, names ...string) {
	t.Helper()
	want := map[string]bool{}
	for _, n := range names {
		want[n] = true
	}
	var last map[string]bool
	defer func() {
		if t.Failed() {
			t.Logf("addresses (-want +got):\n%s", cmp.Diff(want, last))
		}
	}()
	testkit.Eventually(t, "the reader has the registered addresses", func() bool {
		select {
		case last = <-r.views:
		default:
		}
		return cmp.Equal(want, last)
	})
}
