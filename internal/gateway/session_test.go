package gateway

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"exporttask/internal/auth/session"
)

// page is a page of the console in a browser: it has the cookies that the service
// has set, and sends the headers that a browser sends.
type page struct {
	*server
	cookie string
	header map[string]string // in addition
}

// withSessions lets people sign in to a service that requires goodToken. now may be
// nil.
func withSessions(t *testing.T, now *time.Time, change func(*Sessions)) func(*Config) {
	t.Helper()
	return func(c *Config) {
		withTokens(c)
		withConsole(t, "")(c)
		if now != nil {
			c.Now = func() time.Time { return *now }
		}
		c.Sessions = &Sessions{
			Sealer: session.NewRandomSealer(), Lifetime: session.Lifetime{Idle: 2 * time.Hour, Max: 12 * time.Hour}, TokensRequired: true,
		}
		if change != nil {
			change(c.Sessions)
		}
	}
}

func (p *page) do(t *testing.T, method, path, body string) answer {
	t.Helper()
	header := map[string]string{"X-Requested-With": "exportd-console", "Origin": p.URL, "Sec-Fetch-Site": "same-origin"}
	if body != "" {
		header["Content-Type"] = "application/json"
	}
	if p.cookie != "" {
		header["Cookie"] = p.cookie
	}
	maps.Copy(header, p.header)
	got := p.server.do(t, request{method, path, body, "", header})
	for _, line := range got.header.Values("Set-Cookie") {
		p.cookie, _, _ = strings.Cut(line, ";")
		if strings.Contains(line, "Max-Age=0") {
			p.cookie = ""
		}
	}
	return got
}

func (p *page) signIn(t *testing.T) answer {
	t.Helper()
	got := p.do(t, "POST", sessionPath, `{"token": "good"}`)
	if got.status != http.StatusOK || p.cookie == "" {
		t.Fatalf("sign-in: got %d %s", got.status, got.body)
	}
	return got
}

func reply(t *testing.T, a answer) (r sessionReply) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &r); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return r
}

