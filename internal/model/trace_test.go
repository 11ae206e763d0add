package model

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"
)

func TestInst_Resume(t *testing.T) {
	t.Parallel()
	d := setup(t)
	tpl := addTpl(t, d, "t")
	span := func(id byte, flags trace.TraceFlags) trace.SpanContext {
		return trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{15: id}, SpanID: trace.SpanID{7: id}, TraceFlags: flags})
	}
	for want, made := range map[string]trace.SpanContext{
		"": {},
		"00-00000000000000000000000000000001-0000000000000001-01": span(1, trace.FlagsSampled),
		"00-00000000000000000000000000000002-0000000000000002-00": span(2, 0), // nobody keeps it; that is to be known as well
	} {
		in := newInst(tpl, 1)
		in.Traceparent = "of another instance, of which this one is a retry"
		kept, err := d.CreateInst(trace.ContextWithSpanContext(t.Context(), made), in, Request{}, manyWaiting)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, kept.Traceparent); diff != "" {
			t.Errorf("kept (-want +got):\n%s", diff)
		}
		claimed := claimOne(t, d, "w")
		resumed := trace.SpanContextFromContext(claimed.Resume(t.Context()))
		if !resumed.Equal(made.WithRemote(made.IsValid())) {
			t.Errorf("resumed %v, want %v", resumed, made)
		}
		if err := d.Finish(t.Context(), claimed, Result{}); err != nil {
			t.Fatal(err)
		}
	}
}
