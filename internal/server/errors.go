package server

import (
	"context"
	"errors"
	"log/slog"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"exporttask/api"
	"exporttask/internal/memory"
	"exporttask/internal/model"
	"exporttask/internal/model/errcode"
	"exporttask/internal/task"
)

// This file is the only place where errors become replies. A *model.Error is the
// caller's mistake and goes into the envelope of the reply. Every other error is
// the service's own: it is logged and becomes a gRPC status with a plain message.

// UnaryErrors returns the interceptor that turns errors of handlers into
// envelopes and gRPC statuses. Large requests wait for memory; see CallMemory.
// listener.Recovery does the same for panics.
func UnaryErrors(log *slog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (res any, err error) {
		if err := undecoded(req); err != nil {
			return envelope(info.FullMethod, err)
		}
		if m, ok := req.(proto.Message); ok {
			if size := proto.Size(m); size > smallRequest {
				if err := memory.Charge(ctx, int64(size)); err != nil {
					return nil, toStatus(ctx, log, info.FullMethod, err)
				}
			}
		}
		res, err = next(ctx, req)
		if err == nil {
			return res, nil
		}
		if mine, ok := errors.AsType[*model.Error](err); ok {
			return envelope(info.FullMethod, mine)
		}
		return nil, toStatus(ctx, log, info.FullMethod, err)
	}
}

// StreamErrors returns the interceptor that does for streams what UnaryErrors does
// for unary calls. An envelope is sent as a message of its own, and the stream
// ends with OK.
func StreamErrors(log *slog.Logger) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
		err = next(srv, decodedStream{stream})
		if err == nil {
			return nil
		}
		if mine, ok := errors.AsType[*model.Error](err); ok {
			res, err := envelope(info.FullMethod, mine)
			if err != nil {
				return err
			}
			return stream.SendMsg(res)
		}
		return toStatus(stream.Context(), log, info.FullMethod, err)
	}
}

// decodedStream returns an error for a message that could not be decoded.
type decodedStream struct{ grpc.ServerStream }

func (s decodedStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	if err := undecoded(m); err != nil {
		return err
	}
	return nil
}

// envelope returns the reply of a method with errCode and errMsg set and nothing
// else. For a method whose reply has no such fields (health, reflection) it
// returns a status.
func envelope(fullMethod string, e *model.Error) (proto.Message, error) {
	code := errcode.OfKind(e.Kind)
	name := protoreflect.FullName(methodName(fullMethod))
	desc, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		return nil, status.Error(code, e.Text)
	}
	method, ok := desc.(protoreflect.MethodDescriptor)
	if !ok {
		return nil, status.Error(code, e.Text)
	}
	typ, err := protoregistry.GlobalTypes.FindMessageByName(method.Output().FullName())
	if err != nil {
		return nil, status.Error(code, e.Text)
	}
	fields := method.Output().Fields()
	codeField, textField := fields.ByName("errCode"), fields.ByName("errMsg")
	if codeField == nil || textField == nil {
		return nil, status.Error(code, e.Text)
	}
	res := typ.New()
	res.Set(codeField, protoreflect.ValueOfString(errcode.String(code)))
	res.Set(textField, protoreflect.ValueOfString(e.Text))
	if placeField := fields.ByName("errAt"); placeField != nil && e.Place != nil {
		res.Set(placeField, protoreflect.ValueOfMessage(placeToProto(e.Place).ProtoReflect()))
	}
	return res.Interface(), nil
}

func placeToProto(p *model.Place) *api.WshExportErrorPlace {
	if p == nil {
		return nil
	}
	return &api.WshExportErrorPlace{
		Field: p.Field, Line: int32(p.Line), Column: int32(p.Column), Offset: int32(p.Offset), Length: int32(p.Length),
	}
}

// methodName turns "/package.Service/Method" into "package.Service.Method".
func methodName(fullMethod string) string {
	b := []byte(fullMethod)
	for i := range b {
		if b[i] == '/' {
			b[i] = '.'
		}
	}
	return string(b[1:])
}

// toStatus returns the gRPC status of an error of the service. The status does not
// hold the cause, which can name hosts and tables; the cause is logged.
func toStatus(ctx context.Context, log *slog.Logger, method string, err error) error {
	if st, ok := status.FromError(err); ok {
		return st.Err() // a handler or grpc itself wrote it for the client
	}
	if noMemory, ok := errors.AsType[*memory.ExceededError](err); ok {
		log.WarnContext(ctx, "a call needs more memory than is free", "method", method, "error", noMemory)
		return status.Error(codes.ResourceExhausted, noMemory.Error())
	}
	source, sourceDown := errors.AsType[*task.UnavailableError](err)
	switch {
	case sourceDown:
		log.WarnContext(ctx, "the data source does not answer", "method", method, "error", err)
		return status.Errorf(codes.Unavailable, "the data source %q does not answer; try again", source.Source)
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return status.Error(codes.Canceled, "the client went away")
	case errors.Is(err, context.DeadlineExceeded):
		log.WarnContext(ctx, "the deadline passed", "method", method, "error", err)
		return status.Error(codes.DeadlineExceeded, "the deadline passed before the answer was there")
	case model.Transient(err):
		log.ErrorContext(ctx, "the service's database does not take the write or does not answer", "method", method, "error", err)
		return status.Error(codes.Unavailable, "the service's database does not answer; try again")
	}
	log.ErrorContext(ctx, "the call failed", "method", method, "error", err)
	return status.Error(codes.Internal, "internal error; the cause is in the server's log")
}
