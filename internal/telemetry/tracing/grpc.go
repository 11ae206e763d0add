package tracing

import (
	"context"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/attribute"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
)

// ServerOptions are what a gRPC server needs to make a span of each call of the
// service, which continues the caller's trace. Health checks and reflection make
// none.
func (p *Provider) ServerOptions() []grpc.ServerOption {
	if p.sdk == nil {
		return nil
	}
	return []grpc.ServerOption{
		grpc.StatsHandler(otelgrpc.NewServerHandler(
			otelgrpc.WithTracerProvider(p.sdk),
			otelgrpc.WithPropagators(propagation.TraceContext{}),
			otelgrpc.WithMeterProvider(metricnoop.NewMeterProvider()),
			otelgrpc.WithFilter(func(call *stats.RPCTagInfo) bool {
				return strings.HasPrefix(call.FullMethodName, "/exporttask.")
			}),
		)),
		grpc.ChainUnaryInterceptor(envelopeCode),
	}
}

// envelopeCode tells a call's span what the caller did wrong: its status says OK
// then.
func envelopeCode(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	reply, err := next(ctx, req)
	if e, ok := reply.(interface{ GetErrCode() string }); ok && err == nil && e.GetErrCode() != "" {
		trace.SpanFromContext(ctx).SetAttributes(attribute.String("exportd.err_code", e.GetErrCode()))
	}
	return reply, err
}
