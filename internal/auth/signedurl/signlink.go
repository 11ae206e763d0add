// Package signedurl makes links that open one file for a while without a token,
// and checks them. internal/server puts them on finished files, internal/gateway
// answers them. It knows no files: a link carries an instance's id and a file's
// name, and nothing else is believed.
//
// A link is BASE/d/KEY/EXPIRY/SIGNATURE/EINSTID/NAME. The signature is the
// HMAC-SHA-256 (RFC 2104) over method, key id, expiry, instance and name, each
// with its length, in base64url without padding (RFC 4648 section 5). GET covers
// HEAD.
package signedurl

import (
	"context"
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

// Why a link is refused.
var (
	ErrExpired = errors.New("the link has expired; ask for the instance again to get a new one")
	ErrInvalid = errors.New("the link is not one of this service's, or was changed")
)

// MaxAge is the longest that links may live.
const MaxAge = 7 * 24 * time.Hour

const minKeyBytes = 32

// key is one signing key.
type key struct {
	id     string
	secret []byte
}

// Signer makes and checks links.
type Signer struct {
	keys *files.Watched[[]key]
	age  time.Duration
}

// Open reads the keys: one or two lines "ID: HEX" of at least 32 bytes each. The
// first one signs, both are taken, so that a key can be changed without breaking
// the links that are out. Links live for age.
func Open(file string, age time.Duration, log *slog.Logger) (*Signer, error) {
	keys, err := files.Watch("signing keys of links", []string{file}, func(texts [][]byte) ([]key, error) {
		return parse(string(texts[0]))
	}, log)
	if err != nil {
		return nil, err
	}
	return &Signer{keys: keys, age: age}, nil
}

// For is the same signer with links that live for age, up to MaxAge.
func (s *Signer) For(age time.Duration) *Signer { return &Signer{keys: s.keys, age: min(age, MaxAge)} }

// Reload reads the keys again; after an error the old ones hold.
func (s *Signer) Reload() error { return s.keys.Reload() }

// Run reloads the keys when their file changes, until ctx ends.
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

// URL makes a link to a file of an instance, and tells until when it opens it.
// base is what the link begins with, such as "https://exports.example.com".
func (s *Signer) URL(base string, inst int64, name string, now time.Time) (link string, expires time.Time) {
	k := s.keys.Get()[0]
	expires = now.Add(s.age).Truncate(time.Second).UTC()
	sig := base64.RawURLEncoding.EncodeToString(k.sign(http.MethodGet, expires.Unix(), inst, name))
	return fmt.Sprintf("%s/d/%s/%d/%s/%d/%s", strings.TrimSuffix(base, "/"), k.id, expires.Unix(), sig, inst, url.PathEscape(name)), expires
}

// Parts are the pieces of a link's path, unescaped.
type Parts struct{ Key, Expiry, Signature, Inst, Name string }

// Verify returns the instance that a link opens a file of; the file is Name. The
// error is ErrInvalid or ErrExpired.
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

// sign is the code over all that a link says. Lengths keep one field from
// reaching into the next.
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
