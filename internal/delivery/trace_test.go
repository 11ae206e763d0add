package delivery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"exporttask/internal/delivery/payload"
)

func TestPool_span(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.deliveries(t, 1)
	var sentIn []trace.SpanID
	_, stop := b.run(t, Destination{}, func(ctx context.Context, _ *payload.Payload) (string, error) {
		sentIn = append(sentIn, trace.SpanFromContext(ctx).SpanContext().SpanID())
		if len(sentIn) == 1 {
			return "", errors.New("https://secret.example.com is down")
		}
		return "https://secret.example.com", nil
	})
	b.ends.next(t)
	b.ends.next(t)
	stop(0)
	var got []string
	for i, s := range b.spans.Ended() {
		if s.Parent().TraceID() != maker.TraceID() || s.Parent().SpanID() != maker.SpanID() || s.SpanContext().SpanID() != sentIn[i] {
			t.Errorf("span %v below %v, sent in %v", s.SpanContext(), s.Parent(), sentIn[i])
		}
		attrs := attribute.NewSet(s.Attributes()...)
		value := func(name attribute.Key) string { v, _ := attrs.Value(name); return v.String() }
		got = append(got, fmt.Sprint(s.Name(), " ", value("exportd.destination"), " ", value("exportd.destination_kind"), " ",
			value("exportd.attempt"), " ", value("exportd.end"), " ", s.Status().Code))
		if strings.Contains(fmt.Sprint(s.Attributes(), s.Status()), "secret") {
			t.Errorf("a span holds a URL: %v %v", s.Attributes(), s.Status())
		}
	}
	want := []string{"deliver a scripted 1 retried Error", "deliver a scripted 2 done Unset"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}
