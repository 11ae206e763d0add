package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"exporttask/internal/testkit/servers"
)

//go:embed orders.sql
var orders string

// stage is what the measurements stand on: a database with the data, the
// programs, a folder in memory.
type stage struct {
	dir    string
	maria  *servers.DBServer
	client servers.MariaDBClient
	dsn    string // of an account that may read, by native password
	addr   string
	sample string // TSV of the first 10,000 rows
	bin    string // folder of the programs
	self   string
}

// setUp starts and builds everything. What is missing on the machine is named.
func setUp(ctx context.Context) (_ *stage, err error) {
	s := &stage{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.dir, err = os.MkdirTemp(memoryDir(), "bench-render-"); err != nil {
		return nil, err
	}
	// Writers that spill do so here as well.
	if err := os.Setenv("TMPDIR", s.dir); err != nil {
		return nil, err
	}
	if s.self, err = os.Executable(); err != nil {
		return nil, err
	}
	if err := s.build(ctx); err != nil {
		return nil, err
	}
	return s, s.load(ctx)
}

// memoryDir is a tmpfs, or the default folder for temporary files.
func memoryDir() string {
	const shm = "/dev/shm"
	if info, err := os.Stat(shm); err == nil && info.IsDir() {
		return shm
	}
	return os.TempDir()
}

// build builds ours and the peers.
func (s *stage) build(ctx context.Context) error {
	s.bin = filepath.Join(s.dir, "bin")
	if err := os.Mkdir(s.bin, 0o755); err != nil {
		return err
	}
	for _, step := range []struct {
		dir  string
		args []string
	}{
		{".", []string{"go", "build", "-o", s.bin + "/", "./cmd/exportd"}},
		{"cmd/bench/render/peers", []string{"go", "build", "-o", s.bin + "/", "./xlsxpeer", "./parquetpeer", "./drop"}},
		{"cmd/bench/render/peers/c", []string{"cc", "-O2", "-o", s.bin + "/lxw_peer", "lxw_peer.c", "-lxlsxwriter"}},
		{".", []string{"/usr/bin/python3", "-c", "import xlwt"}},
		{".", []string{"node", "-e", "require('@duckdb/node-api')"}},
	} {
		cmd := exec.CommandContext(ctx, step.args[0], step.args[1:]...)
		cmd.Dir = step.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w (scripts/install-parts bench installs what is missing)\n%s", strings.Join(step.args, " "), err, out)
		}
	}
	return nil
}

// load starts the database and fills it.
func (s *stage) load(ctx context.Context) error {
	cache, err := servers.CacheDir()
	if err != nil {
		return err
	}
	install, err := servers.FindMariaDB(ctx, cache, slog.Default())
	if err != nil {
		return err
	}
	if s.client, err = servers.FindMariaDBClient(ctx, cache, slog.Default()); err != nil {
		return err
	}
	if s.maria, err = servers.StartDB(ctx, install, servers.DBOptions{Dir: filepath.Join(s.dir, "db")}); err != nil {
		return err
	}
	cmd, err := s.client.Command(ctx, s.maria.RootDSN("mysql"))
	if err != nil {
		return err
	}
	cmd.Stdin = strings.NewReader(orders + "CREATE USER bench@'%' IDENTIFIED BY 'bench'; GRANT SELECT ON bench.* TO bench@'%';")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("load the data: %w\n%s", err, out)
	}
	s.dsn = s.maria.DSN("bench", "bench", "bench")
	_, rest, _ := strings.Cut(s.dsn, "@tcp(")
	s.addr, _, _ = strings.Cut(rest, ")")
	s.sample = filepath.Join(s.dir, "rows.tsv")
	cmd, err = s.client.Command(ctx, s.dsn, "--skip-column-names", "--batch", "--execute=SELECT * FROM bench_orders LIMIT 10000")
	if err != nil {
		return err
	}
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("sample the data: %w", err)
	}
	return os.WriteFile(s.sample, out, 0o600)
}

func (s *stage) close() error {
	var err error
	if s.maria != nil {
		err = s.maria.Stop()
	}
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}

// path is a file of the stage's.
func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }
