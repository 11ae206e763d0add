package gateway

import (
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"google.golang.org/grpc/metadata"
)

const (
	requestIDKey = "x-request-id"
	maxBody      = 16 << 20
	// maxTimeout bounds what a Grpc-Timeout header may ask for.
	maxTimeout = len("99999999S")
)

// edge is what every request passes: it takes over the headers that the service
// may see and no others, bounds the body, and answers browsers' questions.
func (g *gateway) edge(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		if g.cors(w, r) {
			return
		}
		if r.Method == http.MethodPost || r.Method == http.MethodPatch || r.Method == http.MethodPut {
			if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); r.ContentLength != 0 && (err != nil || kind != "application/json") {
				writeStatus(w, http.StatusUnsupportedMediaType, "Content-Type: "+r.Header.Get("Content-Type")+", want application/json")
				return
			}
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r.WithContext(metadata.NewOutgoingContext(r.Context(), g.metadata(r))))
		g.Logger.DebugContext(r.Context(), "http", "method", r.Method, "path", pathToLog(r.URL.Path), "duration", time.Since(began))
	})
}

// metadata is what the service hears of a request. Headers that pretend to be
// metadata, or to name the caller, are not among it.
func (g *gateway) metadata(r *http.Request) metadata.MD {
	md := metadata.MD{}
	if auth := r.Header.Get("Authorization"); auth != "" {
		md.Set("authorization", auth)
	}
	if id := r.Header.Get("X-Request-Id"); id != "" {
		md.Set(requestIDKey, id)
	}
	traced := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header)), traced)
	for name, value := range traced { // none where they are not as they should be
		md.Set(name, value)
	}
	if g.PeerKey != "" {
		md.Set(g.PeerKey, r.RemoteAddr)
	}
	for name := range r.Header {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "grpc-metadata-") || strings.HasPrefix(lower, "x-forwarded-") || lower == "forwarded" ||
			lower == "authorization" || lower == "grpc-timeout" && len(r.Header.Get(name)) > maxTimeout {
			r.Header.Del(name) // the generated code would pass it on
		}
	}
	return md
}

// pathToLog leaves out what opens a file.
func pathToLog(path string) string {
	if strings.HasPrefix(path, "/d/") {
		return "/d/..."
	}
	return path
}

// cors answers a browser that asks whether it may call, and marks answers for
// browsers that may. It tells whether the request is done with.
func (g *gateway) cors(w http.ResponseWriter, r *http.Request) (done bool) {
	origin := r.Header.Get("Origin")
	if len(g.Origins) == 0 || origin == "" {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	if !slices.Contains(g.Origins, "*") && !slices.Contains(g.Origins, origin) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "X-Request-Id, Content-Disposition, ETag, Retry-After")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Request-Id, Range, If-Range, Traceparent, Tracestate")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}
