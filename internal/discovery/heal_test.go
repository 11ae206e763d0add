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

// healed waits until the process is registered again and etcd has its keys. It
// returns the states on the way.
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

func TestRegistrar_Run_keysChanged(t *testing.T) {
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
		"endpoint_key_deleted":      remove(0),
		"naming_key_deleted":        remove(1),
		"resolver_key_deleted":      remove(2),
		"overwritten":               put("elsewhere:1"),
		"overwritten_without_lease": put(addr),
		"overwritten_on_own_lease":  put("elsewhere:1", clientv3.WithIgnoreLease()),
		"all_keys_deleted": func(ctx context.Context, t *testing.T, service string) {
			t.Helper()
			for i := range prefixes(service) {
				remove(i)(ctx, t, service)
			}
		},
		"lease_revoked": func(ctx context.Context, t *testing.T, service string) {
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
			cfg.ReconcileEvery = time.Hour // so that the watch and the lease detect the loss
			p := start(t, cfg)
			harm(t.Context(), t, service)
			steps := p.healed(t, client, service)
			if diff := cmp.Diff([]State{Lost, Registered}, steps[len(steps)-2:]); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			for key, id := range look(t, client, service).leases {
				if id == 0 {
					t.Errorf("%s has no lease: it would outlive the process", key)
				}
			}
		})
	}
}

func TestSession_monitor_reconcileRead(t *testing.T) {
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
	// A watch from a revision far in the future, as after a loss of data.
	for i := range s.entries {
		s.entries[i].rev += 1 << 40
	}
	if _, err := client.Delete(ctx, service+"/"+addr); err != nil {
		t.Fatal(err)
	}
	err = s.monitor(ctx, nil)
	if err == nil || !strings.Contains(err.Error(), service+"/"+addr+": "+errMissing.Error()) {
		t.Errorf("monitor: got %v, want %v", err, errMissing)
	}
}

func TestRegistrar_Run_etcdOutage(t *testing.T) {
	t.Parallel()
	const service, addr = "exporttask", "10.0.0.1:50051"
	outage := func(t *testing.T) { // longer than the lease on both clocks
		t.Helper()
		<-time.After(2 * testTTL)
	}

	t.Run("etcd_frozen", func(t *testing.T) {
		t.Parallel()
		etcd := testkit.Etcd(t)
		p := start(t, quick(etcd.Endpoint(), service, addr))
		must(t, etcd.Pause())
		p.await(t, Lost)
		outage(t)
		must(t, etcd.Resume())
		p.healed(t, connect(t, etcd.Endpoint()), service)
	})

	t.Run("etcd_down_data_kept", func(t *testing.T) {
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
		// Only the lease that has the keys is left.
		testkit.Eventually(t, "one lease is left in etcd", func() bool {
			held := look(t, client, service).leases
			list, err := client.Leases(t.Context())
			return err == nil && len(list.Leases) == 1 && held[service+"/"+addr] == int64(list.Leases[0].ID)
		})
	})

	for name, reconcile := range map[string]time.Duration{
		"etcd_empty_lease_lost_first":  time.Hour,
		"etcd_empty_keys_missed_first": 200 * time.Millisecond,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			etcd := testkit.Etcd(t)
			before := connect(t, etcd.Endpoint())
			for range 100 { // so that the new revisions are lower than that of the watch
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
			// The new watch works.
			if _, err := client.Delete(t.Context(), service+"/"+addr); err != nil {
				t.Fatal(err)
			}
			p.healed(t, client, service)
		})
	}

	t.Run("unreachable_at_start", func(t *testing.T) {
		t.Parallel()
		etcd := testkit.Etcd(t)
		must(t, etcd.Kill())
		p := build(t, quick(etcd.Endpoint(), service, addr))
		p.run(t)
		p.awaitWarning(t, "not registered yet, retrying")
		outage(t)
		if list := p.drained(); len(list) != 0 {
			t.Errorf("got more warnings during one outage: %q", list)
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

	t.Run("one_member_down", func(t *testing.T) {
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

// A child process is stopped for longer than its lease, as a suspended machine or
// a debugger does.
func TestRegistrar_Run_processFrozen(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	client := connect(t, etcd.Endpoint())
	const service, addr = "exporttask", "10.0.0.1:50051"
	child := spawn(t, etcd.Endpoint(), service, addr)
	child.await(t, Registered)
	child.pause(t)
	awaitKeys(t, client, service) // the lease expired
	child.resume(t)
	if passed := child.await(t, Registered); !slices.Contains(passed, Lost) {
		t.Errorf("states until it registered again: %v, want %s among them", passed, Lost)
	}
	awaitKeys(t, client, service, addr)
}

func TestRegistrar_Run_processKilled(t *testing.T) {
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
