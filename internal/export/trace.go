package export

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"exporttask/internal/model"
	"exporttask/internal/task"
)

// Spans hold names, numbers and codes. They never hold SQL, parameters, contents of
// files, or error texts, since a data source's error repeats SQL and values.

// span starts the span of an attempt, in the trace that created its instance, and
// adds a span of the time that the instance has waited in the queue.
func (p *Pool) span(ctx context.Context, in *model.Inst) (context.Context, trace.Span) {
	ctx = in.Resume(ctx)
	now := time.Now()
	inst := trace.WithAttributes(attribute.Int64("exportd.inst_id", in.ID), attribute.Int("exportd.attempt", int(in.Attempt)))
	if trace.SpanContextFromContext(ctx).IsValid() {
		// Updated is when the instance came back to the queue, by the database's
		// clock, which may be ahead of this one.
		since := in.RunAfter
		if in.Updated.After(since) {
			since = in.Updated
		}
		if since.After(now) {
			since = now
		}
		_, wait := p.cfg.Tracer.Start(ctx, "queue.wait", trace.WithTimestamp(since), inst)
		wait.End(trace.WithTimestamp(now))
	}
	return p.cfg.Tracer.Start(ctx, "attempt", trace.WithTimestamp(now), trace.WithSpanKind(trace.SpanKindConsumer), inst, trace.WithAttributes(
		attribute.Int("exportd.tpl_id", int(in.TplID)),
		attribute.String("exportd.tpl_name", in.TplName),
		attribute.String("exportd.data_source", in.Source),
		attribute.String("exportd.format", task.EncoderFormat(in.OutputFormat).String()),
		attribute.Int("exportd.operator_id", int(in.OperatorID)),
	))
}

// endSpan ends the span of an attempt.
func endSpan(span trace.Span, o Outcome) {
	span.SetAttributes(
		attribute.String("exportd.end", o.End), attribute.Int64("exportd.rows", o.Rows), attribute.Int64("exportd.bytes", o.Bytes),
	)
	if o.Code != "" {
		span.SetAttributes(attribute.String("exportd.err_code", o.Code))
	}
	switch o.End {
	case "succeeded", "canceled", "released":
	default:
		span.SetStatus(codes.Error, o.End)
	}
	span.End()
}

// step starts a span below that of ctx; done ends it.
func step(ctx context.Context, name string) (_ context.Context, done func(err error, attrs ...attribute.KeyValue)) {
	ctx, span := trace.SpanFromContext(ctx).TracerProvider().Tracer("exporttask").Start(ctx, name)
	return ctx, func(err error, attrs ...attribute.KeyValue) {
		span.SetAttributes(attrs...)
		if err != nil {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}
