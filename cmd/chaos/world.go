package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/Shopify/toxiproxy/v2"
	_ "github.com/Shopify/toxiproxy/v2/toxics" // registers the toxics
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"exporttask/internal/testkit/mutant"
	"exporttask/internal/testkit/servers"
)

const shop = "shop" // the data source's database

// world holds the servers and programs that all faults share: a database server
// behind two proxies, an etcd, and the builds of exportd.
type world struct {
	form

	dir      string
	maria    *servers.DBServer
	etcd     *servers.Etcd
	db       *sql.DB          // as root, without the proxies
	own      *toxiproxy.Proxy // in front of exportd's own database
	source   *toxiproxy.Proxy // in front of the data source
	programs map[string]string
	sites    atomic.Int32 // numbers installations
	failed   bool
}

// pick returns short in the short form of the suite, and full otherwise.
func pick[T any](w *world, full, short T) T {
	if w.short {
		return short
	}
	return full
}

func newWorld(ctx context.Context, f form) (_ *world, err error) {
	w := &world{form: f, programs: map[string]string{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.dir, err = os.MkdirTemp("", "exportd-chaos-"); err != nil {
		return nil, err
	}
	if err := w.build(ctx); err != nil {
		return nil, err
	}
	cache, err := servers.CacheDir()
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	install, err := servers.FindMariaDB(ctx, cache, log)
	if err != nil {
		return nil, err
	}
	w.maria, err = servers.StartDB(ctx, install, servers.DBOptions{
		Dir: filepath.Join(w.dir, "db"), Volatile: true, Args: []string{"--max-connections=600"},
	})
	if err != nil {
		return nil, err
	}
	program, err := servers.FindEtcd(ctx, cache, log)
	if err != nil {
		return nil, err
	}
	if w.etcd, err = servers.StartEtcd(ctx, program, servers.EtcdOptions{Dir: filepath.Join(w.dir, "etcd"), Volatile: true}); err != nil {
		return nil, err
	}
	if w.db, err = w.maria.OpenRoot(""); err != nil {
		return nil, err
	}
	quiet := zerolog.Nop()
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), quiet)
	for name, to := range map[string]**toxiproxy.Proxy{"own": &w.own, "source": &w.source} {
		*to = toxiproxy.NewProxy(api, name, "127.0.0.1:0", w.maria.Addr())
		if err := (*to).Start(); err != nil {
			return nil, fmt.Errorf("proxy: %w", err)
		}
	}
	return w, w.fillShop(ctx)
}

// unfenced is the name of the program built without the fence.
const unfenced = "exportd-unfenced"

// build builds exportd and the mutant without the fence.
func (w *world) build(ctx context.Context) error {
	overlay, err := mutant.Overlay(w.dir, mutant.Unfenced())
	if err != nil {
		return err
	}
	for name, flag := range map[string]string{"exportd": "", unfenced: "-overlay=" + overlay} {
		w.programs[name] = filepath.Join(w.dir, name)
		args := []string{"build", "-o", w.programs[name]}
		if flag != "" {
			args = append(args, flag)
		}
		build := exec.CommandContext(ctx, "go", append(args, "exporttask/cmd/exportd")...) //nolint:gosec // fixed arguments
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w: %s", name, err, out)
		}
	}
	return nil
}

// items is the number of rows of the data source.
const items = 100_000

// fillShop creates the data source: items, and a function that sleeps, so that an
// export can be as slow as a fault needs.
func (w *world) fillShop(ctx context.Context) error {
	return errors.Join(
		w.maria.Exec(ctx,
			"CREATE DATABASE "+shop+" CHARACTER SET utf8mb4",
			"CREATE TABLE "+shop+".items (id INT NOT NULL PRIMARY KEY, note VARCHAR(100) NOT NULL)",
			"INSERT INTO "+shop+".items SELECT seq, CONCAT('备注-', seq, '-', REPEAT('x', seq % 50)) FROM "+shop+".seq_1_to_"+strconv.Itoa(items),
			"CREATE FUNCTION "+shop+".linger(id INT, ms INT) RETURNS INT NO SQL BEGIN DO SLEEP(ms / 1000); RETURN id % 10; END",
		),
		w.maria.SetAccount(ctx, "reader", "reader", "SELECT ON "+shop+".*", "EXECUTE ON "+shop+".*"),
	)
}

// reference returns the file of the items from..to, made without exportd.
func reference(from, to int) []byte {
	var b bytes.Buffer
	b.WriteString("id,note,p\r\n")
	for id := from; id <= to; id++ {
		fmt.Fprintf(&b, "%d,备注-%d-%s,%d\r\n", id, id, strings.Repeat("x", id%50), id%10)
	}
	return b.Bytes()
}

// toxic adds a toxic to a proxy and returns a function that removes it.
func toxic(ctx context.Context, p *toxiproxy.Proxy, text string) (remove func() error, err error) {
	t, err := p.Toxics.AddToxicJson(strings.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("toxic %s: %w", text, err)
	}
	return func() error { return p.Toxics.RemoveToxic(context.WithoutCancel(ctx), t.Name) }, nil
}

// keepLogs keeps the folder after the end of the suite and returns its path.
func (w *world) keepLogs() string {
	w.failed = true
	return w.dir
}

func (w *world) close() error {
	var errs []error
	for _, p := range []*toxiproxy.Proxy{w.own, w.source} {
		if p != nil {
			p.Stop()
		}
	}
	if w.db != nil {
		errs = append(errs, w.db.Close())
	}
	if w.etcd != nil {
		errs = append(errs, w.etcd.Stop())
	}
	if w.maria != nil {
		errs = append(errs, w.maria.Stop())
	}
	if !w.failed {
		errs = append(errs, os.RemoveAll(w.dir))
	}
	return errors.Join(errs...)
}

// freeAddr returns a loopback address on which nothing listens.
func freeAddr(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
