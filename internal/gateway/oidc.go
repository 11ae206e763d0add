package gateway

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"exporttask/internal/auth/oidc"
	"exporttask/internal/auth/session"
)

const (
	oidcStartPath    = "/console/oidc/start"
	oidcCallbackPath = "/console/oidc/callback"
	flowPurpose      = "oidc flow"
)

// flowCookie returns a cookie that holds a sealed oidc.Flow. It is Lax: the browser
// comes back from a page of the provider.
func (s *Sessions) flowCookie(r *http.Request, value string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure over TLS
		Name: s.cookieName(r) + "-oidc", Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode,
	}
}

// oidcStart sends the browser to the provider. The parameter return is the page to
// come back to.
func (g *gateway) oidcStart(w http.ResponseWriter, r *http.Request) {
	address, flow, err := g.Sessions.OIDC.Start(r.Context(), g.Now())
	if err != nil {
		g.oidcFailed(w, r, err)
		return
	}
	flow.Return = r.URL.Query().Get("return")
	sealed, err := g.Sessions.Sealer.Seal(flowPurpose, flow)
	if err != nil {
		g.oidcFailed(w, r, err)
		return
	}
	http.SetCookie(w, g.Sessions.flowCookie(r, sealed, int(oidc.FlowLife.Seconds())))
	redirect(w, address)
}

// oidcCallback begins a session for the person whom the provider has sent back.
func (g *gateway) oidcCallback(w http.ResponseWriter, r *http.Request) {
	s := g.Sessions
	var flow oidc.Flow
	cookie, err := r.Cookie(s.flowCookie(r, "", 0).Name)
	if err != nil || s.Sealer.Open(flowPurpose, cookie.Value, &flow) != nil {
		g.oidcFailed(w, r, &oidc.Error{Text: "the sign-in was not begun here, or took too long; sign in again"})
		return
	}
	http.SetCookie(w, s.flowCookie(r, "", -1))
	person, err := s.OIDC.Finish(r.Context(), &flow, r.URL.Query(), g.Now())
	if err != nil {
		g.oidcFailed(w, r, err)
		return
	}
	now := g.Now()
	if err := s.setCookie(w, r, &session.Session{Person: person, Created: now, Seen: now}, now); err != nil {
		g.oidcFailed(w, r, err)
		return
	}
	g.Logger.InfoContext(r.Context(), "sign-in to the console", "name", person.Name, "operator", person.Operator, "peer", r.RemoteAddr)
	redirect(w, g.returnTo(flow.Return))
}

// returnTo returns the page of the console that a browser is sent back to: page if
// it is one, else the first page.
func (g *gateway) returnTo(page string) string {
	root := g.Console.Root()
	u, err := url.Parse(page)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, root) || strings.Contains(u.Path, "..") || strings.Contains(page, "\\") {
		return root
	}
	return page
}

// oidcFailed sends the browser back to the console, which shows the error. The
// cause of an error that is not the person's is logged.
func (g *gateway) oidcFailed(w http.ResponseWriter, r *http.Request, err error) {
	text := "the sign-in failed; the cause is in the server's log"
	if mine, ok := errors.AsType[*oidc.Error](err); ok {
		text = mine.Text
	} else if _, down := errors.AsType[*oidc.UnavailableError](err); down {
		text = "the provider of the sign-in does not answer; try again later, or sign in with a token"
	}
	g.Logger.WarnContext(r.Context(), "sign-in to the console with OpenID Connect", "error", err, "peer", r.RemoteAddr)
	redirect(w, g.Console.Root()+"?signInError="+url.QueryEscape(text))
}

func redirect(w http.ResponseWriter, address string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Location", address)
	w.WriteHeader(http.StatusFound)
}
