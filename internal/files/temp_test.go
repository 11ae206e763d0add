package files

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// create makes a temporary file that holds text.
func create(t *testing.T, f *Folder, name, text string) *Temp {
	t.Helper()
	temp, err := f.Create(name, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(temp, text); err != nil {
		t.Fatal(err)
	}
	return temp
}

// tree returns the files below a folder with their content.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	got := map[string]string{}
	must(t, filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		rel, _ := filepath.Rel(root, name)
		got[rel] = string(text)
		return err
	}))
	return got
}

func TestTemp_Commit(t *testing.T) {
	t.Parallel()
	t.Run("replaces_the_target", func(t *testing.T) {
		t.Parallel()
		root := t.TempDir()
		f := NewFolder(root)
		must(t, create(t, f, ".tmp/1", "old").Commit("a/b/f"))
		temp := create(t, f, ".tmp/2", "new")
		if diff := cmp.Diff(map[string]string{"a/b/f": "old", ".tmp/2": "new"}, tree(t, root)); diff != "" {
			t.Errorf("before (-want +got):\n%s", diff)
		}
		must(t, temp.Commit("a/b/f"))
		temp.Discard()
		if diff := cmp.Diff(map[string]string{"a/b/f": "new"}, tree(t, root)); diff != "" {
			t.Errorf("after (-want +got):\n%s", diff)
		}
		if info, err := os.Stat(filepath.Join(root, "a/b/f")); err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("%v, %v; want mode 0640", info, err)
		}
	})
	t.Run("once", func(t *testing.T) {
		t.Parallel()
		f := NewFolder(t.TempDir())
		temp := create(t, f, "t", "x")
		temp.Discard()
		if err := temp.Commit("f"); !errors.Is(err, os.ErrClosed) {
			t.Errorf("got %v, want that it has ended", err)
		}
	})
	t.Run("target_outside", func(t *testing.T) {
		t.Parallel()
		root, outside := t.TempDir(), t.TempDir()
		must(t, os.Symlink(outside, filepath.Join(root, "link")))
		f := NewFolder(root)
		for _, target := range []string{"../f", "link/f", "link/a/f"} {
			if err := create(t, f, "t", "x").Commit(target); err == nil {
				t.Errorf("%s was written", target)
			}
		}
		if got := tree(t, outside); len(got) != 0 {
			t.Errorf("outside: %v", got)
		}
	})
	t.Run("folder_gone", func(t *testing.T) {
		t.Parallel()
		root := filepath.Join(t.TempDir(), "share")
		must(t, os.Mkdir(root, 0o750))
		temp := create(t, NewFolder(root), "t", "x")
		must(t, os.RemoveAll(root))
		if err := temp.Commit("a/f"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v, want that it does not exist", err)
		}
		if _, err := os.Stat(root); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the folder was made again (%v)", err)
		}
	})
}

func TestTemp_Commit_folder_sync(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err   error
		taken bool
	}{
		"smb_EINVAL":       {syscall.EINVAL, true},
		"fuse_ENOTSUP":     {syscall.ENOTSUP, true},
		"fuse_ENOSYS":      {syscall.ENOSYS, true},
		"9p_EBADF":         {syscall.EBADF, true},
		"unreadable":       {syscall.EACCES, true},
		"input_output":     {syscall.EIO, false},
		"disk_full":        {syscall.ENOSPC, false},
		"quota":            {syscall.EDQUOT, false},
		"stale_nfs_handle": {syscall.ESTALE, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			f := NewFolder(root)
			f.syncOne = func(*os.Root, string) error { return &fs.PathError{Op: "sync", Path: "x", Err: tc.err} }
			err := create(t, f, "t", "x").Commit("a/f")
			want := map[string]string{}
			if tc.taken {
				want["a/f"] = "x"
			}
			if (err == nil) != tc.taken || err != nil && !errors.Is(err, tc.err) {
				t.Errorf("got %v, taken: want %t", err, tc.taken)
			}
			if diff := cmp.Diff(want, tree(t, root)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		})
	}
}

// The folders of /proc are of a file system that cannot fsync folders.
func TestSyncFolder_proc(t *testing.T) {
	t.Parallel()
	root, err := os.OpenRoot("/proc")
	must(t, err)
	defer root.Close()
	if err := syncFolder(root, "."); err == nil || !unsyncable(err) {
		t.Errorf("got %v, want an error that is taken", err)
	}
}

func TestTemp_Commit_warns_once(t *testing.T) { //nolint:paralleltest // sets the default logger
	log := &counter{}
	before := slog.Default()
	slog.SetDefault(slog.New(log))
	defer slog.SetDefault(before)
	f := NewFolder(t.TempDir())
	f.syncOne = func(*os.Root, string) error { return syscall.EINVAL }
	for _, name := range []string{"a", "b", "c"} {
		must(t, create(t, f, "t", "x").Commit(name))
	}
	if n := log.warnings.Load(); n != 1 {
		t.Errorf("%d warnings, want 1", n)
	}
}

func TestFolder_Create(t *testing.T) {
	t.Parallel()
	t.Run("name_taken", func(t *testing.T) {
		t.Parallel()
		f := NewFolder(t.TempDir())
		defer create(t, f, "t", "x").Discard()
		if _, err := f.Create("t", 0o600); !errors.Is(err, fs.ErrExist) {
			t.Errorf("got %v, want that it exists", err)
		}
	})
	t.Run("folder_missing", func(t *testing.T) {
		t.Parallel()
		root := filepath.Join(t.TempDir(), "share")
		if _, err := NewFolder(root).Create("t", 0o600); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v, want that it does not exist", err)
		}
		if _, err := os.Stat(root); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the folder was made (%v)", err)
		}
	})
}

func TestTemp_Discard(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	temp := create(t, NewFolder(root), "t", "x")
	temp.Discard()
	temp.Discard()
	if got := tree(t, root); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}
