package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"time"

	"exporttask/internal/testkit/servers"
)

// galeraFaults kills, freezes, cuts off and restarts single nodes of a Galera
// cluster of three, on which replicas of exportd use different nodes.
func galeraFaults(ctx context.Context, w *world, r *report) (err error) {
	install, err := w.findGalera(ctx)
	if err != nil {
		return err
	}
	g, err := servers.StartGalera(ctx, install, filepath.Join(w.dir, "galera"), 3, servers.SmallArgs()...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Stop()) }()
	c, err := w.newCluster(ctx, g.Nodes, addrsOf(g.Nodes))
	if c != nil {
		defer func() { err = errors.Join(err, c.close()) }()
	}
	if err != nil {
		return err
	}
	plan := w.clusterPlan()
	watch := c.watch(ctx)
	if _, err := c.addAll(ctx, plan.instances, plan.job); err != nil {
		return err
	}
	// Each fault hits a node, and lasts while the others go on.
	const lasts = 3 * time.Second
	fault := func(begin, end func(ctx context.Context, node int) error) func(context.Context) error {
		return func(ctx context.Context) error {
			node := rand.N(len(g.Nodes))
			c.primary.Store(int32(c.other(node)))
			if err := begin(ctx, node); err != nil {
				return err
			}
			if err := c.untilWritable(ctx, node); err != nil {
				return err
			}
			if err := c.measureMoving(ctx); err != nil {
				return err
			}
			if err := errors.Join(sleep(ctx, lasts), end(ctx, node)); err != nil {
				return err
			}
			return g.WaitReady(ctx, node) // two nodes lost at once are no quorum
		}
	}
	nothing := func(context.Context, int) error { return nil }
	err = c.injectAll(ctx, plan, []func(context.Context) error{
		fault(func(_ context.Context, n int) error { return g.Nodes[n].Kill() }, g.Restart),
		fault(func(_ context.Context, n int) error { return g.Nodes[n].Freeze() }, func(_ context.Context, n int) error { return g.Nodes[n].Resume() }),
		fault(func(ctx context.Context, n int) error { return g.Isolate(ctx, n, true) }, func(ctx context.Context, n int) error { return g.Isolate(ctx, n, false) }),
		fault(g.Restart, nothing),
	})
	if err != nil {
		return err
	}
	v, err := watch.finish(ctx)
	if err != nil {
		return err
	}
	r.note("galera: %d faults of single nodes of 3, every %s: kill -9, freeze, cut off, restart", c.faults, plan.every)
	r.exactly("galera: instances lost", plan.instances-v.succeeded, 0)
	r.exactly("galera: instances ended twice", v.twice+v.miscounted, 0)
	r.exactly("galera: files unlike the reference when first seen", v.wrong, 0)
	r.atMost("galera: seconds from a quorum to the next instance ended, the slowest", c.slowest.Seconds(), 5)
	return nil
}
