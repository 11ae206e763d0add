package jsonl

import (
	"unicode/utf8"

	"exporttask/internal/format/row"
)

// slack is the number of bytes behind a row that the fast path may read, and
// behind a cell in the buffer that it may overwrite.
const slack = 16

// maxExactLength is the number of bytes of a number, sign and point included, that
// a double holds exactly in any case.
const maxExactLength = 15

// maxLength is the number of bytes of a number that putNumber can check.
const maxLength = 24

// row writes the row data[off:end] whose cells are the output columns in order.
// It reports false for a malformed row, of which it may have written a part.
func (e *Encoder) row(data []byte, off, end int) bool {
	if end+slack > len(data) {
		return e.slowRow(data[off:end], 0)
	}
	e.room(min(e.fixed+end-off, bufSize))
	data = data[:end+slack]
	at := len(e.buf)
	out := e.buf[:cap(e.buf)]
	limit := len(out) - e.fixed // of at plus the bytes of the rest of the row
	for i := range e.cols {
		c := &e.cols[i]
		if off >= end {
			return false
		}
		n := int(data[off])
		if n >= row.NullCell || off+n >= end || at+end-off > limit {
			if n == row.NullCell && at+end-off <= limit {
				putKey(out, at, c.null)
				at += len(c.null)
				off++
				continue
			}
			e.buf = out[:at]
			return e.slowRow(data[off:end], i)
		}
		putKey(out, at, c.key)
		at += len(c.key)
		off++
		size := 0
		switch c.fast {
		case fastText:
			size = putText(out, at, data, off, n)
		case fastDateTime:
			size = putDateTime(out, at, data, off, n)
		case fastNumber:
			size = putNumber(out, at, data, off, n, c.most)
		case slow:
		}
		if size == 0 {
			e.buf = out[:at]
			e.value(c, data[off:off+n:off+n])
			if e.err != nil {
				return true
			}
			at = len(e.buf)
		}
		at += size
		off += n
	}
	if off != end {
		return false
	}
	e.buf = out[:at]
	e.endLine()
	return true
}

// putKey copies key, which has room for whole pairs behind its length.
func putKey(out []byte, at int, key []byte) {
	load(key[:16], 0).store(out, at)
	for i := 16; i < len(key); i += 16 {
		load(key[:i+16], i).store(out, at+i)
	}
}

// padded returns a copy of p for putKey.
func padded(p string) []byte {
	return append(make([]byte, 0, (len(p)+15)/16*16), p...)
}

// putText writes data[off:off+n] as a string and returns the number of bytes, or 0
// if the text needs escapes or is not valid UTF-8.
func putText(out []byte, at int, data []byte, off, n int) int {
	out[at] = '"'
	at++
	var special, all uint64
	i := 0
	for ; i+16 <= n; i += 16 {
		x := load(data, off+i)
		x.store(out, at+i)
		special |= needsEscape(x.lo) | needsEscape(x.hi)
		all |= x.lo | x.hi
	}
	x := load(data, off+i)
	x.store(out, at+i)
	x = x.head(n-i, spaces)
	special |= needsEscape(x.lo) | needsEscape(x.hi)
	all |= x.lo | x.hi
	if special != 0 || all&highs != 0 && !utf8.Valid(data[off:off+n]) {
		return 0
	}
	out[at+n] = '"'
	return n + 2
}

// putDateTime writes a date and time with a T between them. It leaves zero dates,
// which are no dates, as they are.
func putDateTime(out []byte, at int, data []byte, off, n int) int {
	size := putText(out, at, data, off, n)
	if size != 0 && isDateTime(data[off:off+n]) {
		out[at+len(`"2026-01-31`)] = 'T'
	}
	return size
}

// putNumber writes a decimal number without an exponent of at most most bytes, and
// returns 0 for anything else.
func putNumber(out []byte, at int, data []byte, off, n, most int) int {
	if n == 0 || n > most {
		return 0
	}
	x := load(data, off)
	x.store(out, at)
	x = x.head(min(n, 16), zeros)
	first := 0
	if byte(x.lo) == '-' {
		first = 1
		x.lo += '0' - '-'
	}
	bad, count := noDecimal(x.lo)
	bad2, count2 := noDecimal(x.hi)
	bad |= bad2
	count += count2
	if n > 16 {
		y := load(data, off+16)
		y.store(out, at+16)
		y = y.head(n-16, zeros)
		bad2, count2 = noDecimal(y.lo)
		bad |= bad2 | noDigits(y.hi)
		count += count2
	}
	last := data[off+n-1]
	if bad != 0 || count > 1 || first == n || data[off+first] == '.' || last == '.' {
		return 0
	}
	if data[off+first] == '0' && first+1 < n && data[off+first+1] != '.' {
		return 0
	}
	return n
}
