package model

import (
	"crypto/rand"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
)

// UID is a random value of 16 bytes: the identity of an instance or the token
// of a claim. The zero UID means that a release without UIDs wrote the row.
type UID [16]byte

// NewUID returns a random UID.
func NewUID() UID {
	var u UID
	_, _ = rand.Read(u[:]) // never returns an error: the program ends instead
	return u
}

// String returns 32 hexadecimal digits.
func (u UID) String() string { return hex.EncodeToString(u[:]) }

// Value implements driver.Valuer for a BINARY(16) column.
func (u UID) Value() (driver.Value, error) { return u[:], nil }

// Scan implements sql.Scanner.
func (u *UID) Scan(src any) error {
	b, ok := src.([]byte)
	if !ok || len(b) != len(u) {
		return fmt.Errorf("scan UID: got %T of %d bytes, want 16 bytes", src, len(b))
	}
	copy(u[:], b)
	return nil
}
