package discovery

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/testkit"
)

func TestRegistrar_Deregister(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	client := connect(t, etcd.Endpoint())
	const addr = "10.0.0.1:50051"

	t.Run("keys_deleted_for_good", func(t *testing.T) {
		t.Parallel()
		const service = "leaves"
		p := start(t, quick(etcd.Endpoint(), service, addr))
		must(t, p.Deregister(t.Context()))
		mustHold(t, client, service) // nothing
		if diff := cmp.Diff([]StateChange{{From: Registered, To: Draining}, {From: Draining, To: Gone}}, p.await(t, Gone)); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
		p.stop() // returns: Run has ended

		must(t, p.Deregister(t.Context()))
		must(t, p.Update(quick(etcd.Endpoint(), service, "10.0.0.2:50051")))
		mustHold(t, client, service)
		if p.State() != Gone {
			t.Errorf("got state %s, want %s", p.State(), Gone)
		}
	})

	t.Run("lease_revoked", func(t *testing.T) {
		t.Parallel()
		const service = "revokes"
		p := start(t, quick(etcd.Endpoint(), service, addr))
		lease := look(t, client, service).leases[service+"/"+addr]
		must(t, p.Deregister(t.Context()))
		list, err := client.Leases(t.Context())
		must(t, err)
		for _, l := range list.Leases {
			if int64(l.ID) == lease {
				t.Errorf("lease %x still exists", lease)
			}
		}
	})

	t.Run("after_Run", func(t *testing.T) {
		t.Parallel()
		const service = "afterwards"
		p := start(t, quick(etcd.Endpoint(), service, addr))
		p.stop()
		mustHold(t, client, service, addr)
		must(t, p.Deregister(t.Context()))
		mustHold(t, client, service)
	})

	t.Run("before_Run", func(t *testing.T) {
		t.Parallel()
		const service = "never"
		p := build(t, quick(etcd.Endpoint(), service, addr))
		must(t, p.Deregister(t.Context()))
		must(t, p.Run(t.Context()))
		mustHold(t, client, service)
	})

	t.Run("while_registering", func(t *testing.T) {
		t.Parallel()
		const service = "midway"
		for i := range 40 {
			p := build(t, quick(etcd.Endpoint(), service, addr))
			p.run(t)
			if i%2 == 0 {
				p.await(t, Leased)
			}
			must(t, p.Deregister(t.Context()))
			p.stop()
			mustHold(t, client, service)
		}
	})

	t.Run("second_Run_is_an_error", func(t *testing.T) {
		t.Parallel()
		p := start(t, quick(etcd.Endpoint(), "twice", addr))
		if err := p.Run(t.Context()); !errors.Is(err, errRunning) {
			t.Errorf("got %v, want %v", err, errRunning)
		}
	})
}

func TestRegistrar_Deregister_noAnswer(t *testing.T) {
	t.Parallel()
	const service, addr = "exporttask", "10.0.0.1:50051"
	etcd := testkit.Etcd(t)
	p := start(t, quick(etcd.Endpoint(), service, addr))
	must(t, etcd.Pause())
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := p.Deregister(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Deregister: got %v, want %v", err, context.DeadlineExceeded)
	}
	if p.State() != Gone {
		t.Errorf("got state %s, want %s", p.State(), Gone)
	}
	p.stop()
	must(t, etcd.Resume())
	awaitKeys(t, connect(t, etcd.Endpoint()), service) // they expire, and nothing puts them again
}

func TestRegistrar_Deregister_whileLost(t *testing.T) {
	t.Parallel()
	const service, addr = "exporttask", "10.0.0.1:50051"
	etcd := testkit.Etcd(t)
	p := start(t, quick(etcd.Endpoint(), service, addr))
	must(t, etcd.Kill())
	p.await(t, Lost)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := p.Deregister(ctx); err == nil {
		t.Error("Deregister: got no error, want one for the lease that was not revoked")
	}
	must(t, etcd.Restart(t.Context()))
	awaitKeys(t, connect(t, etcd.Endpoint()), service)
}

func TestRegistrar_sharedAddress(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	client := connect(t, etcd.Endpoint())
	const addr = "10.0.0.1:50051"

	// pair starts one process, then another, and waits until the first has
	// detected that the other owns its keys.
	pair := func(t *testing.T, service string) (earlier, later *probe, state stored) {
		t.Helper()
		cfg := quick(etcd.Endpoint(), service, addr)
		cfg.ReconcileEvery = 100 * time.Millisecond
		earlier = start(t, cfg)
		first := mustHold(t, client, service, addr)
		later = start(t, cfg)
		state = mustHold(t, client, service, addr)
		for key, lease := range state.leases {
			if lease == first.leases[key] {
				t.Errorf("%s: still on the earlier process's lease", key)
			}
		}
		earlier.awaitWarning(t, "another process registered this address")
		return earlier, later, state
	}

	t.Run("earlier_leaves", func(t *testing.T) {
		t.Parallel()
		const service = "earlier-leaves"
		earlier, later, before := pair(t, service)
		must(t, earlier.Deregister(t.Context()))
		after := mustHold(t, client, service, addr)
		if diff := cmp.Diff(before.revs, after.revs); diff != "" {
			t.Errorf("keys were written again, revisions (-before +after):\n%s", diff)
		}
		if later.State() != Registered {
			t.Errorf("later: got state %s, want %s", later.State(), Registered)
		}
	})

	t.Run("no_fight_over_keys", func(t *testing.T) {
		t.Parallel()
		const service = "peace"
		earlier, later, before := pair(t, service)
		<-time.After(5 * 100 * time.Millisecond) // time for some reconcile reads of each
		after := mustHold(t, client, service, addr)
		if diff := cmp.Diff(before.revs, after.revs); diff != "" {
			t.Errorf("keys were written again, revisions (-before +after):\n%s", diff)
		}
		for who, p := range map[string]*probe{"earlier": earlier, "later": later} {
			if p.State() != Registered {
				t.Errorf("%s: got state %s, want %s", who, p.State(), Registered)
			}
			if list := p.drained(); len(list) != 0 {
				t.Errorf("%s: warned again: %q", who, list)
			}
		}
	})

	t.Run("later_leaves", func(t *testing.T) {
		t.Parallel()
		const service = "later-leaves"
		earlier, later, _ := pair(t, service)
		must(t, later.Deregister(t.Context()))
		earlier.healed(t, client, service)
	})
}
