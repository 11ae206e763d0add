package servers

import (
	"path/filepath"
	"testing"
)

func TestNewScratch_removes_those_of_ended_processes(t *testing.T) {
	t.Parallel()
	parent := filepath.Join(t.TempDir(), "scratch")
	living, err := NewScratch(t.Context(), parent)
	if err != nil {
		t.Fatal(err)
	}
	ended, err := NewScratch(t.Context(), parent)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(ended.Path, "db", "ibdata1"), "data", 0o600)
	if err := ended.lock.release(); err != nil { // as the kernel does at a process's end
		t.Fatal(err)
	}

	next, err := NewScratch(t.Context(), parent)
	if err != nil {
		t.Fatal(err)
	}
	if !isDir(living.Path) || !isDir(next.Path) {
		t.Error("a living process's folder is gone")
	}
	if exists(ended.Path) {
		t.Error("an ended process's folder is still there")
	}
	if err := next.Close(); err != nil {
		t.Fatal(err)
	}
	if exists(next.Path) {
		t.Error("a closed folder is still there")
	}
}
