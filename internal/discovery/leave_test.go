package discovery

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/testkit"
)

func TestLeave(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	client := connect(t, etcd.Endpoint())
	const addr = "10.0.0.1:50051"

	t.Run("returns when the keys are gone, and nothing comes back", func(t *testing.T) {
		t.Parallel()
		const service = "leaves"
		p := start(t, quick(etcd.Endpoint(), service, addr))
		must(t, p.Leave(t.Context()))
		mustHold(t, client, service) // nothing
		if diff := cmp.Diff([]Change{{From: Registered, To: Draining}, {From: Draining, To: Gone}}, p.await(t, Gone)); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
		p.stop() // returns: Run has ended

		must(t, p.Leave(t.Context()))
		must(t, p.Update(quick(etcd.Endpoint(), service, "10.0.0.2:50051")))
		mustHold(t, client, service)
		if p.State() != Gone {
			t.Errorf("got state %s, want %s", p.State(), Gone)
		}
	})

	t.Run("revokes the lease", func(t *testing.T) {
		t.Parallel()
		const service = "revokes"
		p := start(t, quick(etcd.Endpoint(), service, addr))
		lease := look(t, client, service).leases[service+"/"+addr]
		must(t, p.Leave(t.Context()))
		list, err := client.Leases(t.Context())
		must(t, err)
		for _, l := range list.Leases {
			if int64(l.ID) == lease {
				t.Errorf("lease %x is still there", lease)
			}
		}
	})

	t.Run("after the end of Run takes the keys back too", func(t *testing.T) {
		t.Parallel()
		const service = "afterwards"
		p := start(t, quick(etcd.Endpoint(), service, addr))
		p.stop()
		mustHold(t, client, service, addr)
		must(t, p.Leave(t.Context()))
		mustHold(t, client, service)
	})

	t.Run("before Run keeps it from registering", func(t *testing.T) {
		t.Parallel()
		const service = "never"
		p := build(t, quick(etcd.Endpoint(), service, addr))
		must(t, p.Leave(t.Context()))
		must(t, p.Run(t.Context()))
		mustHold(t, client, service)
	})

	t.Run("in the middle of registering leaves nothing", func(t *testing.T) {
		t.Parallel()
		const service = "midway"
		for i := range 40 {
			p := build(t, quick(etcd.Endpoint(), service, addr))
			p.run(t)
			if i%2 == 0 {
				p.await(t, Leased)
			}
			must(t, p.Leave(t.Context()))
			p.stop()
			mustHold(t, client, service)
		}
	})

	t.Run("a second Run is an error", func(t *testing.T) {
		t.Parallel()
		p := start(t, quick(etcd.Endpoint(), "twice", addr))
		if err := p.Run(t.Context()); !errors.Is(err, errRunning) {
			t.Errorf("got %v, want %v", err, errRunning)
		}
	})
}

func TestLeaveWithoutAnswerFromEtcdEndsInTime(t *testing.T) {
	t.Parallel()
	const service, addr = "exporttask", "10.0.0.1:50051"
	etcd := testkit.Etcd(t)
	p := start(t, quick(etcd.Endpoint(), service, addr))
	must(t, etcd.Pause())
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := p.Leave(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Leave: got %v, want %v", err, context.DeadlineExceeded)
	}
	if p.State() != Gone {
		t.Errorf("got state %s, want %s", p.State(), Gone)
	}
	p.stop()
	must(t, etcd.Resume())
	awaitKeys(t, connect(t, etcd.Endpoint()), service) // they lapse, and nobody puts them again
}

func TestLeaveWhileLostLetsNothingComeBack(t *testing.T) {
	t.Parallel()
	const service, addr = "exporttask", "10.0.0.1:50051"
	etcd := testkit.Etcd(t)
	p := start(t, quick(etcd.Endpoint(), service, addr))
	must(t, etcd.Kill())
	p.await(t, Lost)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := p.Leave(ctx); err == nil {
		t.Error("Leave: got no error, want that the lease could not be revoked")
	}
	must(t, etcd.Restart(t.Context()))
	awaitKeys(t, connect(t, etcd.Endpoint()), service)
}

func TestTwoProcessesWithOneAddress(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	client := connect(t, etcd.Endpoint())
	const addr = "10.0.0.1:50051"

	// pair starts one process, then another, and waits until the first has
	// noticed that its keys are the other's.
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
		earlier.awaitWarning(t, "another process announces this address")
		return earlier, later, state
	}

	t.Run("the later has the keys and the earlier's leaving does not touch them", func(t *testing.T) {
		t.Parallel()
		const service = "earlier-leaves"
		earlier, later, before := pair(t, service)
		must(t, earlier.Leave(t.Context()))
		after := mustHold(t, client, service, addr)
		if diff := cmp.Diff(before.revs, after.revs); diff != "" {
			t.Errorf("keys were written again, revisions (-before +after):\n%s", diff)
		}
		if later.State() != Registered {
			t.Errorf("later: got state %s, want %s", later.State(), Registered)
		}
	})

	t.Run("they do not take the keys from each other in turns", func(t *testing.T) {
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

	t.Run("the earlier is back when the later leaves", func(t *testing.T) {
		t.Parallel()
		const service = "later-leaves"
		earlier, later, _ := pair(t, service)
		must(t, later.Leave(t.Context()))
		earlier.healed(t, client, service)
	})
}
