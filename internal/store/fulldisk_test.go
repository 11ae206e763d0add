package store

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

// The device /dev/full takes the place of the file: writing to it fails with
// ENOSPC.
func TestDir_Create_disk_full(t *testing.T) {
	t.Parallel()
	d, err := NewDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w, err := d.Create(t.Context(), "1/1-1/a.csv")
	if err != nil {
		t.Fatal(err)
	}
	dw, ok := w.(*dirWriter)
	if !ok {
		t.Fatalf("a %T", w)
	}
	err = errors.Join(dw.Close(), os.Remove(dw.Name()), os.Symlink("/dev/full", dw.Name()))
	if err != nil {
		t.Fatal(err)
	}
	if dw.File, err = os.OpenFile(dw.Name(), os.O_WRONLY, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("x")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("write: got %v, want ENOSPC", err)
	}
	w.Abort()
	if left, err := os.ReadDir(d.TempDir()); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
