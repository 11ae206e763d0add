package discovery

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"

	"exporttask/internal/testkit"
)

// healed waits until the process is back after it was lost and looks whether
// etcd has its keys again. It returns the steps on the way.
func (p *probe) healed(t *testing.T, c *clientv3.Client, service string) []State {
	t.Helper()
	from := time.Now()
	passed := p.await(t, Registered)
	t.Logf("registered again %v later; cause of the loss: %v", time.Since(from).Round(time.Millisecond), passed[0].Cause)
	awaitKeys(t, c, service, p.addr)
	var steps []State
	for _, change := range passed {
		steps = append(steps, change.To)
	}
	return steps
}

func TestHealsWhatIsDoneToItsKeys(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	client := connect(t, etcd.Endpoint())
	const addr = "10.0.0.1:50051"

	remove := func(i int) func(context.Context, *testing.T, string) {
		return func(ctx context.Context, t *testing.T, service string) {
			t.Helper()
			if _, err := client.Delete(ctx, prefixes(service)[i], clientv3.WithPrefix()); err != nil {
				t.Fatal(err)
			}
		}
	}
	put := func(value string, opts ...clientv3.OpOption) func(context.Context, *testing.T, string) {
		return func(ctx context.Context, t *testing.T, service string) {
			t.Helper()
			if _, err := client.Put(ctx, prefixes(service)[1]+addr, value, opts...); err != nil {
				t.Fatal(err)
			}
		}
	}
	for service, harm := range map[string]func(ctx context.Context, t *testing.T, service string){
		"endpoint key deleted":            remove(0),
		"naming key deleted":              remove(1),
		"resolver key deleted":            remove(2),
		"overwritten":                     put("elsewhere:1"),
		"overwritten without a lease":     put(addr),
		"overwritten under its own lease": put("elsewhere:1", clientv3.WithIgnoreLease()),
		"all keys deleted": func(ctx context.Context, t *testing.T, service string) {
			t.Helper()
			for i := range prefixes(service) {
				remove(i)(ctx, t, service)
			}
		},
		"lease revoked": func(ctx context.Context, t *testing.T, service string) {
			t.Helper()
			leases := look(t, client, service).leases //nolint:contextcheck // the test's own
			if _, err := client.Revoke(ctx, clientv3.LeaseID(leases[service+"/"+addr])); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			service := strings.ReplaceAll(service, " ", "-")
			cfg := quick(etcd.Endpoint(), service, addr)
			cfg.ReconcileEvery = time.Hour // the watch and the lease have to do
			p := start(t, cfg)
			harm(t.Context(), t, service)
			steps := p.healed(t, client, service)
			if diff := cmp.Diff([]State{Lost, Registered}, steps[len(steps)-2:]); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			for key, id := range look(t, client, service).leases {
				if id == 0 {
					t.Errorf("%s is without a lease: it would outlive the process", key)
				}
			}
		})
	}
}