func TestGateway_Session(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	p := &page{server: newServer(t, withSessions(t, &now, nil))}
	if got := reply(t, p.do(t, "GET", sessionPath, "")); got.SignedIn || len(got.SignIn) != 1 || got.SignIn[0] != "token" {
		t.Errorf("signed out: got %+v, want a sign-in with a token", got)
	}
	if got := p.do(t, "GET", "/v1/inst/1", ""); got.status != http.StatusUnauthorized {
		t.Errorf("signed out: got status %d, want 401", got.status)
	}
	signed := p.signIn(t)
	line := signed.header.Get("Set-Cookie")
	for _, want := range []string{"exportd-session=", "; Path=/", "; HttpOnly", "; SameSite=Strict", "; Max-Age=7200"} {
		if !strings.Contains(line, want) {
			t.Errorf("Set-Cookie: got %q, want %q in it", line, want)
		}
	}
	if strings.Contains(line, "good") || strings.Contains(line, "Secure") {
		t.Errorf("Set-Cookie: %q shows the token, or needs HTTPS over HTTP", line)
	}
	got := reply(t, p.do(t, "GET", sessionPath, ""))
	if want := (sessionReply{SignIn: []string{"token"}, SignedIn: true, Name: "shop", Method: "token", IdleExpires: "2026-03-01T14:00:00Z", Expires: "2026-03-02T00:00:00Z"}); got.Name != want.Name || got.IdleExpires != want.IdleExpires || got.Expires != want.Expires || got.Method != want.Method || !got.SignedIn {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, path := range []string{"/v1/inst/1", "/v1/inst/1/file", "/v1/inst/1/watch"} {
		if got := p.do(t, "GET", path, ""); got.status != http.StatusOK {
			t.Errorf("%s: got %d %s, want 200 by cookie", path, got.status, got.body)
		}
	}
	if got := p.do(t, "POST", "/v1/inst/1:cancel", "{}"); got.status != http.StatusOK {
		t.Errorf("cancel: got %d %s, want 200 by cookie", got.status, got.body)
	}
	cookie := p.cookie
	if got := p.do(t, "DELETE", sessionPath, ""); got.status != http.StatusNoContent || p.cookie != "" {
		t.Errorf("sign-out: got status %d and the cookie %q, want 204 and none", got.status, p.cookie)
	}
	if got := p.do(t, "GET", "/v1/inst/1", ""); got.status != http.StatusUnauthorized {
		t.Errorf("after the sign-out: got status %d, want 401", got.status)
	}
	// The content of a cookie is no token.
	_, sealed, _ := strings.Cut(cookie, "=")
	if got := p.server.do(t, request{"POST", "/v1/inst/1:cancel", "{}", "", map[string]string{"Authorization": "Bearer " + sealed, "Content-Type": "application/json"}}); got.status != http.StatusUnauthorized {
		t.Errorf("cookie as a token: got status %d, want 401", got.status)
	}
}

func TestGateway_Session_expiry(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	p := &page{server: newServer(t, withSessions(t, &now, nil))}
	p.signIn(t)
	for range 11 { // each request renews the session, which slides on
		now = now.Add(time.Hour)
		before := p.cookie
		if got := p.do(t, "GET", "/v1/inst/1", ""); got.status != http.StatusOK || p.cookie == before {
			t.Fatalf("at %s: got status %d, want 200 and a renewed cookie", now, got.status)
		}
	}
	now = now.Add(time.Minute)
	if before := p.cookie; p.do(t, "GET", "/v1/inst/1", "").status != http.StatusOK || p.cookie != before {
		t.Error("a request a minute later renewed the session, want the same cookie")
	}
	now = now.Add(time.Hour)
	if got := p.do(t, "GET", "/v1/inst/1", ""); got.status != http.StatusUnauthorized || p.cookie != "" {
		t.Errorf("12 hours after the sign-in: got status %d and the cookie %q, want 401 and none", got.status, p.cookie)
	}
	p.signIn(t)
	now = now.Add(2 * time.Hour)
	if got := p.do(t, "GET", "/v1/inst/1", ""); got.status != http.StatusUnauthorized {
		t.Errorf("idle: got status %d, want 401", got.status)
	}
}

func TestGateway_Session_forgery(t *testing.T) {
	t.Parallel()
	s := newServer(t, withSessions(t, nil, func(s *Sessions) { s.Origin = "https://exports.example.com" }))
	signed := &page{server: s}
	signed.signIn(t)
	for name, c := range map[string]struct {
		method, path string
		header       map[string]string // "" leaves one out
		status       int
	}{
		"own_page":              {"POST", "/v1/inst/1:cancel", nil, 200},
		"page_behind_a_proxy":   {"POST", "/v1/inst/1:cancel", map[string]string{"Origin": "https://exports.example.com"}, 200},
		"without_origin":        {"POST", "/v1/inst/1:cancel", map[string]string{"Origin": ""}, 200}, // Sec-Fetch-Site says it
		"without_both":          {"POST", "/v1/inst/1:cancel", map[string]string{"Origin": "", "Sec-Fetch-Site": ""}, 403},
		"without_header":        {"POST", "/v1/inst/1:cancel", map[string]string{"X-Requested-With": ""}, 403},
		"delete_without_header": {"DELETE", "/v1/tpl/1", map[string]string{"X-Requested-With": ""}, 403},
		"other_origin":          {"POST", "/v1/inst/1:cancel", map[string]string{"Origin": "https://evil.test"}, 403},
		"null_origin":           {"POST", "/v1/inst/1:cancel", map[string]string{"Origin": "null"}, 403},
		"cross_site":            {"POST", "/v1/inst/1:cancel", map[string]string{"Sec-Fetch-Site": "cross-site"}, 401},
		"sister_site":           {"GET", "/v1/inst/1/file", map[string]string{"Sec-Fetch-Site": "same-site"}, 401},
		"cross_site_get":        {"GET", "/v1/inst/1/file", map[string]string{"Sec-Fetch-Site": "cross-site"}, 401},
		"typed_address":         {"GET", "/v1/inst/1/file", map[string]string{"Sec-Fetch-Site": "none"}, 200},
		"forced_sign_out":       {"DELETE", sessionPath, map[string]string{"Origin": "https://evil.test"}, 403},
		"forced_sign_in":        {"POST", sessionPath, map[string]string{"Origin": "https://evil.test"}, 403},
		"foreign_cookie_name":   {"GET", "/v1/inst/1", map[string]string{"Cookie": strings.Replace(signed.cookie, "exportd-session", "__Host-exportd", 1)}, 401},
		"invalid_cookie":        {"GET", "/v1/inst/1", map[string]string{"Cookie": "exportd-session=" + strings.Repeat("A", 200)}, 401},
		"token_wins":            {"POST", "/v1/inst/1:cancel", map[string]string{"Authorization": "Bearer bad"}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := map[string]string{
				"X-Requested-With": "exportd-console", "Origin": s.URL, "Sec-Fetch-Site": "same-origin", "Cookie": signed.cookie, "Content-Type": "application/json",
			}
			maps.Copy(header, c.header)
			for name, value := range header {
				if value == "" {
					delete(header, name)
				}
			}
			body := ""
			if c.method == "POST" {
				body = "{}"
			}
			if got := s.do(t, request{c.method, c.path, body, "", header}); got.status != c.status {
				t.Errorf("got %d %s, want %d", got.status, got.body, c.status)
			}
		})
	}
}

