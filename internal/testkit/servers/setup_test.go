package servers

import (
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// childEnv makes the test binary run as a parent that is killed: it names the
// folder to run a server in.
const childEnv = "SIDECAR_TEST_CHILD"

// patience bounds every wait of a test, well above what any of them needs.
const patience = time.Minute

func testLog(t *testing.T) *slog.Logger {
	t.Helper()
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}

func cacheDir(t *testing.T) string {
	t.Helper()
	dir, err := CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// findServer is the server the tests run on: MariaDB, or MySQL where
// EXPORTD_TEST_SERVER=mysql.
func findServer(t *testing.T) Install {
	t.Helper()
	find := FindMariaDB
	if os.Getenv("EXPORTD_TEST_SERVER") == string(MySQL) {
		find = FindMySQL
	}
	install, err := find(t.Context(), cacheDir(t), testLog(t))
	if err != nil {
		t.Fatal(err)
	}
	return install
}

// startDB starts a server that is stopped at the test's cleanup.
func startDB(t *testing.T, opts DBOptions) *DBServer {
	t.Helper()
	opts.Volatile = true
	s, err := StartDB(t.Context(), findServer(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return s
}

// openRoot opens a pool that is closed at the test's cleanup.
func openRoot(t *testing.T, s *DBServer, db string) *sql.DB {
	t.Helper()
	pool, err := s.OpenRoot(db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return pool
}

func mustExec(t *testing.T, s *DBServer, stmts ...string) {
	t.Helper()
	if err := s.Exec(t.Context(), stmts...); err != nil {
		t.Fatal(err)
	}
}

// queryText returns a query's only value.
func queryText(t *testing.T, s *DBServer, query string) string {
	t.Helper()
	var text string
	if err := openRoot(t, s, "").QueryRowContext(t.Context(), query).Scan(&text); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return text
}

// waitUntil asks ok again and again until it agrees.
func waitUntil(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for !ok() {
		select {
		case <-end:
			t.Fatalf("not within %v: %s", patience, what)
		case <-tick.C:
		}
	}
}

// waitClosed waits for a channel to be closed.
func waitClosed(t *testing.T, what string, ch <-chan struct{}) {
	t.Helper()
	select {
	case <-ch:
	case <-time.After(patience):
		t.Fatalf("not within %v: %s", patience, what)
	}
}

func readFile(t *testing.T, elems ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elems...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