func TestReconcileReadFindsWhatTheWatchMissed(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	client := connect(t, etcd.Endpoint())
	const service, addr = "exporttask", "10.0.0.1:50051"
	cfg := quick(etcd.Endpoint(), service, addr)
	cfg.setDefaults()
	ctx := t.Context()
	s, err := open(ctx, &cfg, etcd.Endpoint(), cfg.Logger)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := s.grant(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.put(ctx); err != nil {
		t.Fatal(err)
	}
	// A watch from a revision that is years away, as after a loss of data.
	for i := range s.entries {
		s.entries[i].rev += 1 << 40
	}
	if _, err := client.Delete(ctx, service+"/"+addr); err != nil {
		t.Fatal(err)
	}
	err = s.hold(ctx, nil)
	if err == nil || !strings.Contains(err.Error(), service+"/"+addr+": "+errMissing.Error()) {
		t.Errorf("hold: got %v, want that the key is %v", err, errMissing)
	}
}

func TestHealsWhatHappensToEtcd(t *testing.T) {
	t.Parallel()
	const service, addr = "exporttask", "10.0.0.1:50051"
	outage := func(t *testing.T) { // longer than the lease, as etcd's clock and as ours has it
		t.Helper()
		<-time.After(2 * testTTL)
	}

	t.Run("frozen for twice the lease", func(t *testing.T) {
		t.Parallel()
		etcd := testkit.Etcd(t)
		p := start(t, quick(etcd.Endpoint(), service, addr))
		must(t, etcd.Pause())
		p.await(t, Lost)
		outage(t)
		must(t, etcd.Resume())
		p.healed(t, connect(t, etcd.Endpoint()), service)
	})

	t.Run("down for twice the lease, data kept", func(t *testing.T) {
		t.Parallel()
		etcd := testkit.Etcd(t)
		p := start(t, quick(etcd.Endpoint(), service, addr))
		must(t, etcd.Kill())
		p.await(t, Lost)
		outage(t)
		if diff := cmp.Diff(1, len(p.drained())); diff != "" {
			t.Errorf("warnings during one outage (-want +got):\n%s", diff)
		}
		must(t, etcd.Restart(t.Context()))
		client := connect(t, etcd.Endpoint())
		p.healed(t, client, service)
		// Of all the leases of the time, the one with the keys is left.
		eventually(t, func() bool {
			held := look(t, client, service).leases
			list, err := client.Leases(t.Context())
			return err == nil && len(list.Leases) == 1 && held[service+"/"+addr] == int64(list.Leases[0].ID)
		}, func() string { return "one lease in etcd" })
	})

	for name, reconcile := range map[string]time.Duration{
		"back with empty data, lease noticed first": time.Hour,
		"back with empty data, keys noticed first":  200 * time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			etcd := testkit.Etcd(t)
			before := connect(t, etcd.Endpoint())
			for range 100 { // the revisions to come are behind those of the watch
				if _, err := before.Put(t.Context(), "elsewhere", ""); err != nil {
					t.Fatal(err)
				}
			}
			cfg := quick(etcd.Endpoint(), service, addr)
			cfg.ReconcileEvery = reconcile
			if reconcile < time.Second {
				cfg.TTL = time.Minute
			}
			p := start(t, cfg)
			must(t, etcd.Kill())
			must(t, etcd.RestartEmpty(t.Context()))
			client := connect(t, etcd.Endpoint())
			p.healed(t, client, service)
			// The watch is one that works.
			if _, err := client.Delete(t.Context(), service+"/"+addr); err != nil {
				t.Fatal(err)
			}
			p.healed(t, client, service)
		})
	}

	t.Run("unreachable at the start", func(t *testing.T) {
		t.Parallel()
		etcd := testkit.Etcd(t)
		must(t, etcd.Kill())
		p := build(t, quick(etcd.Endpoint(), service, addr))
		p.run(t)
		p.awaitWarning(t, "not yet, trying on")
		outage(t)
		if list := p.drained(); len(list) != 0 {
			t.Errorf("got more warnings while nothing changed: %q", list)
		}
		if p.State() != Init {
			t.Errorf("got state %s, want %s", p.State(), Init)
		}
		must(t, etcd.Restart(t.Context()))
		steps := p.healed(t, connect(t, etcd.Endpoint()), service)
		if diff := cmp.Diff([]State{Leased, Registered}, steps); diff != "" {
			t.Errorf("steps (-want +got):\n%s", diff)
		}
	})

	t.Run("one of its members is dead", func(t *testing.T) {
		t.Parallel()
		dead, alive := testkit.Etcd(t), testkit.Etcd(t)
		must(t, dead.Kill())
		cfg := quick(dead.Endpoint(), service, addr)
		cfg.Endpoints = append(cfg.Endpoints, alive.Endpoint())
		cfg.Timeout = 500 * time.Millisecond
		start(t, cfg)
		mustHold(t, connect(t, alive.Endpoint()), service, addr)
	})
}

// TestHealsAfterItsOwnProcessWasFrozen stops a child process for longer than
// its lease, as a suspended machine or a debugger does.
func TestHealsAfterItsOwnProcessWasFrozen(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	client := connect(t, etcd.Endpoint())
	const service, addr = "exporttask", "10.0.0.1:50051"
	child := spawn(t, etcd.Endpoint(), service, addr)
	child.await(t, Registered)
	child.pause(t)
	awaitKeys(t, client, service) // gone with the lease
	child.resume(t)
	if passed := child.await(t, Registered); !slices.Contains(passed, Lost) {
		t.Errorf("registered again by way of %v, want %s in it", passed, Lost)
	}
	awaitKeys(t, client, service, addr)
}

func TestCrashLeavesNoKey(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	client := connect(t, etcd.Endpoint())
	const service, addr = "exporttask", "10.0.0.1:50051"
	child := spawn(t, etcd.Endpoint(), service, addr)
	child.await(t, Registered)
	for key, id := range mustHold(t, client, service, addr).leases {
		lease, err := client.TimeToLive(t.Context(), clientv3.LeaseID(id))
		if err != nil {
			t.Fatal(err)
		}
		if got := time.Duration(lease.GrantedTTL) * time.Second; got != testTTL {
			t.Errorf("%s: on a lease of %v, want %v", key, got, testTTL)
		}
	}
	child.kill(t)
	awaitKeys(t, client, service)
}
