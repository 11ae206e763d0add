package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"runtime/debug"

	"github.com/go-sql-driver/mysql"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"exporttask/internal/model"
	"exporttask/internal/server/errcode"
)

// This file is the one place where errors become answers. A model.Error is
// the caller's and goes into the reply's envelope; everything else is ours,
// is logged, and becomes a gRPC status with a plain message.

// UnaryErrors turns handlers' errors into envelopes and statuses, and their
// panics into INTERNAL.
func UnaryErrors(log *slog.Logger) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (res any, err error) {
		defer func() {
			if p := recover(); p != nil {
				res, err = nil, panicked(ctx, log, info.FullMethod, p)
			}
		}()
		if err := undecoded(req); err != nil {
			return envelope(info.FullMethod, err)
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

// StreamErrors does the same for streams: an envelope is sent as a message of
// its own, and the stream ends.
func StreamErrors(log *slog.Logger) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = panicked(stream.Context(), log, info.FullMethod, p)
			}
		}()
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

// decodedStream refuses a message that could not be decoded.
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

// envelope makes the reply of a method with nothing but errCode and errMsg.
// Methods that have no such reply (health, reflection) get a status.
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
	return res.Interface(), nil
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

// toStatus hides what only operations should see, and logs it.
func toStatus(ctx context.Context, log *slog.Logger, method string, err error) error {
	if st, ok := status.FromError(err); ok {
		return st.Err() // made for the client by a handler or by grpc itself
	}
	switch {
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return status.Error(codes.Canceled, "the client went away")
	case errors.Is(err, context.DeadlineExceeded):
		log.WarnContext(ctx, "deadline passed", "method", method, "error", err)
		return status.Error(codes.DeadlineExceeded, "the deadline passed before the answer was there")
	case databaseDown(err):
		log.ErrorContext(ctx, "database does not answer", "method", method, "error", err)
		return status.Error(codes.Unavailable, "the service's database does not answer; try again")
	}
	log.ErrorContext(ctx, "call failed", "method", method, "error", err)
	return status.Error(codes.Internal, "internal error; the cause is in the server's log")
}

// databaseDown tells whether an error is of the connection to the database
// and not of a statement.
func databaseDown(err error) bool {
	var netErr net.Error
	if my, ok := errors.AsType[*mysql.MySQLError](err); ok {
		// Too many connections, shutting down, killed, read only.
		return my.Number == 1040 || my.Number == 1053 || my.Number == 1927 || my.Number == 1290
	}
	return errors.Is(err, mysql.ErrInvalidConn) || errors.As(err, &netErr)
}

func panicked(ctx context.Context, log *slog.Logger, method string, p any) error {
	log.ErrorContext(ctx, "panic in a handler", "method", method, "panic", p, "stack", string(debug.Stack()))
	return status.Error(codes.Internal, "internal error; the cause is in the server's log")
}
