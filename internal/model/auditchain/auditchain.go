// Package auditchain computes and verifies the chain of hashes in the audit log.
// internal/model appends rows with it, cmd/exportctl verifies them. docs/audit.md
// describes the format, so that the chain can be verified without this package.
package auditchain

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"
)

// Hash is the SHA-256 of a row. The zero Hash stands before the first row.
type Hash [sha256.Size]byte

// String returns 64 hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash parses what String returns.
func ParseHash(text string) (h Hash, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(h) {
		return h, fmt.Errorf("%.80q, want %d hexadecimal digits", text, 2*len(h))
	}
	return Hash(b), nil
}

// timeLayout is the form of Row.At in the hashed text.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// Row is a row of the audit log. Action and Kind are numbers of the contract; the
// texts contain no control characters.
type Row struct {
	ID         int64 // place in the chain, from 1
	At         time.Time
	Action     int32
	Kind       int32
	ObjectID   int64
	OperatorID int32 // owner of the object
	ByOperator int32 // operator that acted
	Token      string
	Peer       string
	RequestID  string
	Via        string
	Detail     string
	Prev       Hash // of the row before
}

// Hash returns the SHA-256 of the row: of its fields in the order of Row, but Prev
// first, in decimal, hexadecimal (Prev) or RFC 3339 in UTC with microseconds (At),
// with a line feed between each two.
func (r *Row) Hash() Hash {
	b := make([]byte, 0, 512)
	b = hex.AppendEncode(b, r.Prev[:])
	number := func(n int64) {
		b = append(b, '\n')
		b = strconv.AppendInt(b, n, 10)
	}
	number(r.ID)
	b = append(b, '\n')
	b = r.At.UTC().AppendFormat(b, timeLayout)
	number(int64(r.Action))
	number(int64(r.Kind))
	number(r.ObjectID)
	number(int64(r.OperatorID))
	number(int64(r.ByOperator))
	for _, text := range []string{r.Token, r.Peer, r.RequestID, r.Via, r.Detail} {
		b = append(b, '\n')
		b = append(b, text...)
	}
	return sha256.Sum256(b)
}

// Link is a place in the chain: a row's id and its hash. The zero Link stands
// before the first row.
type Link struct {
	ID   int64
	Hash Hash
}

// String returns "ID:HASH", which ParseLink parses.
func (l Link) String() string { return strconv.FormatInt(l.ID, 10) + ":" + l.Hash.String() }
