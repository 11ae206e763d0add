package main

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"exporttask/api"
	"exporttask/internal/auth"
	"exporttask/internal/listener"
	"exporttask/internal/server"
	"exporttask/internal/telemetry/metrics"
	"exporttask/internal/telemetry/tracing"
)

// door is the gRPC server with all that stands before the handlers: TLS,
// tokens, scopes, rates, ownership, the envelope.
type door struct {
	grpc   *grpc.Server
	inside *grpc.Server // the same for calls from the HTTP port of this process, whose TLS is HTTP's
	health *health.Server
	// peerKey is how the gateway of this process tells callers' addresses.
	peerKey string
	certs   *listener.Certs // nil without TLS
	tokens  *auth.Tokens    // nil without tokens
}

func (a *app) door(owners auth.OwnerLookup, tasks *server.Server, figures *metrics.Metrics, traces *tracing.Provider) (*door, error) {
	d := &door{health: health.NewServer(), peerKey: newPeerKey()}
	var err error
	if a.cfg.tokensFile != "" {
		if d.tokens, err = auth.OpenTokens(a.cfg.tokensFile, a.log); err != nil {
			return nil, err
		}
	}
	interceptors := auth.New(auth.Config{
		Tokens: d.tokens, Owners: owners, Rate: a.cfg.rate, Deadline: a.cfg.callTimeout,
		PeerKey: d.peerKey, Logger: a.log, Refused: figures.Refused,
	})
	options := append(a.cfg.edge.ServerOptions(), traces.ServerOptions()...)
	options = append(options,
		grpc.ForceServerCodecV2(server.Codec()),
		grpc.InTapHandle(interceptors.Tap),
		grpc.ChainUnaryInterceptor(interceptors.Unary, figures.Unary, server.UnaryErrors(a.log), interceptors.OwnershipUnary),
		grpc.ChainStreamInterceptor(interceptors.Stream, figures.Stream, server.StreamErrors(a.log), interceptors.OwnershipStream),
	)
	d.inside = grpc.NewServer(options...)
	if a.cfg.tls.On() {
		if d.certs, err = a.cfg.tls.Open(a.log); err != nil {
			return nil, err
		}
		options = append(options, grpc.Creds(credentials.NewTLS(d.certs.Config())))
	}
	d.grpc = grpc.NewServer(options...)
	d.health.SetServingStatus(api.ExportTask_ServiceDesc.ServiceName, healthpb.HealthCheckResponse_SERVING)
	for _, s := range []*grpc.Server{d.grpc, d.inside} {
		api.RegisterExportTaskServer(s, tasks)
	}
	healthpb.RegisterHealthServer(d.grpc, d.health)
	if a.cfg.reflection {
		reflection.Register(d.grpc)
	}
	return d, nil
}

// watched are files that can change while the process runs.
type watched interface {
	Reload() error
	Run(ctx context.Context)
}

func (d *door) files() []watched {
	var all []watched
	if d.certs != nil {
		all = append(all, d.certs)
	}
	if d.tokens != nil {
		all = append(all, d.tokens)
	}
	return all
}
