// Package tracing sends spans to a collector by OpenTelemetry's protocol
// (OTLP/gRPC). cmd/exportd starts one Provider in each process and hands its
// Tracer to whoever begins spans; nothing is kept in globals. What spans tell is
// the business of those who begin them, and never SQL, values or content of
// files.
//
// Whoever ends a span never waits for the collector: spans gather in a bounded
// queue, and those that find no room, or that the collector does not take in
// time, are dropped.
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

// Config says where spans go, and which.
type Config struct {
	// Endpoint is the HOST:PORT of the collector; empty: no spans are made.
	Endpoint string
	// Credentials are for the collector: TLS, or insecure.NewCredentials.
	Credentials credentials.TransportCredentials
	// Ratio is the part of traces, 0 to 1, that is sent where they begin here.
	// One that began elsewhere is sent if it is sent from there.
	Ratio float64
	// Version and Instance tell which process the spans are of.
	Version, Instance string
}

// Provider makes spans and sends them. Its zero value makes none.
type Provider struct {
	sdk *sdktrace.TracerProvider // nil: no spans
	log *slog.Logger
}

// stopTimeout bounds the sending of what is left at the end, after all else that
// a shutdown may take.
const stopTimeout = 3 * time.Second

// Start makes a Provider. It does not wait for the collector. What the
// configuration does not say the SDK reads from its own variables: headers,
// compression and timeout of the exporter, the queue's size, attributes of the
// process (OTEL_EXPORTER_OTLP_HEADERS, OTEL_BSP_…, OTEL_RESOURCE_ATTRIBUTES).
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
		sdktrace.WithBatcher(quiet(exporter, log, time.Now)),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(c.Ratio))),
		sdktrace.WithResource(from),
	)}, nil
}

// Tracer begins spans; one that does nothing where there are to be none.
func (p *Provider) Tracer() trace.Tracer {
	if p.sdk == nil {
		return noop.Tracer{}
	}
	return p.sdk.Tracer("exporttask")
}

// Stop sends what is left, for a few seconds at the most. Spans that end later
// are lost.
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
