package gateway

import (
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// access rejects requests to the API before their body is read: requests without
// valid credentials, and requests that a web page of another site may have made
// the user's browser send.
//
// A browser sends no Authorization header for a page of another site unless CORS
// allows it. So requests with a token need no further check. For requests without
// a token, which a service without tokens accepts,
//
//   - Host must be a name that no stranger can point to this address (DNS
//     rebinding),
//   - Origin of a request that changes state must be the same host or an origin
//     of CORS,
//   - a POST must be application/json or have a header that no HTML form sets.
func (g *gateway) access(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/v1/") {
			next.ServeHTTP(w, r)
			return
		}
		hasToken := authorized(r)
		if g.Authenticate != nil && (!hasToken || hasBody(r)) {
			if err := g.Authenticate(r.Context()); err != nil {
				abandonBody(w, r)
				writeError(w, err)
				return
			}
		}
		if !hasToken {
			if status, text := g.checkSite(r); status != 0 {
				abandonBody(w, r)
				writeStatus(w, status, text)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// checkSite returns the HTTP status and text with which a request without a token
// is rejected, or 0.
func (g *gateway) checkSite(r *http.Request) (httpStatus int, text string) {
	if !g.hostAllowed(r.Host) {
		return http.StatusForbidden, fmt.Sprintf("Host: %.100q is not allowed for requests without a token; "+
			"want an IP address, a name without dots, or a name listed in http-hosts", r.Host)
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return 0, ""
	}
	if origin := r.Header.Get("Origin"); origin != "" && !sameHost(origin, r.Host) && !g.originAllowed(origin) {
		return http.StatusForbidden, fmt.Sprintf("Origin: %.100q is not allowed; want a page of this host or an origin listed in cors-origins", origin)
	}
	if r.Method == http.MethodPost && !isJSON(r) && !slices.ContainsFunc(formUnable, func(name string) bool { return r.Header.Get(name) != "" }) {
		return http.StatusUnsupportedMediaType, fmt.Sprintf("Content-Type: %.100q, want application/json; "+
			"a POST without a body may have the header X-Requested-With instead", r.Header.Get("Content-Type"))
	}
	return 0, ""
}

// formUnable are headers that neither an HTML form nor a page of another site can
// set without a CORS preflight.
var formUnable = []string{"X-Requested-With", "X-Request-Id"}

// hostAllowed reports whether a request without a token may name a host. IP
// addresses cannot be rebound, and names without a dot are not in the public DNS.
func (g *gateway) hostAllowed(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	if host != "" && !strings.Contains(host, ".") || strings.HasSuffix(host, ".localhost") {
		return true
	}
	return slices.ContainsFunc(g.Hosts, func(allowed string) bool { return allowed == "*" || strings.EqualFold(allowed, host) })
}

// sameHost reports whether an origin is that of the request's own host.
func sameHost(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, host)
}

// isJSON reports whether the Content-Type of a request is application/json.
func isJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}
