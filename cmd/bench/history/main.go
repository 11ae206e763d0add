// History is `make bench-history`: what years of exports take in the service's own
// database, and how long the verification of a large audit log takes. It starts a
// private MariaDB and prints figures:
//
//	name: value (wanted <= bound)
//
// The audit log is verified by the built exportctl, which reads it from the
// service's handlers over gRPC. The program exits with 1 if a figure falls short,
// with 2 if it cannot measure.
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

	"exporttask/internal/model"
	"exporttask/internal/testkit/servers"
	"exporttask/migrations"
)

func main() {
	rows := flag.Int("rows", 1_000_000, "`number` of rows of the audit log")
	insts := flag.Int("insts", 10_000, "`number` of instances whose size is measured")
	ctl := flag.String("exportctl", ".cache/bin/exportctl", "built `program`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	b := &bench{rows: *rows, insts: *insts, ctl: *ctl, ok: true}
	err := b.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/history:", err)
		os.Exit(2)
	}
	if !b.ok {
		os.Exit(1)
	}
}

type bench struct {
	rows, insts int
	ctl         string
	maria       *servers.DBServer
	db          *model.DB
	ok          bool // no figure fell short
}

// figure prints a figure that must not exceed a bound; 0: any value.
func (b *bench) figure(name string, value, bound float64, format string) {
	text := fmt.Sprintf("%s: "+format, name, value)
	if bound != 0 {
		text += fmt.Sprintf(" (wanted <= %g)", bound)
		if value > bound {
			b.ok = false
			text += "  FALLS SHORT"
		}
	}
	fmt.Println(text)
}

func (b *bench) run(ctx context.Context) (err error) {
	cache, err := servers.CacheDir()
	if err != nil {
		return err
	}
	install, err := servers.FindMariaDB(ctx, cache, slog.Default())
	if err != nil {
		return err
	}
	// Beside the cache: a real disk, where /tmp may be memory.
	dir, err := os.MkdirTemp(cache, "bench-history-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b.maria, err = servers.StartDB(ctx, install, servers.DBOptions{
		Dir: filepath.Join(dir, "db"), Args: []string{"--innodb-buffer-pool-size=512M", "--innodb-log-file-size=256M", "--innodb-flush-log-at-trx-commit=2"},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.maria.Stop()) }()
	if err := b.maria.Exec(ctx, "CREATE DATABASE own CHARACTER SET utf8mb4"); err != nil {
		return err
	}
	if b.db, err = model.Open(ctx, b.maria.RootDSN("own")); err != nil {
		return err
	}
	defer b.db.Close()
	if _, err := migrations.Up(ctx, b.db.SQL(), slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	for _, part := range []func(context.Context) error{b.sizes, b.writers, b.verification} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}
