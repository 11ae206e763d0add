package testkit

import (
	"log/slog"
	"testing"

	"exporttask/internal/testkit/servers"
)

// Etcd starts an etcd of the test's own, without data, and stops it at the
// test's cleanup.
func Etcd(tb testing.TB) *servers.Etcd {
	tb.Helper()
	cache, err := servers.CacheDir()
	if err != nil {
		tb.Fatalf("fixture: etcd: %v", err)
	}
	program, err := servers.FindEtcd(tb.Context(), cache, slog.Default())
	if err != nil {
		tb.Fatalf("fixture: etcd: %v", err)
	}
	etcd, err := servers.StartEtcd(tb.Context(), program, servers.EtcdOptions{Dir: tb.TempDir(), Volatile: true})
	if err != nil {
		tb.Fatalf("fixture: %v", err)
	}
	tb.Cleanup(func() {
		if err := etcd.Stop(); err != nil {
			tb.Errorf("fixture: %v", err)
		}
	})
	return etcd
}
