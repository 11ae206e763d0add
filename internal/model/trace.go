package model

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
)

// traceparentKey names the W3C Trace Context of a span
// (www.w3.org/TR/trace-context-1).
const traceparentKey = "traceparent"

// traceparent is the span of ctx as it is kept; empty where there is none.
func traceparent(ctx context.Context) string {
	kept := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, kept)
	return kept[traceparentKey]
}

// Resume puts the span that made the instance into ctx, so that spans begun
// from it belong to the same trace, in whatever process. Where there was none
// it returns ctx.
func (in *Inst) Resume(ctx context.Context) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{traceparentKey: in.Traceparent})
}
