package servers

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

func startEtcd(t *testing.T, dir string) *Etcd {
	t.Helper()
	program, err := FindEtcd(t.Context(), cacheDir(t), testLog(t))
	if err != nil {
		t.Fatal(err)
	}
	e, err := StartEtcd(t.Context(), program, EtcdOptions{Dir: dir, Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return e
}

// etcdClient is a fresh client, so that none waits out the back-off of an
// earlier connection.
func etcdClient(t *testing.T, e *Etcd) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{e.Endpoint()}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return client
}

func putKey(t *testing.T, e *Etcd, key, value string) {
	t.Helper()
	if _, err := etcdClient(t, e).Put(t.Context(), key, value); err != nil {
		t.Fatal(err)
	}
}

// keys returns all keys with their values.
func keys(t *testing.T, e *Etcd) map[string]string {
	t.Helper()
	res, err := etcdClient(t, e).Get(t.Context(), "", clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, kv := range res.Kvs {
		got[string(kv.GetKey())] = string(kv.GetValue())
	}
	return got
}

func TestEtcd_Restart(t *testing.T) { //nolint:tparallel // its parts follow each other
	t.Parallel()
	e := startEtcd(t, t.TempDir())
	endpoint := e.Endpoint()
	putKey(t, e, "a", "1")

	for _, tc := range []struct {
		name    string
		restart func(context.Context) error
		want    map[string]string
	}{
		{"over a restart", e.Restart, map[string]string{"a": "1"}},
		{"over a crash", func(ctx context.Context) error {
			return errors.Join(e.Kill(), e.Restart(ctx))
		}, map[string]string{"a": "1"}},
		{"over a stop", func(ctx context.Context) error {
			return errors.Join(e.Stop(), e.Restart(ctx))
		}, map[string]string{"a": "1"}},
		{"unless told to lose it", e.RestartEmpty, map[string]string{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := e.Exited()
			if err := tc.restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			waitClosed(t, "the earlier run's channel is closed", before)
			if diff := cmp.Diff(tc.want, keys(t, e)); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(endpoint, e.Endpoint()); diff != "" {
				t.Errorf("endpoint (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEtcd_Pause(t *testing.T) {
	t.Parallel()
	e := startEtcd(t, t.TempDir())
	putKey(t, e, "a", "1")
	client := etcdClient(t, e)

	if err := e.Pause(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := client.Get(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("get from a paused etcd: %v, want %v", err, context.DeadlineExceeded)
	}
	if err := e.Resume(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a": "1"}, keys(t, e)); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if err := e.Pause(); err != nil {
		t.Fatal(err)
	}
	if err := e.Stop(); err != nil { // in order, though it stands still
		t.Error(err)
	}
}

func TestStartEtcd_folder_in_use(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := startEtcd(t, dir)
	_, err := StartEtcd(t.Context(), e.program, EtcdOptions{Dir: dir})
	if !errors.Is(err, errLocked) {
		t.Errorf("error: %v, want %v", err, errLocked)
	}
}

func TestStartEtcd_failure_quotes_the_log(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := startEtcd(t, dir)
	if err := e.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(e.dataDir()); err != nil {
		t.Fatal(err)
	}
	writeFile(t, e.dataDir(), "no folder", 0o600)
	err := e.Restart(t.Context())
	if err == nil {
		t.Fatal("etcd starts without a data folder")
	}
	if got := err.Error(); !containsAll(got, "restart etcd: etcd ended at its start", e.LogFile(), "not a directory") {
		t.Errorf("error: %v, want the log's file and its complaint of no directory", err)
	}
}
