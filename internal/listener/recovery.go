package listener

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
)

// Recovery turns panics in the tap, the interceptors and the handlers of a gRPC
// server into the status INTERNAL. A panic that grpc's transport sees would leak
// the connection's lock, and every other panic would end the process.
type Recovery struct {
	Logger *slog.Logger
	// Panicked, if set, is called after each recovered panic.
	Panicked func()
}

// Tap returns a tap that recovers from panics of next.
func (r *Recovery) Tap(next tap.ServerInHandle) tap.ServerInHandle {
	return func(ctx context.Context, info *tap.Info) (admitted context.Context, err error) {
		defer func() {
			if p := recover(); p != nil {
				admitted, err = ctx, r.status(ctx, info.FullMethodName, p)
			}
		}()
		return next(ctx, info)
	}
}

// Unary is a unary interceptor that recovers from panics of the following
// interceptors and the handler.
func (r *Recovery) Unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (reply any, err error) {
	defer func() {
		if p := recover(); p != nil {
			reply, err = nil, r.status(ctx, info.FullMethod, p)
		}
	}()
	return next(ctx, req)
}

// Stream is a stream interceptor that recovers from panics of the following
// interceptors and the handler.
func (r *Recovery) Stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = r.status(stream.Context(), info.FullMethod, p)
		}
	}()
	return next(srv, stream)
}

// status logs and counts a panic and returns the status of its call.
func (r *Recovery) status(ctx context.Context, method string, p any) error {
	r.Logger.ErrorContext(ctx, "panic in a call", "method", fmt.Sprintf("%.100q", method), "panic", p, "stack", string(debug.Stack()))
	if r.Panicked != nil {
		r.Panicked()
	}
	return status.Error(codes.Internal, "internal error; the cause is in the server's log")
}
