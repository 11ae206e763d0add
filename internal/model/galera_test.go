package model

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"exporttask/internal/testkit/servers"
	"exporttask/migrations"
)

// startGalera starts two nodes and returns the database on each, and a function
// that stops the second node from applying what the first one commits, for a while.
func startGalera(t *testing.T) (nodes [2]*DB, delay func()) {
	t.Helper()
	cache, err := servers.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	install, err := servers.FindGalera(t.Context(), cache, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	g, err := servers.StartGalera(t.Context(), install, filepath.Join(t.TempDir(), "galera"), 2, servers.SmallArgs()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := g.Nodes[0].Exec(t.Context(), "CREATE DATABASE exportd CHARACTER SET utf8mb4"); err != nil {
		t.Fatal(err)
	}
	for i := range nodes {
		if err := g.WaitReady(t.Context(), i); err != nil {
			t.Fatal(err)
		}
		nodes[i] = open(t, g.Nodes[i].RootDSN("exportd"))
	}
	return nodes, func() {
		t.Helper()
		root, err := g.Nodes[1].OpenRoot("")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = root.Close() })
		conn, err := root.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.ExecContext(t.Context(), "FLUSH TABLES WITH READ LOCK"); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(200*time.Millisecond, func() {
			_, _ = conn.ExecContext(context.Background(), "UNLOCK TABLES")
			_ = conn.Close()
		})
	}
}

// TestDB_galera uses two nodes of a cluster at the same time.
func TestDB_galera(t *testing.T) {
	t.Parallel()
	nodes, delay := startGalera(t)
	var starts sync.WaitGroup
	for _, d := range nodes {
		starts.Go(func() {
			if _, err := migrations.Up(context.Background(), d.SQL(), slog.New(slog.DiscardHandler)); err != nil {
				t.Errorf("first starts at once: %v", err)
			}
		})
	}
	starts.Wait()
	if t.Failed() {
		return
	}
	tpl := addTpl(t, nodes[0], "t")

	delay()
	id := addInst(t, nodes[0], tpl, 1).ID
	if _, err := nodes[1].GetInst(t.Context(), id); err != nil {
		t.Errorf("an instance that another node has just created: %v", err)
	}
	delay()
	id = addInst(t, nodes[0], tpl, 1).ID
	if _, err := nodes[1].Cancel(t.Context(), id, 1, "test"); err != nil {
		t.Errorf("cancel of an instance that another node has just created: %v", err)
	}

	const insts = 60
	for range insts {
		addInst(t, nodes[0], tpl, 1)
	}
	var mu sync.Mutex
	claims := map[int64]int{}
	var claimers sync.WaitGroup
	for i, d := range nodes {
		claimers.Go(func() {
			for misses := 0; misses < 5; {
				got, err := d.Claim(context.Background(), "w"+string(rune('0'+i)), 3)
				if err != nil && !Transient(err) {
					t.Error(err)
					return
				}
				if len(got) == 0 {
					misses++
				}
				mu.Lock()
				for _, in := range got {
					claims[in.ID]++
				}
				mu.Unlock()
			}
		})
	}
	claimers.Wait()
	for id, n := range claims {
		if n > 1 {
			t.Errorf("instance %d was claimed %d times", id, n)
		}
	}
	if len(claims) < insts {
		t.Errorf("%d instances claimed, want at least %d", len(claims), insts)
	}
}
