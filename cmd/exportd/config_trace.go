package main

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc/credentials/insecure"

	"exporttask/cmd/internal/version"
	"exporttask/internal/listener"
	"exporttask/internal/telemetry/tracing"
)

// traceConfig holds the options of OpenTelemetry traces.
type traceConfig struct {
	endpoint string
	insecure bool
	ratio    float64
	tls      listener.ClientTLS
}

func (c *traceConfig) define(o *options) {
	f := o.flags
	f.StringVar(&c.endpoint, "trace-endpoint", "", "`HOST:PORT` of an OpenTelemetry collector (OTLP/gRPC); none: no traces")
	f.BoolVar(&c.insecure, "trace-insecure", false, "send traces without TLS")
	f.Float64Var(&c.ratio, "trace-ratio", 1, "`fraction` of traces begun by exportd that is sent, 0 to 1; traces begun by a caller follow its sampled flag")
	f.StringVar(&c.tls.CAFile, "trace-ca-file", "", "PEM `file` of certificate authorities that verify the collector; none: the system's")
	f.StringVar(&c.tls.CertFile, "trace-cert-file", "", "PEM `file` of the client certificate for the collector")
	f.StringVar(&c.tls.KeyFile, "trace-key-file", "", "PEM `file` of the private key of that certificate")
}

func (c *traceConfig) validate(bad func(option, format string, args ...any)) {
	if c.endpoint != "" {
		if host, port, err := net.SplitHostPort(c.endpoint); err != nil || host == "" || port == "" {
			bad("trace-endpoint", "%q, want HOST:PORT, such as 127.0.0.1:4317", c.endpoint)
		}
	}
	if !(c.ratio >= 0 && c.ratio <= 1) { // not a number either
		bad("trace-ratio", "%g, want 0..1", c.ratio)
	}
	if c.insecure && c.tls.On() {
		bad("trace-insecure", "true, but files for TLS are given: want one of the two")
	}
	if err := c.tls.Validate("trace-"); err != nil {
		bad("trace", "%s", err)
	}
}

// traces starts the trace exporter of this process. It also returns the TLS files
// of the exporter, which may change while the process runs.
func (a *app) traces(ctx context.Context, owner string) (*tracing.Provider, []watched, error) {
	c := &a.cfg.trace
	to := tracing.Config{Endpoint: c.endpoint, Credentials: insecure.NewCredentials(), Ratio: c.ratio, Version: version.Get().Version, Instance: owner}
	var files []watched
	if c.endpoint != "" && !c.insecure {
		certs, err := c.tls.Open(a.log)
		if err != nil {
			return nil, nil, fmt.Errorf("trace: %w", err)
		}
		to.Credentials, files = certs.Credentials(), []watched{certs}
	}
	p, err := tracing.Start(ctx, to, a.log)
	if err != nil {
		return nil, nil, fmt.Errorf("trace: %w", err)
	}
	return p, files, nil
}
