package model

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
)

// traceparentKey is the header of the W3C Trace Context
// (www.w3.org/TR/trace-context-1, section 3.2).
const traceparentKey = "traceparent"

// traceparent returns the span of ctx in the form of the traceparent header, or
// "" if ctx has no span.
func traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[traceparentKey]
}

// Resume returns ctx with the span of the request that created the instance as
// its remote parent, so that the spans of the export belong to the same trace.
// It returns ctx itself if the request had no span.
func (in *Inst) Resume(ctx context.Context) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{traceparentKey: in.Traceparent})
}
