package xlsx

import (
	"encoding/binary"
	"strconv"

	"exporttask/internal/render/cell"
	"exporttask/internal/render/xlsx/deflate"
	"exporttask/internal/row"
)

// cellRoom is more than the markup of one cell, a row's tags and the pieces'
// overhang come to.
const cellRoom = 256

// The markup behind a value, between a row's number and a value, and around
// rows. Each is at most 16 bytes long, see piece.
var (
	closing  = [4]piece{newPiece(`</v></c>`), newPiece(`</t></is></c>`), newPiece(`">`), {}}
	post     = [2]piece{newPiece(`"><v>`), newPiece(`"><is><t>`)}
	rowStart = newPiece(`<row r="`)
	rowEnd   = newPiece(`</row>`)
)

// preserve replaces the text's post where a reader would trim it.
var preserve = newPiece(`"><is><t xml:space="preserve">`)

// place is where a column's last cell of one class lay in the block.
type place struct {
	sep      uint32 // the end of the value before it
	open     uint32
	post     uint32
	sepClass class // what the value before it was
}

// tracked is a column with what is known of its cells in the block so far.
type tracked struct {
	column
	places [2]place // by class
	date   dateCache
	heads  *heads // of texts
}

// rowNumber is where a row's number stands in the block, and how many bytes from
// there on are the same in every cell of one class.
type rowNumber struct {
	at   uint32
	same int
}

// rowWriter turns rows into XML, one block at a time, and tells the compressor
// for each piece of markup where the same stood before. Every worker has one.
// It allocates only when a buffer must grow.
type rowWriter struct {
	job     *job
	cols    []tracked
	deflate deflate.Encoder

	buf []byte // the block; always longer than n
	n   int

	inOrder bool     // the columns are the row's first cells
	cells   [][]byte // a row's, where they are not
	scratch []byte   // a converted value
	serial  []byte   // a date that num has no room for
	num     [32]byte

	rowText [8]byte // the row's number
	rowLen  int

	// What is known of the block so far. A position that is not known is
	// deflate.None.
	sep      uint32 // the end of the last value or row tag
	sepClass class
	lastNum  [2]rowNumber // the row's number in the last cell of each class
	lastEnd  [4]uint32    // the last end of a value by class
	lastRow  [4]uint32    // the last end of a row by its last value's class
	lastTag  uint32
}

func newRowWriter(cols []column, small bool) *rowWriter {
	w := &rowWriter{cols: make([]tracked, len(cols)), inOrder: true, buf: make([]byte, blockFull+64<<10)}
	w.deflate.Search = small
	for i := range cols {
		w.cols[i].column = cols[i]
		w.inOrder = w.inOrder && cols[i].index == i
		if cols[i].stored == cell.AsText {
			w.cols[i].heads = new(heads)
		}
	}
	w.reset()
	return w
}

// reset begins an empty block: nothing of it stood anywhere before.
func (w *rowWriter) reset() {
	w.n = 0
	w.deflate.Reset()
	unknown := place{sep: deflate.None, open: deflate.None, post: deflate.None, sepClass: nothing}
	for i := range w.cols {
		c := &w.cols[i]
		c.places = [2]place{unknown, unknown}
		if c.heads != nil {
			clear(c.heads[:])
		}
	}
	w.sep, w.sepClass = 0, nothing
	w.lastNum = [2]rowNumber{{at: deflate.None}, {at: deflate.None}}
	w.lastEnd = [4]uint32{deflate.None, deflate.None, deflate.None, deflate.None}
	w.lastRow = w.lastEnd
	w.lastTag = deflate.None
}

// shortCell is the first byte from which on row.Cell must tell what a cell is;
// almost all are shorter and split off here, without a call.
const shortCell = 0x80

