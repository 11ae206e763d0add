package gateway

import (
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/grpc/metadata"

	"exporttask/internal/auth/session"
)

const (
	requestIDKey = "x-request-id"
	// maxTimeoutLength is the maximum length of a Grpc-Timeout header: 8 digits
	// and a unit (gRPC over HTTP/2, "Requests").
	maxTimeoutLength = len("99999999S")
)

// withMetadata puts the headers that the service gets into the outgoing gRPC
// metadata of the request's context.
func (g *gateway) withMetadata(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r.WithContext(metadata.NewOutgoingContext(r.Context(), g.metadata(r))))
		g.Logger.DebugContext(r.Context(), "http", "method", r.Method, "path", loggedPath(r.URL.Path), "duration", time.Since(began))
	})
}

// metadata returns the gRPC metadata of a request. It deletes the headers of the
// request that the generated code would pass on: headers that set metadata, and
// headers that claim to be the caller's address.
func (g *gateway) metadata(r *http.Request) metadata.MD {
	md := metadata.MD{}
	if authorization := r.Header.Get("Authorization"); authorization != "" {
		md.Set("authorization", authorization)
	}
	if id := r.Header.Get("X-Request-Id"); id != "" {
		md.Set(requestIDKey, id)
	}
	trace := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header)), trace)
	for name, value := range trace { // empty for an invalid traceparent
		md.Set(name, value)
	}
	if g.PeerKey != "" {
		md.Set(g.PeerKey, r.RemoteAddr)
		if in := sessionOf(r.Context()); in != nil && in.Person != nil {
			md.Set(session.PersonKey(g.PeerKey), in.Person.Metadata())
		}
	}
	for name := range r.Header {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "grpc-metadata-") || strings.HasPrefix(lower, "x-forwarded-") || lower == "forwarded" ||
			lower == "authorization" || lower == "grpc-timeout" && len(r.Header.Get(name)) > maxTimeoutLength {
			r.Header.Del(name)
		}
	}
	return md
}

// authorized reports whether a request has an Authorization header or a session.
// (metadata has moved the header to the outgoing metadata.)
func authorized(r *http.Request) bool {
	md, _ := metadata.FromOutgoingContext(r.Context())
	return len(md.Get("authorization")) > 0 || sessionOf(r.Context()) != nil
}

// loggedPath returns the path of a request without the secret of a signed URL.
func loggedPath(path string) string {
	if strings.HasPrefix(path, "/d/") {
		return "/d/..."
	}
	return path
}
