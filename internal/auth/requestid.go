package auth

import (
	"context"
	"crypto/rand"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/metadata"
)

// RequestIDHeader is the metadata, and the HTTP header, that carries the id of
// a call in both directions.
const RequestIDHeader = "x-request-id"

// maxRequestID is the longest id taken from a client, in characters.
const maxRequestID = 64

// requestID takes the id from the client where it is printable ASCII without
// spaces; anything else is replaced, so that a log line can't be forged.
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

// LogHandler makes every line that is logged with the context of a call carry
// the call's request_id and, where it showed a token, the token's name as
// client. Lines with the context of a span, a call's or another's, carry its
// trace_id where the trace is kept.
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
