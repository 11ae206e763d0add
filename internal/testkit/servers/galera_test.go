package servers

import (
	"path/filepath"
	"testing"
)

func TestGalera(t *testing.T) {
	t.Parallel()
	install, err := FindGalera(t.Context(), cacheDir(t), testLog(t))
	if err != nil {
		t.Fatal(err)
	}
	g, err := StartGalera(t.Context(), install, filepath.Join(t.TempDir(), "galera"), 3, SmallArgs()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Stop(); err != nil {
			t.Error(err)
		}
	})
	count := func(node int, want string) {
		t.Helper()
		if got := queryText(t, g.Nodes[node], "SELECT COUNT(*) FROM shop.item"); got != want {
			t.Errorf("node %d has %s rows, want %s", node+1, got, want)
		}
	}
	mustExec(t, g.Nodes[0], "CREATE DATABASE shop", "CREATE TABLE shop.item (id INT PRIMARY KEY AUTO_INCREMENT, v INT)",
		"INSERT INTO shop.item (v) VALUES (1)")
	if err := g.Nodes[2].Kill(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "two nodes go on", func() bool {
		return g.Nodes[1].Exec(t.Context(), "INSERT INTO shop.item (v) VALUES (2)") == nil
	})
	if err := g.Restart(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	count(2, "2")
	if err := g.Isolate(t.Context(), 0, true); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "a node that is cut off takes no writes", func() bool {
		return g.Nodes[0].Exec(t.Context(), "INSERT INTO shop.item (v) VALUES (3)") != nil
	})
	if err := g.Isolate(t.Context(), 0, false); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the node is back", func() bool {
		return g.Nodes[0].Exec(t.Context(), "INSERT INTO shop.item (v) VALUES (4)") == nil
	})
}
