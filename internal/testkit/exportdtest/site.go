package exportdtest

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql" // the driver of Exec

	"exporttask/internal/testkit"
)

// startTimeout is how long a process may take until it listens.
const startTimeout = 30 * time.Second

// Site is the database and the store that replicas share. The data source reads the
// same database with an account that has only SELECT.
type Site struct {
	DSN string

	reader, store string
	args, env     []string
	cgroup        string // of the processes; empty: that of the test
}

// NewSite makes a site whose processes get these arguments.
func NewSite(tb testing.TB, args ...string) *Site {
	tb.Helper()
	dsn := testkit.Database(tb)
	return &Site{DSN: dsn, reader: testkit.Account(tb, dsn, "SELECT"), store: tb.TempDir(), args: args}
}

// Setenv adds variables, "NAME=value", to the environment of the processes that
// are started from now on.
func (s *Site) Setenv(env ...string) { s.env = append(s.env, env...) }

// Exec runs statements on the site's database.
func (s *Site) Exec(tb testing.TB, stmts ...string) {
	tb.Helper()
	db, err := sql.Open("mysql", s.DSN)
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	for _, stmt := range stmts {
		if _, err := db.ExecContext(tb.Context(), stmt); err != nil {
			tb.Fatalf("exportdtest: %s: %v", stmt, err)
		}
	}
}

// Lock locks a table until unlock is called or the test ends: an export that reads
// the table stays in RUNNING meanwhile.
func (s *Site) Lock(tb testing.TB, table string) (unlock func()) {
	tb.Helper()
	db, err := sql.Open("mysql", s.DSN)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	conn, err := db.Conn(tb.Context()) // locks are of one connection
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := conn.ExecContext(tb.Context(), "LOCK TABLES "+table+" WRITE"); err != nil {
		tb.Fatal(err)
	}
	unlock = sync.OnceFunc(func() {
		if _, err := conn.ExecContext(context.WithoutCancel(tb.Context()), "UNLOCK TABLES"); err != nil {
			tb.Error(err)
		}
		_ = conn.Close()
	})
	tb.Cleanup(unlock)
	return unlock
}

// Replica is one exportd process.
type Replica struct {
	Addr string // of gRPC
	HTTP string // address of HTTP: "http://127.0.0.1:41234"

	cmd    *exec.Cmd
	exited chan error
}

// Start starts a process, with arguments of its own besides the site's, and
// returns when it listens. It is killed at the test's cleanup.
func (s *Site) Start(tb testing.TB, own ...string) *Replica {
	tb.Helper()
	r := &Replica{exited: make(chan error, 1)}
	args := append([]string{"-grpc-addr=127.0.0.1:0", "-store-dir=" + s.store, "-poll=100ms", "-log-format=json"}, s.args...)
	args = append(args, own...)
	r.cmd = exec.Command(Build(tb, "exporttask/cmd/exportd"), args...)
	if s.cgroup != "" {
		enter := fmt.Sprintf("echo $$ > %s/cgroup.procs && exec \"$0\" \"$@\"", s.cgroup)
		r.cmd = exec.Command("sh", append([]string{"-c", enter, r.cmd.Path}, args...)...)
	}
	r.cmd.Env = append(os.Environ(), "EXPORTD_HTTP_ADDR=127.0.0.1:0", "EXPORTD_OWN_DATABASE_SOURCE=true", "EXPORTD_DB_DSN="+s.DSN, "EXPORTD_READER_DSN="+s.reader)
	r.cmd.Env = append(r.cmd.Env, s.env...)
	log, err := r.cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	type addrs struct{ Msg, Grpc, HTTP string }
	addr := make(chan addrs, 1)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for lines := bufio.NewScanner(log); lines.Scan(); {
			var l addrs
			if json.Unmarshal(lines.Bytes(), &l) == nil && l.Msg == "listening" {
				select {
				case addr <- l:
				default: // it said so before
				}
			}
			tb.Logf("exportd: %s", lines.Text())
		}
	}()
	go func() {
		<-drained
		r.exited <- r.cmd.Wait()
	}()
	tb.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		<-drained
	})
	select {
	case at := <-addr:
		r.Addr, r.HTTP = at.Grpc, "http://"+at.HTTP
	case err := <-r.exited:
		tb.Fatalf("exportdtest: exportd ended: %v", err)
	case <-time.After(startTimeout):
		tb.Fatal("exportdtest: exportd does not listen")
	}
	return r
}

// Kill ends the process as a crash does.
func (r *Replica) Kill(tb testing.TB) {
	tb.Helper()
	if err := r.cmd.Process.Kill(); err != nil {
		tb.Fatal(err)
	}
	<-r.exited
}

// Terminate asks the process to shut down and does not wait for it.
func (r *Replica) Terminate(tb testing.TB) {
	tb.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		tb.Fatal(err)
	}
}
