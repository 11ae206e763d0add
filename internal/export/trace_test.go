package export

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"exporttask/internal/model"
	"exporttask/internal/source"
)

// tracedPool returns a pool whose spans are recorded, and a context with the
// span that its instances are created in.
func (b *bench) tracedPool() (*Pool, *tracetest.SpanRecorder, context.Context) {
	spans := tracetest.NewSpanRecorder()
	p := b.pool(b.db, "w")
	p.cfg.Tracer = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("")
	return p, spans, trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled,
	}))
}

// outcomes are the name, end, error code and status of each span, in order.
func outcomes(t *testing.T, spans *tracetest.SpanRecorder) (list []string) {
	t.Helper()
	for _, s := range spans.Ended() {
		if s.SpanContext().TraceID() != (trace.TraceID{1}) {
			t.Errorf("%s is of another trace", s.Name())
		}
		if s.EndTime().Before(s.StartTime()) {
			t.Errorf("%s ends before it starts", s.Name())
		}
		attrs := attribute.NewSet(s.Attributes()...)
		end, _ := attrs.Value("exportd.end")
		code, _ := attrs.Value("exportd.err_code")
		failed := ""
		if s.Status().Code == codes.Error {
			failed = "failed"
		}
		list = append(list, strings.TrimSpace(fmt.Sprint(s.Name(), " ", end.AsString(), " ", code.AsString(), " ", failed)))
		if strings.Contains(fmt.Sprint(s.Attributes(), s.Status().Description), "secret") {
			t.Errorf("%s repeats an error's text: %v %v", s.Name(), s.Attributes(), s.Status())
		}
	}
	return list
}

func TestPool_span(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, spans, ctx := b.tracedPool()
	first := true
	b.source.next = func(_ context.Context, batch int) error {
		if batch == 1 && first {
			first = false
			return &source.LostError{During: "secret", Err: io.ErrUnexpectedEOF}
		}
		return rows(3)(ctx, batch)
	}
	stop := start(t, p)
	b.until(t, b.addIn(ctx, t), model.StateSucceeded)
	stop(0)
	want := []string{
		"queue.wait", "query", "render   failed", "attempt retried 14 failed",
		"queue.wait", "query", "render", "store.publish", "finish", "attempt succeeded",
	}
	if diff := cmp.Diff(want, outcomes(t, spans)); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}

func TestPool_span_canceled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, spans, ctx := b.tracedPool()
	began := make(chan struct{}, 1)
	b.source.next = untilStopped(began)
	stop := start(t, p)
	id := b.addIn(ctx, t)
	<-began
	if _, err := b.db.Cancel(t.Context(), id, 1, "enough"); err != nil {
		t.Fatal(err)
	}
	p.Cancel(id)
	b.until(t, id, model.StateCanceled)
	stop(0)
	if diff := cmp.Diff([]string{"queue.wait", "query", "render   failed", "attempt canceled 1"}, outcomes(t, spans)); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}

// An instance that was created without a trace starts one where it runs.
func TestPool_span_without_parent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, spans, _ := b.tracedPool()
	stop := start(t, p)
	b.until(t, b.add(t), model.StateSucceeded)
	stop(0)
	var names []string
	for _, s := range spans.Ended() {
		names = append(names, s.Name())
	}
	if diff := cmp.Diff([]string{"query", "render", "store.publish", "finish", "attempt"}, names); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}
