// Package tracing sends OpenTelemetry spans to a collector (OTLP/gRPC).
// cmd/exportd starts one Provider and passes its Tracer to the parts that record
// spans; nothing is global. Spans must not contain SQL, values or file content.
//
// Ending a span never waits for the collector. Spans wait in a queue of limited
// size; they are dropped if the queue is full or the collector does not accept
// them in time.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc/credentials"
)

// Config configures a Provider.
type Config struct {
	// Endpoint is the HOST:PORT of the collector. Empty disables tracing.
	Endpoint string
	// Credentials are the transport credentials for the collector: TLS, or
	// insecure.NewCredentials.
	Credentials credentials.TransportCredentials
	// Ratio is the sampled fraction, 0 to 1, of the traces that begin in this
	// process. A trace that began elsewhere keeps its sampling decision.
	Ratio float64
	// Version and Instance identify the process in its spans.
	Version, Instance string
}

// Provider records spans and sends them. Its zero value records none.
type Provider struct {
	sdk *sdktrace.TracerProvider // nil: tracing is disabled
	log *slog.Logger
}

// stopTimeout is the maximum time that Stop takes.
const stopTimeout = 3 * time.Second

// Start returns a Provider. It does not wait for the collector. Other settings
// come from the SDK's environment variables: headers, compression and timeout of
// the exporter, size of the queue, attributes of the process
// (OTEL_EXPORTER_OTLP_HEADERS, OTEL_BSP_…, OTEL_RESOURCE_ATTRIBUTES).
func Start(ctx context.Context, c Config, log *slog.Logger) (*Provider, error) {
	if c.Endpoint == "" {
		return &Provider{}, nil
	}
	exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(c.Endpoint), otlptracegrpc.WithTLSCredentials(c.Credentials))
	if err != nil {
		return nil, fmt.Errorf("collector %s: %w", c.Endpoint, err)
	}
	from, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithHost(), resource.WithAttributes(
		attribute.String("service.name", "exportd"),
		attribute.String("service.version", c.Version),
		attribute.String("service.instance.id", c.Instance),
	), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return &Provider{log: log, sdk: sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(newQuietExporter(exporter, log, time.Now)),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(c.Ratio))),
		sdktrace.WithResource(from),
	)}, nil
}

// Tracer returns the tracer of the process, which does nothing if tracing is
// disabled.
func (p *Provider) Tracer() trace.Tracer {
	if p.sdk == nil {
		return noop.Tracer{}
	}
	return p.sdk.Tracer("exporttask")
}

// Stop sends the remaining spans and takes at most a few seconds. Spans that end
// later are lost.
func (p *Provider) Stop(ctx context.Context) {
	if p.sdk == nil {
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer stop()
	if err := p.sdk.Shutdown(ctx); err != nil {
		p.log.WarnContext(ctx, "the last spans were not sent", "error", err)
	}
}
