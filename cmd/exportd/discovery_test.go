package main

import (
	"context"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/naming/resolver"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/peer"

	"exporttask/api"
	"exporttask/internal/testkit"
	"exporttask/internal/testkit/exportdtest"
	"exporttask/internal/testkit/servers"
)

const (
	// discoveryTTL is short, so that a crash is over soon.
	discoveryTTL = 3 * time.Second
	// healTime is what the service promises once etcd can answer.
	healTime = 6 * time.Second
)

// fleet is a client that finds real processes through a real etcd.
type fleet struct {
	etcd   *servers.Etcd
	client *clientv3.Client
	site   *exportdtest.Site
	api    api.ExportTaskClient
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{etcd: testkit.Etcd(t)}
	f.site = exportdtest.NewSite(t, "-etcd-endpoints="+f.etcd.Endpoint(), "-etcd-ttl="+discoveryTTL.String())
	var err error
	f.client, err = clientv3.New(clientv3.Config{Endpoints: []string{f.etcd.Endpoint()}, DialTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.client.Close() })
	f.api = f.dial(t)
	return f
}

// dial makes a client that knows nothing but etcd.
func (f *fleet) dial(t *testing.T) api.ExportTaskClient {
	t.Helper()
	builder, err := resolver.NewBuilder(f.client)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient("etcd:///exporttask", grpc.WithResolvers(builder),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"round_robin": {}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return api.NewExportTaskClient(conn)
}

// call makes one call and returns who answered.
func (f *fleet) call(t *testing.T, client api.ExportTaskClient) string {
	t.Helper()
	ctx, stop := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
	defer stop()
	var p peer.Peer
	if _, err := client.ListTpl(ctx, &api.WshExportTaskListTplReq{}, grpc.Peer(&p), grpc.WaitForReady(true)); err != nil {
		t.Errorf("a call failed: %v", err)
		return ""
	}
	return p.Addr.String()
}

// spread makes calls and counts who answered.
func (f *fleet) spread(t *testing.T, calls int) map[string]int {
	t.Helper()
	got := map[string]int{}
	for range calls {
		got[f.call(t, f.api)]++
	}
	return got
}

// even checks that exactly these processes answer, each within 5 % of its share.
func (f *fleet) even(t *testing.T, replicas ...*exportdtest.Replica) {
	t.Helper()
	var addrs []string
	for _, r := range replicas {
		addrs = append(addrs, r.Addr)
	}
	f.await(t, healTime, "calls reach exactly "+join(addrs), func() bool {
		got := f.spread(t, 3*len(addrs))
		return len(got) == len(addrs) && !slices.ContainsFunc(addrs, func(a string) bool { return got[a] == 0 })
	})
	const each = 200
	for addr, n := range f.spread(t, each*len(addrs)) {
		if n < each*95/100 || n > each*105/100 {
			t.Errorf("%s answered %d of %d calls, want %d within 5 %%", addr, n, each*len(addrs), each)
		}
	}
}

func join(list []string) string {
	out := ""
	for _, s := range list {
		out += " " + s
	}
	return out
}

// keys is how many of a process's three keys etcd holds, -1 where it does not
// answer.
func (f *fleet) keys(r *exportdtest.Replica) int {
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	n := 0
	for _, key := range []string{"exporttask/" + r.Addr, "/etcd3_naming/exporttask/" + r.Addr, "/etcdv3_resolver/exporttask/" + r.Addr} {
		res, err := f.client.Get(ctx, key)
		if err != nil {
			return -1
		}
		n += len(res.Kvs)
	}
	return n
}

// await polls until ok, for no longer than limit.
func (f *fleet) await(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(limit)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Errorf("not within %s: %s", limit, what)
			return
		}
	}
}

func (f *fleet) awaitKeys(t *testing.T, limit time.Duration, want int, replicas ...*exportdtest.Replica) {
	t.Helper()
	for _, r := range replicas {
		f.await(t, limit, "the keys of "+r.Addr, func() bool { return f.keys(r) == want })
	}
}

