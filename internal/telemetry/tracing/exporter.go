package tracing

import (
	"context"
	"log/slog"
	"sync"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// logEvery is the least time between two lines about a collector that does not
// take spans.
const logEvery = time.Minute

// quietExporter tells the log about errors itself, now and then. The SDK would
// tell its handler, of which there is one for the whole program.
type quietExporter struct {
	sdktrace.SpanExporter
	log *slog.Logger
	now func() time.Time

	mu     sync.Mutex
	logged time.Time
	lost   int // since then
}

func quiet(e sdktrace.SpanExporter, log *slog.Logger, now func() time.Time) *quietExporter {
	return &quietExporter{SpanExporter: e, log: log, now: now}
}

// ExportSpans implements sdktrace.SpanExporter and never fails.
func (q *quietExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := q.SpanExporter.ExportSpans(ctx, spans)
	if err == nil {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lost += len(spans)
	if now := q.now(); now.Sub(q.logged) >= logEvery {
		q.log.WarnContext(ctx, "spans are lost: the collector did not take them", "error", err, "spans", q.lost)
		q.logged, q.lost = now, 0
	}
	return nil
}
