package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"exporttask/internal/testkit"
	"exporttask/internal/testkit/exportdtest"
)

func TestMain(m *testing.M) { exportdtest.Main(m, nil) }

// patient is how long a test waits for what has to come.
const patient = 30 * time.Second

// shop is what the templates of the tests read.
var shop = []string{
	`CREATE TABLE orders (id BIGINT PRIMARY KEY, no VARCHAR(20), amount DECIMAL(12,2), status TINYINT, paid DATE)`,
	`INSERT INTO orders SELECT seq, LPAD(seq, 8, '0'), seq / 4, seq % 3, DATE('2026-01-01') + INTERVAL seq DIV 10 DAY FROM seq_1_to_500`,
}

func newSite(t *testing.T, args ...string) *exportdtest.Site {
	t.Helper()
	s := exportdtest.NewSite(t, args...)
	s.Exec(t, shop...)
	return s
}

// ctl is the built program, the way one service is called with it.
type ctl struct {
	binary string
	dir    string // it runs here
	env    []string
}

func newCtl(t *testing.T, env ...string) *ctl {
	t.Helper()
	c := &ctl{binary: exportdtest.Build(t, "exporttask/cmd/exportctl"), dir: t.TempDir()}
	c.env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "TZ=UTC"}, env...)
	return c
}

// at is the program for the service at an address.
func at(t *testing.T, addr string) *ctl {
	t.Helper()
	return newCtl(t, "EXPORTCTL_ADDR="+addr)
}

type result struct {
	out, err string
	code     int
}

func (c *ctl) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.binary, args...)
	cmd.Dir, cmd.Env = c.dir, c.env
	return cmd
}

func (c *ctl) run(t *testing.T, args ...string) result {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 2*patient)
	defer stop()
	cmd := c.command(ctx, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("exportctl %q: %v", args, err)
	}
	return result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// ok runs what has to go well and returns what it prints.
func (c *ctl) ok(t *testing.T, args ...string) string {
	t.Helper()
	r := c.run(t, args...)
	if r.code != exitOK {
		t.Fatalf("exportctl %q: exit code %d\n%s%s", args, r.code, r.out, r.err)
	}
	return r.out
}

// fails runs what has to end with a code, and say why.
func (c *ctl) fails(t *testing.T, code int, why string, args ...string) result {
	t.Helper()
	r := c.run(t, args...)
	if r.code != code || !strings.Contains(r.err, why) {
		t.Errorf("exportctl %q: exit code %d, want %d and %q\n%s%s", args, r.code, code, why, r.out, r.err)
	}
	return r
}

// write writes a file into the program's folder.
func (c *ctl) write(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (c *ctl) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// parsed is JSON that the program prints.
func (c *ctl) parsed(t *testing.T, into any, args ...string) {
	t.Helper()
	text := c.ok(t, append(args, "-o", "json")...)
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("exportctl %q: %v in %s", args, err, text)
	}
}

// inst is of an instance what the tests look at.
type inst struct {
	EinstID  string `json:"einstId"`
	State    string
	EtplName string
	RowsDone string
}

// await waits until an instance has a state.
func (c *ctl) await(t *testing.T, id, state string) {
	t.Helper()
	testkit.Eventually(t, "instance "+id+" is "+state, func() bool {
		var i inst
		c.parsed(t, &i, "inst", "show", id)
		return i.State == state
	})
}

// detached starts an export and returns its instance's id.
func (c *ctl) detached(t *testing.T, args ...string) string {
	t.Helper()
	out := strings.TrimSpace(c.ok(t, append([]string{"run", "--detach"}, args...)...))
	if _, err := strconv.Atoi(out); err != nil {
		t.Fatalf("run --detach printed %q, want an id", out)
	}
	return out
}

const ordersYAML = `name: orders
tag: shop
sql: SELECT id, no, amount FROM orders WHERE paid >= :from ORDER BY id
params:
  - {name: from, type: date, default: 2026-01-01}
options: {lineEnd: lf}
`
