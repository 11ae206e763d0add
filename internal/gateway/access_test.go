package gateway

import (
	"net/http"
	"strings"
	"testing"
)

func TestGateway_Access(t *testing.T) {
	t.Parallel()
	open := newServer(t, func(c *Config) {
		c.Hosts = []string{"exports.example.com"}
		c.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("metric 1\n")) })
		c.Origins = []string{"https://app.example.com"}
	})
	json := map[string]string{"Content-Type": "application/json"}
	with := func(more ...string) map[string]string {
		h := map[string]string{"Content-Type": "application/json"}
		for i := 0; i < len(more); i += 2 {
			h[more[i]] = more[i+1]
		}
		return h
	}
	const cancel = "/v1/inst/1:cancel"
	for name, c := range map[string]struct {
		r      request
		status int
		says   string
	}{
		"ip_address":             {request{"GET", "/v1/inst/1", "", "", nil}, 200, ""},
		"localhost":              {request{"GET", "/v1/inst/1", "", "localhost:50052", nil}, 200, ""},
		"name_without_dot":       {request{"GET", "/v1/inst/1", "", "exportd", nil}, 200, ""},
		"ipv6":                   {request{"GET", "/v1/inst/1", "", "[::1]:50052", nil}, 200, ""},
		"configured_host":        {request{"GET", "/v1/inst/1", "", "Exports.Example.com:443", nil}, 200, ""},
		"rebound_name":           {request{"GET", "/v1/inst/1", "", "evil.test:50052", nil}, 403, "http-hosts"},
		"rebound_name_dot":       {request{"GET", "/v1/inst/1", "", "evil.test.", nil}, 403, "http-hosts"},
		"rebound_file":           {request{"GET", "/v1/inst/1/file", "", "evil.test", nil}, 403, "http-hosts"},
		"rebound_watch":          {request{"GET", "/v1/inst/1/watch", "", "evil.test", nil}, 403, "http-hosts"},
		"rebound_post":           {request{"POST", cancel, "{}", "evil.test", json}, 403, "http-hosts"},
		"health_of_any_name":     {request{"GET", "/healthz", "", "evil.test", nil}, 200, ""},
		"any_name_with_token":    {request{"GET", "/v1/inst/1", "", "evil.test", with("Authorization", "x")}, 200, ""},
		"form_post":              {request{"POST", cancel, "", "", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}, 415, "want application/json"},
		"form_post_with_body":    {request{"POST", cancel, "a=b", "", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}, 415, "want application/json"},
		"text_post_with_body":    {request{"POST", cancel, "{}", "", map[string]string{"Content-Type": "text/plain"}}, 415, "want application/json"},
		"empty_post":             {request{"POST", cancel, "", "", nil}, 415, "X-Requested-With"},
		"empty_post_json":        {request{"POST", cancel, "", "", json}, 200, ""},
		"empty_post_header":      {request{"POST", cancel, "", "", map[string]string{"X-Requested-With": "curl"}}, 200, ""},
		"empty_post_token":       {request{"POST", cancel, "", "", map[string]string{"Authorization": "x"}}, 200, ""},
		"foreign_origin":         {request{"POST", cancel, "{}", "", with("Origin", "https://evil.test")}, 403, "cors-origins"},
		"null_origin":            {request{"POST", cancel, "{}", "", with("Origin", "null")}, 403, "cors-origins"},
		"cors_origin":            {request{"POST", cancel, "{}", "", with("Origin", "https://app.example.com")}, 200, ""},
		"own_origin":             {request{"POST", cancel, "{}", "localhost:50052", with("Origin", "http://localhost:50052")}, 200, ""},
		"foreign_origin_delete":  {request{"DELETE", "/v1/tpl/1", "", "", with("Origin", "https://evil.test")}, 403, "cors-origins"},
		"foreign_origin_get":     {request{"GET", "/v1/inst/1", "", "", with("Origin", "https://evil.test")}, 200, ""},
		"metrics_of_any_name":    {request{"GET", "/metrics", "", "evil.test", nil}, 200, "metric"},
		"openapi_of_any_name":    {request{"GET", "/openapi.json", "", "evil.test", nil}, 200, ""},
		"link_of_any_name":       {request{"GET", "/d/k/1/x/1/a.csv", "", "evil.test", nil}, 404, "link-keys-file"},
		"configured_host_suffix": {request{"GET", "/v1/inst/1", "", "exports.example.com.evil.test", nil}, 403, "http-hosts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := open.do(t, c.r); got.status != c.status || !strings.Contains(got.body, c.says) {
				t.Errorf("got %d %s, want %d %q", got.status, got.body, c.status, c.says)
			}
		})
	}
}

func TestGateway_Access_TokenFirst(t *testing.T) {
	t.Parallel()
	s := newServer(t, withTokens)
	for name, c := range map[string]struct {
		r      request
		status int
	}{
		"no_token_and_another_host":   {request{"GET", "/v1/inst/1", "", "evil.test", nil}, 401},
		"no_token_and_a_large_body":   {request{"POST", "/v1/tpl", strings.Repeat(" ", maxBody+1), "", map[string]string{"Content-Type": "application/json"}}, 401},
		"bad_token_and_bad_body":      {request{"POST", "/v1/tpl", "{{{", "", map[string]string{"Content-Type": "application/json", "Authorization": "Bearer bad"}}, 401},
		"good_token_and_a_large_body": {request{"POST", "/v1/tpl", strings.Repeat(" ", maxBody+1), "", map[string]string{"Content-Type": "application/json", "Authorization": goodToken}}, 413},
		"good_token":                  {request{"POST", "/v1/tpl", "{}", "evil.test", map[string]string{"Content-Type": "application/json", "Authorization": goodToken}}, 200},
	} {
		if got := s.do(t, c.r); got.status != c.status {
			t.Errorf("%s: got %d %s, want %d", name, got.status, got.body, c.status)
		}
	}
	if n := len(s.service.created); n != 1 {
		t.Errorf("%d requests reached the service, want 1", n)
	}
}
