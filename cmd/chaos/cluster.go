package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"exporttask/internal/testkit/servers"
)

// clusterPlan is the length of a fault of a cluster.
type clusterPlan struct {
	instances int
	span      time.Duration // with faults
	every     time.Duration // between two faults
	job       job
}

func (w *world) clusterPlan() clusterPlan {
	switch {
	case w.long:
		return clusterPlan{2000, 5 * time.Minute, 10 * time.Second, job{rows: 50, ms: 32}}
	case w.short:
		return clusterPlan{150, 25 * time.Second, 5 * time.Second, job{rows: 20, ms: 60}}
	}
	return clusterPlan{600, time.Minute, 10 * time.Second, job{rows: 30, ms: 35}}
}

// cluster is a site whose own database has several servers.
type cluster struct {
	*site

	servers []*servers.DBServer
	pools   []*sql.DB    // of root, one a server
	primary atomic.Int32 // index of the server that the figures are read from

	faults  int
	slowest time.Duration // from a primary is there to the next instance ended
}

// findGalera returns MariaDB with Galera.
func (w *world) findGalera(ctx context.Context) (servers.Install, error) {
	cache, err := servers.CacheDir()
	if err != nil {
		return servers.Install{}, err
	}
	return servers.FindGalera(ctx, cache, slog.New(slog.DiscardHandler))
}

// newCluster makes a site on servers; the first one takes writes. addrs are the
// addresses under which exportd reaches the servers. All processes make their
// first start at the same time, each with another server first.
func (w *world) newCluster(ctx context.Context, list []*servers.DBServer, addrs []string) (*cluster, error) {
	s, err := w.emptySite("exportd", 10*time.Second)
	if err != nil {
		return nil, err
	}
	c := &cluster{site: s, servers: list}
	s.root = func() *sql.DB { return c.pools[c.primary.Load()] }
	for _, server := range list {
		pool, err := server.OpenRoot("")
		if err != nil {
			return c, err
		}
		c.pools = append(c.pools, pool)
	}
	err = errors.Join(
		list[0].Exec(ctx, "CREATE DATABASE "+s.name+" CHARACTER SET utf8mb4", "CREATE TABLE "+s.name+".probe (id INT PRIMARY KEY, n INT)", "INSERT INTO "+s.name+".probe VALUES (1, 0)"),
		list[0].SetAccount(ctx, s.name, s.name, "ALL PRIVILEGES ON "+s.name+".*"),
		s.writeConfig(),
	)
	if err != nil {
		return c, err
	}
	s.replicas = make([]*replica, 3)
	starts := make([]*replica, 4)
	errs := make([]error, 4)
	var wait sync.WaitGroup
	for i := range starts {
		rotated := make([]string, len(addrs))
		for j := range addrs {
			rotated[j] = addrs[(i+j)%len(addrs)]
		}
		dsn := fmt.Sprintf("%s:%s@tcp(%s)/%s", s.name, s.name, strings.Join(rotated, ","), s.name)
		var args []string
		if i == 3 {
			args = []string{"-workers=0"}
		}
		wait.Go(func() { starts[i], errs[i] = s.startOn(ctx, dsn, args...) })
	}
	wait.Wait()
	s.replicas, s.api = starts[:3], starts[3]
	if err := errors.Join(errs...); err != nil {
		return c, fmt.Errorf("first starts at once, log in %s: %w", s.dir, err)
	}
	s.tpl, err = s.addTpl(ctx, lingerSQL, 20, "from", "to", "ms")
	return c, err
}

// close ends the site; the servers are their owner's.
func (c *cluster) close() error {
	errs := []error{c.site.close()}
	for _, p := range c.pools {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}

// injectAll injects faults in turn, one every few seconds, and then waits for the
// end of all instances.
func (c *cluster) injectAll(ctx context.Context, p clusterPlan, faults []func(context.Context) error) error {
	end := time.Now().Add(p.span)
	for ; time.Now().Before(end); c.faults++ {
		next := time.After(p.every)
		if err := faults[c.faults%len(faults)](ctx); err != nil {
			return fmt.Errorf("fault %d: %w", c.faults+1, err)
		}
		select {
		case <-next:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return c.untilEnded(ctx, p.instances, 4*c.lease+2*time.Minute)
}

// measureMoving waits until the next instance ends, and counts the time from now,
// when a primary is there.
func (c *cluster) measureMoving(ctx context.Context) error {
	since := time.Now()
	before, err := c.count(ctx, "welife_export_inst WHERE status IN (2, 3)")
	if err != nil {
		return err
	}
	open, err := c.count(ctx, "welife_export_inst WHERE status IN (0, 1)")
	if err != nil || open == 0 {
		return err
	}
	err = until(ctx, time.Minute, "end of an instance after a failover", func() (bool, error) {
		now, err := c.count(ctx, "welife_export_inst WHERE status IN (2, 3)")
		return now > before, err
	})
	c.slowest = max(c.slowest, time.Since(since))
	return err
}

// untilWritable waits until a server takes writes and makes it the one that the
// figures are read from.
func (c *cluster) untilWritable(ctx context.Context, except int) error {
	query := fmt.Sprintf("UPDATE %s.probe SET n = n + 1", c.name)
	return until(ctx, time.Minute, "a server that takes writes", func() (bool, error) {
		for i, p := range c.pools {
			if i == except {
				continue
			}
			try, stop := context.WithTimeout(ctx, time.Second)
			_, err := p.ExecContext(try, query)
			stop()
			if err == nil {
				c.primary.Store(int32(i))
				return true, nil
			}
		}
		return false, ctx.Err()
	})
}

// endedTwice counts instances with several ends in the database.
func (c *cluster) endedTwice(ctx context.Context) (n int, err error) {
	query := fmt.Sprintf(`SELECT COUNT(*) FROM (SELECT einstId FROM %s.welife_export_event WHERE state IN (5, 7, 8, 9)
		GROUP BY einstId HAVING COUNT(*) > 1) t`, c.name)
	err = c.root().QueryRowContext(ctx, query).Scan(&n)
	return n, err
}

// other returns a random server other than the given one.
func (c *cluster) other(than int) int {
	return (than + 1 + rand.N(len(c.servers)-1)) % len(c.servers)
}

// addrsOf returns the addresses of servers.
func addrsOf(list []*servers.DBServer) []string {
	var addrs []string
	for _, s := range list {
		addrs = append(addrs, s.Addr())
	}
	return addrs
}
