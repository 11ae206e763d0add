package discovery

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"exporttask/internal/testkit"
)

const (
	// testTTL is etcd's minimum with its default election timeout.
	testTTL = 2 * time.Second
	// patience bounds every wait for a state.
	patience = 40 * time.Second
)

// probe is a Registrar whose state changes and warnings a test can wait for.
type probe struct {
	*Registrar
	addr    string
	changes chan StateChange
	warns   chan string // the warnings that it logged
	stop    func()      // ends Run's context and waits for Run
}

// quick returns a configuration with the shortest times that etcd allows.
func quick(endpoint, service, addr string) Config {
	return Config{
		Endpoints:      []string{endpoint},
		Service:        service,
		Addr:           addr,
		TTL:            testTTL,
		ReconcileEvery: time.Second,
		Timeout:        2 * time.Second,
	}
}

// build creates a probe; it runs only when run is called.
func build(t *testing.T, cfg Config) *probe {
	t.Helper()
	p := &probe{addr: cfg.Addr, changes: make(chan StateChange, 1000), warns: make(chan string, 1000), stop: func() {}}
	cfg.Logger = slog.New(warnings(p.warns))
	cfg.OnChange = func(c StateChange) { p.changes <- c }
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p.Registrar = r
	return p
}

// run starts Run, which ends with the test or with stop.
func (p *probe) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	p.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(patience):
			t.Error("Run goes on after the end of its context")
		}
	})
	t.Cleanup(p.stop)
}

// start builds and runs a probe and waits until it is registered.
func start(t *testing.T, cfg Config) *probe {
	t.Helper()
	p := build(t, cfg)
	p.run(t)
	p.await(t, Registered)
	return p
}

// await waits for a change to the state want and returns the changes up to it.
func (p *probe) await(t *testing.T, want State) (passed []StateChange) {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case c := <-p.changes:
			passed = append(passed, c)
			if c.To == want {
				return passed
			}
		case <-timeout:
			t.Fatalf("no change to %s; the state is %s after the changes %v", want, p.State(), passed)
		}
	}
}

// awaitWarning returns the next warning that contains text.
func (p *probe) awaitWarning(t *testing.T, text string) string {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case w := <-p.warns:
			if strings.Contains(w, text) {
				return w
			}
		case <-timeout:
			t.Fatalf("no warning with %q", text)
		}
	}
}

// drained returns and removes the warnings logged so far.
func (p *probe) drained() []string {
	var list []string
	for {
		select {
		case w := <-p.warns:
			list = append(list, w)
		default:
			return list
		}
	}
}

// warnings is a slog.Handler that sends each warning's text to a channel.
type warnings chan string

func (warnings) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }
func (w warnings) WithAttrs([]slog.Attr) slog.Handler         { return w }
func (w warnings) WithGroup(string) slog.Handler              { return w }

func (w warnings) Handle(_ context.Context, rec slog.Record) error {
	var b strings.Builder
	b.WriteString(rec.Message)
	rec.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(&b, " %s=%v", a.Key, a.Value)
		return true
	})
	w <- b.String()
	return nil
}

// connect returns an etcd client for a test.
func connect(t *testing.T, endpoint string) *clientv3.Client {
	t.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// prefixes returns the key prefixes of a service.
func prefixes(service string) []string {
	return []string{service + "/", "/etcd3_naming/" + service + "/", "/etcdv3_resolver/" + service + "/"}
}

// wantKeys returns the keys and values of a service at these addresses.
func wantKeys(service string, addrs ...string) map[string]string {
	want := map[string]string{}
	for _, addr := range addrs {
		want[service+"/"+addr] = `{"Op":0,"Addr":"` + addr + `","Metadata":null}`
		want["/etcd3_naming/"+service+"/"+addr] = addr
		want["/etcdv3_resolver/"+service+"/"+addr] = addr
	}
	return want
}

// stored is the keys of a service in etcd: values, leases, and the revisions of
// the last puts.
type stored struct {
	values map[string]string
	leases map[string]int64
	revs   map[string]int64
}

func look(t *testing.T, c *clientv3.Client, service string) stored {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := stored{map[string]string{}, map[string]int64{}, map[string]int64{}}
	for _, prefix := range prefixes(service) {
		got, err := c.Get(ctx, prefix, clientv3.WithPrefix())
		if err != nil {
			t.Fatal(err)
		}
		for _, kv := range got.Kvs {
			s.values[string(kv.GetKey())] = string(kv.GetValue())
			s.leases[string(kv.GetKey())] = kv.GetLease()
			s.revs[string(kv.GetKey())] = kv.GetModRevision()
		}
	}
	return s
}

// mustHold fails the test unless etcd has exactly the keys of these addresses.
func mustHold(t *testing.T, c *clientv3.Client, service string, addrs ...string) stored {
	t.Helper()
	got := look(t, c, service)
	if diff := cmp.Diff(wantKeys(service, addrs...), got.values); diff != "" {
		t.Fatalf("keys in etcd (-want +got):\n%s", diff)
	}
	return got
}

// awaitKeys waits until etcd has exactly the keys of these addresses.
func awaitKeys(t *testing.T, c *clientv3.Client, service string, addrs ...string) {
	t.Helper()
	want := wantKeys(service, addrs...)
	var got map[string]string
	defer func() {
		if t.Failed() {
			t.Logf("keys in etcd (-want +got):\n%s", cmp.Diff(want, got))
		}
	}()
	testkit.Eventually(t, "etcd holds the keys of the registered addresses", func() bool {
		got = look(t, c, service).values
		return maps.Equal(want, got)
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sortedKeys returns the keys of m in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
