package testkit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"exporttask/internal/testkit/servers"
)

// ServerEnv is the environment variable that chooses the server's flavor:
// mariadb (as when it is empty) or mysql.
const ServerEnv = "EXPORTD_TEST_SERVER"

// roomy is the free space, in bytes, below which a folder in memory is not
// used: containers often have 64 MiB of it.
const roomy = 1 << 30

// shared is the test process's server.
type shared struct {
	*servers.DBServer
	scratch *servers.Scratch // holds the server's data
	root    *sql.DB
	serial  atomic.Int64 // numbers databases and accounts
}

// start is the one server of the process, a variable of the package because
// tests of one package share it without a TestMain. It is never stopped: it
// dies with the process, and the next one removes its data.
var start = sync.OnceValues(startShared)

// Server returns the test process's database server, starting it at the first
// call. Tests that kill or restart it must not run in parallel with others.
func Server(tb testing.TB) *servers.DBServer {
	tb.Helper()
	return server(tb).DBServer
}

func server(tb testing.TB) *shared {
	tb.Helper()
	s, err := start()
	if err != nil {
		tb.Fatalf("fixture: database server: %v", err)
	}
	return s
}

func startShared() (*shared, error) {
	ctx := context.Background() // outlives the test that asks first
	cache, err := servers.CacheDir()
	if err != nil {
		return nil, err
	}
	install, err := findServer(ctx, cache)
	if err != nil {
		return nil, err
	}
	scratch, err := servers.NewScratch(ctx, filepath.Join(fastDir(), fmt.Sprintf("exportd-test-%d", os.Getuid())))
	if err != nil {
		return nil, err
	}
	db, err := servers.StartDB(ctx, install, servers.DBOptions{
		Dir:      filepath.Join(scratch.Path, "db"),
		Volatile: true,
	})
	if err != nil {
		return nil, errors.Join(err, scratch.Close())
	}
	root, err := db.OpenRoot("")
	if err != nil {
		return nil, errors.Join(err, db.Stop(), scratch.Close())
	}
	return &shared{DBServer: db, scratch: scratch, root: root}, nil
}

func findServer(ctx context.Context, cache string) (servers.Install, error) {
	switch flavor := os.Getenv(ServerEnv); flavor {
	case "", string(servers.MariaDB):
		return servers.FindMariaDB(ctx, cache, slog.Default())
	case string(servers.MySQL):
		return servers.FindMySQL(ctx, cache, slog.Default())
	default:
		return servers.Install{}, fmt.Errorf("%s: %q, want mariadb or mysql", ServerEnv, flavor)
	}
}

// fastDir is a folder in memory if there is one with room, else the usual one
// for temporary files.
func fastDir() string {
	const shm = "/dev/shm"
	var fs syscall.Statfs_t
	if err := syscall.Statfs(shm, &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < roomy {
		return os.TempDir()
	}
	probe, err := os.MkdirTemp(shm, "exportd-probe-")
	if err != nil {
		return os.TempDir()
	}
	if err := os.Remove(probe); err != nil {
		return os.TempDir()
	}
	return shm
}
