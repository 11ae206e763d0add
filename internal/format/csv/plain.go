package csv

import "exporttask/internal/format/row"

// Most rows are plain: their cells are the output columns in order and none
// needs quotes, a guard or a conversion. Searching each text separately would
// double the time of such a row. Instead the row is copied including its length
// bytes, and the copy counts special bytes (the delimiter, the quote, CR, LF), 32
// bytes at a time. The walk that replaces length bytes with delimiters counts the
// length bytes that are special. If both counts are equal, no text contains a
// special byte and the line is complete. Otherwise the copy, which lies behind
// the end of the buffer, is discarded and row.go writes the row cell by cell.

const (
	// overhang is the number of bytes behind n that copyCounting may read and
	// write.
	overhang = 32
	// backOff is the number of rows that are not tried after two consecutive rows
	// that were not plain: in some tables every row needs quotes.
	backOff = 8
	// noLength is a byte that no cell begins with.
	noLength = 0xff
)

// plain is the state of the encoder for plain rows.
type plain struct {
	on       bool
	wait     int        // number of rows that are not tried
	specials [16]byte   // the special bytes, each at the index of its low four bits
	special  [256]uint8 // 1 for a special byte
	nothing  byte       // first byte of the cell that is written as no bytes: NULL, an empty text, or noLength
	empty    []byte     // output of an empty text unless nothing is 0
	room     int        // maximum of a line's bytes and copyCounting's overhang above the row's length
}

// newPlain requires all other fields of the encoder to be set.
func (e *Encoder) newPlain() plain {
	p := plain{on: vectors() && e.mayBePlain(), nothing: noLength, empty: []byte(`""`)}
	p.specials[0] = noLength // the byte 0 is not special
	for _, c := range []byte{e.delim, '"', '\r', '\n'} {
		p.specials[c&15] = c
		p.special[c] = 1
	}
	switch {
	case len(e.null) == 0:
		p.nothing = nullCell
	case !e.emptyIsNull():
		p.nothing = 0
	}
	p.room = overhang + len(e.cols)*(len(p.empty)+len(e.null)) + len(e.eol)
	return p
}

// mayBePlain reports whether the output columns are the columns of the row in
// order, without conversions.
func (e *Encoder) mayBePlain() bool { return e.inOrder && e.maxSeparate == baseSeparate }

// plainRows writes the plain rows of b from row i on. It returns the index of
// the first row that is not plain or did not fit into the buffer.
func (e *Encoder) plainRows(b *row.Batch, i int) int {
	if !e.plain.on || b.Cols != len(e.cols) {
		return i
	}
	if e.plain.wait > 0 {
		e.plain.wait--
		return i
	}
	out, at, data := e.buf[:cap(e.buf)], len(e.buf), b.Data
	from := i
	for ; i < len(b.Rows); i++ {
		s := b.Rows[i]
		off, end := int(s.Off), int(s.End)
		n := end - off - 1
		if n < 1 || at+n+e.plain.room > len(out) || end+overhang > len(data) {
			break
		}
		p, line := data[off+1:end+overhang], out[at:at+n+e.plain.room] // n+overhang bytes at least
		count := copyCounting(line, p, n, &e.plain.specials)
		more, ok := e.separate(line, p[:n+1], data[off], count)
		if !ok {
			break
		}
		at += n + more
		if len(e.eol) == 2 { // stores instead of a copy of unknown length
			out[at], out[at+1] = '\r', '\n'
			at += 2
		} else {
			out[at] = '\n'
			at++
		}
	}
	e.buf = e.buf[:at]
	if e.rows += int64(i - from); i == from {
		e.plain.wait = backOff
	}
	return i
}

// separate turns the copy of a row into a line. more is the number of bytes by
// which the line is longer than the copy; ok is false if the row is not plain.
// p is the row without its first byte n and with one byte behind it, which the
// line ends before. count is the number of special bytes in the copy.
func (e *Encoder) separate(line, p []byte, n byte, count int) (more int, ok bool) {
	count += int(e.plain.special[n])
	for marks := e.marks; ; {
		cells, at, special, stop := e.walk(line, p, n, marks)
		count -= special
		if cells == len(marks) {
			return more, at == len(p) && count == 0
		}
		// The cell has no bytes but a text of its own: the following bytes are
		// moved to make room for it.
		text := e.null
		switch {
		case stop == 0:
			text = e.plain.empty
		case stop != nullCell:
			return 0, false
		}
		if line, p = line[at:], p[at:]; len(p) == 0 {
			return 0, false
		}
		copy(line[len(text):], p)
		copy(line, text)
		line[len(text)] = e.delim
		more += len(text)
		n, p, line, marks = p[0], p[1:], line[len(text)+1:], marks[cells+1:]
	}
}

// walk writes a delimiter behind each cell until a cell is not written as it
// is. n is the length byte of the first cell, whose text begins at p[0] and
// line[0]. It returns the number of cells, the offset of the next cell's text,
// the number of special length bytes, and the length byte at which it stopped,
// which is neither 0 nor nullCell if that cell makes the row not plain.
func (e *Encoder) walk(line, p []byte, n byte, marks []uint8) (cells, at, special int, stop byte) {
	line = line[:len(p)]
	for i, mark := range marks {
		special += int(e.plain.special[n])
		if n-1 >= shortCell-1 { // 0 as well
			if n != e.plain.nothing {
				return i, at, special, n
			}
			n, mark = 0, 0
		}
		end := at + int(n)
		if uint(end) >= uint(len(p)) || mark != 0 && mark&(e.first[p[at]]|e.last[p[end-1]]) != 0 {
			return i, at, special, noLength
		}
		n = p[end]
		line[end] = e.delim
		at = end + 1
	}
	return len(marks), at, special, 0
}
