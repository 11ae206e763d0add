package server

import (
	"context"

	"google.golang.org/grpc/stats"

	"exporttask/internal/memory"
)

// CallMemory returns the stats handler that gives each call a share of the memory of
// all calls, until its reply is sent: a client that does not read its replies keeps
// them in memory.
func CallMemory(calls *memory.Budget) stats.Handler { return callMemory{calls} }

type callMemory struct{ calls *memory.Budget }

// TagRPC implements stats.Handler.
func (c callMemory) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return c.calls.Attach(ctx)
}

// HandleRPC implements stats.Handler.
func (callMemory) HandleRPC(ctx context.Context, s stats.RPCStats) {
	if _, ended := s.(*stats.End); ended {
		memory.OfCall(ctx).Release()
	}
}

// TagConn implements stats.Handler.
func (callMemory) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements stats.Handler.
func (callMemory) HandleConn(context.Context, stats.ConnStats) {}
