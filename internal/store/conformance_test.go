package store_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/delivery/deliverytest"
	"exporttask/internal/store"
)

// backend is the methods that the service calls on a store.
type backend interface {
	store.Store
	List(ctx context.Context, fn func(store.Item) error) error
	Remove(ctx context.Context, item store.Item) error
	VerifyID(ctx context.Context, recorded string) (string, error)
	ID(ctx context.Context) (string, error)
}

// onEach runs a test against every kind of store; fresh makes one more.
func onEach(t *testing.T, test func(t *testing.T, fresh func(t *testing.T) backend)) {
	t.Helper()
	t.Run("folder", func(t *testing.T) {
		t.Parallel()
		test(t, func(t *testing.T) backend {
			t.Helper()
			d, err := store.NewDir(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			return d
		})
	})
	t.Run("bucket", func(t *testing.T) {
		t.Parallel()
		test(t, func(t *testing.T) backend {
			t.Helper()
			s, err := store.NewS3(t.Context(), deliverytest.NewS3(t).Config, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			return s
		})
	})
}

func publish(t *testing.T, b backend, key, content string) {
	t.Helper()
	w, err := b.Create(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Publish(); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, b backend, key string) string {
	t.Helper()
	f, err := b.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	if f.Size() != int64(len(text)) {
		t.Errorf("size %d, read %d bytes", f.Size(), len(text))
	}
	return string(text)
}

// list returns the files of a store: published ones by key, unfinished ones as "…"
// and the folder of their key.
func list(t *testing.T, b backend) []string {
	t.Helper()
	var got []string
	err := b.List(t.Context(), func(i store.Item) error {
		if i.Unfinished {
			i.Key = "…" + i.Key
		}
		got = append(got, i.Key)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestStore_Publish(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, fresh func(*testing.T) backend) {
		b := fresh(t)
		w, err := b.Create(t.Context(), "7/1-1/a.csv")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, "id\r\n1\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Open(t.Context(), "7/1-1/a.csv"); !errors.Is(err, store.ErrNotExist) {
			t.Errorf("before: got %v, want ErrNotExist", err)
		}
		if diff := cmp.Diff([]string{"…7/1-1"}, list(t, b)); diff != "" {
			t.Errorf("before (-want +got):\n%s", diff)
		}
		if err := w.Publish(); err != nil {
			t.Fatal(err)
		}
		w.Abort() // deferred by every caller
		if diff := cmp.Diff("id\r\n1\r\n", read(t, b, "7/1-1/a.csv")); diff != "" {
			t.Errorf("content (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"7/1-1/a.csv"}, list(t, b)); diff != "" {
			t.Errorf("after (-want +got):\n%s", diff)
		}
	})
}

func TestStore_Abort(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, fresh func(*testing.T) backend) {
		b := fresh(t)
		w, err := b.Create(t.Context(), "7/1-1/a.csv")
		if err != nil {
			t.Fatal(err)
		}
		w.Abort()
		if err := w.Publish(); err == nil {
			t.Error("an aborted file was published")
		}
		if got := list(t, b); len(got) != 0 {
			t.Errorf("left: %v", got)
		}
	})
}

func TestStore_Open(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, fresh func(*testing.T) backend) {
		b := fresh(t)
		content := strings.Repeat("0123456789", 2_000_000) // more than one part
		publish(t, b, "1/1-1/a.csv", content)
		f, err := b.Open(t.Context(), "1/1-1/a.csv")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, at := range []int64{19_999_990, 5, 12_345_678} {
			if _, err := f.Seek(at, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, 10)
			if _, err := io.ReadFull(f, got); err != nil || string(got) != content[at:at+10] {
				t.Errorf("at %d: %q, %v; want %q", at, got, err, content[at:at+10])
			}
			if _, err := f.ReadAt(got, 7); err != nil || string(got) != content[7:17] {
				t.Errorf("at 7: %q, %v; want %q", got, err, content[7:17])
			}
		}
	})
}

