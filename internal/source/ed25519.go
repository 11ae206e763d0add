package source

import (
	"crypto/sha512"
	"fmt"

	"filippo.io/edwards25519"
)

// ed25519Token returns the signature of the challenge with the key that MariaDB's
// plugin client_ed25519 derives from a password: 64 bytes, R and S of RFC 8032.
//
// crypto/ed25519 derives its key from a seed of 32 bytes; the plugin hashes the
// password itself, of any length.
func ed25519Token(salt []byte, password string) ([]byte, error) {
	h := sha512.Sum512([]byte(password))
	secret, err := edwards25519.NewScalar().SetBytesWithClamping(h[:32])
	if err != nil {
		return nil, fmt.Errorf("client_ed25519: %w", err)
	}
	public := new(edwards25519.Point).ScalarBaseMult(secret).Bytes()
	nonce, err := hashScalar(h[32:], salt)
	if err != nil {
		return nil, err
	}
	r := new(edwards25519.Point).ScalarBaseMult(nonce).Bytes()
	challenge, err := hashScalar(r, public, salt)
	if err != nil {
		return nil, err
	}
	s := edwards25519.NewScalar().MultiplyAdd(challenge, secret, nonce)
	return append(r, s.Bytes()...), nil
}

// hashScalar returns the SHA-512 of the parts as a scalar.
func hashScalar(parts ...[]byte) (*edwards25519.Scalar, error) {
	h := sha512.New()
	for _, p := range parts {
		_, _ = h.Write(p) // a hash accepts everything
	}
	s, err := edwards25519.NewScalar().SetUniformBytes(h.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("client_ed25519: %w", err)
	}
	return s, nil
}
