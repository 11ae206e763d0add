package csv

import (
	"bytes"
	"unicode/utf8"

	"exporttask/internal/format"
)

// chunkSize is the number of bytes of a long cell that are converted at a time.
// It is a multiple of 3 so that chunks of base64 can be joined.
const chunkSize = 24 << 10

// appendCell writes one cell of any kind; nil is NULL.
func (e *Encoder) appendCell(c *column, text []byte) {
	if text == nil {
		e.room(len(e.null))
		e.buf = append(e.buf, e.null...)
		return
	}
	if c.convert != nil {
		if c.chunked && len(text) > chunkSize {
			e.appendBytes(c, text)
			return
		}
		e.scratch = c.convert.AppendText(e.scratch[:0], text)
		text = e.scratch
	}
	if e.gb != nil && c.scan && !utf8.Valid(text) {
		e.counts.Illegal++
	}
	guard := c.guard && format.IsFormula(text)
	if guard {
		e.counts.Guarded++
	}
	quote := e.quoteAll || len(text) == 0 && e.emptyIsNull() || c.scan && e.needsQuotes(text)
	if len(text) > chunkSize {
		e.appendLong(text, guard, quote)
		return
	}
	e.room(2*len(text) + 3)
	switch {
	case quote && guard:
		e.buf = append(e.buf, '"', format.GuardPrefix)
		e.buf = append(appendDoubled(e.buf, text), '"')
	case quote:
		e.buf = appendQuoted(e.buf, text)
	case guard:
		e.buf = append(append(e.buf, format.GuardPrefix), text...)
	default:
		e.buf = append(e.buf, text...)
	}
}

// emptyIsNull reports whether an unquoted empty cell would be read as NULL or,
// in a file of one column, as an empty line.
func (e *Encoder) emptyIsNull() bool { return len(e.null) == 0 || len(e.cols) == 1 }

// needsQuotes reports whether text must be quoted; see the package comment.
func (e *Encoder) needsQuotes(text []byte) bool {
	if len(text) == 0 {
		return false
	}
	return (e.first[text[0]]|e.last[text[len(text)-1]])&flagBlank != 0 || bytes.Equal(text, e.null) || holdsSpecial(text, 0, len(text), e.delims)
}

// appendLong writes a text that may be longer than the buffer.
func (e *Encoder) appendLong(text []byte, guard, quote bool) {
	if quote {
		e.byte('"')
	}
	if guard {
		e.byte(format.GuardPrefix)
	}
	for len(text) > 0 && e.err == nil {
		n := min(len(text), chunkSize)
		e.room(2 * n)
		if quote {
			e.buf = appendDoubled(e.buf, text[:n])
		} else {
			e.buf = append(e.buf, text[:n]...)
		}
		text = text[n:]
	}
	if quote {
		e.byte('"')
	}
}

// appendBytes writes a long binary cell as hexadecimal or base64 text in
// chunks. Such a text needs neither quotes nor a guard.
func (e *Encoder) appendBytes(c *column, raw []byte) {
	if e.quoteAll {
		e.byte('"')
	}
	for len(raw) > 0 && e.err == nil {
		n := min(len(raw), chunkSize)
		e.room(2 * n)
		e.buf = c.convert.Binary.Append(e.buf, raw[:n])
		raw = raw[n:]
	}
	if e.quoteAll {
		e.byte('"')
	}
}