func TestStore_Delete(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, fresh func(*testing.T) backend) {
		b := fresh(t)
		publish(t, b, "1/1-1/a.csv", "a")
		publish(t, b, "1/1-2/a.csv", "b")
		for range 2 {
			if err := b.Delete(t.Context(), "1/1-1/a.csv"); err != nil {
				t.Error(err)
			}
		}
		err := b.List(t.Context(), func(i store.Item) error { return b.Remove(t.Context(), i) })
		if err != nil {
			t.Error(err)
		}
		if got := list(t, b); len(got) != 0 {
			t.Errorf("left: %v", got)
		}
	})
}

func TestStore_Create_key_in_any_language(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, fresh func(*testing.T) backend) {
		b := fresh(t)
		for _, name := range []string{"订单 2026.csv", "заказы.xls", "注文票.xlsx", "émigré.csv", "😀.csv", "a b'c\"d.csv", strings.Repeat("长", 80) + ".csv"} {
			key := "1/1-1/" + name
			publish(t, b, key, name)
			if got := read(t, b, key); got != name {
				t.Errorf("%s: got %q", key, got)
			}
			if !slices.Contains(list(t, b), key) {
				t.Errorf("%s is not listed: %q", key, list(t, b))
			}
		}
	})
}

func TestStore_Create_invalid_key(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, fresh func(*testing.T) backend) {
		b := fresh(t)
		for _, key := range []string{"", "/etc/passwd", "../x", "a/../../x", "a//b", "a/./b", ".tmp/x", ".exportd-store", "a\x00b", "a\\..\\b", "a/\xff", strings.Repeat("x", 256)} {
			if w, err := b.Create(t.Context(), key); err == nil {
				w.Abort()
				t.Errorf("create %q was allowed", key)
			}
			if f, err := b.Open(t.Context(), key); err == nil || errors.Is(err, store.ErrNotExist) {
				t.Errorf("open %q: got %v, %v; want a refusal", key, f, err)
			}
			if err := b.Delete(t.Context(), key); err == nil {
				t.Errorf("delete %q was allowed", key)
			}
		}
	})
}

func TestStore_VerifyID(t *testing.T) {
	t.Parallel()
	verify := func(t *testing.T, b backend, recorded string) string {
		t.Helper()
		id, err := b.VerifyID(t.Context(), recorded)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	refused := func(t *testing.T, b backend, recorded, why string) {
		t.Helper()
		if _, err := b.VerifyID(t.Context(), recorded); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("got %v, want one that says %q", err, why)
		}
	}
	onEach(t, func(t *testing.T, fresh func(*testing.T) backend) {
		first := fresh(t)
		id := verify(t, first, "")
		t.Run("same_store", func(t *testing.T) {
			if got := verify(t, first, id); got != id {
				t.Errorf("got %q, want %q", got, id)
			}
			if got, err := first.ID(t.Context()); err != nil || got != id {
				t.Errorf("its id is %q, %v; want %q", got, err, id)
			}
		})
		t.Run("start_was_cut_off", func(t *testing.T) {
			b := fresh(t)
			id := verify(t, b, "")
			if got := verify(t, b, ""); got != id {
				t.Errorf("got %q, want %q", got, id)
			}
		})
		t.Run("empty_store", func(t *testing.T) { refused(t, fresh(t), id, "that a shared folder is mounted") })
		t.Run("other_store", func(t *testing.T) {
			other := fresh(t)
			verify(t, other, "")
			refused(t, other, id, "is another store")
		})
		t.Run("store_of_other_database", func(t *testing.T) {
			b := fresh(t)
			verify(t, b, "")
			publish(t, b, "1/1-1/a.csv", "x")
			refused(t, b, "", "the files of another database")
		})
	})
}

func TestStore_Publish_replaces(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, fresh func(*testing.T) backend) {
		b := fresh(t)
		publish(t, b, "1/1-1/a.csv", strings.Repeat("first", 100))
		publish(t, b, "1/1-1/a.csv", "second")
		if got := read(t, b, "1/1-1/a.csv"); !bytes.Equal([]byte(got), []byte("second")) {
			t.Errorf("got %q, want the second", got)
		}
	})
}
