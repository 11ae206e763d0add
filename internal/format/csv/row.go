package csv

import "exporttask/internal/format/row"

// baseSeparate is the number of cells of a row, converted cells not counted, that
// appendCell may write before the rest of the row is written cell by cell: each
// of them costs another copy of the rest of the row. Rows of a table with more
// converted columns are never copied as a whole.
const baseSeparate = 4

// row writes a row whose cells are the output columns in order. The buffer must
// have room for the longest line that p can become.
func (e *Encoder) row(p []byte) {
	out := e.buf[:cap(e.buf)]
	// out[shift+i] is p[i], except for the first length byte, which is not part
	// of the line.
	shift := len(e.buf) - 1
	copy(out[shift+1:], p[1:])
	delim, delims := e.delim, e.delims
	q, maxSeparate := 0, 0
	for i, mark := range e.marks {
		n := int(p[q])
		q++
		end := q + n
		switch {
		case n >= shortCell || n == 0:
			if n == nullCell && len(e.null) == 0 {
				out[shift+q] = delim
				continue
			}
		case mark == 0 || e.first[p[q]]&mark|e.last[p[end-1]] == 0 && !holdsSpecial(p, q, end, delims):
			q = end
			out[shift+q] = delim
			continue
		}
		e.buf = out[:shift+q]
		var text []byte
		text, p = row.Cell(p[q-1:])
		e.appendCell(&e.cols[i], text)
		if maxSeparate++; maxSeparate > e.maxSeparate {
			if i+1 < len(e.cols) {
				e.buf = append(e.buf, delim)
			}
			e.rest(p, i+1)
			return
		}
		shift, q = len(e.buf), 0
		copy(out[shift:], p)
		out[shift] = delim
	}
	e.buf = append(out[:shift+q], e.eol...)
}

// The first byte of a cell is its length if it is less than shortCell, and
// nullCell for NULL (MySQL protocol, LengthEncodedString).
const (
	shortCell = row.NullCell
	nullCell  = row.NullCell
)

// rest writes the cells from column i on, p being the rest of the row, and ends
// the line. It flushes the buffer where necessary.
func (e *Encoder) rest(p []byte, i int) {
	for first := i; i < len(e.cols); i++ {
		if i > first {
			e.byte(e.delim)
		}
		var text []byte
		text, p = row.Cell(p)
		e.put(i, text)
	}
	e.endLine()
}

// picked writes a row whose columns are selected or reordered.
func (e *Encoder) picked(p []byte) {
	for i := range e.cells {
		e.cells[i], p = row.Cell(p)
	}
	for i := range e.cols {
		if i > 0 {
			e.byte(e.delim)
		}
		e.put(i, e.cells[e.cols[i].index])
	}
	e.endLine()
}

// put writes a cell of column i, with a short path for texts that need no
// quotes.
func (e *Encoder) put(i int, text []byte) {
	if n := len(text); n > 0 && n <= cap(e.buf)-len(e.buf) {
		mark := e.marks[i]
		if mark == 0 || e.first[text[0]]&mark|e.last[text[n-1]] == 0 && !holdsSpecial(text, 0, n, e.delims) {
			e.buf = append(e.buf, text...)
			return
		}
	}
	e.appendCell(&e.cols[i], text)
}

func (e *Encoder) byte(c byte) {
	e.room(1)
	e.buf = append(e.buf, c)
}

func (e *Encoder) endLine() {
	e.room(len(e.eol))
	e.buf = append(e.buf, e.eol...)
}

// room flushes the buffer unless n more bytes fit. n must be well below
// bufSize.
func (e *Encoder) room(n int) {
	if cap(e.buf)-len(e.buf) < n {
		e.flush(false)
	}
}
