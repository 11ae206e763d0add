package gateway

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestGateway_Methods(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	j := map[string]string{"Content-Type": "application/json"}
	for name, c := range map[string]struct {
		method, path string
		status       int
		allow        string
	}{
		"json_route":           {"PUT", "/v1/inst", 405, "GET, HEAD, POST"},
		"json_route_with_id":   {"PUT", "/v1/tpl/1", 405, "DELETE, PATCH"},
		"json_route_with_verb": {"GET", "/v1/inst/1:cancel", 405, "POST"},
		"post_to_get":          {"POST", "/v1/queue", 405, "GET, HEAD"},
		"watch":                {"POST", "/v1/inst/1/watch", 405, "GET, HEAD"},
		"file":                 {"DELETE", "/v1/inst/1/file", 405, "GET, HEAD"},
		"signed_link":          {"POST", "/d/k/1/x/1/a.csv", 405, "GET, HEAD"},
		"health":               {"POST", "/healthz", 405, "GET, HEAD"},
		"options":              {"OPTIONS", "/v1/inst", 405, "GET, HEAD, POST"},
		"no_route":             {"GET", "/v1/nothing", 404, ""},
		"no_route_for_verb":    {"POST", "/v1/inst/1:explode", 404, ""},
		"head_json_route":      {"HEAD", "/v1/inst/1", 200, ""},
		"head_missing":         {"HEAD", "/v1/inst/2", 404, ""},
		"head_watch":           {"HEAD", "/v1/inst/1/watch", 200, ""},
		"head_file":            {"HEAD", "/v1/inst/1/file", 200, ""},
		"head_health":          {"HEAD", "/healthz", 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.do(t, request{c.method, c.path, "", "", j})
			if got.status != c.status || got.header.Get("Allow") != c.allow {
				t.Errorf("got %d with Allow %q, want %d with %q", got.status, got.header.Get("Allow"), c.status, c.allow)
			}
			if c.status == 405 && !strings.Contains(got.body, `"errCode":"12"`) {
				t.Errorf("got the body %s, want an error", got.body)
			}
		})
	}
	get, head := s.do(t, request{"GET", "/v1/inst/1", "", "", nil}), s.do(t, request{"HEAD", "/v1/inst/1", "", "", nil})
	if head.body != "" || get.header.Get("Content-Type") != head.header.Get("Content-Type") {
		t.Errorf("HEAD: got %q with %v, want the headers of GET and no body", head.body, head.header)
	}
}

func TestGateway_Ranges(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	for name, c := range map[string]struct {
		value               string
		status              int
		body, contentRange  string
		contentType, length string
	}{
		"bytes":             {"bytes=2-4", 206, "234", "bytes 2-4/10", "text/csv", "3"},
		"upper_case_unit":   {"Bytes=2-4", 206, "234", "bytes 2-4/10", "text/csv", "3"},
		"suffix":            {"bytes=-3", 206, "789", "bytes 7-9/10", "text/csv", "3"},
		"unknown_unit":      {"lines=1-2", 200, content, "", "text/csv", "10"},
		"no_unit":           {"2-4", 200, content, "", "text/csv", "10"},
		"outside":           {"bytes=10-", 416, "", "bytes */10", "application/json", ""},
		"far_outside":       {"bytes=99999999999-", 416, "", "bytes */10", "application/json", ""},
		"longer_than_file":  {"bytes=8-100", 206, "89", "bytes 8-9/10", "text/csv", "2"},
		"many_small_ranges": {"bytes=" + strings.Repeat("0-9,", 50) + "0-9", 200, content, "", "text/csv", "10"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.do(t, request{"GET", "/v1/inst/1/file", "", "", map[string]string{"Range": c.value}})
			if got.status != c.status || c.body != "" && got.body != c.body || got.header.Get("Content-Range") != c.contentRange || got.header.Get("Content-Type") != c.contentType ||
				c.length != "" && got.header.Get("Content-Length") != c.length {
				t.Errorf("got %d %q %v, want %d %q %s", got.status, got.body, got.header, c.status, c.body, c.contentRange)
			}
			if c.status == 416 && (!strings.Contains(got.body, `"errCode":"11"`) || !strings.Contains(got.body, "10 bytes")) {
				t.Errorf("got the body %s, want an error with the size", got.body)
			}
		})
	}
}

func TestGateway_CORS(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(c *Config) { c.Origins = []string{"https://app.example.com"} })
	origin := map[string]string{"Origin": "https://app.example.com"}
	exposed := s.do(t, request{"GET", "/v1/inst/1/file", "", "", origin}).header.Get("Access-Control-Expose-Headers")
	for _, name := range []string{"Content-Range", "Accept-Ranges", "Content-Length", "Content-Disposition", "ETag"} {
		if !strings.Contains(exposed, name) {
			t.Errorf("%s is not exposed: %s", name, exposed)
		}
	}
	preflight := s.do(t, request{"OPTIONS", "/v1/inst", "", "", map[string]string{"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}})
	if preflight.status != 204 || !strings.Contains(preflight.header.Get("Access-Control-Allow-Headers"), "Content-Type") {
		t.Errorf("preflight: %d %v", preflight.status, preflight.header)
	}
	if got := s.do(t, request{"GET", "/v1/inst/1", "", "", map[string]string{"Origin": "https://evil.test"}}); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin: %v", got.header)
	}
}

func TestGateway_RecoverPanics(t *testing.T) {
	t.Parallel()
	var panics atomic.Int64
	s := newServer(t, func(c *Config) {
		c.Panicked = func() { panics.Add(1) }
		c.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("begun"))
			panic("in the middle")
		})
		c.Ready = nil
	})
	res, err := http.Get(s.URL + "/metrics") //nolint:noctx // the reply is cut off at once
	if err == nil {
		_ = res.Body.Close()
	}
	if n := panics.Load(); n != 1 {
		t.Errorf("%d panics were counted, want 1", n)
	}
	if got := s.do(t, request{"GET", "/healthz", "", "", nil}); got.status != 200 {
		t.Errorf("after the panic: %d", got.status)
	}
}

// TestOpenAPI checks what generators of clients need: a schema for each success,
// an error for each operation, and a file for downloads.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	text, err := openAPI(generatedOpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			Produces  []string
			Responses map[string]struct {
				Schema map[string]any
			}
		}
		Definitions map[string]struct{ Properties map[string]any }
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	for path, operations := range doc.Paths {
		for method, op := range operations {
			for status, r := range op.Responses {
				if len(r.Schema) == 0 {
					t.Errorf("%s %s: reply %s has no schema", method, path, status)
				}
				if ref, ok := r.Schema["$ref"].(string); ok {
					if _, ok := doc.Definitions[strings.TrimPrefix(ref, "#/definitions/")]; !ok {
						t.Errorf("%s %s: %s does not exist", method, path, ref)
					}
				}
			}
			if op.Responses["default"].Schema["$ref"] != "#/definitions/Error" {
				t.Errorf("%s %s: no error reply", method, path)
			}
		}
	}
	for _, path := range []string{"/v1/inst/{einstId}/file", "/d/{key}/{expiry}/{signature}/{einstId}/{name}"} {
		op := doc.Paths[path]["get"]
		if op.Responses["200"].Schema["type"] != "file" || op.Responses["206"].Schema["type"] != "file" || len(op.Produces) < 5 {
			t.Errorf("%s: %+v, want files of several types", path, op)
		}
	}
}
