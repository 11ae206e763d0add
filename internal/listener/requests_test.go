package listener

import (
	"context"
	"runtime"
	"testing"

	"exporttask/internal/testkit"
)

func TestRequests(t *testing.T) {
	t.Parallel()
	r := NewRequests(1<<20, 1<<60)
	pool := r.Pool()
	running, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(running)
	}()
	defer func() {
		stop()
		<-done
	}()
	begin := func(client string) context.Context {
		ctx, cancel := context.WithCancel(t.Context())
		t.Cleanup(cancel)
		return r.Begin(ctx, client)
	}
	victim := begin("victim")
	complete := begin("mallory")
	r.Arrived(complete)
	first, second, third := begin("mallory"), begin("mallory"), begin("mallory")
	buf := pool.Get(2 << 20)
	testkit.Eventually(t, "the oldest calls of the client with most calls are cancelled", func() bool { return second.Err() != nil })
	if first.Err() == nil {
		t.Error("the oldest call was not cancelled")
	}
	if complete.Err() != nil {
		t.Error("a call whose request is complete was cancelled")
	}
	pool.Put(buf)
	testkit.Eventually(t, "the memory is returned", func() bool { return r.bytes.Load() == 0 })
	_, _ = victim, third
	pool.Get(2 << 20) // and forgotten
	testkit.Eventually(t, "the memory of a buffer that was not returned is returned", func() bool {
		runtime.GC()
		return r.bytes.Load() == 0
	})
	again := begin("victim")
	if again.Err() != nil {
		t.Error("a call after the shortage was cancelled")
	}
}

// A process near its limit cancels calls as well, whatever their requests consist of:
// frames of less than 1 KiB are not counted by the pool.
func TestRequests_process(t *testing.T) {
	t.Parallel()
	r := NewRequests(1<<60, 1)
	running, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(running)
	}()
	defer func() {
		stop()
		<-done
	}()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	call := r.Begin(ctx, "mallory")
	testkit.Eventually(t, "the call is cancelled", func() bool { return call.Err() != nil })
}
