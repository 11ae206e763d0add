package auth

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"exporttask/api"
)

// maxOpenCalls is the maximum number of concurrent health checks of one client
// address. Health checks need no token, and each open Watch takes some 13 kB.
const maxOpenCalls = 100

// maxDownloads is the maximum number of concurrent DownloadInst calls of a client,
// each of which keeps a chunk in memory, up to 1 MiB and its encoding, for as long
// as the client does not read. A gateway's admin token serves many clients.
const (
	maxDownloads      = 64
	maxAdminDownloads = 256
)

// withinDownloads returns an error if a call is a download more than allowed.
func (i *Interceptors) withinDownloads(ctx context.Context, method, client string, who *Identity) error {
	if method != api.ExportTask_DownloadInst_FullMethodName {
		return nil
	}
	limit := maxDownloads
	if who != nil && who.Admin() {
		limit = maxAdminDownloads
	}
	if !i.downloads.acquire(ctx, client, limit) {
		return status.Errorf(codes.ResourceExhausted, "%s has %d downloads open, want at most that", client, limit)
	}
	return nil
}

// concurrency counts the concurrent calls of each client.
type concurrency struct {
	mu    sync.Mutex
	calls map[string]int
}

// acquire counts a call until ctx ends. It returns false if the client has
// reached the limit.
func (c *concurrency) acquire(ctx context.Context, client string, limit int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.calls[client] >= limit {
		return false
	}
	if c.calls == nil {
		c.calls = map[string]int{}
	}
	c.calls[client]++
	context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.calls[client]--; c.calls[client] == 0 {
			delete(c.calls, client)
		}
	})
	return true
}

// admitOpen admits a call of a method that needs no token.
func (i *Interceptors) admitOpen(ctx context.Context, client string) error {
	if !i.open.acquire(ctx, client, maxOpenCalls) {
		return status.Errorf(codes.ResourceExhausted, "%s has %d health checks open, want at most that", client, maxOpenCalls)
	}
	return nil
}

// unaryMethods are the full names of the unary methods.
var unaryMethods = func() map[string]bool {
	names := map[string]bool{healthpb.Health_Check_FullMethodName: true, healthpb.Health_List_FullMethodName: true}
	desc := api.ExportTask_ServiceDesc
	for _, m := range desc.Methods {
		names["/"+desc.ServiceName+"/"+m.MethodName] = true
	}
	return names
}()

// receivedKey is the context key of the function that stops the timer of a
// stream's request.
type receivedKey struct{}

// withRequestTimeout returns a context that ends if the request of a call does not
// arrive in time: at the deadline of a unary call, or RequestTimeout after the
// start of a stream. The client gets the status DEADLINE_EXCEEDED or CANCELLED. It works for contexts of a tap only, from which grpc derives
// the reads of the call.
func (i *Interceptors) withRequestTimeout(ctx context.Context, method string) context.Context {
	if unaryMethods[method] {
		if i.Deadline <= 0 {
			return ctx
		}
		limited, cancel := context.WithTimeout(ctx, i.Deadline)
		context.AfterFunc(ctx, cancel)
		return limited
	}
	if i.RequestTimeout <= 0 {
		return ctx
	}
	limited, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(i.RequestTimeout, cancel)
	context.AfterFunc(ctx, func() {
		timer.Stop()
		cancel()
	})
	return context.WithValue(limited, receivedKey{}, timer.Stop)
}

// requestReceived stops the timer of a stream's request if RecvMsg returned no
// error.
func requestReceived(ctx context.Context, err error) error {
	if stop, ok := ctx.Value(receivedKey{}).(func() bool); ok && err == nil {
		stop()
	}
	return err
}
