package listener

import (
	"context"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
)

// TestRecovery lets the tap, an interceptor and a stream interceptor of a real
// server panic. The connection must stay usable, which it is not after a panic
// under the transport's lock.
func TestRecovery(t *testing.T) {
	t.Parallel()
	var panics atomic.Int64
	r := &Recovery{Logger: quiet(), Panicked: func() { panics.Add(1) }}
	place := func(ctx context.Context) string {
		md, _ := metadata.FromIncomingContext(ctx)
		if p := md.Get("panic"); len(p) == 1 {
			return p[0]
		}
		return ""
	}
	l := serve(t, DefaultLimits(),
		grpc.InTapHandle(r.Tap(func(ctx context.Context, info *tap.Info) (context.Context, error) {
			if p := info.Header.Get("panic"); len(p) == 1 && p[0] == "tap" {
				panic("tap")
			}
			return ctx, nil
		})),
		grpc.ChainUnaryInterceptor(r.Unary, func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			if place(ctx) == "unary" {
				panic("unary")
			}
			return next(ctx, req)
		}),
		grpc.ChainStreamInterceptor(r.Stream, func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			if place(stream.Context()) == "stream" {
				panic("stream")
			}
			return next(srv, stream)
		}),
	)
	c := dial(t, l.Addr().String(), plain())
	for i, where := range []string{"tap", "unary", "stream"} {
		t.Run(where, func(t *testing.T) {
			ctx := metadata.AppendToOutgoingContext(t.Context(), "panic", where)
			stream, err := c.Watch(ctx, &healthpb.HealthCheckRequest{})
			if where == "unary" {
				_, err = c.Check(ctx, &healthpb.HealthCheckRequest{})
			} else if err == nil {
				_, err = stream.Recv()
			}
			if status.Code(err) != codes.Internal {
				t.Errorf("got %v, want Internal", err)
			}
			if got := panics.Load(); got != int64(i+1) {
				t.Errorf("%d panics were counted, want %d", got, i+1)
			}
			must(t, check(t, c))
		})
	}
}
