package tracing

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// broken is an exporter that fails while it has an error.
type broken struct{ err error }

func (b *broken) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return b.err }
func (*broken) Shutdown(context.Context) error                               { return nil }

func TestQuietExporter_ExportSpans(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	inner := &broken{err: errors.New("refused")}
	q := newQuietExporter(inner, slog.New(slog.NewTextHandler(&log, nil)), func() time.Time { return now })
	export := func(n int) {
		t.Helper()
		if err := q.ExportSpans(t.Context(), make([]sdktrace.ReadOnlySpan, n)); err != nil {
			t.Errorf("got %v, which the SDK would log by itself", err)
		}
	}
	for _, step := range []struct {
		after time.Duration
		lines int
		last  string
	}{
		{0, 1, "error=refused spans=3"},
		{30 * time.Second, 1, ""},
		{29 * time.Second, 1, ""},
		{time.Second, 2, "spans=9"},
	} {
		now = now.Add(step.after)
		export(3)
		if got := log.String(); strings.Count(got, "\n") != step.lines || !strings.Contains(got, step.last) {
			t.Errorf("at %s the log is %q, want %d lines with %q", now.Format(time.TimeOnly), got, step.lines, step.last)
		}
	}
	inner.err = nil
	now = now.Add(time.Hour)
	export(3)
	if got := log.String(); strings.Count(got, "\n") != 2 {
		t.Errorf("logged what was taken: %q", got)
	}
}
