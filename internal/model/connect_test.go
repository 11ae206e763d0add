package model

import (
	"fmt"
	"log/slog"
	"syscall"
	"testing"

	"exporttask/internal/testkit"
	"exporttask/internal/testkit/servers"
	"exporttask/migrations"
)

// startServer starts a server of the test's own with a migrated database "own"
// and an account "u".
func startServer(t *testing.T) *servers.DBServer {
	t.Helper()
	s, err := servers.StartDB(t.Context(), testkit.Server(t).Install(), servers.DBOptions{Dir: t.TempDir(), Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Exec(t.Context(), "CREATE DATABASE own CHARACTER SET utf8mb4"); err != nil {
		t.Fatal(err)
	}
	if err := s.SetAccount(t.Context(), "u", "p", "ALL PRIVILEGES ON own.*"); err != nil {
		t.Fatal(err)
	}
	d := open(t, s.DSN("u", "p", "own"))
	if _, err := migrations.Up(t.Context(), d.SQL(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t *testing.T, dsn string) *DB {
	t.Helper()
	d, err := Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func setReadOnly(t *testing.T, s *servers.DBServer, on int) {
	t.Helper()
	if err := s.Exec(t.Context(), fmt.Sprintf("SET GLOBAL read_only = %d", on)); err != nil {
		t.Fatal(err)
	}
}

func TestDB_Ping(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	d := open(t, s.DSN("u", "p", "own"))
	d.db.db.SetMaxOpenConns(1)
	connection := func() (id int64) {
		t.Helper()
		if err := d.db.GetContext(t.Context(), &id, `SELECT CONNECTION_ID()`); err != nil {
			t.Fatal(err)
		}
		return id
	}
	if err := d.Ping(t.Context()); err != nil {
		t.Errorf("a database that takes writes: %v", err)
	}
	tpl := addTpl(t, d, "read only")
	addInst(t, d, tpl, 1)
	in := claimOne(t, d, "w")

	before := connection()
	setReadOnly(t, s, 1)
	if err := d.Ping(t.Context()); err == nil || !Transient(err) {
		t.Errorf("a read-only database: got %v, want a transient error", err)
	}
	if after := connection(); after == before {
		t.Error("the connection that answered 1290 is used again")
	}
	if err := d.Finish(t.Context(), in, Result{Rows: 1}); err == nil || !Transient(err) || Refused(err) {
		t.Errorf("finish on a read-only database: got %v, want a transient error", err)
	}
	if got := state(t, d, in.ID); got != StateRunning {
		t.Errorf("read on a read-only database: %s, want RUNNING", got)
	}
	setReadOnly(t, s, 0)
	if err := d.Finish(t.Context(), in, Result{Rows: 1}); err != nil || state(t, d, in.ID) != StateSucceeded {
		t.Errorf("finish after that: %v, %s", err, state(t, d, in.ID))
	}
	if err := d.Ping(t.Context()); err != nil {
		t.Errorf("a database that takes writes again: %v", err)
	}
}

// TestDB_SQL checks that migrations do not inherit the time limit of statements.
func TestDB_SQL(t *testing.T) {
	t.Parallel()
	d := setup(t)
	if d.SQL() == d.db.db.DB {
		t.Error("migrations use the pool of statements with a time limit")
	}
}

func TestOpen_several_servers(t *testing.T) {
	t.Parallel()
	a, b := startServer(t), startServer(t)
	setReadOnly(t, b, 1)
	d := open(t, fmt.Sprintf("u:p@tcp(%s,%s)/own", b.Addr(), a.Addr()))
	port := func() int {
		t.Helper()
		var port int
		if err := d.db.GetContext(t.Context(), &port, `SELECT @@port`); err != nil {
			return 0
		}
		return port
	}
	if got := port(); got != a.Port() {
		t.Errorf("connected to port %d, want the server that takes writes, %d", got, a.Port())
	}
	addTpl(t, d, "before")

	setReadOnly(t, a, 1)
	setReadOnly(t, b, 0)
	testkit.Eventually(t, "writes succeed on the new primary", func() bool { return d.Ping(t.Context()) == nil })
	testkit.Eventually(t, "reads come from the new primary", func() bool { return port() == b.Port() })

	// A frozen primary: calls in progress end and the other one takes over.
	setReadOnly(t, a, 0)
	if err := syscall.Kill(b.Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "writes succeed while the primary is frozen", func() bool { return d.Ping(t.Context()) == nil })
	// A read on a connection to the frozen server still ends with an error.
	testkit.Eventually(t, "reads come from the server that answers", func() bool { return port() == a.Port() })
	if err := syscall.Kill(b.Pid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	setReadOnly(t, a, 1)
	testkit.Eventually(t, "writes succeed on the server that continues", func() bool { return d.Ping(t.Context()) == nil })

	setReadOnly(t, a, 0)
	if err := b.Kill(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "writes succeed on the server that is left", func() bool { return d.Ping(t.Context()) == nil })
	testkit.Eventually(t, "reads come from the server that is left", func() bool { return port() == a.Port() })
}
