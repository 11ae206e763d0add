package main

import (
	"os"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/internal/testkit"
)

// consolePage are the headers that a page of the console sends, with its cookie.
func consolePage(s *service, cookie string) []string {
	return []string{"Origin", s.http, "X-Requested-With", "exportd-console", "Cookie", cookie}
}

// TestServe_Console works as a person does, by cookie alone, at exportd and at a
// gateway with the same link keys, until the token is removed.
func TestServe_Console(t *testing.T) {
	t.Parallel()
	keys, tokens := writeFile(t, "keys", linkKeys), tokensFile(t)
	s := startService(t, testkit.Database(t), "EXPORTD_TOKENS_FILE="+tokens, "EXPORTD_LINK_KEYS_FILE="+keys, "EXPORTD_LOG_LEVEL=debug")
	g := &service{http: startGateway(t, "-target="+s.addr, "-link-keys-file="+keys, "-token-file="+writeFile(t, "token", tokenOf("boss")))}
	for _, at := range []*service{s, g} {
		got := at.ask(t, "GET", "/", "", "Accept", "text/html")
		if got.code != 200 || !strings.Contains(got.header.Get("Content-Security-Policy"), "script-src 'self'") || !strings.Contains(got.body, `<base href="/console/">`) {
			t.Errorf("page: got %d %v", got.code, got.header)
		}
		if got := at.ask(t, "GET", "/console/session", ""); got.code != 200 || !strings.Contains(got.body, `"signIn":["token"],"signedIn":false`) {
			t.Errorf("signed out: got %d %s", got.code, got.body)
		}
		if got := at.ask(t, "GET", "/v1/inst", ""); got.code != 401 {
			t.Errorf("data without a session: got %d %s", got.code, got.body)
		}
	}
	signIn := func(name string) string {
		t.Helper()
		got := s.ask(t, "POST", "/console/session", `{"token": "`+tokenOf(name)+`"}`, consolePage(s, "")...)
		if got.code != 200 || !strings.Contains(got.body, `"signedIn":true,"name":"`+name+`"`) {
			t.Fatalf("sign-in: got %d %s", got.code, got.body)
		}
		cookie, _, _ := strings.Cut(got.header.Get("Set-Cookie"), ";")
		return cookie
	}
	cookie := signIn("seven")
	for _, call := range [][2]string{
		{"/v1/tpl", `{"etplName": "n", "etplExpr": "select 1 as n"}`}, {"/v1/inst", `{"etplId": 1}`},
	} {
		if got := s.ask(t, "POST", call[0], call[1], consolePage(s, cookie)...); got.code != 200 {
			t.Fatalf("%s: got %d %s", call[0], got.code, got.body)
		}
	}
	for _, at := range []*service{s, g} {
		events := at.ask(t, "GET", "/v1/inst/1/watch", "", "Cookie", cookie, "Accept", "text/event-stream")
		if !strings.Contains(events.body, "STATE_SUCCEEDED") || !strings.HasSuffix(events.body, "event: end\ndata: {}\n\n") {
			t.Errorf("watch: got %d %s", events.code, events.body)
		}
		if got := at.ask(t, "GET", "/v1/inst/1/file", "", "Cookie", cookie); got.body != "n\r\n1\r\n" {
			t.Errorf("file: got %d %q", got.code, got.body)
		}
		if got := at.ask(t, "GET", "/v1/session", "", "Cookie", cookie); !strings.Contains(got.body, `"name":"seven"`) || !strings.Contains(got.body, `"operatorId":7`) {
			t.Errorf("session: got %d %s", got.code, got.body)
		}
	}
	t.Run("other_operator", func(t *testing.T) {
		if got := s.ask(t, "GET", "/v1/inst/1", "", "Cookie", signIn("eight")); got.code != 404 {
			t.Errorf("got %d %s, want 404", got.code, got.body)
		}
	})
	t.Run("not_on_the_grpc_port", func(t *testing.T) {
		_, value, _ := strings.Cut(cookie, "=")
		for key, value := range map[string]string{"cookie": cookie, "authorization": "Bearer " + value} {
			ctx := metadata.AppendToOutgoingContext(t.Context(), key, value)
			if _, err := s.client.GetSession(ctx, &api.WshExportTaskGetSessionReq{}); status.Code(err) != codes.Unauthenticated {
				t.Errorf("%s: got %v, want Unauthenticated", key, err)
			}
		}
	})
	t.Run("secrets_stay_out_of_the_log", func(t *testing.T) {
		_, value, _ := strings.Cut(cookie, "=")
		for name, secret := range map[string]string{"token": tokenOf("seven"), "cookie": value[:40]} {
			if strings.Contains(s.log.String(), secret) {
				t.Errorf("the log holds the %s", name)
			}
		}
	})
	t.Run("removed_token", func(t *testing.T) {
		text, err := os.ReadFile(tokens)
		if err != nil {
			t.Fatal(err)
		}
		_, others, _ := strings.Cut(string(text), "\n") // the first line is that of seven
		if err := os.WriteFile(tokens, []byte(others), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, at := range []*service{s, g} {
			testkit.Eventually(t, "401 without the token", func() bool { return at.ask(t, "GET", "/v1/inst/1", "", "Cookie", cookie).code == 401 })
			if got := at.ask(t, "GET", "/console/session", "", "Cookie", cookie); !strings.Contains(got.body, `"signedIn":false`) || !strings.Contains(got.header.Get("Set-Cookie"), "Max-Age=0") {
				t.Errorf("got %d %s %v", got.code, got.body, got.header)
			}
		}
	})
}

func TestServe_Console_off(t *testing.T) {
	t.Parallel()
	s := startService(t, testkit.Database(t), "EXPORTD_CONSOLE=false")
	for _, path := range []string{"/", "/console/", "/console/app.js", "/console/session"} {
		if got := s.ask(t, "GET", path, "", "Accept", "text/html"); got.code != 404 {
			t.Errorf("%s: got %d, want 404", path, got.code)
		}
	}
}