func TestGateway_Session_sign_in(t *testing.T) {
	t.Parallel()
	s := newServer(t, withSessions(t, nil, nil))
	for name, c := range map[string]struct {
		body   string
		status int
		says   string
	}{
		"wrong_token":   {`{"token": "bad"}`, 401, "not a valid token"},
		"no_token":      {`{}`, 401, "not a token"},
		"white_space":   {`{"token": " good\n"}`, 200, `"signedIn":true`},
		"two_words":     {`{"token": "good good"}`, 401, "not a token"},
		"control_bytes": {`{"token": "good\u0000"}`, 401, "not a token"},
		"unknown_field": {`{"password": "x"}`, 400, "want"},
		"not_json":      {`token`, 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (&page{server: s}).do(t, "POST", sessionPath, c.body); got.status != c.status || !strings.Contains(got.body, c.says) {
				t.Errorf("got %d %s, want %d %q", got.status, got.body, c.status, c.says)
			}
		})
	}
	t.Run("method", func(t *testing.T) {
		t.Parallel()
		if got := (&page{server: s}).do(t, "PUT", sessionPath, "{}"); got.status != http.StatusMethodNotAllowed {
			t.Errorf("got %d, want 405", got.status)
		}
	})
}

func TestGateway_Session_without_tokens(t *testing.T) {
	t.Parallel()
	p := &page{server: newServer(t, func(c *Config) {
		withSessions(t, nil, func(s *Sessions) { s.TokensRequired = false })(c)
		c.Authenticate = nil
	})}
	p.service.open = true
	if got := reply(t, p.do(t, "GET", sessionPath, "")); !got.SignedIn || len(got.SignIn) != 0 {
		t.Errorf("got %+v, want no sign-in", got)
	}
	if got := p.do(t, "POST", sessionPath, `{"token": "good"}`); got.status != http.StatusBadRequest {
		t.Errorf("sign-in: got status %d, want 400", got.status)
	}
}

func TestGateway_Session_secure(t *testing.T) {
	t.Parallel()
	s := newServer(t, withSessions(t, nil, func(s *Sessions) { s.Secure = true }))
	line := (&page{server: s}).signIn(t).header.Get("Set-Cookie")
	if !strings.HasPrefix(line, "__Host-exportd=") || !strings.Contains(line, "; Secure") || strings.Contains(line, "Domain") {
		t.Errorf("got %q, want a secure cookie of this host alone", line)
	}
}

// TestGateway_Session_replica signs in at one replica and goes on at another.
func TestGateway_Session_replica(t *testing.T) {
	t.Parallel()
	sealer := session.NewRandomSealer() // stands for the same link keys
	same := func(s *Sessions) { s.Sealer = sealer }
	p := &page{server: newServer(t, withSessions(t, nil, same))}
	p.signIn(t)
	for name, c := range map[string]struct {
		server *server
		status int
	}{
		"same_keys":  {newServer(t, withSessions(t, nil, same)), 200},
		"other_keys": {newServer(t, withSessions(t, nil, nil)), 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := &page{server: c.server, cookie: p.cookie}
			if got := other.do(t, "GET", "/v1/inst/1", ""); got.status != c.status {
				t.Errorf("got status %d, want %d", got.status, c.status)
			}
		})
	}
}

// TestGateway_Session_revoked removes the token of a session.
func TestGateway_Session_revoked(t *testing.T) {
	t.Parallel()
	p := &page{server: newServer(t, withSessions(t, nil, nil))}
	p.signIn(t)
	p.service.revoked.Store(true)
	if got := p.do(t, "GET", "/v1/session", ""); got.status != http.StatusUnauthorized {
		t.Errorf("got status %d, want 401", got.status)
	}
	if got := reply(t, p.do(t, "GET", sessionPath, "")); got.SignedIn || p.cookie != "" {
		t.Errorf("got %+v and the cookie %q, want signed out", got, p.cookie)
	}
}
