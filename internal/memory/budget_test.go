package memory

import (
	"container/list"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"exporttask/internal/testkit"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// queued waits until n requests wait in a queue.
func queued(t *testing.T, b *Budget, queue *list.List, n int) {
	t.Helper()
	testkit.Eventually(t, "requests wait", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return queue.Len() == n
	})
}

func used(t *testing.T, b *Budget, want int64) {
	t.Helper()
	if got := b.Used(); got != want {
		t.Errorf("got %d bytes used, want %d", got, want)
	}
}

func TestBudget_Acquire(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := New("memory-limit", 100)
	first, err := b.Acquire(ctx, 70) // more than a half, but alone
	must(t, err)
	_, err = b.Acquire(ctx, 101)
	var exceeded *ExceededError
	if !errors.As(err, &exceeded) || exceeded.Waited != 0 {
		t.Errorf("more than the limit: got %v, want an error at once", err)
	}
	done := make(chan *Share)
	go func() {
		second, err := b.Acquire(ctx, 40)
		if err != nil {
			t.Error(err)
		}
		done <- second
	}()
	queued(t, b, &b.waiting, 1)
	ended, stop := context.WithCancel(ctx)
	stop()
	if _, err := b.Acquire(ended, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("behind a waiting share: got %v, want to wait", err)
	}
	first.Release()
	first.Release()
	second := <-done
	used(t, b, 40)
	second.Release()
	used(t, b, 0)
}

func TestShare_Grow(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := New("memory-limit", 100)
	first, err := b.Acquire(ctx, 20)
	must(t, err)
	second, err := b.Acquire(ctx, 20)
	must(t, err)
	must(t, first.Grow(ctx, 50)) // into the other half
	if err := first.Grow(ctx, 81); err == nil || !strings.Contains(err.Error(), "memory-limit") {
		t.Errorf("more than the budget ever has: got %v, want an error that names memory-limit", err)
	}
	grown := make(chan error)
	go func() { grown <- second.Grow(ctx, 10) }()
	queued(t, b, &b.growing, 1) // though 10 bytes are free: they are for the large share
	ended, stop := context.WithTimeout(ctx, time.Millisecond)
	defer stop()
	if _, err := b.Acquire(ended, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a new share while another grows: got %v, want to wait", err)
	}
	must(t, first.Grow(ctx, 10))
	first.Shrink(60)
	must(t, <-grown)
	used(t, b, 50)
	first.Release()
	first.Shrink(10) // after Release it has nothing
	must(t, first.Grow(ctx, 1))
	second.Release()
	used(t, b, 0)
}

// Many shares that all need more than their part of the budget end, one after the
// other and without waiting for a timeout.
func TestShare_Grow_no_deadlock(t *testing.T) {
	t.Parallel()
	b := New("memory-limit", 100)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			s, err := b.Acquire(t.Context(), 10)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Release()
			for range 3 {
				for range 3 {
					if err := s.Grow(t.Context(), 16); err != nil {
						t.Error(err)
						return
					}
					runtime.Gosched()
				}
				s.Shrink(48)
			}
		})
	}
	all.Wait()
	used(t, b, 0)
}

func TestCgroupLimit(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(root, name)
		must(t, os.MkdirAll(filepath.Dir(name), 0o750))
		must(t, os.WriteFile(name, []byte(text), 0o600))
		return name
	}
	write("memory/a/memory.limit_in_bytes", "536870912\n")
	write("memory/a/b/memory.limit_in_bytes", "9223372036854771712\n")
	write("x/memory.max", "max\n")
	write("memory.max", "1073741824\n")
	for name, c := range map[string]struct {
		self string
		want int64
	}{
		"version_1":            {"9:name=systemd:/\n4:memory:/a/b\n", 512 << 20},
		"version_2":            {"0::/x\n", 1 << 30},
		"path_of_the_host":     {"0::/system.slice/elsewhere\n", 1 << 30},
		"both":                 {"4:cpu,memory:/a\n0::/x\n", 512 << 20},
		"none":                 {"4:cpu:/a\n", 0},
		"controller_of_a_name": {"4:mymemory:/a\n", 0},
	} {
		if got := cgroupLimit(write("self-"+name, c.self), root); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
	if got := cgroupLimit(filepath.Join(root, "missing"), root); got != 0 {
		t.Errorf("no /proc: got %d, want 0", got)
	}
}
