package folder

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/delivery/deliverytest"
	"exporttask/internal/delivery/payload"
)

func setup(t *testing.T) (*Folder, string) {
	t.Helper()
	root := t.TempDir()
	f, err := New(Config{Folder: root})
	if err != nil {
		t.Fatal(err)
	}
	return f, root
}

// there returns the names of the files below a folder, temporary ones included.
func there(t *testing.T, root string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(root, name)
			names = append(names, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestFolder_Send(t *testing.T) {
	t.Parallel()
	f, root := setup(t)
	content := bytes.Repeat([]byte("id\r\n"), 100_000)
	at, err := f.Send(t.Context(), deliverytest.Payload(content, "daily/订单/a.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("file://"+root+"/daily/订单/a.csv", at.Location); diff != "" {
		t.Errorf("location (-want +got):\n%s", diff)
	}
	got, err := os.ReadFile(filepath.Join(root, "daily/订单/a.csv"))
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(content))
	}
	if diff := cmp.Diff([]string{"daily/订单/a.csv"}, there(t, root)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestFolder_Send_keeps_old_file_until_complete(t *testing.T) {
	t.Parallel()
	f, root := setup(t)
	if _, err := f.Send(t.Context(), deliverytest.Payload([]byte("old"), "a.csv")); err != nil {
		t.Fatal(err)
	}
	p := deliverytest.Payload(make([]byte, 100_000), "a.csv")
	p.Files[0].Source = deliverytest.Source(deliverytest.Cut(50_000, func() {
		if got, err := os.ReadFile(filepath.Join(root, "a.csv")); string(got) != "old" {
			t.Errorf("in the middle: %d bytes, %v; want the old file", len(got), err)
		}
	}))
	_, err := f.Send(t.Context(), p)
	deliverytest.Refused(t, err, false)
	if diff := cmp.Diff([]string{"a.csv"}, there(t, root)); diff != "" {
		t.Errorf("files after (-want +got):\n%s", diff)
	}
	if got, _ := os.ReadFile(filepath.Join(root, "a.csv")); string(got) != "old" {
		t.Errorf("after: %d bytes, want the old file", len(got))
	}
}

func TestFolder_Send_removes_rest_of_killed_attempt(t *testing.T) {
	t.Parallel()
	f, root := setup(t)
	killed := deliverytest.Payload([]byte("x"), "a.csv")
	if err := os.WriteFile(filepath.Join(root, killed.TempName()), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := deliverytest.Payload([]byte("x"), "a.csv")
	p.Claim = 3
	if _, err := f.Send(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a.csv"}, there(t, root)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestFolder_Send_outside(t *testing.T) {
	t.Parallel()
	f, root := setup(t)
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"../a.csv", "link/a.csv", "link/b/a.csv", "/etc/exportd-test.csv"} {
		if at, err := f.Send(t.Context(), deliverytest.Payload([]byte("x"), where)); err == nil {
			t.Errorf("%s was written to %s", where, at)
		}
	}
	if got := there(t, outside); len(got) != 0 {
		t.Errorf("outside: %v", got)
	}
}

func TestFolder_Send_not_mounted(t *testing.T) {
	t.Parallel()
	gone := filepath.Join(t.TempDir(), "share")
	f, err := New(Config{Folder: gone})
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Send(t.Context(), deliverytest.Payload([]byte("x"), "a.csv"))
	deliverytest.Refused(t, err, false)
	if _, err := os.Stat(gone); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder was made (%v)", err)
	}
}

func TestFolder_Send_disk_full(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := deliverytest.Payload([]byte("x"), "a.csv")
	if err := write(t.Context(), full, &p.Files[0]); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v, want that the disk is full", err)
	}
}

func TestFolder_Send_canceled(t *testing.T) {
	t.Parallel()
	f, root := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	p := deliverytest.Payload(make([]byte, 1<<20), "a.csv")
	whole := p.Files[0].Source
	p.Files[0].Source = func(ctx context.Context) (io.ReadCloser, error) {
		cancel()
		return whole(ctx)
	}
	if _, err := f.Send(ctx, p); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
	if got := there(t, root); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

func TestFolder_Send_damaged(t *testing.T) {
	t.Parallel()
	f, root := setup(t)
	p := deliverytest.Payload([]byte("id\r\n1\r\n"), "a.csv")
	p.Files[0].Source = deliverytest.Source(strings.NewReader("id\r\n2\r\n"))
	_, err := f.Send(t.Context(), p)
	deliverytest.Refused(t, err, true)
	if got := there(t, root); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

func TestNew_relative(t *testing.T) {
	t.Parallel()
	if _, err := New(Config{Folder: "exports"}); err == nil || !strings.HasPrefix(err.Error(), "folder: ") {
		t.Errorf("got %v, want one about the key folder", err)
	}
}

var _ payload.Destination = (*Folder)(nil)
