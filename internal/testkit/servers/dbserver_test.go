package servers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDBServer_Restart(t *testing.T) { //nolint:tparallel // its parts follow each other
	t.Parallel()
	dir := t.TempDir()
	first := startDB(t, DBOptions{Dir: dir})
	mustExec(t, first, "CREATE DATABASE shop", "CREATE TABLE shop.orders (id INT)", "INSERT INTO shop.orders VALUES (7)")
	const query = "SELECT GROUP_CONCAT(id) FROM shop.orders"
	made := readFile(t, dir, "root.password")

	t.Run("over a restart, at the same address", func(t *testing.T) {
		addr := first.Addr()
		if err := first.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(addr, first.Addr()); diff != "" {
			t.Errorf("address (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff("7", queryText(t, first, query)); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
	t.Run("over a crash", func(t *testing.T) {
		mustExec(t, first, "INSERT INTO shop.orders VALUES (8)")
		exited := first.Exited()
		pid := first.Pid()
		if err := first.Kill(); err != nil {
			t.Fatal(err)
		}
		waitClosed(t, "the killed server's channel is closed", exited)
		if err := first.Exec(t.Context(), "SELECT 1"); err == nil {
			t.Error("a killed server answers")
		}
		if err := first.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if first.Pid() == pid {
			t.Error("the process id is that of the killed server")
		}
		if diff := cmp.Diff("7,8", queryText(t, first, query)); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
	})
	t.Run("over a stop, for the next server of the folder", func(t *testing.T) {
		if err := first.Stop(); err != nil {
			t.Fatal(err)
		}
		next := startDB(t, DBOptions{Dir: dir, Port: first.Port()})
		if diff := cmp.Diff(first.Addr(), next.Addr()); diff != "" {
			t.Errorf("address (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff("7,8", queryText(t, next, query)); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(made, readFile(t, dir, "root.password")); diff != "" {
			t.Errorf("root's password changed (-want +got):\n%s", diff)
		}
	})
	t.Run("and made it once", func(t *testing.T) {
		setUp := map[Flavor]string{
			MariaDB: "The first data file './ibdata1' did not exist",
			MySQL:   "initializing of server in progress",
		}[first.Install().Flavor]
		if got := strings.Count(readFile(t, dir, "server.log"), setUp); got != 1 {
			t.Errorf("the log tells %d times of new data, want 1", got)
		}
	})
}

func TestStartDB_folder_in_use(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := startDB(t, DBOptions{Dir: dir})

	second, err := StartDB(t.Context(), findServer(t), DBOptions{Dir: dir})
	if err == nil {
		t.Fatal("a second server started on the folder", second.Stop())
	}
	want := fmt.Sprintf("start %s: data folder %s is in use: lock %s: locked by another process (pid %d)",
		first.Install().Flavor, dir, filepath.Join(dir, "lock"), os.Getpid())
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	mustExec(t, first, "SELECT 1")
}

func TestStartDB_failure_quotes_the_log(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := startDB(t, DBOptions{Dir: dir})
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	const earlier = "words of an earlier run"
	writeFile(t, first.LogFile(), earlier+"\n", 0o600)

	_, err := StartDB(t.Context(), findServer(t), DBOptions{Dir: dir, Args: []string{"--no-such-option"}})
	if err == nil || !strings.Contains(err.Error(), "--no-such-option") || !strings.Contains(err.Error(), "server.log") {
		t.Errorf("error: %v, want the log's file and its complaint of --no-such-option", err)
	}
	if err != nil && strings.Contains(err.Error(), earlier) {
		t.Errorf("error quotes an earlier run: %v", err)
	}
	startDB(t, DBOptions{Dir: dir}) // the folder was given free
}

func TestStartDB_canceled(t *testing.T) {
	t.Parallel()
	cause := errors.New("changed my mind")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := StartDB(ctx, findServer(t), DBOptions{Dir: t.TempDir()}); !errors.Is(err, cause) {
		t.Errorf("error: %v, want one that wraps %q", err, cause)
	}
}

func TestStartDB_port_in_use(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", hostPort(0))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port

	s := startDB(t, DBOptions{Dir: t.TempDir(), Port: port})
	if s.Port() == port {
		t.Fatalf("port: %d, want another than the one in use", port)
	}
	mustExec(t, s, "SELECT 1")
}

func TestStartDB_long_path_of_the_socket(t *testing.T) {
	t.Parallel()
	s := startDB(t, DBOptions{Dir: filepath.Join(t.TempDir(), strings.Repeat("long", 30))})
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "unix", s.Socket())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(t.Context()); err != nil { // with a new short folder
		t.Fatal(err)
	}
	mustExec(t, s, "SELECT 1")
}

func TestDBServer_SetAccount(t *testing.T) { //nolint:tparallel // its parts share a server
	t.Parallel()
	s := startDB(t, DBOptions{Dir: t.TempDir()})
	mustExec(t, s, "CREATE DATABASE shop", "CREATE TABLE shop.orders (id INT)", "CREATE TABLE shop.secrets (id INT)")

	query := func(t *testing.T, user, password, query string) error {
		t.Helper()
		db, err := sql.Open("mysql", s.DSN(user, password, ""))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		_, err = db.ExecContext(t.Context(), query)
		return err
	}
	t.Run("are root's alone, with a password", func(t *testing.T) {
		got := queryText(t, s, `SELECT GROUP_CONCAT(User, '@', Host ORDER BY Host SEPARATOR ' ') FROM mysql.user
			WHERE User NOT IN ('mariadb.sys', 'mysql.sys', 'mysql.session', 'mysql.infoschema')`)
		if diff := cmp.Diff("root@127.0.0.1 root@localhost", got); diff != "" {
			t.Errorf("accounts (-want +got):\n%s", diff)
		}
		if err := query(t, "root", "", "SELECT 1"); err == nil {
			t.Error("root gets in without a password")
		}
	})
	t.Run("may do what they are granted", func(t *testing.T) {
		const password = `it's a \ secret`
		if err := s.SetAccount(t.Context(), "reader", "first", "SELECT ON shop.orders"); err != nil {
			t.Fatal(err)
		}
		if err := s.SetAccount(t.Context(), "reader", password); err != nil { // once more is fine
			t.Fatal(err)
		}
		if err := query(t, "reader", password, "SELECT id FROM shop.orders"); err != nil {
			t.Error(err)
		}
		if err := query(t, "reader", password, "SELECT id FROM shop.secrets"); err == nil {
			t.Error("reader reads a table it has no right to")
		}
		if err := query(t, "reader", "first", "SELECT 1"); err == nil {
			t.Error("an old password still works")
		}
	})
}

// TestDBServer_parent_killed runs the test binary once more as a parent that
// starts a server, and kills it.
func TestDBServer_parent_killed(t *testing.T) {
	t.Parallel()
	parent := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChildThatIsKilled$")
	parent.Env = append(os.Environ(), childEnv+"="+t.TempDir())
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var port int
	if _, err := fmt.Fscanf(out, "port %d\n", &port); err != nil {
		rest, _ := io.ReadAll(out)
		t.Fatalf("the parent's port: %v; %s", err, rest)
	}
	if portFree(t.Context(), port) {
		t.Fatalf("nothing listens on port %d", port)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // it was killed
	waitUntil(t, "the server is gone with its parent", func() bool { return portFree(t.Context(), port) })
}

// TestChildThatIsKilled is the parent in TestDBServer_parent_killed and does
// nothing otherwise.
func TestChildThatIsKilled(t *testing.T) {
	dir := os.Getenv(childEnv)
	if dir == "" {
		return
	}
	s := startDB(t, DBOptions{Dir: dir})
	if _, err := os.Stdout.WriteString("port " + strconv.Itoa(s.Port()) + "\n"); err != nil {
		t.Fatal(err)
	}
	<-s.Exited() // never: the parent is killed first
}
