package auth

import (
	"context"
	"errors"
	"path"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"exporttask/internal/listener"
	"exporttask/internal/model"
)

// Unary is the outermost unary interceptor. It sets the request id in the
// reply's header, and a deadline, which bounds the call's database statements.
func (i *Interceptors) Unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if i.Requests != nil {
		i.Requests.Arrived(ctx)
	}
	ctx, err := i.admitted(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	if err := grpc.SetHeader(ctx, metadata.Pairs(RequestIDHeader, RequestID(ctx))); err != nil {
		return nil, err
	}
	if i.Deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, i.Deadline)
		defer cancel()
	}
	return next(ctx, req)
}

// Stream is the outermost stream interceptor. It sets the request id in the
// reply's header. Streams get no deadline.
func (i *Interceptors) Stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	ctx, err := i.admitted(stream.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	if err := stream.SetHeader(metadata.Pairs(RequestIDHeader, RequestID(ctx))); err != nil {
		return err
	}
	return next(srv, &admittedStream{stream, ctx, i.Requests})
}

// admitted returns the context of a call, and admits the call first if the
// server has no tap.
func (i *Interceptors) admitted(ctx context.Context, method string) (context.Context, error) {
	if err, ok := ctx.Value(refusedKey{}).(error); ok {
		return nil, err
	}
	if _, ok := ctx.Value(callKey{}).(call); ok {
		return ctx, nil
	}
	md, _ := metadata.FromIncomingContext(ctx)
	admitted, err := i.admit(ctx, method, md)
	if err != nil {
		i.refused(method, err)
	}
	return admitted, err
}

// admittedStream is a stream with the context of an admitted call.
type admittedStream struct {
	grpc.ServerStream
	ctx      context.Context //nolint:containedctx // grpc.ServerStream returns its context
	requests *listener.Requests
}

func (s *admittedStream) Context() context.Context { return s.ctx }

// RecvMsg stops the timeout of the stream's request when a message has arrived.
func (s *admittedStream) RecvMsg(m any) error {
	err := s.ServerStream.RecvMsg(m)
	if err == nil && s.requests != nil {
		s.requests.Arrived(s.ctx)
	}
	return requestReceived(s.ctx, err)
}

// OwnershipUnary is the innermost unary interceptor. It returns a *model.Error
// for a request that names an object of another operator, so the interceptor
// that makes envelopes of errors must be outside of it.
func (i *Interceptors) OwnershipUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := i.checkOwner(ctx, info.FullMethod, req); err != nil {
		return nil, err
	}
	return next(ctx, req)
}

// OwnershipStream is the innermost stream interceptor. It checks each request
// message of a stream like OwnershipUnary.
func (i *Interceptors) OwnershipStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	return next(srv, &checkedStream{stream, i, info.FullMethod})
}

// checkedStream checks the owner of what a request names when the handler
// receives the request.
type checkedStream struct {
	grpc.ServerStream
	interceptors *Interceptors
	method       string
}

func (s *checkedStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	return s.interceptors.checkOwner(s.Context(), s.method, m)
}

// checkOwner restricts a request to its caller's operator. A method of the
// service without an entry in rules is a programming error: nobody may call it.
func (i *Interceptors) checkOwner(ctx context.Context, method string, req any) error {
	r, ours, known := ruleOf(method)
	if i.Tokens == nil || !ours {
		return nil
	}
	who, ok := From(ctx)
	m, isMessage := req.(proto.Message)
	if !ok || !known || !isMessage {
		i.Logger.ErrorContext(ctx, "call without an access rule", "method", method)
		return status.Errorf(codes.Internal, "%s has no access rule", method)
	}
	switch {
	case !who.Admin():
		err := restrict(ctx, i.Owners, who.Operator, m)
		if foreign, ok := errors.AsType[*foreignObjectError](err); ok {
			i.audit(ctx, &who, model.AuditEntry{Kind: foreign.kind, ObjectID: foreign.id, Detail: path.Base(method) + " " + foreign.detail})
			return foreign.Err
		}
		return err
	case r.attributed:
		return attribute(who.Operator, m)
	}
	return nil
}
