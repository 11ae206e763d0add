package jsonl

import (
	"encoding/binary"
	"math/bits"
)

// Eight bytes of a cell are checked at a time with the known tests for a zero byte
// and for a byte less than n in a word; each sets the highest bit of a byte that
// passes it, and may set that of a byte above it.
const (
	ones    = 0x0101010101010101
	highs   = ones << 7
	spaces  = ones * ' '
	zeros   = ones * '0'
	points  = ones * '.'
	quotes  = ones * '"'
	slashes = ones * '\\'
)

// pair is 16 bytes of a cell or of the output.
type pair struct{ lo, hi uint64 }

// load returns p[at:at+16].
func load(p []byte, at int) pair {
	b := (*[16]byte)(p[at:])
	return pair{binary.LittleEndian.Uint64(b[:8]), binary.LittleEndian.Uint64(b[8:])}
}

// store writes x to p[at:at+16].
func (x pair) store(p []byte, at int) {
	b := (*[16]byte)(p[at:])
	binary.LittleEndian.PutUint64(b[:8], x.lo)
	binary.LittleEndian.PutUint64(b[8:], x.hi)
}

// head returns the first n bytes of x, n <= 16, and fill in the place of the
// others.
func (x pair) head(n int, fill uint64) pair {
	m := &masks[n&31]
	return pair{x.lo&m.lo | fill&^m.lo, x.hi&m.hi | fill&^m.hi}
}

// masks[n] has the first n bytes set.
var masks = func() (m [32]pair) {
	for n := range m {
		m[n] = pair{^uint64(0), ^uint64(0)}
		if n < 8 {
			m[n] = pair{1<<(8*n) - 1, 0}
		} else if n < 16 {
			m[n].hi = 1<<(8*(n-8)) - 1
		}
	}
	return m
}()

// needsEscape is not 0 if a byte of x is a quote, a backslash or a control
// character.
func needsEscape(x uint64) uint64 {
	q, s := x^quotes, x^slashes
	return ((x-spaces)&^x | (q-ones)&^q | (s-ones)&^s) & highs
}

// noDigits is not 0 if a byte of x is no decimal digit.
func noDigits(x uint64) uint64 {
	return ((x + ones*(0x7f-'9')) | (x - zeros) | x) & highs
}

// noDecimal is noDigits that also permits points, which it counts.
func noDecimal(x uint64) (bad uint64, count int) {
	d := x ^ points
	at := ^((d&^highs + ^uint64(highs)) | d) & highs // exact, unlike the tests above
	return noDigits(x + at>>6), bits.OnesCount64(at) // '.' + 2 is '0'
}
