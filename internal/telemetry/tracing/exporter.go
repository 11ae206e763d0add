package tracing

import (
	"context"
	"log/slog"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// logInterval is the minimum time between two log lines about lost spans.
const logInterval = time.Minute

// quietExporter is an exporter that logs its errors, at most once a logInterval.
// The SDK would pass them to its global error handler.
type quietExporter struct {
	sdktrace.SpanExporter
	log *slog.Logger
	now func() time.Time

	mu     sync.Mutex
	logged time.Time
	lost   int // spans lost since then
}

func newQuietExporter(e sdktrace.SpanExporter, log *slog.Logger, now func() time.Time) *quietExporter {
	return &quietExporter{SpanExporter: e, log: log, now: now}
}

// ExportSpans implements sdktrace.SpanExporter. It never returns an error.
func (q *quietExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := q.SpanExporter.ExportSpans(ctx, spans)
	if err == nil {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lost += len(spans)
	if now := q.now(); now.Sub(q.logged) >= logInterval {
		q.log.WarnContext(ctx, "spans lost: the collector did not accept them", "error", err, "spans", q.lost)
		q.logged, q.lost = now, 0
	}
	return nil
}
