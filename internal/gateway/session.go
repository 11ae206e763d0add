package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/internal/auth/oidc"
	"exporttask/internal/auth/session"
)

// Sessions lets people sign in to the console. A session is a cookie, which only
// the HTTP port understands; calls of the service have the token of the session,
// or the person that an OpenID Connect provider has identified.
type Sessions struct {
	Sealer   *session.Sealer
	Lifetime session.Lifetime
	// TokensRequired is set if the service is known to require tokens. Otherwise
	// it is asked.
	TokensRequired bool
	// Secure sets the attribute Secure of cookies also for requests that arrive
	// without TLS: a reverse proxy has terminated it.
	Secure bool
	// Origin is the origin under which browsers reach the service if Host is not
	// it, such as "https://exports.example.com"; empty: none.
	Origin string
	// OIDC signs people in; nil: only tokens do.
	OIDC *oidc.Provider
}

// sessionPurpose keeps sealed sessions and other sealed texts apart.
const sessionPurpose = "console session"

// secure reports whether a request came over TLS, perhaps to a reverse proxy.
func (s *Sessions) secure(r *http.Request) bool {
	return s.Secure || r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"
}

// cookieName returns the name of the session cookie. With the prefix __Host- (RFC
// 6265bis section 4.1.3.2) no other host of the domain can set the cookie.
func (s *Sessions) cookieName(r *http.Request) string {
	if s.secure(r) {
		return "__Host-exportd"
	}
	return "exportd-session"
}

// setCookie sets the session cookie until idle.
func (s *Sessions) setCookie(w http.ResponseWriter, r *http.Request, in *session.Session, now time.Time) error {
	text, err := s.Sealer.Seal(sessionPurpose, in)
	if err != nil {
		return err
	}
	idle, _ := s.Lifetime.Ends(in)
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure over TLS
		Name: s.cookieName(r), Value: text, Path: "/", MaxAge: max(int(idle.Sub(now).Seconds()), 1),
		HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteStrictMode,
	})
	return nil
}

// clearCookie removes the session cookie.
func (s *Sessions) clearCookie(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure over TLS
		Name: s.cookieName(r), Path: "/", MaxAge: -1, HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteStrictMode,
	})
}

// checkPage returns why a request that changes something cannot come from a page
// of the console, or "".
func (s *Sessions) checkPage(r *http.Request) string {
	if r.Header.Get("X-Requested-With") == "" {
		return "X-Requested-With: missing; requests of a session that change something need it"
	}
	origin := r.Header.Get("Origin")
	if origin == "" && r.Header.Get("Sec-Fetch-Site") == "same-origin" || origin != "" && (sameHost(origin, r.Host) || origin == s.Origin) {
		return ""
	}
	return "Origin: not that of this service; want a request of its own pages, or http-base-url set to the address in the browser"
}

// usable reports whether a browser may use its cookie for a request: only pages
// of the same origin and the person itself make it.
func usable(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "" || site == "same-origin" || site == "none"
}

// withSession gives a request with a session cookie the rights of the session. A
// request with an Authorization header has its own, and the cookie is ignored.
func (g *gateway) withSession(next http.Handler) http.Handler {
	s := g.Sessions
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s == nil || r.Header.Get("Authorization") != "" || !usesSession(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		cookie, err := r.Cookie(s.cookieName(r))
		if err != nil || !usable(r) {
			next.ServeHTTP(w, r)
			return
		}
		var in session.Session
		now := g.Now()
		if err := s.Sealer.Open(sessionPurpose, cookie.Value, &in); err != nil || s.Lifetime.Expired(&in, now) {
			s.clearCookie(w, r)
			next.ServeHTTP(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			if text := s.checkPage(r); text != "" {
				abandonBody(w, r)
				writeStatus(w, http.StatusForbidden, text)
				return
			}
		}
		if s.Lifetime.NeedsRenewal(&in, now) {
			in.Seen = now
			if err := s.setCookie(w, r, &in, now); err != nil {
				g.Logger.ErrorContext(r.Context(), "the session of the console was not renewed", "error", err)
			}
		}
		r = r.WithContext(context.WithValue(r.Context(), sessionKey{}, &in))
		if in.Person == nil {
			r.Header.Set("Authorization", "Bearer "+in.Token)
		}
		next.ServeHTTP(w, r)
	})
}

type sessionKey struct{}

// sessionOf returns the session of a request, nil if there is none.
func sessionOf(ctx context.Context) *session.Session {
	in, _ := ctx.Value(sessionKey{}).(*session.Session)
	return in
}

// usesSession reports whether a path is one of those that sessions are for.
func usesSession(path string) bool {
	return strings.HasPrefix(path, "/v1/") || path == sessionPath
}

const sessionPath = "/console/session"

