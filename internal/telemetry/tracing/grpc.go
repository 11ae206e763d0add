package tracing

import (
	"context"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/attribute"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
)

// ServerOptions returns the options with which a gRPC server records a span of
// each call of the service. The span continues the caller's trace. Calls of other
// services (health, reflection) have no spans, and neither have calls whose method
// name is not UTF-8, for which the collector would reject the whole batch of spans.
func (p *Provider) ServerOptions() []grpc.ServerOption {
	if p.sdk == nil {
		return nil
	}
	return []grpc.ServerOption{
		grpc.StatsHandler(otelgrpc.NewServerHandler(
			otelgrpc.WithTracerProvider(p.sdk),
			otelgrpc.WithPropagators(propagation.TraceContext{}),
			otelgrpc.WithMeterProvider(metricnoop.NewMeterProvider()),
			otelgrpc.WithFilter(func(call *stats.RPCTagInfo) bool { return traced(call.FullMethodName) }),
		)),
		grpc.ChainUnaryInterceptor(envelopeCode),
	}
}

// traced reports whether a method's calls have spans.
func traced(fullMethod string) bool {
	return strings.HasPrefix(fullMethod, "/exporttask.") && utf8.ValidString(fullMethod) && len(fullMethod) <= maxMethodLength
}

// maxMethodLength is more than the length of every method's full name.
const maxMethodLength = 100

// envelopeCode records the errCode of a reply's envelope in the call's span, whose
// status is OK in that case.
func envelopeCode(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	reply, err := next(ctx, req)
	if e, ok := reply.(interface{ GetErrCode() string }); ok && err == nil && e.GetErrCode() != "" {
		trace.SpanFromContext(ctx).SetAttributes(attribute.String("exportd.err_code", e.GetErrCode()))
	}
	return reply, err
}
