package auth

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Unary is the outermost interceptor: the reply carries the request id, and
// the call has a deadline, which goes down to the database.
func (g *Guard) Unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	ctx, err := g.admitted(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	if err := grpc.SetHeader(ctx, metadata.Pairs(RequestIDHeader, RequestID(ctx))); err != nil {
		return nil, err
	}
	if _, has := ctx.Deadline(); !has && g.Deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, g.Deadline)
		defer cancel()
	}
	return next(ctx, req)
}

// Stream is the same for streams, which may last as long as they have
// something to send.
func (g *Guard) Stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	ctx, err := g.admitted(stream.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	if err := stream.SetHeader(metadata.Pairs(RequestIDHeader, RequestID(ctx))); err != nil {
		return err
	}
	return next(srv, &admittedStream{stream, ctx})
}

// admitted admits a call that did not pass Tap.
func (g *Guard) admitted(ctx context.Context, method string) (context.Context, error) {
	if _, ok := ctx.Value(callKey{}).(call); ok {
		return ctx, nil
	}
	md, _ := metadata.FromIncomingContext(ctx)
	return g.admit(ctx, method, md)
}

type admittedStream struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // a stream's own way
}

func (s *admittedStream) Context() context.Context { return s.ctx }

// OwnUnary is the innermost interceptor. It returns a model.Error for what is
// not the caller's, so the one that makes envelopes comes before it.
func (g *Guard) OwnUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := g.own(ctx, info.FullMethod, req); err != nil {
		return nil, err
	}
	return next(ctx, req)
}

// OwnStream is the same for streams.
func (g *Guard) OwnStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	return next(srv, &ownStream{stream, g, info.FullMethod})
}

// ownStream refuses a request when it comes in.
type ownStream struct {
	grpc.ServerStream
	guard  *Guard
	method string
}

func (s *ownStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	return s.guard.own(s.Context(), s.method, m)
}

// own holds a request against its caller. A method of the contract without a
// rule is a mistake of ours, and nobody's.
func (g *Guard) own(ctx context.Context, method string, req any) error {
	r, ours, known := ruleOf(method)
	if g.Tokens == nil || !ours {
		return nil
	}
	who, ok := From(ctx)
	m, isMessage := req.(proto.Message)
	if !ok || !known || !isMessage {
		g.Logger.ErrorContext(ctx, "call without an access rule", "method", method)
		return status.Errorf(codes.Internal, "%s has no access rule", method)
	}
	switch {
	case !who.Admin():
		return own(ctx, g.Owners, who.Operator, m)
	case r.attributed:
		return attribute(who.Operator, m)
	}
	return nil
}
