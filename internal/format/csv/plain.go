package csv

import "exporttask/internal/format/row"

// Most rows are plain: their cells are the output columns in order, and nothing
// in them needs quotes, a guard or a conversion. To search each text by itself
// costs as much as all the rest of such a row. So the row is copied with its
// length bytes and the special bytes in it (the delimiter, the quote, CR, LF)
// are counted on the way, thirty-two at a time. Length bytes can be special, too;
// the walk that puts the delimiters in their places counts those. If the two
// counts are equal, no text holds a special byte. A row that turns out not to be
// plain is left where it lies, behind the end of the buffer, and is written anew
// by row.go, cell by cell.

const (
	// overhang is how far copyCounting may read and write past its n bytes.
	overhang = 32
	// backOff is how many rows are not tried after two in succession that
	// were not plain: in some tables every row needs quotes.
	backOff = 8
	// noLength is no cell's first byte.
	noLength = 0xff
)

// plain is what the encoder knows of plain rows.
type plain struct {
	on       bool
	wait     int        // so many rows more are not tried
	specials [16]byte   // the special bytes, each at the place that its low four bits tell
	special  [256]uint8 // 1 for a special byte
	nothing  byte       // the first byte of the cell that is written as nothing, or noLength
	empty    []byte     // what is written for an empty text if that is not it
	room     int        // what a row's line and copyCounting take besides the row's length
}

// newPlain must know all else of the encoder.
func (e *Encoder) newPlain() plain {
	p := plain{on: vectors() && e.mayBePlain(), nothing: noLength, empty: []byte(`""`)}
	p.specials[0] = noLength // nothing is special there, least of all the byte 0
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

// mayBePlain reports whether the columns are the row's own, in order and none of
// them converted.
func (e *Encoder) mayBePlain() bool { return e.inOrder && e.maxSeparate == baseSeparate }

// plainRows writes the plain rows of b from row i on and tells which row is the
// first that is not, or that it left out for want of room.
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

// separate makes a line of a copied row and tells by how much it is longer than
// the row's copy, or that the row is not plain. p is the row without its first
// byte n, and the byte behind it, where the line has no delimiter but ends; in p
// and line are count special bytes.
func (e *Encoder) separate(line, p []byte, n byte, count int) (more int, ok bool) {
	count += int(e.plain.special[n])
	for marks := e.marks; ; {
		cells, at, special, stop := e.walk(line, p, n, marks)
		count -= special
		if cells == len(marks) {
			return more, at == len(p) && count == 0
		}
		// The cell has no bytes and something is written for it: what follows
		// moves back by as much.
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

// walk puts a delimiter behind each cell, for as long as the cells are written as
// they are. n is the first one's length byte, its text is at the beginning of p
// and of line. Told are how many cells these were, where the next one's text
// begins, how many of the length bytes were special, and the one at which it
// stopped, which is not 0 or nullCell if that cell makes the row not plain.
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