// sessionReply is the reply to GET and POST of sessionPath.
type sessionReply struct {
	SignIn      []string `json:"signIn"`
	SignedIn    bool     `json:"signedIn"`
	Name        string   `json:"name"`
	Method      string   `json:"method"`
	IdleExpires string   `json:"idleExpires"`
	Expires     string   `json:"expires"`
	OIDCLabel   string   `json:"oidcLabel"`
}

// session serves sessionPath: GET describes the session, POST signs in with a
// token, DELETE signs out.
func (g *gateway) session(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		g.getSession(w, r)
	case http.MethodPost:
		g.signIn(w, r)
	case http.MethodDelete:
		if text := g.Sessions.checkPage(r); text != "" {
			writeStatus(w, http.StatusForbidden, text)
			return
		}
		g.Sessions.clearCookie(w, r)
		w.WriteHeader(http.StatusNoContent)
	default:
		writeMethodNotAllowed(w, r, "DELETE, GET, HEAD, POST")
	}
}

func (g *gateway) getSession(w http.ResponseWriter, r *http.Request) {
	in := sessionOf(r.Context())
	if in == nil && g.Sessions.TokensRequired {
		g.writeSession(w, nil, nil)
		return
	}
	who, err := g.whoIs(r.Context())
	switch {
	case status.Code(err) == codes.Unauthenticated:
		if in != nil { // its token was removed
			g.Sessions.clearCookie(w, r)
		}
		g.writeSession(w, nil, nil)
	case err != nil:
		writeError(w, err)
	default:
		g.writeSession(w, in, who)
	}
}

// whoIs returns what the service says about the caller whose credentials ctx has.
func (g *gateway) whoIs(ctx context.Context) (*api.WshExportSession, error) {
	res, err := g.client.GetSession(ctx, &api.WshExportTaskGetSessionReq{})
	return res.GetData(), err
}

// writeSession describes a session; nil is none. who is nil for a caller that has
// to sign in.
func (g *gateway) writeSession(w http.ResponseWriter, in *session.Session, who *api.WshExportSession) {
	reply := sessionReply{SignIn: []string{}, SignedIn: who != nil, Name: strings.TrimPrefix(who.GetName(), oidc.NamePrefix)}
	if who == nil || who.GetTokens() {
		reply.SignIn = append(reply.SignIn, "token")
		if g.Sessions.OIDC != nil {
			reply.SignIn, reply.OIDCLabel = append(reply.SignIn, "oidc"), "Single sign-on"
		}
	}
	if in != nil && who.GetTokens() {
		idle, last := g.Sessions.Lifetime.Ends(in)
		reply.Method, reply.IdleExpires, reply.Expires = "token", idle.UTC().Format(time.RFC3339), last.UTC().Format(time.RFC3339)
		if in.Person != nil {
			reply.Method = "oidc"
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(reply) // an error means that the client disconnected
}

// maxToken is the maximum length of a token in a sign-in, in bytes.
const maxToken = 1024

// signIn begins a session with a token.
func (g *gateway) signIn(w http.ResponseWriter, r *http.Request) {
	if text := g.Sessions.checkPage(r); text != "" {
		writeStatus(w, http.StatusForbidden, text)
		return
	}
	var given struct {
		Token string `json:"token"`
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&given); err != nil {
		writeStatus(w, http.StatusBadRequest, `request body: want {"token": "TOKEN"}`)
		return
	}
	token := strings.TrimSpace(given.Token)
	if token == "" || len(token) > maxToken || strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c > '~' }) {
		writeCode(w, codes.Unauthenticated, "token: not a token; want the text that begins with exportd_, as it was handed out")
		return
	}
	md, _ := metadata.FromOutgoingContext(r.Context())
	md = md.Copy()
	md.Delete(session.PersonKey(g.PeerKey)) // of the session before
	md.Set("authorization", "Bearer "+token)
	who, err := g.whoIs(metadata.NewOutgoingContext(r.Context(), md))
	switch {
	case status.Code(err) == codes.Unauthenticated:
		writeCode(w, codes.Unauthenticated, "token: not a valid token of this service; it may have been removed")
		return
	case err != nil:
		writeError(w, err)
		return
	case !who.GetTokens():
		writeStatus(w, http.StatusBadRequest, "the service has no tokens: no sign-in is needed")
		return
	}
	g.begin(w, r, &session.Session{Token: token}, who)
}

// begin begins a session and describes it.
func (g *gateway) begin(w http.ResponseWriter, r *http.Request, in *session.Session, who *api.WshExportSession) {
	now := g.Now()
	in.Created, in.Seen = now, now
	if err := g.Sessions.setCookie(w, r, in, now); err != nil {
		g.Logger.ErrorContext(r.Context(), "sign-in to the console", "error", err)
		writeCode(w, codes.Internal, "internal error; the cause is in the server's log")
		return
	}
	g.Logger.InfoContext(r.Context(), "sign-in to the console", "token", who.GetName(), "operator", who.GetOperatorId(), "peer", r.RemoteAddr)
	g.writeSession(w, in, who)
}
