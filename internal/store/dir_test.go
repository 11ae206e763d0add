package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"exporttask/internal/store"
)

func newDir(t *testing.T) *store.Dir {
	t.Helper()
	d, err := store.NewDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDir_Publish_beside_Delete(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	var wg sync.WaitGroup
	for writer := range 8 {
		wg.Go(func() {
			for i := range 50 {
				// All share folders that empty and fill again all the time.
				key := fmt.Sprintf("%d/1-1/%d.csv", i%2, writer)
				w, err := d.Create(context.Background(), key)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.WriteString(w, key)
				if err := w.Publish(); err != nil {
					t.Error(err)
					return
				}
				f, err := d.Open(context.Background(), key)
				if err != nil {
					t.Errorf("a published file is gone: %v", err)
					return
				}
				_ = f.Close()
				if err := d.Delete(context.Background(), key); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got := list(t, d); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

// A folder that goes away, as a network share does, must not be made again.
func TestDir_Publish_folder_removed(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "share")
	d, err := store.NewDir(root)
	if err != nil {
		t.Fatal(err)
	}
	w, err := d.Create(t.Context(), "1/1-1/a.csv")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	if err := w.Publish(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("publish: got %v, want that it does not exist", err)
	}
	if _, err := d.Create(t.Context(), "2/1-1/a.csv"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("create: got %v, want that it does not exist", err)
	}
	if _, err := os.Stat(root); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder was made again (%v)", err)
	}
}
