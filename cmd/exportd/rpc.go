package main

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/experimental"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"exporttask/api"
	"exporttask/internal/audit"
	"exporttask/internal/auth"
	"exporttask/internal/listener"
	"exporttask/internal/model"
	"exporttask/internal/server"
	"exporttask/internal/sqlcheck"
	"exporttask/internal/telemetry/metrics"
	"exporttask/internal/telemetry/tracing"
)

// rpcServer is the gRPC server with everything that a call passes before its
// handler: TLS, token, scope, rate, ownership, envelope.
type rpcServer struct {
	grpc *grpc.Server
	// inProcess serves the calls of this process's HTTP port. It has the same
	// interceptors and no TLS of its own.
	inProcess *grpc.Server
	health    *health.Server
	// peerKey is the metadata key under which the HTTP port passes on the
	// addresses of its callers.
	peerKey string
	certs   *listener.Certs // nil without TLS
	tokens  *auth.Tokens    // nil without tokens

	interceptors *auth.Interceptors
	requests     *listener.Requests
}

// newRPCServer returns the gRPC server with its handlers registered.
func (a *app) newRPCServer(owners auth.OwnerLookup, handlers *server.Server, m *metrics.Metrics, traces *tracing.Provider, log *audit.Keeper) (*rpcServer, error) {
	s := &rpcServer{
		health: health.NewServer(), peerKey: newPeerKey(),
		requests: listener.NewRequests(a.memory.limits.Calls/2, a.memory.limits.Process/4*3),
	}
	var err error
	if a.cfg.tokensFile != "" {
		if s.tokens, err = auth.OpenTokens(a.cfg.tokensFile, a.log); err != nil {
			return nil, fmt.Errorf("tokens-file: %w", err)
		}
	}
	s.interceptors = auth.New(auth.Config{
		Tokens: s.tokens, Owners: owners, Rate: a.cfg.rate, Deadline: a.cfg.callTimeout, RequestTimeout: a.cfg.edge.Body,
		PeerKey: s.peerKey, Logger: a.log, Refused: m.Refused, Audit: log.Record, Requests: s.requests,
	})
	recovery := &listener.Recovery{Logger: a.log, Panicked: func() { m.Panicked("grpc") }}
	options := append(a.cfg.edge.ServerOptions(), traces.ServerOptions()...)
	options = append(options,
		grpc.StatsHandler(server.CallMemory(a.memory.calls)),
		grpc.ForceServerCodecV2(server.Codec(a.memory.calls)),
		// The inner recovery makes a panic a status before m counts the call.
		grpc.ChainUnaryInterceptor(recovery.Unary, s.interceptors.Unary, m.Unary, recovery.Unary, server.UnaryErrors(a.log), s.interceptors.OwnershipUnary),
		grpc.ChainStreamInterceptor(recovery.Stream, s.interceptors.Stream, m.Stream, recovery.Stream, server.StreamErrors(a.log), s.interceptors.OwnershipStream),
	)
	s.inProcess = grpc.NewServer(options...)
	options = append(options, grpc.InTapHandle(recovery.Tap(s.interceptors.Tap)), experimental.BufferPool(s.requests.Pool()))
	if a.cfg.tls.On() {
		if s.certs, err = a.cfg.tls.Open(a.log); err != nil {
			return nil, fmt.Errorf("tls: %w", err)
		}
		options = append(options, grpc.Creds(credentials.NewTLS(s.certs.Config())))
	}
	s.grpc = grpc.NewServer(options...)
	s.health.SetServingStatus(api.ExportTask_ServiceDesc.ServiceName, healthpb.HealthCheckResponse_SERVING)
	api.RegisterExportTaskServer(s.grpc, handlers)
	api.RegisterExportTaskServer(s.inProcess, handlers)
	healthpb.RegisterHealthServer(s.grpc, s.health)
	if a.cfg.reflection {
		reflection.Register(s.grpc)
	}
	return s, nil
}

// caller implements server.Config.Caller.
func caller(ctx context.Context) (server.Caller, bool) {
	who, ok := auth.From(ctx)
	if !ok {
		return server.Caller{}, false
	}
	c := server.Caller{Name: who.Name, Operator: who.Operator}
	for _, scope := range who.All() {
		c.Scopes = append(c.Scopes, string(scope))
	}
	for _, claim := range who.Claims {
		c.Claims = append(c.Claims, model.Param{Name: sqlcheck.ClaimPrefix + claim.Name, Value: claim.Value, Values: claim.Values})
	}
	return c, true
}

// watched is a file that is read again when it changes.
type watched interface {
	Reload() error
	Run(ctx context.Context)
}

// files returns the files of the server that may change while it runs.
func (s *rpcServer) files() []watched {
	var all []watched
	if s.certs != nil {
		all = append(all, s.certs)
	}
	if s.tokens != nil {
		all = append(all, s.tokens)
	}
	return all
}