// rows writes rows from to to of b, of which the first has the number n. A
// block ends with a row, except before a cell that does not fit any more.
func (w *rowWriter) rows(b *row.Batch, from, to, n int) {
	for r := from; r < to; r++ {
		rest := b.Row(r)
		if !w.inOrder {
			w.cells = split(w.cells[:0], rest)
		}
		w.beginRow(n)
		for i := range w.cols {
			c := &w.cols[i]
			var v []byte
			switch {
			case !w.inOrder:
				v = w.cells[c.index]
			case rest[0] < shortCell:
				end := 1 + int(rest[0])
				v, rest = rest[1:end:end], rest[end:]
			default:
				v, rest = row.Cell(rest)
			}
			if v == nil {
				continue
			}
			if !c.plain {
				v = w.convert(c, v)
			}
			switch c.stored {
			case cell.AsNumber:
				if safeNumber(v) || c.src.KeepsNumber(v) {
					w.number(c, v)
				} else {
					w.text(c, v)
				}
			case cell.AsDate, cell.AsDateTime:
				w.date(c, v)
			case cell.AsBool:
				w.bool(c, v)
			case cell.AsText, cell.Auto:
				w.text(c, v)
			}
		}
		w.endRow()
		if w.n >= blockFull {
			w.emit()
		}
		n++
	}
}

// maxBytes is how much of a value can matter: in bytes even the shortest text
// made of it is longer than a cell can be.
const maxBytes = 1 << 15

// convert is the text of a cell that is not shown as the server wrote it.
func (w *rowWriter) convert(col *tracked, v []byte) []byte {
	if col.src.Source.Kind == row.Binary && len(v) > maxBytes && col.src.Map == nil {
		v = v[:maxBytes]
	}
	if cap(w.scratch) > keepOut {
		w.scratch = nil
	}
	w.scratch = col.src.AppendText(w.scratch[:0], v)
	return w.scratch
}

// put16 copies a piece whole and counts its length. There must be room for all
// of its field.
func put16(buf []byte, n int, p *piece) int {
	*(*[16]byte)(buf[n:]) = *(*[16]byte)(p.b[:])
	return n + p.n
}

// beginRow writes a row's tag. Its beginning, with the end of the row before,
// is taken from a row that ended alike.
func (w *rowWriter) beginRow(n int) {
	w.room(cellRoom)
	w.rowLen = len(strconv.AppendInt(w.rowText[:0], int64(n), 10))
	at := w.n
	begin, from := uint32(at), w.lastTag //nolint:gosec // a block is far below 2 GiB
	w.lastTag = begin
	if w.sepClass != nothing {
		if last := w.lastRow[w.sepClass]; last != deflate.None {
			begin, from = w.sep, last
		}
		w.lastRow[w.sepClass] = w.sep
	}
	at = put16(w.buf, at, &rowStart)
	// Up to its > and the < of a cell, a row's tag is like a cell's.
	num := rowNumber{at: uint32(at), same: w.rowLen + closing[rowTag].n + 1} //nolint:gosec // as above
	w.lastNum[number], w.lastNum[text] = num, num
	*(*[8]byte)(w.buf[at:]) = w.rowText
	at += w.rowLen
	w.sep, w.sepClass = uint32(at), rowTag //nolint:gosec // as above
	w.deflate.Guess(w.buf, begin, from, w.sep)
	w.n = put16(w.buf, at, &closing[rowTag])
}

func (w *rowWriter) endRow() {
	w.room(cellRoom)
	w.n = put16(w.buf, w.n, &rowEnd)
}

// room makes sure that need bytes can be written. It closes the block where
// they do not fit: what comes next is the first of a new one, in the middle of
// a row.
func (w *rowWriter) room(need int) {
	if len(w.buf)-w.n >= need {
		return
	}
	w.emit()
	if len(w.buf) < need {
		w.buf = make([]byte, need)
	}
}

// repeat says that the n bytes at pos are those at from.
func (w *rowWriter) repeat(pos int, from uint32, n int) {
	w.deflate.Repeat(w.buf, uint32(pos), from, uint32(n)) //nolint:gosec // a block is far below 2 GiB
}

