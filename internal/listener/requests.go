package listener

import (
	"container/list"
	"context"
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"google.golang.org/grpc/mem"
)

// Requests bounds the memory of gRPC requests that are still arriving. grpc reads a
// request completely before it calls an interceptor, and one connection may have
// hundreds of calls with requests of megabytes. While the requests that have arrived
// so far have more than their limit together, or the process nears its own, Requests
// cancels calls whose request is not complete after a moment: those of the client that
// has most of them, the oldest first.
type Requests struct {
	limit   int64  // bytes of requests
	process uint64 // bytes of live memory of the process

	bytes atomic.Int64
	wake  chan struct{}

	mu      sync.Mutex
	clients map[string]*list.List // of *arriving: calls whose request is not complete
	refused int64
}

// arriving is a call whose request has not arrived yet.
type arriving struct {
	client string
	cancel context.CancelFunc
	began  time.Time
	at     *list.Element
}

const (
	// shedInterval is the time between two looks at the memory of requests while it
	// is over the limit, liveInterval that between two looks at the process.
	shedInterval = 5 * time.Millisecond
	liveInterval = 100 * time.Millisecond
	// shedAge is the age from which on a call is cancelled. The requests of most calls
	// arrive with their headers.
	shedAge = 100 * time.Millisecond
	// collectInterval is the time between two garbage collections that are started
	// while the memory of requests is over the limit.
	collectInterval = 200 * time.Millisecond
)

// NewRequests returns a Requests. limit bounds the bytes of all requests, process is
// the memory of the process from which on requests are cancelled as well.
func NewRequests(limit, process int64) *Requests {
	return &Requests{limit: limit, process: uint64(process), wake: make(chan struct{}, 1), clients: map[string]*list.List{}}
}

// Pool returns the buffer pool of the gRPC server (experimental.BufferPool), which
// counts the bytes of requests.
func (r *Requests) Pool() mem.BufferPool {
	return &countingPool{BufferPool: mem.DefaultBufferPool(), requests: r, used: map[weak.Pointer[[]byte]]runtime.Cleanup{}}
}

// countingPool counts the bytes of buffers that are in use. grpc returns the buffers of
// a call to the pool, but leaves those of a call that was cancelled to the garbage
// collector.
type countingPool struct {
	mem.BufferPool
	requests *Requests

	mu   sync.Mutex
	used map[weak.Pointer[[]byte]]runtime.Cleanup
}

// Get implements mem.BufferPool.
func (p *countingPool) Get(n int) *[]byte {
	buf := p.BufferPool.Get(n)
	size := int64(cap(*buf))
	id := weak.Make(buf)
	p.mu.Lock()
	p.used[id] = runtime.AddCleanup(buf, func(size int64) {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.used, id)
		p.requests.bytes.Add(-size)
	}, size)
	p.mu.Unlock()
	if p.requests.bytes.Add(size) > p.requests.limit {
		select {
		case p.requests.wake <- struct{}{}:
		default:
		}
	}
	return buf
}

// Put implements mem.BufferPool.
func (p *countingPool) Put(buf *[]byte) {
	id := weak.Make(buf)
	p.mu.Lock()
	cleanup, ok := p.used[id]
	delete(p.used, id)
	p.mu.Unlock()
	if ok { // else the buffer is of another pool
		cleanup.Stop()
		p.requests.bytes.Add(-int64(cap(*buf)))
	}
	p.BufferPool.Put(buf)
}

// arrivingKey is the context key of a call's *arriving.
type arrivingKey struct{}

// Begin registers a call of a client whose headers have arrived. It returns the
// context of the call, from which the server must read the request. It works in a tap
// only.
func (r *Requests) Begin(ctx context.Context, client string) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	a := &arriving{client: client, cancel: cancel, began: time.Now()}
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := r.clients[client]
	if calls == nil {
		calls = list.New()
		r.clients[client] = calls
	}
	a.at = calls.PushBack(a)
	context.AfterFunc(ctx, func() {
		r.arrived(a)
		cancel()
	})
	return context.WithValue(ctx, arrivingKey{}, a)
}

// Arrived says that the request of a call is complete.
func (r *Requests) Arrived(ctx context.Context) {
	if a, ok := ctx.Value(arrivingKey{}).(*arriving); ok {
		r.arrived(a)
	}
}

func (r *Requests) arrived(a *arriving) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(a)
}

// remove removes a call, once. The caller holds the mutex.
func (r *Requests) remove(a *arriving) {
	if a.at == nil {
		return
	}
	calls := r.clients[a.client]
	calls.Remove(a.at)
	a.at = nil
	if calls.Len() == 0 {
		delete(r.clients, a.client)
	}
}

// Refused returns the number of calls that were cancelled.
func (r *Requests) Refused() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refused
}

// Run cancels calls until ctx ends.
func (r *Requests) Run(ctx context.Context) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var collected time.Time
	tick := time.NewTicker(liveInterval)
	defer tick.Stop()
	for {
		select {
		case <-r.wake:
			for r.bytes.Load() > r.limit {
				r.shed()
				if time.Since(collected) > collectInterval {
					runtime.GC() // returns the buffers of calls that were cancelled
					collected = time.Now()
				}
				if !pause(ctx, shedInterval) { // for the buffers of the call to be returned
					return
				}
			}
		case <-tick.C:
			if metrics.Read(live); live[0].Value.Uint64() > r.process {
				r.shed()
			}
		case <-ctx.Done():
			return
		}
	}
}

// shed cancels the oldest call of the client that has most calls whose requests should
// be complete.
func (r *Requests) shed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	var most *list.List
	for _, calls := range r.clients {
		if old := time.Since(calls.Front().Value.(*arriving).began) >= shedAge; old && (most == nil || calls.Len() > most.Len()) {
			most = calls
		}
	}
	if most == nil {
		return
	}
	a := most.Front().Value.(*arriving)
	r.remove(a)
	r.refused++
	a.cancel()
}

// pause waits, and reports whether ctx has not ended.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
