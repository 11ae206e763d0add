package client_test

import (
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"

	"exporttask/api"
	"exporttask/client"
	"exporttask/internal/telemetry/tracing/tracingtest"
)

func TestOptions_DialOptions_trace(t *testing.T) {
	t.Parallel()
	collector := tracingtest.New(t)
	site := newSite(t, "-trace-endpoint="+collector.Addr, "-trace-insecure")
	site.Setenv("OTEL_BSP_SCHEDULE_DELAY=50")
	mine := sdktrace.NewTracerProvider()
	c := dial(t, client.Options{Target: site.Start(t).Addr, DialOptions: []grpc.DialOption{
		grpc.WithStatsHandler(otelgrpc.NewClientHandler(otelgrpc.WithTracerProvider(mine), otelgrpc.WithPropagators(propagation.TraceContext{}))),
	}})
	ctx, span := mine.Tracer("").Start(t.Context(), "mine")
	defer span.End()
	if res, err := c.API().ListTpl(ctx, &api.WshExportTaskListTplReq{}); client.Check(res, err) != nil {
		t.Fatal(res, err)
	}
	collector.Until(t, span.SpanContext().TraceID().String(), 1)
}
