package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"exporttask/internal/files"
)

// Secret is a bearer token in a file of its own, without operator or scopes. It
// protects /metrics. It is safe for concurrent use.
type Secret struct{ files *files.Watched[string] }

// minSecretLength is the minimum length of a Secret, in characters.
const minSecretLength = 16

// OpenSecret reads a file that contains a token and nothing else but white space.
func OpenSecret(path string, log *slog.Logger) (*Secret, error) {
	f, err := files.Watch("metrics-token-file", []string{path}, func(texts [][]byte) (string, error) {
		token := strings.TrimSpace(string(texts[0]))
		if len(token) < minSecretLength || strings.ContainsAny(token, " \t\r\n") {
			return "", errors.New("want one token of 16 or more characters without white space")
		}
		return token, nil
	}, log)
	if err != nil {
		return nil, err
	}
	return &Secret{f}, nil
}

// Reload reads the file again. After an error the previous token stays valid.
func (s *Secret) Reload() error { return s.files.Reload() }

// Run reloads the file whenever its content changes, until ctx ends.
func (s *Secret) Run(ctx context.Context) { s.files.Run(ctx) }

// Require returns a handler that passes on requests with the token in their
// Authorization header (RFC 6750 section 2.1) and answers others with status 401.
func (s *Secret) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got, want := sha256.Sum256([]byte(strings.TrimSpace(token))), sha256.Sum256([]byte(s.files.Get()))
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="metrics"`)
			http.Error(w, "want Authorization: Bearer TOKEN with the token of metrics-token-file", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}
