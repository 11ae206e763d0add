package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

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

func TestSafeNameMakesOneNameThatEveryFileSystemTakes(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"订单":                     "订单",
		"a/b\\c:d*e?f\"g<h>i|j":  "a_b_c_d_e_f_g_h_i_j",
		"..":                     "export",
		"":                       "export",
		"  spaced.  ":            "spaced",
		"con":                    "_con",
		"LPT1.csv":               "_LPT1.csv",
		"tab\tnew\nline":         "tab_new_line",
		"\u202egnp.exe":          "_gnp.exe",
		"\xff":                   "_",
		strings.Repeat("字", 100): strings.Repeat("字", 60),
	}
	for in, want := range cases {
		if diff := cmp.Diff(want, store.SafeName(in)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}

func TestPublishAndDeleteSideBySideNeverLoseAFile(t *testing.T) {
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

// A folder that goes away, as a network share does, must not come back empty.
func TestPublishIntoARemovedStoreFailsAndDoesNotMakeItAgain(t *testing.T) {
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
