package gateway

import (
	"net/http"
	"slices"
)

// Headers of CORS (https://fetch.spec.whatwg.org/#http-cors-protocol).
const (
	exposedHeaders = "X-Request-Id, Content-Disposition, Content-Length, Content-Range, Accept-Ranges, ETag, Retry-After"
	allowedMethods = "GET, HEAD, POST, PATCH, DELETE"
	allowedHeaders = "Authorization, Content-Type, X-Request-Id, Range, If-Range, If-None-Match, Traceparent, Tracestate"
)

// cors answers preflight requests and adds CORS headers to the replies to pages
// of the configured origins.
func (g *gateway) cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if len(g.Origins) == 0 || origin == "" {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Add("Vary", "Origin")
		if !g.originAllowed(origin) {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", exposedHeaders)
		if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", allowedMethods)
		h.Set("Access-Control-Allow-Headers", allowedHeaders)
		h.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	})
}

// originAllowed reports whether pages of an origin may call the API.
func (g *gateway) originAllowed(origin string) bool {
	return slices.Contains(g.Origins, "*") || slices.Contains(g.Origins, origin)
}