// whileCalling makes calls all through do; none may fail.
func (f *fleet) whileCalling(t *testing.T, do func()) {
	t.Helper()
	done := make(chan struct{})
	var callers sync.WaitGroup
	callers.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				f.call(t, f.api)
			}
		}
	})
	do()
	close(done)
	callers.Wait()
}

func TestServe_discovery_failures(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	start := func(args ...string) *exportdtest.Replica { return f.site.Start(t, args...) } // it outlives a subtest
	a, b, c := start(), start(), start()
	f.awaitKeys(t, healTime, 3, a, b, c)
	f.even(t, a, b, c)

	t.Run("one that is stopped leaves before it refuses a call", func(t *testing.T) {
		f.whileCalling(t, func() {
			c.Terminate(t)
			f.awaitKeys(t, time.Second, 0, c)
			if err := <-c.Exited(); err != nil {
				t.Errorf("exit: %v", err)
			}
		})
		f.even(t, a, b)
	})
	t.Run("one that comes back gets its share again", func(t *testing.T) {
		c = start("-grpc-addr=" + c.Addr)
		f.even(t, a, b, c)
	})
	t.Run("one that is killed is gone with its lease", func(t *testing.T) {
		c.Kill(t)
		f.awaitKeys(t, discoveryTTL+2*time.Second, 0, c)
		f.even(t, a, b)
	})
	t.Run("keys deleted by hand come back", func(t *testing.T) {
		f.whileCalling(t, func() {
			for _, prefix := range []string{"exporttask/", "/etcd3_naming/", "/etcdv3_resolver/"} {
				if _, err := f.client.Delete(t.Context(), prefix, clientv3.WithPrefix()); err != nil {
					t.Fatal(err)
				}
			}
			f.awaitKeys(t, healTime, 3, a, b)
		})
		f.even(t, a, b)
	})
	t.Run("etcd away for twice the lease fails no call", func(t *testing.T) {
		f.whileCalling(t, func() {
			if err := f.etcd.Stop(); err != nil {
				t.Fatal(err)
			}
			<-time.After(2 * discoveryTTL)
			if err := f.etcd.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			f.awaitKeys(t, 10*time.Second, 3, a, b)
		})
		c = start()
		f.awaitKeys(t, healTime, 3, c)
		f.even(t, a, b, c)
	})
	t.Run("one frozen past its lease is back when it goes on", func(t *testing.T) {
		c.Signal(t, syscall.SIGSTOP)
		f.awaitKeys(t, 2*discoveryTTL+2*time.Second, 0, c)
		c.Signal(t, syscall.SIGCONT)
		f.awaitKeys(t, healTime, 3, c)
		f.even(t, a, b, c)
	})
	t.Run("an etcd with empty data is filled again", func(t *testing.T) {
		if err := f.etcd.RestartEmpty(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.awaitKeys(t, healTime, 3, a, b, c)
		fresh := f.dial(t)
		seen := map[string]bool{}
		for range 30 {
			seen[f.call(t, fresh)] = true
		}
		if len(seen) != 3 {
			t.Errorf("a new client reaches %v, want all three", seen)
		}
	})
}

// The registration follows the configuration file at each SIGHUP.
func TestServe_registration_reload(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	file := writeFile(t, "exportd.yaml", "")
	site := exportdtest.NewSite(t, "-config="+file)
	r := site.Start(t)
	configure := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r.Signal(t, syscall.SIGHUP)
	}
	on := "etcd-endpoints: " + f.etcd.Endpoint() + "\n"
	configure(on)
	f.awaitKeys(t, healTime, 3, r)
	configure(on + "etcd-layouts: resolver\n")
	f.awaitKeys(t, healTime, 1, r)
	configure(on + "etcd-layouts: nonsense\n")
	configure(on + "etcd-layouts: resolver,naming\n")
	f.awaitKeys(t, healTime, 2, r)
	configure("workers: 9\n")
	f.awaitKeys(t, healTime, 0, r)
	if _, err := r.Client(t).ListTpl(t.Context(), &api.WshExportTaskListTplReq{}); err != nil {
		t.Errorf("it serves on: %v", err)
	}
}
