package discovery

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/testkit"
)

func TestRegistrar_Update(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	client := connect(t, etcd.Endpoint())
	const one, two = "10.0.0.1:50051", "10.0.0.2:50051"

	t.Run("other_address", func(t *testing.T) {
		t.Parallel()
		const service = "moves"
		cfg := quick(etcd.Endpoint(), service, one)
		cfg.TTL = time.Hour // the old keys do not expire
		p := start(t, cfg)
		cfg.Addr = two
		must(t, p.Update(cfg))
		awaitKeys(t, client, service, two)
		if p.State() != Registered {
			t.Errorf("got state %s, want %s", p.State(), Registered)
		}
		must(t, p.Deregister(t.Context()))
		mustHold(t, client, service)
	})

	t.Run("disable_and_enable", func(t *testing.T) {
		t.Parallel()
		const service = "switch"
		on := quick(etcd.Endpoint(), service, one)
		p := start(t, on)
		must(t, p.Update(Config{}))
		p.await(t, Init)
		mustHold(t, client, service)
		must(t, p.Update(on))
		p.await(t, Registered)
		mustHold(t, client, service, one)
	})

	t.Run("enable_after_start", func(t *testing.T) {
		t.Parallel()
		const service = "late"
		p := build(t, Config{})
		p.run(t)
		must(t, p.Update(quick(etcd.Endpoint(), service, one)))
		p.await(t, Registered)
		mustHold(t, client, service, one)
	})

	t.Run("unchanged", func(t *testing.T) {
		t.Parallel()
		cfg := quick(etcd.Endpoint(), "same", one)
		idle := build(t, cfg) // nothing receives from changed
		must(t, idle.Update(cfg))
		if len(idle.changed) != 0 {
			t.Error("the same configuration: Run would register anew")
		}
		cfg.Layouts = []Layout{Endpoints}
		must(t, idle.Update(cfg))
		if len(idle.changed) != 1 {
			t.Error("another configuration: Run would not hear of it")
		}
	})

	t.Run("other_etcd", func(t *testing.T) {
		t.Parallel()
		const service = "cluster"
		other := testkit.Etcd(t)
		cfg := quick(etcd.Endpoint(), service, one)
		cfg.TTL = time.Hour
		p := start(t, cfg)
		cfg.Endpoints = []string{other.Endpoint()}
		must(t, p.Update(cfg))
		awaitKeys(t, connect(t, other.Endpoint()), service, one)
		awaitKeys(t, client, service)
	})

	t.Run("other_etcd_during_outage", func(t *testing.T) {
		t.Parallel()
		const service = "dead"
		dead := testkit.Etcd(t)
		must(t, dead.Kill())
		p := build(t, quick(dead.Endpoint(), service, one))
		p.run(t)
		p.awaitWarning(t, "not registered yet")
		must(t, p.Update(quick(etcd.Endpoint(), service, one)))
		p.await(t, Registered)
		mustHold(t, client, service, one)
	})

	t.Run("invalid", func(t *testing.T) {
		t.Parallel()
		const service = "invalid"
		p := start(t, quick(etcd.Endpoint(), service, one))
		before := mustHold(t, client, service, one)
		err := p.Update(quick(etcd.Endpoint(), service, ":50051"))
		if err == nil || !strings.Contains(err.Error(), "addr: ") {
			t.Errorf("got %v, want an error that names addr", err)
		}
		if diff := cmp.Diff(before.revs, mustHold(t, client, service, one).revs); diff != "" {
			t.Errorf("keys were written again, revisions (-before +after):\n%s", diff)
		}
	})
}
