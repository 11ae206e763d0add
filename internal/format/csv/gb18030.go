package csv

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/transform"
)

// toGB18030 encodes the buffer and tells how many bytes of a character that is
// not complete yet are left at its end. GB18030 has all of Unicode; only bytes
// that are no UTF-8 cannot be encoded: each becomes U+FFFD, and appendCell counts
// the cell.
func (e *Encoder) toGB18030(end bool) (out []byte, left int) {
	// A character of 2 bytes can take 4, and so can a single byte that is none.
	if most := 4 * len(e.buf); most > len(e.gbBuf) && !utf8.Valid(e.buf) {
		e.gbBuf = make([]byte, most)
	}
	n, read, err := e.gb.Transform(e.gbBuf, e.buf, end)
	if err != nil && !errors.Is(err, transform.ErrShortSrc) {
		e.err = fmt.Errorf("csv: encode as GB18030: %w", err)
	}
	return e.gbBuf[:n], len(e.buf) - read
}
