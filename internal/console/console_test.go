package console

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// script is long enough to be worth compressing.
var script = "export const text = '" + strings.Repeat("abc", 1000) + "'\n"

func newHandler(t *testing.T, prefix string) *Handler {
	t.Helper()
	h, err := load(fstest.MapFS{
		"index.html": {Data: []byte(`<base href="/console/"><script type="module" src="app.js"></script>`)},
		"app.js":     {Data: []byte(script)},
		"icon.svg":   {Data: []byte("<svg/>")},
	}, prefix)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

type reply struct {
	StatusCode int
	Header     http.Header
	Body       io.Reader
}

func get(h http.Handler, path string, header ...string) reply {
	r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body}
}

func body(t *testing.T, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestNew(t *testing.T) {
	t.Parallel()
	t.Run("built_files", func(t *testing.T) {
		t.Parallel()
		h, err := New("")
		if err != nil {
			t.Fatal(err)
		}
		if got := get(h, "/console/", "Accept", "text/html"); got.StatusCode != http.StatusOK {
			t.Errorf("got status %d, want 200", got.StatusCode)
		}
	})
	for name, files := range map[string]fstest.MapFS{
		"no_index":     {"app.js": {}},
		"no_base":      {"index.html": {Data: []byte("<p>")}},
		"unknown_type": {"index.html": {Data: []byte(base)}, "app.exe": {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := load(files, ""); err == nil || !strings.HasPrefix(err.Error(), "console: ") {
				t.Errorf("got the error %v, want one of the console", err)
			}
		})
	}
}

func TestHandler_Paths(t *testing.T) {
	t.Parallel()
	h := newHandler(t, "")
	const navigation = "text/html,application/xhtml+xml,*/*;q=0.8"
	for name, c := range map[string]struct {
		path, accept string
		status       int
		contentType  string
	}{
		"root":                   {"/console/", navigation, 200, "text/html; charset=utf-8"},
		"deep_link":              {"/console/runs/42", navigation, 200, "text/html; charset=utf-8"},
		"file":                   {"/console/app.js", "*/*", 200, "text/javascript; charset=utf-8"},
		"file_while_navigating":  {"/console/icon.svg", navigation, 200, "image/svg+xml"},
		"missing_file":           {"/console/gone.js", "*/*", 404, "text/plain; charset=utf-8"},
		"deep_link_of_a_program": {"/console/runs/42", "application/json", 404, "text/plain; charset=utf-8"},
		"no_accept":              {"/console/runs/42", "", 404, "text/plain; charset=utf-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := get(h, c.path, "Accept", c.accept)
			if got.StatusCode != c.status || got.Header.Get("Content-Type") != c.contentType {
				t.Errorf("got %d %s, want %d %s", got.StatusCode, got.Header.Get("Content-Type"), c.status, c.contentType)
			}
		})
	}
}

func TestHandler_Headers(t *testing.T) {
	t.Parallel()
	got := get(newHandler(t, ""), "/console/", "Accept", "text/html")
	policy := got.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self';", "frame-ancestors 'none'", "form-action 'self'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("Content-Security-Policy: got %q, want %q in it", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") || strings.Contains(policy, "*") {
		t.Errorf("Content-Security-Policy: %q permits inline code or other origins", policy)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: got %q, want %q", name, got.Header.Get(name), want)
		}
	}
}

func TestHandler_Base(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]string{"": `<base href="/console/">`, "/exports/": `<base href="/exports/console/">`, `/"a`: `<base href="/&#34;a/console/">`} {
		if got := body(t, get(newHandler(t, prefix), "/console/", "Accept", "text/html").Body); !strings.Contains(got, want) {
			t.Errorf("prefix %q: got %s, want %s", prefix, got, want)
		}
	}
}

func TestHandler_Caching(t *testing.T) {
	t.Parallel()
	h := newHandler(t, "")
	_, rest, _ := strings.Cut(body(t, get(h, "/console/", "Accept", "text/html").Body), `src="`)
	reference, _, _ := strings.Cut(rest, `"`)
	t.Run("referenced_file_is_immutable", func(t *testing.T) {
		t.Parallel()
		got := get(h, "/console/"+reference)
		if !strings.Contains(got.Header.Get("Cache-Control"), "immutable") || body(t, got.Body) != script {
			t.Errorf("%s: got Cache-Control %q, want an immutable script", reference, got.Header.Get("Cache-Control"))
		}
	})
	t.Run("other_hash_is_not", func(t *testing.T) {
		t.Parallel()
		if got := get(h, "/console/app.js?v=0123").Header.Get("Cache-Control"); got != "no-cache" {
			t.Errorf("got Cache-Control %q, want no-cache", got)
		}
	})
	t.Run("etag", func(t *testing.T) {
		t.Parallel()
		etag := get(h, "/console/app.js").Header.Get("ETag")
		if got := get(h, "/console/app.js", "If-None-Match", etag); got.StatusCode != http.StatusNotModified {
			t.Errorf("got status %d, want 304", got.StatusCode)
		}
	})
}

func TestHandler_Gzip(t *testing.T) {
	t.Parallel()
	h := newHandler(t, "")
	for accepted, want := range map[string]string{
		"gzip, br": "gzip", "br;q=1, gzip;q=0.5": "gzip", "": "", "br": "", "gzip;q=0": "", "gzip; q=0.000": "",
	} {
		got := get(h, "/console/app.js", "Accept-Encoding", accepted)
		if got.Header.Get("Content-Encoding") != want || got.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: got %q, want %q", accepted, got.Header.Get("Content-Encoding"), want)
			continue
		}
		text := body(t, got.Body)
		if want == "gzip" {
			unzipped, err := gzip.NewReader(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			text = body(t, unzipped)
		}
		if text != script {
			t.Errorf("Accept-Encoding %q: got another text", accepted)
		}
	}
	if got := get(h, "/console/icon.svg", "Accept-Encoding", "gzip"); got.Header.Get("Content-Encoding") != "" {
		t.Error("a file that gzip makes no smaller is compressed")
	}
}