// open writes a cell up to its value's tag, of which a cell of the class has
// the first same bytes in common with any other, and notes its places. The
// caller has made room.
func (w *rowWriter) open(c *tracked, k class, same int) int {
	m, p := &c.places[k], &c.open[k]
	at := w.n
	*(*[40]byte)(w.buf[at:]) = p.b
	// The end of the value before and this cell's tag, from the row before. Where
	// another class of value stood before the cell then, its end is taken from
	// elsewhere.
	if m.sepClass == w.sepClass {
		w.repeat(int(w.sep), m.sep, at-int(w.sep)+p.n)
	} else {
		w.repeat(int(w.sep), w.lastEnd[w.sepClass], at-int(w.sep))
		w.repeat(at, m.open, p.n)
	}
	w.lastEnd[w.sepClass] = w.sep
	m.sep, m.sepClass, m.open = w.sep, w.sepClass, uint32(at) //nolint:gosec // a block is far below 2 GiB
	at += p.n
	*(*[8]byte)(w.buf[at:]) = w.rowText
	// The row's number stood a few bytes ago, in the cell before.
	last := &w.lastNum[k]
	same += w.rowLen
	w.repeat(at, last.at, min(same, last.same))
	*last = rowNumber{at: uint32(at), same: same} //nolint:gosec // as above
	return at + w.rowLen
}

// closed ends the cell whose value ends at at.
func (w *rowWriter) closed(at int, k class) {
	w.sep, w.sepClass = uint32(at), k //nolint:gosec // a block is far below 2 GiB
	w.n = put16(w.buf, at, &closing[k])
}

// number writes a cell whose value is v as it is.
func (w *rowWriter) number(c *tracked, v []byte) {
	w.room(len(v) + cellRoom)
	at := w.open(c, number, post[number].n)
	m := &c.places[number]
	begin := uint32(at) //nolint:gosec // a block is far below 2 GiB
	at = put16(w.buf, at, &post[number])
	at += copyShort(w.buf[at:], v)
	// The value may begin like the one in the row before.
	w.deflate.Guess(w.buf, begin, m.post, uint32(at)) //nolint:gosec // as above
	m.post = begin
	w.closed(at, number)
}

// text writes a cell with an inline string.
func (w *rowWriter) text(c *tracked, v []byte) {
	if len(v) > cell.MaxCellText {
		var cut bool
		if v, cut = cell.CutUTF16(v, cell.MaxCellText); cut {
			w.job.tally.Cut++
		}
	}
	w.room(textRoom(len(v)) + cellRoom)
	tag := &post[text]
	same := tag.n
	if needsPreserve(v) {
		tag = &preserve
		same-- // all but the >
	}
	at := w.open(c, text, same)
	m := &c.places[text]
	begin, before := uint32(at), m.post //nolint:gosec // a block is far below 2 GiB
	if len(v) >= 4 && c.heads != nil {
		if p := c.heads.swap(binary.LittleEndian.Uint32(v), begin); p != 0 {
			before = p
		}
	}
	*(*[40]byte)(w.buf[at:]) = tag.b
	at, illegal := putText(w.buf, at+tag.n, v)
	if illegal {
		w.job.tally.Illegal++
	}
	w.deflate.Guess(w.buf, begin, before, uint32(at)) //nolint:gosec // as above
	m.post = begin
	w.closed(at, text)
}

func (w *rowWriter) bool(c *tracked, v []byte) {
	b, ok := cell.ParseBool(v)
	switch {
	case !ok:
		w.text(c, v)
	case b:
		w.number(c, []byte("1"))
	default:
		w.number(c, []byte("0"))
	}
}

// raw writes XML that is ready.
func (w *rowWriter) raw(xml []byte) {
	for len(xml) > 0 {
		n := copy(w.buf[:blockFull], xml)
		xml = xml[n:]
		w.n = n
		w.emit()
	}
}

// heads remembers where a column's last text with the same first 4 bytes
// stood: that of the same family name, of the same kind of remark.
type heads [64]uint32

// swap returns the position kept for the head and puts at in its place. 0 is
// none: no cell stands at the very beginning of a block.
func (h *heads) swap(head, at uint32) uint32 {
	slot := &h[head*0x9e3779b1>>26]
	before := *slot
	*slot = at
	return before
}
