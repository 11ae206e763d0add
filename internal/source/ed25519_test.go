package source

import (
	"crypto/ed25519"
	"encoding/base64"
	"testing"
)

// The key is that of the account in MariaDB's documentation: the result of
// ED25519_PASSWORD('secret').
func TestEd25519Token(t *testing.T) {
	public, err := base64.RawStdEncoding.DecodeString("ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY")
	if err != nil {
		t.Fatal(err)
	}
	salt := []byte("0123456789abcdefghijklmnopqrstuv")
	token, err := ed25519Token(salt, "secret")
	if err != nil {
		t.Fatal(err)
	}
	if !ed25519.Verify(public, salt, token) {
		t.Error("the signature does not match the account's key")
	}
	if token, err = ed25519Token(salt, "Secret"); err != nil || ed25519.Verify(public, salt, token) {
		t.Errorf("another password: error %v, want a signature that does not match", err)
	}
}
