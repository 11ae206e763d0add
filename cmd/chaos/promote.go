package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"exporttask/internal/testkit/servers"
)

// pair is a cluster of a primary with an asynchronous replica, each behind a proxy.
type pair struct {
	*cluster

	r       *servers.Replication
	proxies []*toxiproxy.Proxy
}

// promoteReplica promotes the replica of the own database again and again. Except
// for planned switches, the replica has not received the last transactions.
func promoteReplica(ctx context.Context, w *world, r *report) (err error) {
	install, err := w.findGalera(ctx)
	if err != nil {
		return err
	}
	p := &pair{}
	p.r, err = servers.StartReplication(ctx, install, filepath.Join(w.dir, "pair"), servers.SmallArgs()...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.r.Stop()) }()
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.New(io.Discard))
	var addrs []string
	for _, s := range p.r.Servers {
		proxy := toxiproxy.NewProxy(api, s.Addr(), "127.0.0.1:0", s.Addr())
		if err := proxy.Start(); err != nil {
			return err
		}
		defer proxy.Stop()
		p.proxies = append(p.proxies, proxy)
		addrs = append(addrs, proxy.Listen)
	}
	p.cluster, err = w.newCluster(ctx, p.r.Servers[:], addrs)
	if p.cluster != nil {
		defer func() { err = errors.Join(err, p.close()) }()
	}
	if err != nil {
		return err
	}
	plan := w.clusterPlan()
	watch := p.watch(ctx)
	if _, err := p.addAll(ctx, plan.instances, plan.job); err != nil {
		return err
	}
	err = p.injectAll(ctx, plan, []func(context.Context) error{p.kill, p.switchOver, p.freeze, p.cutOff, p.promoteEarly})
	if err != nil {
		return err
	}
	v, err := watch.finish(ctx)
	if err != nil {
		return err
	}
	twice, err := p.endedTwice(ctx)
	if err != nil {
		return err
	}
	r.note("promote: %d failovers to an asynchronous replica, every %s: kill -9, switch, freeze, cut off, promotion of a late replica", p.faults, plan.every)
	r.exactly("promote: instances lost", plan.instances-v.succeeded, 0)
	r.exactly("promote: instances ended twice", twice+v.miscounted, 0)
	r.exactly("promote: instances ended again with another file", v.again, 0)
	r.exactly("promote: files unlike the reference when first seen", v.wrong, 0)
	log, err := os.ReadFile(filepath.Join(p.dir, "exportd.log"))
	if err != nil {
		return err
	}
	r.atLeast("promote: losses of the database that replicas noticed", float64(bytes.Count(log, []byte("the database has forgotten changes"))), 1)
	r.atMost("promote: seconds from a primary to the next instance ended, the slowest", p.slowest.Seconds(), 5)
	return nil
}

// late is how much of its last transactions the replica lacks.
const late = 700 * time.Millisecond

// lose makes the replica lack transactions.
func (p *pair) lose(ctx context.Context) error {
	if ok, err := p.r.Caught(ctx); err != nil || !ok {
		return errors.Join(err, errors.New("the replica is behind"))
	}
	return errors.Join(p.r.Hold(ctx), sleep(ctx, late))
}

// promote promotes the replica and measures how soon instances end.
func (p *pair) promote(ctx context.Context) error {
	if err := p.r.Promote(ctx); err != nil {
		return err
	}
	p.primary.Store(int32(p.r.Primary))
	return p.measureMoving(ctx)
}

func (p *pair) rebuild(ctx context.Context) error { return p.r.Rebuild(ctx, p.name) }

func (p *pair) kill(ctx context.Context) error {
	old := p.r.Servers[p.r.Primary]
	if err := p.lose(ctx); err != nil {
		return err
	}
	if err := old.Kill(); err != nil {
		return err
	}
	if err := p.promote(ctx); err != nil {
		return err
	}
	return errors.Join(old.Restart(ctx), p.rebuild(ctx))
}

func (p *pair) freeze(ctx context.Context) error {
	old := p.r.Servers[p.r.Primary]
	if err := p.lose(ctx); err != nil {
		return err
	}
	if err := old.Freeze(); err != nil {
		return err
	}
	if err := p.promote(ctx); err != nil {
		return err
	}
	// A failover fences the old primary before it can go on.
	return errors.Join(old.Kill(), old.Restart(ctx), p.rebuild(ctx))
}

func (p *pair) cutOff(ctx context.Context) error {
	at := p.r.Primary
	if err := p.lose(ctx); err != nil {
		return err
	}
	var removes []func() error
	for _, stream := range []string{"upstream", "downstream"} {
		remove, err := toxic(ctx, p.proxies[at], `{"name":"hole-`+stream+`","type":"timeout","stream":"`+stream+`","attributes":{"timeout":0}}`)
		if err != nil {
			return err
		}
		removes = append(removes, remove)
	}
	if err := p.promote(ctx); err != nil {
		return err
	}
	if err := p.r.Servers[at].Exec(ctx, "SET GLOBAL read_only = ON"); err != nil {
		return err
	}
	for _, remove := range removes {
		if err := remove(); err != nil {
			return err
		}
	}
	return p.rebuild(ctx)
}

func (p *pair) promoteEarly(ctx context.Context) error {
	old := p.r.Servers[p.r.Primary]
	if err := p.lose(ctx); err != nil {
		return err
	}
	if err := old.Exec(ctx, "SET GLOBAL read_only = ON"); err != nil {
		return err
	}
	return errors.Join(p.promote(ctx), p.rebuild(ctx))
}

func (p *pair) switchOver(ctx context.Context) error {
	if err := p.r.Switch(ctx); err != nil {
		return err
	}
	p.primary.Store(int32(p.r.Primary))
	return p.measureMoving(ctx)
}
