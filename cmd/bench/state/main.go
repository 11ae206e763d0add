// State is `make bench-state`: the time that calls of internal/model take beside a
// large state, compared with a small database. It fills a private MariaDB with a
// million waiting and a million ended instances, 10,000 templates, 2,000
// schedules and 100 operators, and prints the ratio of the medians of each call to
// those in a database that holds little more than a page of each list:
//
//	name, large / small: value (wanted <= bound)
//
// The times on the small database go to the standard error stream.
//
// It exits with 1 if a ratio exceeds the bound, with 2 if it cannot measure.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"exporttask/internal/model"
	"exporttask/internal/testkit/servers"
	"exporttask/migrations"
)

func main() {
	rows := flag.Int("rows", 1_000_000, "`number` of waiting instances, and of ended ones; 0: count statements only")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ok, err := run(ctx, *rows)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/state:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// rounds is how often everything is measured.
const rounds = 3

// wantRatio bounds the time of a call beside the large state, in multiples of its
// time on the small database.
const wantRatio = 2.0

func run(ctx context.Context, rows int) (ok bool, err error) {
	cache, err := servers.CacheDir()
	if err != nil {
		return false, err
	}
	install, err := servers.FindMariaDB(ctx, cache, slog.Default())
	if err != nil {
		return false, err
	}
	// Beside the cache: a real disk, where /tmp may be memory.
	dir, err := os.MkdirTemp(cache, "bench-state-")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	maria, err := servers.StartDB(ctx, install, servers.DBOptions{
		Dir: filepath.Join(dir, "db"), Args: []string{"--innodb-buffer-pool-size=1G", "--innodb-log-file-size=512M"},
	})
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, maria.Stop()) }()
	few, err := traffic(ctx, maria, dir)
	if err != nil || rows == 0 {
		return few, err
	}
	short, err := newMeasurement(ctx, maria, "small", size{rows: 6_000, tpls: 100, scheds: 100, operators: 2})
	if err != nil {
		return false, err
	}
	defer short.db.Close()
	long, err := newMeasurement(ctx, maria, "large", size{rows: rows, tpls: templates, scheds: schedules, operators: operators})
	if err != nil {
		return false, err
	}
	defer long.db.Close()
	// In turns, and the fastest round counts: other work on the machine comes in
	// bursts.
	for range rounds {
		for _, m := range []*measurement{short, long} {
			if err := m.all(ctx); err != nil {
				return false, err
			}
		}
	}
	ok = few
	for _, name := range short.names {
		ratio := long.median[name].Seconds() / short.median[name].Seconds()
		mark := ""
		if ratio > wantRatio {
			ok, mark = false, "  FALLS SHORT"
		}
		fmt.Fprintf(os.Stderr, "%s, ms on the small database: %.2f\n", name, short.median[name].Seconds()*1000)
		fmt.Fprintf(os.Stdout, "%s, large / small: %.2f (wanted <= %.0f)%s\n", name, ratio, wantRatio, mark)
	}
	return ok, nil
}

// newMeasurement makes a database with a state.
func newMeasurement(ctx context.Context, maria *servers.DBServer, name string, s size) (*measurement, error) {
	if err := maria.Exec(ctx, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4"); err != nil {
		return nil, err
	}
	db, err := model.Open(ctx, maria.RootDSN(name))
	if err != nil {
		return nil, err
	}
	if _, err := migrations.Up(ctx, db.SQL(), slog.New(slog.DiscardHandler)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := maria.Exec(ctx, fill(name, s)...); err != nil {
		return nil, errors.Join(fmt.Errorf("fill: %w", err), db.Close())
	}
	return &measurement{
		db: db, dsn: maria.RootDSN(name), rows: int64(s.rows), tpl: 8, operator: int32(min(8, s.operators)),
		median: map[string]time.Duration{},
	}, nil
}
