package delivery

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"exporttask/internal/model"
)

// span starts the span of one attempt of a delivery, in the trace of its
// instance. If in is nil, because the instance could not be read, there is no
// span. Spans hold neither URLs nor error texts, since both may hold secrets.
func (p *Pool) span(ctx context.Context, in *model.Inst, v *model.Delivery) (context.Context, trace.Span) {
	if in == nil {
		return ctx, trace.SpanFromContext(ctx)
	}
	kind, _ := p.Describe(v.Destination)
	return p.cfg.Tracer.Start(in.Resume(ctx), "deliver", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.Int64("exportd.inst_id", v.InstID),
		attribute.Int64("exportd.delivery_id", v.ID),
		attribute.String("exportd.destination", v.Destination),
		attribute.String("exportd.destination_kind", kind),
		attribute.Int("exportd.attempt", int(v.Attempt)),
		attribute.String("exportd.event_id", v.EventID),
	))
}

// endSpan ends the span of an attempt; end is in the words of Observer.
func endSpan(span trace.Span, end string) {
	span.SetAttributes(attribute.String("exportd.end", end))
	if end != "done" && end != "released" && end != "skipped" {
		span.SetStatus(codes.Error, end)
	}
	span.End()
}
