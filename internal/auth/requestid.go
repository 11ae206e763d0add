package auth

import (
	"context"
	"crypto/rand"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/metadata"
)

// RequestIDHeader is the metadata key, and the HTTP header, of the request id in
// requests and replies.
const RequestIDHeader = "x-request-id"

// maxRequestID is the maximum length of a client's request id, in characters.
const maxRequestID = 64

// requestID returns the client's request id if it is printable ASCII without
// spaces, else a random one: other characters could forge log lines.
func requestID(md metadata.MD) string {
	if ids := md.Get(RequestIDHeader); len(ids) == 1 && printable(ids[0]) {
		return ids[0]
	}
	return rand.Text()
}

func printable(id string) bool {
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return id != "" && len(id) <= maxRequestID
}

// LogHandler returns a handler that adds attributes from the context of each
// record: request_id and, for calls with a token, the token's name as client;
// and trace_id for the context of a sampled span.
func LogHandler(next slog.Handler) slog.Handler { return handler{next} }

type handler struct{ slog.Handler }

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	c, isCall := ctx.Value(callKey{}).(call)
	span := trace.SpanContextFromContext(ctx)
	if isCall || span.IsSampled() {
		r = r.Clone()
	}
	if isCall {
		r.AddAttrs(slog.String("request_id", c.requestID))
		if c.identity != nil {
			r.AddAttrs(slog.String("client", c.identity.Name))
		}
	}
	if span.IsSampled() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs)}
}

func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }
