package main

import (
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"exporttask/internal/testkit"
	"exporttask/internal/testkit/servers"
)

// provider is an OpenID Connect provider: the example server of zitadel/oidc, which
// make tools builds. It knows test-user@localhost and test-user2, and the client web.
type provider struct{ port string }

// newProvider reserves an address for a provider that is started later.
func newProvider(t *testing.T) *provider {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return &provider{port}
}

func (p *provider) issuer() string { return "http://localhost:" + p.port + "/" }

// start starts the provider, which sends browsers back to an address.
func (p *provider) start(t *testing.T, redirect string) {
	t.Helper()
	cache, err := servers.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(cache, "bin", "oidc-provider")
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("%v: make tools builds it", err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "PORT="+p.port, "REDIRECT_URI="+redirect)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	testkit.Eventually(t, "the provider answers", func() bool {
		res, err := http.Get(p.issuer() + ".well-known/openid-configuration")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

// browser follows redirects and keeps cookies.
type browser struct {
	http.Client
	last *http.Response
	text string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{Client: http.Client{Jar: jar}}
}

func (b *browser) send(t *testing.T, method, address string, form url.Values) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := b.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b.last = res
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	b.text = string(text)
}

var (
	formAction = regexp.MustCompile(`action="([^"]*)"`)
	formID     = regexp.MustCompile(`name="id" value="([^"]*)"`)
)

// signIn begins at the console and fills in the form of the provider. Afterwards
// the browser is at the page to which it was sent.
func (b *browser) signIn(t *testing.T, s *service, user, page string) {
	t.Helper()
	b.send(t, http.MethodGet, s.http+"/console/oidc/start?return="+url.QueryEscape(page), nil)
	action, id := formAction.FindStringSubmatch(b.text), formID.FindStringSubmatch(b.text)
	if action == nil || id == nil {
		t.Fatalf("%s: no form of the provider: %s", b.last.Request.URL, b.text)
	}
	target, err := b.last.Request.URL.Parse(html.UnescapeString(action[1]))
	if err != nil {
		t.Fatal(err)
	}
	b.send(t, http.MethodPost, target.String(), url.Values{"id": {html.UnescapeString(id[1])}, "username": {user}, "password": {"verysecure"}})
}

// signInError returns the error that the console is given to show.
func (b *browser) signInError() string { return b.last.Request.URL.Query().Get("signInError") }

func TestServe_OIDC(t *testing.T) {
	t.Parallel()
	idp := newProvider(t)
	config := writeFile(t, "exportd.yaml", fmt.Sprintf(`
oidc-issuer: %s
oidc-client-id: web
oidc-client-secret: secret
oidc-claim: email
oidc-roles:
  test-user@zitadel.ch: {operator: 7, scopes: [read, run]}
`, idp.issuer()))
	s := startService(t, testkit.Database(t), "EXPORTD_CONFIG="+config, "EXPORTD_TOKENS_FILE="+tokensFile(t))
	t.Run("provider_down", func(t *testing.T) {
		b := newBrowser(t)
		b.send(t, http.MethodGet, s.http+"/console/oidc/start", nil)
		if got := b.signInError(); !strings.Contains(got, "does not answer") || b.last.Request.URL.Path != "/console/" {
			t.Errorf("got %s, want the console with an error", b.last.Request.URL)
		}
	})
	idp.start(t, s.http+"/console/oidc/callback")
	t.Run("sign_in", func(t *testing.T) {
		b := newBrowser(t)
		b.send(t, http.MethodGet, s.http+"/console/session", nil)
		if !strings.Contains(b.text, `"signIn":["token","oidc"],"signedIn":false`) {
			t.Errorf("before: got %s", b.text)
		}
		b.signIn(t, s, "test-user@localhost", "/console/runs/42?tab=files")
		if got := b.last.Request.URL.String(); got != s.http+"/console/runs/42?tab=files" {
			t.Fatalf("got %s, want the page where the sign-in began", got)
		}
		b.send(t, http.MethodGet, s.http+"/console/session", nil)
		if !strings.Contains(b.text, `"signedIn":true,"name":"test-user@localhost","method":"oidc"`) {
			t.Errorf("after: got %s", b.text)
		}
		b.send(t, http.MethodGet, s.http+"/v1/session", nil)
		// protojson puts blanks into its text or not, from one build to the next.
		if !strings.Contains(strings.ReplaceAll(b.text, `, "`, `,"`), `"name":"oidc:test-user@localhost","operatorId":7,"scopes":["read","run"]`) {
			t.Errorf("rights: got %s", b.text)
		}
		b.send(t, http.MethodGet, s.http+"/v1/tpl?operatorId=8", nil)
		if b.last.StatusCode != http.StatusBadRequest {
			t.Errorf("other operator: got status %d, want 400", b.last.StatusCode)
		}
		callback, err := url.Parse(s.http + "/console/oidc/callback?code=x&state=y")
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Jar.Cookies(callback)) != 1 {
			t.Errorf("got the cookies %v, want that of the session alone", b.Jar.Cookies(callback))
		}
	})
	t.Run("no_role", func(t *testing.T) {
		b := newBrowser(t)
		b.signIn(t, s, "test-user2", "/console/")
		if got := b.signInError(); !strings.Contains(got, `no value of the claim "email" is listed in oidc-roles`) {
			t.Errorf("got %s", b.last.Request.URL)
		}
		b.send(t, http.MethodGet, s.http+"/v1/tpl", nil)
		if b.last.StatusCode != http.StatusUnauthorized {
			t.Errorf("got status %d, want 401", b.last.StatusCode)
		}
	})
	t.Run("foreign_return_address", func(t *testing.T) {
		for _, page := range []string{"https://evil.test/console/", "//evil.test/console/", `/console/\evil.test`, "/console/../v1/tpl", "/v1/tpl", ""} {
			b := newBrowser(t)
			b.signIn(t, s, "test-user@localhost", page)
			if got := b.last.Request.URL.String(); got != s.http+"/console/" {
				t.Errorf("%q: got %s, want the console", page, got)
			}
		}
	})
	t.Run("callback", func(t *testing.T) {
		begun := newBrowser(t)
		begun.send(t, http.MethodGet, s.http+"/console/oidc/start", nil)
		state := regexp.MustCompile(`state=([A-Z0-9]+)`)
		first := begun.last.Request
		for first.Response != nil { // the redirect to the provider names the state
			if m := state.FindStringSubmatch(first.URL.String()); m != nil {
				break
			}
			first = first.Response.Request
		}
		m := state.FindStringSubmatch(first.URL.String())
		if m == nil || !strings.Contains(first.URL.String(), "code_challenge_method=S256") || !strings.Contains(first.URL.String(), "nonce=") {
			t.Fatalf("got %s, want a request with state, nonce and PKCE", first.URL)
		}
		for _, c := range []struct {
			browser     *browser
			query, says string
		}{
			{newBrowser(t), "?code=x&state=" + m[1], "not begun here"},
			{freshFlow(t, s), "?code=x&state=Y", "another window"},
			{begun, "?error=access_denied&error_description=Not+today&state=" + m[1], "access_denied Not today"},
			{begun, "?code=x&state=" + m[1], "not begun here"}, // the flow is used up
		} {
			c.browser.send(t, http.MethodGet, s.http+"/console/oidc/callback"+c.query, nil)
			if got := c.browser.signInError(); !strings.Contains(got, c.says) {
				t.Errorf("%s: got %q, want %q", c.query, got, c.says)
			}
		}
	})
	t.Run("secrets_stay_out_of_the_log", func(t *testing.T) {
		if log := s.log.String(); strings.Contains(log, "code_verifier") || strings.Contains(log, "eyJ") || !strings.Contains(log, "oidc:test-user@localhost") {
			t.Errorf("the log holds a token, or does not name the person:\n%s", log)
		}
	})
}

// freshFlow returns a browser that has begun to sign in.
func freshFlow(t *testing.T, s *service) *browser {
	t.Helper()
	b := newBrowser(t)
	b.send(t, http.MethodGet, s.http+"/console/oidc/start", nil)
	return b
}
