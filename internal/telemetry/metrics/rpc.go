package metrics

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"exporttask/internal/model/errcode"
)

// Refused counts a call that auth.Interceptors.Tap refused before its request was
// read.
func (m *Metrics) Refused(fullMethod string, code codes.Code) {
	m.rpcs.WithLabelValues(m.method(fullMethod), m.errCodes.of(errcode.String(code))).Inc()
}

// Unary is a unary interceptor that counts and times calls.
func (m *Metrics) Unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	began := time.Now()
	reply, err := next(ctx, req)
	name := m.method(info.FullMethod)
	m.rpcs.WithLabelValues(name, errcode.String(errcode.OfCall(reply, err))).Inc()
	m.rpcSeconds.WithLabelValues(name).Observe(time.Since(began).Seconds())
	return reply, err
}

// Stream is a stream interceptor that counts streams. The errCode of a stream
// that ends without an error is that of its last message.
func (m *Metrics) Stream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	s := &lastReply{ServerStream: stream}
	err := next(srv, s)
	m.rpcs.WithLabelValues(m.method(info.FullMethod), errcode.String(errcode.OfCall(s.last, err))).Inc()
	return err
}

// lastReply keeps the last message that a stream sent.
type lastReply struct {
	grpc.ServerStream
	last any
}

func (s *lastReply) SendMsg(m any) error {
	s.last = m
	return s.ServerStream.SendMsg(m)
}
