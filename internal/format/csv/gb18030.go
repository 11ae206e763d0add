package csv

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

// gb18030 encodes UTF-8 as GB18030 (GB 18030-2000). golang.org/x/text follows the
// WHATWG standard, which has no two-byte codes for the private use area; the 2,068
// of them in the national standard are encoded here.
type gb18030 struct {
	base transform.Transformer
	out  []byte
}

func newGB18030() *gb18030 {
	return &gb18030{base: simplifiedchinese.GB18030.NewEncoder().Transformer, out: make([]byte, 2*bufSize)}
}

// encode encodes p. left is the number of bytes of an incomplete character at the
// end of p, which are not encoded unless end is set. Each byte of invalid UTF-8
// becomes U+FFFD; all other characters have a code. out is valid until the next
// call.
func (g *gb18030) encode(p []byte, end bool) (out []byte, left int, err error) {
	// A character of 2 bytes can take 4, and so can a byte of invalid UTF-8.
	if most := 4 * len(p); most > len(g.out) && !utf8.Valid(p) {
		g.out = make([]byte, most)
	}
	n := 0
	for {
		next := nextPrivateUse(p)
		written, read, err := g.base.Transform(g.out[n:], p[:next], end || next < len(p))
		n += written
		if err != nil && !errors.Is(err, transform.ErrShortSrc) {
			return nil, 0, fmt.Errorf("csv: encode as GB18030: %w", err)
		}
		if next == len(p) {
			return g.out[:n], len(p) - read, nil
		}
		r, size := utf8.DecodeRune(p[next:])
		code := privateUseCode(r)
		g.out[n], g.out[n+1] = byte(code>>8), byte(code)
		n += 2
		p = p[next+size:]
	}
}

// nextPrivateUse returns the offset of the first character in p that has a
// two-byte code in the private use area, and len(p) if there is none.
func nextPrivateUse(p []byte) int {
	for i := 0; ; i++ {
		k := bytes.IndexByte(p[i:], 0xee) // first byte of U+E000 to U+EFFF
		if k < 0 {
			return len(p)
		}
		i += k
		if r, size := utf8.DecodeRune(p[i:]); size > 1 && privateUseCode(r) != 0 {
			return i
		}
	}
}

// privateUseCode returns the two-byte code of a character of the private use area,
// and 0 for characters without one.
func privateUseCode(r rune) uint16 {
	switch n := int(r); {
	case r < 0xe000 || r > 0xe864:
		return 0
	case r <= 0xe233: // user-defined area 1: rows AA to AF
		n -= 0xe000
		return uint16((0xaa+n/94)<<8 | (0xa1 + n%94))
	case r <= 0xe4c5: // user-defined area 2: rows F8 to FE
		n -= 0xe234
		return uint16((0xf8+n/94)<<8 | (0xa1 + n%94))
	case r <= 0xe765: // user-defined area 3: rows A1 to A7, columns 40 to A0 without 7F
		n -= 0xe4c6
		column := 0x40 + n%96
		if column >= 0x7f {
			column++
		}
		return uint16((0xa1+n/96)<<8 | column)
	}
	for _, run := range privateUseRuns {
		if n := r - run.first; n >= 0 && n < run.n {
			return run.code + uint16(n)
		}
	}
	return 0
}

// privateUseRuns are the codes of consecutive characters between the user-defined
// areas: places of the two-byte area that Unicode had no character for.
var privateUseRuns = [...]struct {
	first rune
	code  uint16
	n     rune
}{
	{0xe766, 0xa2ab, 6},
	{0xe76d, 0xa2e4, 1},
	{0xe76e, 0xa2ef, 2},
	{0xe770, 0xa2fd, 2},
	{0xe772, 0xa4f4, 11},
	{0xe77d, 0xa5f7, 8},
	{0xe785, 0xa6b9, 8},
	{0xe78d, 0xa6d9, 7},
	{0xe794, 0xa6ec, 2},
	{0xe796, 0xa6f3, 1},
	{0xe797, 0xa6f6, 9},
	{0xe7a0, 0xa7c2, 15},
	{0xe7af, 0xa7f2, 13},
	{0xe7bc, 0xa896, 11},
	{0xe7c7, 0xa8bc, 1},
	{0xe7c9, 0xa8c1, 4},
	{0xe7cd, 0xa8ea, 21},
	{0xe7e2, 0xa958, 1},
	{0xe7e3, 0xa95b, 1},
	{0xe7e4, 0xa95d, 3},
	{0xe7f4, 0xa997, 13},
	{0xe801, 0xa9f0, 15},
	{0xe810, 0xd7fa, 5},
	{0xe816, 0xfe51, 3},
	{0xe81e, 0xfe59, 1},
	{0xe826, 0xfe61, 1},
	{0xe82b, 0xfe66, 2},
	{0xe831, 0xfe6c, 2},
	{0xe83b, 0xfe76, 1},
	{0xe843, 0xfe7e, 1},
	{0xe854, 0xfe90, 2},
	{0xe864, 0xfea0, 1},
}
