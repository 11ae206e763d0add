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

// tokenPrefix lets people, and programs that search for leaked secrets, see
// what a token is for.
const tokenPrefix = "exportd_"

// NewToken makes a token of 32 random bytes and the hash that stands for it in
// the tokens file. A plain SHA-256 is enough: slow password hashes protect
// what people think up, and nobody can go through 2^256 random values.
func NewToken() (token, hash string) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never returns an error
	token = tokenPrefix + base64.RawURLEncoding.EncodeToString(b[:])
	sum := sha256.Sum256([]byte(token))
	return token, hex.EncodeToString(sum[:])
}

// NewEntry makes a token and the lines that stand for it in the tokens file.
// The error names what is wrong with a name, operator or scope.
func NewEntry(name, operator string, scopes []string) (token, lines string, err error) {
	token, hash := NewToken()
	lines = fmt.Sprintf("- name: %s\n  sha256: %s\n  operator: %s\n  scopes: [%s]\n", name, hash, operator, strings.Join(scopes, ", "))
	if _, err := parseTokens("entry", []byte(lines)); err != nil {
		return "", "", err
	}
	return token, lines, nil
}

// entry is one token of the file.
type entry struct {
	hash     [sha256.Size]byte
	identity *Identity
}

// Tokens knows the callers by the hashes of their tokens, as the file is now.
type Tokens struct{ files *files.Watched[[]entry] }

// OpenTokens reads a tokens file. The error names the line and the field.
func OpenTokens(path string, log *slog.Logger) (*Tokens, error) {
	parse := func(texts [][]byte) ([]entry, error) { return parseTokens(path, texts[0]) }
	files, err := files.Watch("tokens-file", []string{path}, parse, log)
	if err != nil {
		return nil, err
	}
	return &Tokens{files}, nil
}

// Reload reads the file now; the error tells why the old one is used on.
func (t *Tokens) Reload() error { return t.files.Reload() }

// Run reloads the file when it changes, until ctx ends.
func (t *Tokens) Run(ctx context.Context) { t.files.Run(ctx) }

// Identify returns whose token it is, given the values of the "authorization"
// header of a call or an HTTP request. There is to be one, "Bearer TOKEN" (RFC
// 6750, section 2.1).
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
	for _, e := range t.files.Get() { // all of them, whichever it is
		if subtle.ConstantTimeCompare(e.hash[:], sum[:]) == 1 {
			found = e.identity
		}
	}
	if found == nil {
		return Identity{}, false
	}
	return *found, true
}
