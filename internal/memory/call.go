package memory

import (
	"context"
	"time"
)

type callKey struct{}

// callTimeout is how long a call waits for memory. It is shorter than growTimeout
// because a call may have a database connection meanwhile.
const callTimeout = 4 * time.Second

// Attach returns the context of a call that may use memory of the budget, with Charge,
// until OfCall(ctx).Release is called.
func (b *Budget) Attach(ctx context.Context) context.Context {
	if b == nil {
		return ctx
	}
	return context.WithValue(ctx, callKey{}, &Share{budget: b, timeout: callTimeout})
}

// Charge adds n bytes to the share of a call, as Share.Grow does. Without Attach it
// does nothing.
func Charge(ctx context.Context, n int64) error {
	share, _ := ctx.Value(callKey{}).(*Share)
	return share.Grow(ctx, n)
}

// OfCall returns the share of a call; nil without Attach.
func OfCall(ctx context.Context) *Share {
	share, _ := ctx.Value(callKey{}).(*Share)
	return share
}
