// Queue is `make bench-queue`: throughput and latency of the queue. It drives the
// worker pools of internal/export, and internal/model alone, against a private
// MariaDB with default settings, so that commits are synced to disk. Data source
// and store of the instances are replaced by stubs. It prints
//
//	name: value (wanted >= bound)
//
// and exits with 1 if a figure exceeds its bound, with 2 if it cannot measure.
// Figures without a bound are for comparison.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"exporttask/internal/model"
	"exporttask/internal/testkit/servers"
	"exporttask/migrations"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ok, err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/queue:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// Bounds.
const (
	wantPerSecond = 2000.0
	wantP50       = 10.0 // ms
)

func run(ctx context.Context) (ok bool, err error) {
	b, err := start(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	best := 0.0
	for _, replicas := range []int{1, 3} {
		for _, workers := range []int{1, 4, 12} {
			rate, err := b.pools(ctx, replicas, workers)
			if err != nil {
				return false, err
			}
			fmt.Fprintf(os.Stdout, "claim + finish per second, %d replicas of %d workers: %.0f\n", replicas, workers, rate)
			best = max(best, rate)
		}
	}
	for _, replicas := range []int{1, 3} {
		rate, err := b.throughput(ctx, replicas)
		if err != nil {
			return false, err
		}
		fmt.Fprintf(os.Stdout, "claim + finish per second, %d replicas claiming %d at a time: %.0f\n", replicas, batch, rate)
		best = max(best, rate)
	}
	ok = figure("claim + finish per second, the best", best, ">=", wantPerSecond, best >= wantPerSecond)
	single, batched, err := b.statements(ctx)
	if err != nil {
		return false, err
	}
	fmt.Fprintf(os.Stdout, "statements per instance from claim to finish, one by one: %.2f\n", single)
	fmt.Fprintf(os.Stdout, "statements per instance from claim to finish, batches of %d: %.2f\n", batch, batched)
	p50, p99, err := b.latency(ctx)
	if err != nil {
		return false, err
	}
	ok = figure("ms from CreateInst to RUNNING on the same replica, p50", p50, "<=", wantP50, p50 <= wantP50) && ok
	fmt.Fprintf(os.Stdout, "ms from CreateInst to RUNNING on the same replica, p99: %.2f\n", p99)
	return ok, nil
}

func figure(name string, value float64, op string, bound float64, ok bool) bool {
	mark := ""
	if !ok {
		mark = "  FALLS SHORT"
	}
	fmt.Fprintf(os.Stdout, "%s: %.2f (wanted %s %.0f)%s\n", name, value, op, bound, mark)
	return ok
}

// bench is a private server with a migrated database on it.
type bench struct {
	dir   string
	maria *servers.DBServer
	db    *model.DB
	tpl   *model.Tpl
}

func start(ctx context.Context) (_ *bench, err error) {
	b := &bench{}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	cache, err := servers.CacheDir()
	if err != nil {
		return nil, err
	}
	install, err := servers.FindMariaDB(ctx, cache, slog.Default())
	if err != nil {
		return nil, err
	}
	// Beside the cache: a real disk, where /tmp may be memory.
	if b.dir, err = os.MkdirTemp(cache, "bench-queue-"); err != nil {
		return nil, err
	}
	if b.maria, err = servers.StartDB(ctx, install, servers.DBOptions{Dir: filepath.Join(b.dir, "db")}); err != nil {
		return nil, err
	}
	if err := b.maria.Exec(ctx, "CREATE DATABASE bench CHARACTER SET utf8mb4"); err != nil {
		return nil, err
	}
	if b.db, err = b.open(ctx); err != nil {
		return nil, err
	}
	if _, err := migrations.Up(ctx, b.db.SQL(), slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	b.tpl, err = b.db.CreateTpl(ctx, model.Tpl{Name: "tiny", Source: "default", Expr: "SELECT 1 AS n", Status: model.TplNormal}, model.Request{})
	return b, err
}

// open returns the connections of one replica.
func (b *bench) open(ctx context.Context) (*model.DB, error) {
	return model.Open(ctx, b.maria.RootDSN("bench"))
}

func (b *bench) close() error {
	var errs []error
	if b.db != nil {
		errs = append(errs, b.db.Close())
	}
	if b.maria != nil {
		errs = append(errs, b.maria.Stop())
	}
	if b.dir != "" {
		errs = append(errs, os.RemoveAll(b.dir))
	}
	return errors.Join(errs...)
}
