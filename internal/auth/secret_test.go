package auth

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

func TestSecret_Require(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	must(t, os.WriteFile(path, []byte("0123456789abcdef\n"), 0o600))
	s, err := OpenSecret(path, slogDiscard())
	must(t, err)
	h := s.Require(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for header, want := range map[string]int{
		"": 401, "Bearer ": 401, "Bearer 0123456789abcdee": 401, "Basic 0123456789abcdef": 401, "0123456789abcdef": 401,
		"Bearer 0123456789abcdef": 200, "bearer 0123456789abcdef": 200,
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", http.NoBody)
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		if h.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%q: got %d, want %d", header, w.Code, want)
		}
	}
	for _, text := range []string{"", "short", "two words 0123456789"} {
		must(t, os.WriteFile(path, []byte(text), 0o600))
		if _, err := OpenSecret(path, slogDiscard()); err == nil {
			t.Errorf("%q: got nil, want an error", text)
		}
	}
}
