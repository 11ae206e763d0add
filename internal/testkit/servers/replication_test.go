package servers

import (
	"path/filepath"
	"testing"
)

func TestReplication(t *testing.T) {
	t.Parallel()
	install, err := FindGalera(t.Context(), cacheDir(t), testLog(t))
	if err != nil {
		t.Fatal(err)
	}
	r, err := StartReplication(t.Context(), install, filepath.Join(t.TempDir(), "pair"), SmallArgs()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Stop(); err != nil {
			t.Error(err)
		}
	})
	caught := func() {
		t.Helper()
		if ok, err := r.Caught(t.Context()); !ok || err != nil {
			t.Fatalf("the replica is behind, error %v", err)
		}
	}
	count := func(want string) {
		t.Helper()
		if got := queryText(t, r.Servers[r.Primary], "SELECT COUNT(*) FROM shop.item"); got != want {
			t.Fatalf("%s rows, want %s", got, want)
		}
	}
	mustExec(t, r.Servers[0], "CREATE DATABASE shop", "CREATE TABLE shop.item (id INT PRIMARY KEY AUTO_INCREMENT, v TEXT)",
		`INSERT INTO shop.item (v) VALUES ('1; ''x''')`)
	caught()
	if err := r.Switch(t.Context()); err != nil {
		t.Fatal(err)
	}
	count("1")
	mustExec(t, r.Servers[r.Primary], "INSERT INTO shop.item (v) VALUES ('2')")
	caught()
	if err := r.Hold(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustExec(t, r.Servers[r.Primary], "INSERT INTO shop.item (v) VALUES ('lost')")
	old := r.Servers[r.Primary]
	if err := old.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := r.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	count("2")
	if err := old.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Rebuild(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	mustExec(t, r.Servers[r.Primary], "INSERT INTO shop.item (v) VALUES ('3')")
	caught()
	if err := r.Switch(t.Context()); err != nil {
		t.Fatal(err)
	}
	count("3")
}
