package xlsx

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
	"exporttask/internal/format/xlsx/deflate"
)

// cellRoom is larger than the markup of one cell or the tags of a row,
// including the unused bytes of pieces.
const cellRoom = 256

// The markup of rows. Each is at most 16 bytes long, see piece.
var (
	rowStart = newPiece(rowTagHead)
	rowEnd   = newPiece(`</row>`)
)

// rowWriter converts rows to XML, one block at a time, and reports repeated
// markup to the compressor. Every worker has its own. It allocates only to grow
// a buffer.
type rowWriter struct {
	job     *job
	cols    []tracked
	deflate deflate.Encoder

	buf []byte // the block; always longer than n
	n   int    // size of the block so far

	inOrder bool     // the output columns are the first cells of the row in order
	cells   [][]byte // cells of a row if not inOrder
	scratch []byte   // a converted value
	digits  []byte   // a date with fractions of a second or a rounded number

	tag   int // the row's tag; -1 = in an earlier block
	lines int // of the row's longest text
	// What the row replaced in lastTag and lastRow[ended].
	beforeTag, beforeRow uint32
	ended                class

	row     int    // number of the row
	rowText uint64 // the same in digits, the first digit in the lowest byte
	rowLen  int    // number of digits

	// Positions in the block, deflate.None if unknown.
	sep      uint32 // end of the last value or row tag
	sepClass class
	lastNum  [2]rowNumber    // row number in the last cell of each class
	lastEnd  [classes]uint32 // last end of a value by class
	lastRow  [classes]uint32 // last end of a row by the class of its last value
	lastTag  uint32          // last row tag
}

func newRowWriter(cols []column, small bool) *rowWriter {
	w := &rowWriter{cols: make([]tracked, len(cols)), inOrder: true, buf: make([]byte, blockFull+64<<10), row: -1}
	w.deflate.Search = small
	for i := range cols {
		w.cols[i].column = cols[i]
		w.cols[i].tally = format.NewTally(cols[i].src)
		w.inOrder = w.inOrder && cols[i].index == i
		if cols[i].stored == format.AsText {
			w.cols[i].heads = new(heads)
		}
	}
	w.reset()
	return w
}

// reset begins an empty block without known positions.
func (w *rowWriter) reset() {
	w.n, w.tag = 0, -1
	w.deflate.Reset()
	unknown := place{sep: deflate.None, tag: deflate.None, value: deflate.None, sepClass: nothing}
	for i := range w.cols {
		c := &w.cols[i]
		for n := range c.looks {
			c.looks[n].place = unknown
		}
		if c.heads != nil {
			clear(c.heads[:])
		}
	}
	w.sep, w.sepClass = 0, nothing
	w.lastNum = [2]rowNumber{{at: deflate.None}, {at: deflate.None}}
	for k := range w.lastEnd {
		w.lastEnd[k] = deflate.None
	}
	w.lastRow = w.lastEnd
	w.lastTag = deflate.None
}

// rows writes the rows from..to of b, the first of which has the row number n.
// Blocks end with a row unless a row does not fit into one block. The error
// matches row.ErrBroken.
func (w *rowWriter) rows(b *row.Batch, from, to, n int) error {
	for r := from; r < to; r++ {
		w.beginRow(n)
		if w.inOrder && !w.walk(b, r) || !w.inOrder && !w.pick(b, r) {
			return fmt.Errorf("xlsx: %w", b.CheckRow(r))
		}
		w.endRow()
		if w.n >= blockFull {
			w.emit()
		}
		n++
	}
	return nil
}

// walk writes the cells of a row whose columns are in order. It returns false
// if the row is malformed.
func (w *rowWriter) walk(b *row.Batch, r int) bool {
	// The capacity of the cells extends to the end of the batch, so that they can
	// be read eight or 16 bytes at a time, see shortNumber.
	span := b.Rows[r]
	rest := b.Data[span.Off:span.End]
	for i := range w.cols {
		var v []byte
		switch {
		case len(rest) == 0:
			return false
		case rest[0] < row.NullCell:
			end := 1 + int(rest[0])
			if end > len(rest) {
				return false
			}
			v, rest = rest[1:end], rest[end:]
		case rest[0] == row.NullCell:
			rest = rest[1:]
			if w.cols[i].fills {
				w.blank(&w.cols[i])
			}
			continue
		case !row.Whole(rest, b.Cols-i):
			return false
		default:
			v, rest = row.Cell(rest)
		}
		w.cell(&w.cols[i], v)
	}
	return row.Whole(rest, b.Cols-len(w.cols))
}

