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
)

const (
	// testTTL is etcd's own minimum with its default election timeout.
	testTTL = 2 * time.Second
	// patience bounds every wait. It says nothing about how long things take.
	patience = 40 * time.Second
)

// probe is a running Registry with all that can be seen of it.
type probe struct {
	*Registry
	addr    string
	changes chan Change
	warns   chan string // what it logged as a warning
	stop    func()      // ends Run's context and waits for Run
}

// quick is a configuration with times as short as etcd lets them be.
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

// build makes a Registry to watch, which runs only when run is called.
func build(t *testing.T, cfg Config) *probe {
	t.Helper()
	p := &probe{addr: cfg.Addr, changes: make(chan Change, 1000), warns: make(chan string, 1000), stop: func() {}}
	cfg.Logger = slog.New(warnings(p.warns))
	cfg.OnChange = func(c Change) { p.changes <- c }
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p.Registry = r
	return p
}

// run starts Run until the test's end or stop.
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

// start builds, runs and waits until the process is registered.
func start(t *testing.T, cfg Config) *probe {
	t.Helper()
	p := build(t, cfg)
	p.run(t)
	p.await(t, Registered)
	return p
}

// await returns the next change to the state want, with those passed over.
func (p *probe) await(t *testing.T, want State) (passed []Change) {
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
			t.Fatalf("no change to %s; the state is %s after %v", want, p.State(), passed)
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

// drained empties the warnings logged so far.
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

// warnings is a slog.Handler that writes each warning's text into a channel.
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

// connect makes the client with which a test looks into etcd.
func connect(t *testing.T, endpoint string) *clientv3.Client {
	t.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// prefixes are the folders in which a service's keys stand.
func prefixes(service string) []string {
	return []string{service + "/", "/etcd3_naming/" + service + "/", "/etcdv3_resolver/" + service + "/"}
}

// wantKeys is what etcd has to hold for a service at these addresses.
func wantKeys(service string, addrs ...string) map[string]string {
	want := map[string]string{}
	for _, addr := range addrs {
		want[service+"/"+addr] = `{"Op":0,"Addr":"` + addr + `","Metadata":null}`
		want["/etcd3_naming/"+service+"/"+addr] = addr
		want["/etcdv3_resolver/"+service+"/"+addr] = addr
	}
	return want
}

// stored is what etcd holds for a service: values, leases, and the revisions of
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

// mustHold fails unless etcd holds exactly these addresses of the service now.
func mustHold(t *testing.T, c *clientv3.Client, service string, addrs ...string) stored {
	t.Helper()
	got := look(t, c, service)
	if diff := cmp.Diff(wantKeys(service, addrs...), got.values); diff != "" {
		t.Fatalf("keys in etcd (-want +got):\n%s", diff)
	}
	return got
}

// awaitKeys waits until etcd holds exactly these addresses of the service.
func awaitKeys(t *testing.T, c *clientv3.Client, service string, addrs ...string) {
	t.Helper()
	want := wantKeys(service, addrs...)
	eventually(t, func() bool { return maps.Equal(want, look(t, c, service).values) },
		func() string { return cmp.Diff(want, look(t, c, service).values) })
}

// eventually polls until ok holds; otherwise the test fails with complaint.
func eventually(t *testing.T, ok func() bool, complaint func() string) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(patience)
	for !ok() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("did not come about: %s", complaint())
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sortedKeys is for messages.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
