package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"

	"exporttask/internal/files"
)

// tokenPrefix identifies tokens of exportd to people and to secret scanners.
const tokenPrefix = "exportd_"

// NewToken returns a new token of 32 random bytes and the hash of the token for
// the tokens file, in hexadecimal. An unsalted SHA-256 suffices: slow password
// hashes protect secrets that can be guessed, and 32 random bytes cannot.
func NewToken() (token, hash string) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never returns an error
	token = tokenPrefix + base64.RawURLEncoding.EncodeToString(b[:])
	sum := sha256.Sum256([]byte(token))
	return token, hex.EncodeToString(sum[:])
}

// NewEntry returns a new token and the lines of its entry in the tokens file.
// The error names the argument that is invalid.
func NewEntry(name, operator string, scopes []string) (token, lines string, err error) {
	token, hash := NewToken()
	lines = fmt.Sprintf("- name: %s\n  sha256: %s\n  operator: %s\n  scopes: [%s]\n", name, hash, operator, strings.Join(scopes, ", "))
	if _, err := parseTokens("entry", []byte(lines)); err != nil {
		return "", "", err
	}
	return token, lines, nil
}

// entry is one entry of the tokens file.
type entry struct {
	hash     [sha256.Size]byte
	identity *Identity
}

// Tokens authenticates callers against the current content of a tokens file. It
// is safe for concurrent use.
type Tokens struct{ files *files.Watched[[]entry] }

// OpenTokens reads a tokens file. The error names the line and the field that
// are invalid.
func OpenTokens(path string, log *slog.Logger) (*Tokens, error) {
	parse := func(texts [][]byte) ([]entry, error) { return parseTokens(path, texts[0]) }
	files, err := files.Watch("tokens-file", []string{path}, parse, log)
	if err != nil {
		return nil, err
	}
	return &Tokens{files}, nil
}

// Reload reads the file again. After an error the previous tokens stay valid.
func (t *Tokens) Reload() error { return t.files.Reload() }

// Run reloads the file whenever its content changes, until ctx ends.
func (t *Tokens) Run(ctx context.Context) { t.files.Run(ctx) }

// Identify returns the caller of a request, given the values of the request's
// "authorization" header. It returns false unless there is exactly one value,
// "Bearer TOKEN" (RFC 6750, section 2.1), with a valid token.
func (t *Tokens) Identify(authorization []string) (Identity, bool) {
	if len(authorization) != 1 {
		return Identity{}, false
	}
	scheme, token, ok := strings.Cut(authorization[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return Identity{}, false
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	var found *Identity
	for _, e := range t.files.Get() { // compare with every entry: constant time
		if subtle.ConstantTimeCompare(e.hash[:], sum[:]) == 1 {
			found = e.identity
		}
	}
	if found == nil {
		return Identity{}, false
	}
	return *found, true
}
