// Package signedurl signs and verifies URLs that give access to one file for a
// limited time without a token. internal/server signs the URLs of finished files
// and internal/gateway verifies them. The package opens no files: a URL carries
// the id of an instance and the name of a file.
//
// A signed URL is BASE/d/KEY/EXPIRY/SIGNATURE/EINSTID/NAME, where KEY is the id
// of the signing key and EXPIRY a Unix time in seconds. SIGNATURE is the
// HMAC-SHA-256 (RFC 2104) of method, key id, expiry, instance id and file name,
// each preceded by its length as 8 bytes, in base64url without padding (RFC 4648
// section 5). A signature for GET is valid for HEAD.
package signedurl

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"exporttask/internal/files"
)

// Errors of Verify.
var (
	// ErrExpired is returned for a valid signature after its expiry.
	ErrExpired = errors.New("the link has expired; call GetInst again for a new one")
	// ErrInvalid is returned for any other URL that this service did not sign.
	ErrInvalid = errors.New("the link was not signed by this service or was changed")
)

// MaxAge is the maximum lifetime of a signed URL.
const MaxAge = 7 * 24 * time.Hour

const minKeyBytes = 32

// key is a signing key.
type key struct {
	id     string
	secret []byte
}

// Signer signs and verifies URLs with the current content of a key file. It is
// safe for concurrent use.
type Signer struct {
	keys *files.Watched[[]key]
	age  time.Duration
}

// Open reads a key file: one or two lines "ID: HEX" with at least 32 bytes each.
// The first key signs; both keys verify, so that a key can be replaced while
// URLs of the previous key are still in use. Signed URLs are valid for age.
func Open(file string, age time.Duration, log *slog.Logger) (*Signer, error) {
	keys, err := files.Watch("signing keys of links", []string{file}, func(texts [][]byte) ([]key, error) {
		return parse(string(texts[0]))
	}, log)
	if err != nil {
		return nil, err
	}
	return &Signer{keys: keys, age: age}, nil
}

// For returns a signer with the same keys whose URLs are valid for age, at most
// MaxAge.
func (s *Signer) For(age time.Duration) *Signer { return &Signer{keys: s.keys, age: min(age, MaxAge)} }

// Derive returns a key of 32 bytes for another use from each of the keys (HKDF,
// RFC 5869), in their order. label names the use.
func (s *Signer) Derive(label string) ([][]byte, error) {
	keys := s.keys.Get()
	derived := make([][]byte, len(keys))
	for i, k := range keys {
		var err error
		if derived[i], err = hkdf.Key(sha256.New, k.secret, nil, label, sha256.Size); err != nil {
			return nil, fmt.Errorf("derive a key for %s: %w", label, err)
		}
	}
	return derived, nil
}

// Reload reads the key file again. After an error the previous keys stay in use.
func (s *Signer) Reload() error { return s.keys.Reload() }

// Run reloads the keys whenever the content of their file changes, until ctx ends.
func (s *Signer) Run(ctx context.Context) { s.keys.Run(ctx) }

var keyID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,16}$`)

func parse(text string) ([]key, error) {
	var keys []key
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		id, digits, ok := strings.Cut(line, ":")
		if !ok || !keyID.MatchString(id) {
			return nil, fmt.Errorf("line %d: want ID: HEX, with an id of up to 16 letters, digits, _ and -", n+1)
		}
		secret, err := hex.DecodeString(strings.TrimSpace(digits))
		if err != nil || len(secret) < minKeyBytes {
			return nil, fmt.Errorf("line %d: key %q: want at least %d bytes in hexadecimal", n+1, id, minKeyBytes)
		}
		keys = append(keys, key{id: id, secret: secret})
	}
	if len(keys) < 1 || len(keys) > 2 || len(keys) == 2 && keys[0].id == keys[1].id {
		return nil, fmt.Errorf("%d keys, want one or two with different ids", len(keys))
	}
	return keys, nil
}

// URL returns a signed URL of a file of an instance, and the time at which the
// URL expires. base is the beginning of the URL, such as
// "https://exports.example.com".
func (s *Signer) URL(base string, inst int64, name string, now time.Time) (link string, expires time.Time) {
	k := s.keys.Get()[0]
	expires = now.Add(s.age).Truncate(time.Second).UTC()
	sig := base64.RawURLEncoding.EncodeToString(k.sign(http.MethodGet, expires.Unix(), inst, name))
	return fmt.Sprintf("%s/d/%s/%d/%s/%d/%s", strings.TrimSuffix(base, "/"), k.id, expires.Unix(), sig, inst, url.PathEscape(name)), expires
}

// Parts are the unescaped path segments of a signed URL after "/d/".
type Parts struct{ Key, Expiry, Signature, Inst, Name string }

// Verify checks the signature of a URL and returns the id of the instance; the
// file is p.Name. The error is ErrInvalid or ErrExpired.
func (s *Signer) Verify(method string, p Parts, now time.Time) (inst int64, err error) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	expiry, err1 := strconv.ParseInt(p.Expiry, 10, 64)
	inst, err2 := strconv.ParseInt(p.Inst, 10, 64)
	sig, err3 := base64.RawURLEncoding.Strict().DecodeString(p.Signature)
	if err1 != nil || err2 != nil || err3 != nil ||
		strconv.FormatInt(expiry, 10) != p.Expiry || strconv.FormatInt(inst, 10) != p.Inst {
		return 0, ErrInvalid
	}
	for _, k := range s.keys.Get() {
		if k.id != p.Key || !hmac.Equal(sig, k.sign(method, expiry, inst, p.Name)) {
			continue
		}
		if now.Unix() >= expiry {
			return 0, ErrExpired
		}
		return inst, nil
	}
	return 0, ErrInvalid
}

// sign returns the signature. The length before each field keeps two different
// lists of fields from being equal when concatenated.
func (k key) sign(method string, expiry, inst int64, name string) []byte {
	mac := hmac.New(sha256.New, k.secret)
	for _, field := range []string{method, k.id, strconv.FormatInt(expiry, 10), strconv.FormatInt(inst, 10), name} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(field)))
		mac.Write(n[:])
		mac.Write([]byte(field))
	}
	return mac.Sum(nil)
}