// pick writes the selected cells of a row. It returns false if the row is
// malformed.
func (w *rowWriter) pick(b *row.Batch, r int) bool {
	if b.CheckRow(r) != nil {
		return false
	}
	w.cells = split(w.cells[:0], b.Row(r))
	for i := range w.cols {
		c := &w.cols[i]
		if v := w.cells[c.index]; v != nil {
			w.cell(c, v)
		} else if c.fills {
			w.blank(c)
		}
	}
	return true
}

// maxBytes is the length after which the bytes of a binary value do not matter:
// the text of that many bytes is longer than a cell can be.
const maxBytes = 1 << 15

// convert returns the text of a cell that is not shown as the server wrote it.
func (w *rowWriter) convert(col *tracked, v []byte) []byte {
	if col.src.Source.Kind == row.Binary && col.src.Binary.Divisible() && len(v) > maxBytes && col.src.Map == nil {
		v = v[:maxBytes]
	}
	if cap(w.scratch) > keepOut {
		w.scratch = nil
	}
	w.scratch = col.src.AppendText(w.scratch[:0], v)
	return w.scratch
}

// put16 copies the first 16 bytes of a piece and returns the end of its n
// bytes.
func put16(buf []byte, n int, p *piece) int {
	*(*[16]byte)(buf[n:]) = *(*[16]byte)(p.b[:])
	return n + p.n
}

// beginRow writes the tag of a row. Together with the end of the preceding row
// it repeats the tag of a row whose predecessor ended with the same class.
func (w *rowWriter) beginRow(n int) {
	w.room(cellRoom)
	w.setRow(n)
	at := w.n
	begin, from := uint32(at), w.lastTag
	w.beforeTag, w.lastTag = from, begin
	if w.ended = w.sepClass; w.sepClass != nothing {
		w.beforeRow = w.lastRow[w.sepClass]
		if w.beforeRow != deflate.None {
			begin, from = w.sep, w.beforeRow
		}
		w.lastRow[w.sepClass] = w.sep
	}
	*(*[40]byte)(w.buf[at:]) = rowStart.b
	w.tag, w.lines = at, 1
	at += rowStart.n
	// The bytes behind the row number, including the < of the first cell, are the
	// same in every row tag and cell.
	num := rowNumber{at: uint32(at), same: w.rowLen + closing[rowTag].n + 1}
	w.lastNum[number], w.lastNum[text] = num, num
	binary.LittleEndian.PutUint64(w.buf[at:], w.rowText)
	at += w.rowLen
	w.sep, w.sepClass = uint32(at), rowTag
	w.deflate.Guess(w.buf, begin, from, w.sep)
	w.n = put16(w.buf, at, &closing[rowTag])
}

// setRow sets the row number. Usually only its last digit changes.
func (w *rowWriter) setRow(n int) {
	if n == w.row+1 && n%10 != 0 {
		w.rowText += 1 << (8 * (w.rowLen - 1))
	} else {
		var text [8]byte
		w.rowLen = len(strconv.AppendInt(text[:0], int64(n), 10))
		w.rowText = binary.LittleEndian.Uint64(text[:])
	}
	w.row = n
}

func (w *rowWriter) endRow() {
	w.room(cellRoom)
	if w.lines > 1 && w.tag >= 0 {
		w.heighten()
	}
	w.n = put16(w.buf, w.n, &rowEnd)
}

// lineHeight is the height of a line in points, and maxLines the number of lines of
// the highest row in Excel.
const (
	lineHeight = 15
	maxLines   = 409 / lineHeight
)

// The beginning of a row. Every row has a height, because LibreOffice gives rows
// without one the height of one line. The four characters of the height are
// replaced for a row whose texts have line breaks.
const (
	rowTagHead   = `<row ht="15.0" r="`
	heightOffset = len(`<row ht="`)
	heightLength = len(`15.0`)
)

// heighten replaces the height of the row, which is complete, by that of its lines.
func (w *rowWriter) heighten() {
	at := w.tag + heightOffset
	height := strconv.Itoa(lineHeight*min(w.lines, maxLines)) + ".0"
	copy(w.buf[at:at+heightLength], height)
	w.deflate.Changed(uint32(at), uint32(heightLength))
	// The next row is not like this one.
	if w.lastTag = w.beforeTag; w.ended != nothing {
		w.lastRow[w.ended] = w.beforeRow
	}
}

// room makes sure that need bytes fit. If they do not, it closes the block,
// also in the middle of a row.
func (w *rowWriter) room(need int) {
	if len(w.buf)-w.n >= need {
		return
	}
	w.emit()
	if len(w.buf) < need {
		w.buf = make([]byte, need)
	}
}

// raw writes finished XML.
func (w *rowWriter) raw(xml []byte) {
	for len(xml) > 0 {
		n := copy(w.buf[:blockFull], xml)
		xml = xml[n:]
		w.n = n
		w.emit()
	}
}
