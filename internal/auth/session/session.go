// Package session seals what a browser keeps while a person is signed in to the
// console. A session is a cookie that only this service can read and write; the
// service stores nothing, so that every replica with the same keys accepts it.
//
// The session of a token contains the token. Each request is made with it, so a
// session ends when its token is removed from the tokens file.
package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrInvalid is returned for a text that was not sealed with a current key for the
// same purpose.
var ErrInvalid = errors.New("not sealed by this service")

// Session is a signed-in person.
type Session struct {
	// Token is the bearer token of a session that began with one.
	Token string `json:"t,omitempty"`
	// Person is set in a session that began with OpenID Connect.
	Person *Person `json:"p,omitempty"`
	// Created and Seen are the times of the sign-in and of the last renewal.
	Created time.Time `json:"c"`
	Seen    time.Time `json:"s"`
}

// Person is who an OpenID Connect provider says has signed in, with the rights
// that the configuration gives.
type Person struct {
	Name     string   `json:"n"`
	Operator int32    `json:"o"`
	Scopes   []string `json:"s"`
}

// PersonKey is the metadata key in which the HTTP gateway of this process passes
// the person of a session. peerKey is random and known to this process alone (see
// auth.Config.PeerKey), so that no client can set it.
func PersonKey(peerKey string) string { return peerKey + "-person-bin" }

// Metadata returns the person as a value of PersonKey.
func (p *Person) Metadata() string {
	text, _ := json.Marshal(p) // never returns an error
	return string(text)
}

// PersonOf returns the person of a value of PersonKey.
func PersonOf(metadata string) (*Person, error) {
	var p Person
	if err := json.Unmarshal([]byte(metadata), &p); err != nil {
		return nil, fmt.Errorf("person of a session: %w", err)
	}
	return &p, nil
}

// Lifetime bounds sessions.
type Lifetime struct {
	Idle time.Duration // from one request to the next
	Max  time.Duration // from the sign-in
}

// Ends returns the times at which a session ends without and with further
// requests.
func (l Lifetime) Ends(s *Session) (idle, last time.Time) {
	last = s.Created.Add(l.Max)
	idle = s.Seen.Add(l.Idle)
	if idle.After(last) {
		idle = last
	}
	return idle, last
}

// Expired reports whether a session has ended.
func (l Lifetime) Expired(s *Session, now time.Time) bool {
	idle, _ := l.Ends(s)
	return !now.Before(idle)
}

// renewals is the number of times that a session is renewed within Lifetime.Idle,
// so that not every reply sets a cookie.
const renewals = 20

// NeedsRenewal reports whether a request should renew a session.
func (l Lifetime) NeedsRenewal(s *Session, now time.Time) bool {
	return now.Sub(s.Seen) >= l.Idle/renewals
}

// Sealer encrypts and authenticates texts with AES-256-GCM. It is safe for
// concurrent use.
type Sealer struct {
	// keys returns the current keys of 32 bytes; the first seals, all open.
	keys func() ([][]byte, error)
}

// NewSealer returns a Sealer with the keys that a function returns at each use.
func NewSealer(keys func() ([][]byte, error)) *Sealer { return &Sealer{keys: keys} }

// NewRandomSealer returns a Sealer with a random key, which is known to this
// process alone.
func NewRandomSealer() *Sealer {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never returns an error
	return NewSealer(func() ([][]byte, error) { return [][]byte{key}, nil })
}

// Seal returns v as a text that can be a cookie's value. Open needs the same
// purpose.
func (s *Sealer) Seal(purpose string, v any) (string, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("seal %s: %w", purpose, err)
	}
	aeads, err := s.aeads()
	if err != nil {
		return "", fmt.Errorf("seal %s: %w", purpose, err)
	}
	nonce := make([]byte, aeads[0].NonceSize())
	_, _ = rand.Read(nonce) // never returns an error
	return base64.RawURLEncoding.EncodeToString(aeads[0].Seal(nonce, nonce, plain, []byte(purpose))), nil
}

// Open reads a text that Seal returned into v. The error is ErrInvalid for any
// other text.
func (s *Sealer) Open(purpose, text string, v any) error {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return ErrInvalid
	}
	aeads, err := s.aeads()
	if err != nil {
		return fmt.Errorf("open %s: %w", purpose, err)
	}
	for _, aead := range aeads {
		if len(sealed) < aead.NonceSize() {
			return ErrInvalid
		}
		plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(purpose))
		if err == nil && json.Unmarshal(plain, v) == nil {
			return nil
		}
	}
	return ErrInvalid
}

func (s *Sealer) aeads() ([]cipher.AEAD, error) {
	keys, err := s.keys()
	if err != nil {
		return nil, err
	}
	aeads := make([]cipher.AEAD, len(keys))
	for i, key := range keys {
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		if aeads[i], err = cipher.NewGCM(block); err != nil {
			return nil, err
		}
	}
	return aeads, nil
}
