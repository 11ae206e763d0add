package tracing

import (
	"context"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/attribute"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	"exporttask/api"
)

// ServerOptions returns the options with which a gRPC server records a span of
// each call of the service. The span continues the caller's trace. Calls of other
// services (health, reflection) and of methods that do not exist have no spans: a
// client may choose a name that is not UTF-8, for which the collector would
// reject the whole batch of spans.
func (p *Provider) ServerOptions() []grpc.ServerOption {
	if p.sdk == nil {
		return nil
	}
	methods := serviceMethods()
	return []grpc.ServerOption{
		grpc.StatsHandler(otelgrpc.NewServerHandler(
			otelgrpc.WithTracerProvider(p.sdk),
			otelgrpc.WithPropagators(propagation.TraceContext{}),
			otelgrpc.WithMeterProvider(metricnoop.NewMeterProvider()),
			otelgrpc.WithFilter(func(call *stats.RPCTagInfo) bool { return methods[call.FullMethodName] }),
		)),
		grpc.ChainUnaryInterceptor(envelopeCode),
	}
}

// serviceMethods returns the full names of the service's methods.
func serviceMethods() map[string]bool {
	desc := api.ExportTask_ServiceDesc
	names := map[string]bool{}
	for _, m := range desc.Methods {
		names["/"+desc.ServiceName+"/"+m.MethodName] = true
	}
	for _, s := range desc.Streams {
		names["/"+desc.ServiceName+"/"+s.StreamName] = true
	}
	return names
}

// envelopeCode records the errCode of a reply's envelope in the call's span, whose
// status is OK in that case.
func envelopeCode(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	reply, err := next(ctx, req)
	if e, ok := reply.(interface{ GetErrCode() string }); ok && err == nil && e.GetErrCode() != "" {
		trace.SpanFromContext(ctx).SetAttributes(attribute.String("exportd.err_code", e.GetErrCode()))
	}
	return reply, err
}
