package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/Shopify/toxiproxy/v2"

	"exporttask/api"
)

// cutsAfter are numbers of bytes after which the proxy cuts a connection. On the
// data source the server sends greeting, login, settings, columns, rows.
var (
	sourceCuts = map[string]int{
		"in the greeting": 20, "in the login": 100, "in the settings": 160, "before the rows": 420,
		"in the first row": 700, "in the middle of the rows": 20_000, "near the end": 58_000,
	}
	ownCuts = map[string]int{
		"in the login": 60, "in the first statement": 200, "in the claim": 700, "in the beat": 2500, "in the end": 6000, "later": 20_000,
	}
)

// cutConnections interrupts the connections to the database in many ways, each
// time with running instances, and checks that all instances succeed in the end.
func cutConnections(ctx context.Context, w *world, r *report) (err error) {
	n := pick(w, 50, 4)
	lease := 3 * time.Second
	s, err := w.newSite(ctx, "exportd", 2, lease)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	watch := s.watch(ctx)
	c := &cutter{s: s, n: n, lease: lease}
	limit := func(p *toxiproxy.Proxy, bytes int) func(context.Context) error {
		return func(ctx context.Context) error {
			remove, err := toxic(ctx, p, fmt.Sprintf(`{"name":"cut","type":"limit_data","stream":"downstream","attributes":{"bytes":%d}}`, bytes))
			if err != nil {
				return err
			}
			return errors.Join(sleep(ctx, pick(w, 4*time.Second, 1500*time.Millisecond)), remove())
		}
	}
	for where, bytes := range sourceCuts {
		c.step(ctx, "data source cut "+where, limit(w.source, bytes))
	}
	for where, bytes := range ownCuts {
		c.step(ctx, "own database cut "+where, limit(w.own, bytes))
	}
	c.step(ctx, "kill -9 of the database server", func(ctx context.Context) error {
		return errors.Join(w.maria.Kill(), sleep(ctx, time.Second), w.maria.Restart(ctx))
	})
	c.step(ctx, "KILL of the export's connection", s.killQueries)
	c.step(ctx, "black hole", func(ctx context.Context) error {
		var removes []func() error
		for _, p := range []*toxiproxy.Proxy{w.own, w.source} {
			for _, stream := range []string{"upstream", "downstream"} {
				remove, err := toxic(ctx, p, `{"name":"hole-`+stream+`","type":"timeout","stream":"`+stream+`","attributes":{"timeout":0}}`)
				if err != nil {
					return err
				}
				removes = append(removes, remove)
			}
		}
		err := sleep(ctx, pick(w, 60*time.Second, 5*time.Second))
		for _, remove := range removes {
			err = errors.Join(err, remove())
		}
		return err
	})
	if c.err != nil {
		return c.err
	}
	v, err := watch.finish(ctx)
	if err != nil {
		return err
	}
	r.note("database cut in %d ways, %d instances each", c.steps, n)
	cut, err := s.count(ctx, "welife_export_event WHERE state = 2")
	if err != nil {
		return err
	}
	r.atLeast("cut: attempts that the cuts ended", float64(cut), float64(n*len(sourceCuts)))
	r.exactly("cut: instances that did not succeed in the end", c.total-v.succeeded, 0)
	r.exactly("cut: truncated files shown as done", v.wrong, 0)
	r.exactly("cut: instances ended twice", v.twice+v.miscounted, 0)
	r.exactly("cut: instances stuck past lease + 5 s", c.stuck, 0)
	return nil
}

// cutter injects one fault after the other, each with instances of its own.
type cutter struct {
	s     *site
	n     int
	lease time.Duration

	steps, total, stuck int
	err                 error // of the first step that failed
}

func (c *cutter) step(ctx context.Context, name string, fault func(context.Context) error) {
	if c.err != nil {
		return
	}
	if err := c.try(ctx, fault); err != nil {
		c.err = fmt.Errorf("%s: %w", name, err)
	}
}

func (c *cutter) try(ctx context.Context, fault func(context.Context) error) error {
	ids, err := c.s.addAll(ctx, c.n, job{rows: 1200, ms: 0})
	if err != nil {
		return err
	}
	slow, err := c.s.addAll(ctx, c.n, job{rows: 40, ms: 25})
	if err != nil {
		return err
	}
	c.steps++
	c.total += 2 * c.n
	if err := fault(ctx); err != nil {
		return err
	}
	// Each instance that ran must run again, or wait to run again, in time.
	err = c.s.untilEnded(ctx, c.total, c.lease+5*time.Second)
	if err != nil && ctx.Err() == nil {
		stuck, err := c.s.count(ctx, "welife_export_inst WHERE status = 1 AND leaseUntil < UTC_TIMESTAMP(6)")
		if err != nil {
			return err
		}
		c.stuck += stuck
	}
	for _, id := range append(ids, slow...) { // end the back-off
		// An instance that does not wait answers with an error.
		_, _ = c.s.api.client.RetryInst(ctx, &api.WshExportTaskRetryInstReq{EinstId: id})
	}
	return c.s.untilEnded(ctx, c.total, 4*time.Minute)
}

// killQueries kills the connections of exports for a while.
func (s *site) killQueries(ctx context.Context) error {
	for end := time.Now().Add(pick(s.w, 10*time.Second, 2*time.Second)); time.Now().Before(end); {
		rows, err := s.ints(ctx, `SELECT id FROM information_schema.processlist WHERE user = 'reader' AND '%s' <> ''`)
		if err != nil {
			return err
		}
		for _, id := range rows {
			// KILL of a query that has just ended is an error.
			_, _ = s.w.db.ExecContext(ctx, fmt.Sprintf("KILL %d", id))
		}
		if err := sleep(ctx, 300*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
