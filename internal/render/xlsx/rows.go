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
const preserve = `"><is><t xml:space="preserve">`

// place is where a column's last cell of one class lay in the block.
type place struct {
	sep      uint32 // the end of the value before it
	open     uint32
	post     uint32
	sepClass class // what the value before it was
}

// rowWriter turns rows into XML, one block at a time, and notes for each piece
// of markup where the same stood before. Every worker has one. It allocates
// only when a buffer must grow.
type rowWriter struct {
	job     *job
	cols    []column
	deflate deflate.Encoder

	buf   []byte // the block; always longer than n
	n     int
	hints []deflate.Hint

	cells   [][]byte
	scratch []byte // a converted value
	serial  []byte // a date that num has no room for
	num     [32]byte
	dates   []dateCache
	heads   []*heads // of text columns

	rowText [8]byte // the row's number
	rowLen  int

	// What is known of the block so far. A position that is not known is
	// deflate.None.
	places   [][2]place
	sep      uint32 // the end of the last value or row tag
	sepClass class
	lastNum  [2]uint32 // the row's number in the last cell of each class
	lastEnd  [4]uint32 // the last end of a value by class
	lastRow  [4]uint32 // the last end of a row by its last value's class
	lastTag  uint32
}

func newRowWriter(cols []column, small bool) *rowWriter {
	w := &rowWriter{
		cols: cols, buf: make([]byte, blockFull+64<<10),
		hints: make([]deflate.Hint, 0, 1<<14), places: make([][2]place, len(cols)),
		dates: make([]dateCache, len(cols)), heads: make([]*heads, len(cols)),
	}
	w.deflate.Search = small
	for i := range cols {
		if cols[i].stored == cell.AsText {
			w.heads[i] = new(heads)
		}
	}
	return w
}

// reset begins an empty block: nothing of it stood anywhere before.
func (w *rowWriter) reset() {
	w.n = 0
	w.hints = w.hints[:0]
	unknown := place{sep: deflate.None, open: deflate.None, post: deflate.None, sepClass: nothing}
	for i := range w.places {
		w.places[i] = [2]place{unknown, unknown}
		if h := w.heads[i]; h != nil {
			h.reset()
		}
	}
	w.sep, w.sepClass = 0, nothing
	w.lastNum = [2]uint32{deflate.None, deflate.None}
	w.lastEnd = [4]uint32{deflate.None, deflate.None, deflate.None, deflate.None}
	w.lastRow = w.lastEnd
	w.lastTag = deflate.None
}

// rows writes rows from to to of b, of which the first has the number n. A
// block ends with a row, except before a cell that does not fit any more.
func (w *rowWriter) rows(b *row.Batch, from, to, n int) {
	for i := from; i < to; i++ {
		w.cells = split(w.cells[:0], b.Row(i))
		w.beginRow(n)
		for c := range w.cols {
			col := &w.cols[c]
			v := w.cells[col.index]
			if v == nil {
				continue
			}
			if !col.plain {
				v = w.convert(col, v)
			}
			switch col.stored {
			case cell.AsNumber:
				if safeNumber(v) || col.src.KeepsNumber(v) {
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
func (w *rowWriter) convert(col *column, v []byte) []byte {
	if col.src.Source.Kind == row.Binary && len(v) > maxBytes && col.src.Map == nil {
		v = v[:maxBytes]
	}
	if cap(w.scratch) > keepOut {
		w.scratch = nil
	}
	w.scratch = col.src.AppendText(w.scratch[:0], v)
	return w.scratch
}

// hint says that what is written at pos may repeat what stands at src, up to
// most bytes; 0 is without a limit.
func (w *rowWriter) hint(pos int, src uint32, most int) {
	w.hints = append(w.hints, deflate.Hint{Pos: uint32(pos), Src: src, Max: uint32(most)}) //nolint:gosec // a block is far below 2 GiB
}

// put16 copies a piece whole and counts its length. There must be room for all
// of its field.
func put16(buf []byte, n int, p *piece) int {
	*(*[16]byte)(buf[n:]) = *(*[16]byte)(p.b[:])
	return n + p.n
}

func (w *rowWriter) beginRow(n int) {
	w.room(cellRoom)
	w.rowLen = len(strconv.AppendInt(w.rowText[:0], int64(n), 10))
	if w.sepClass != nothing {
		w.hint(int(w.sep), w.lastRow[w.sepClass], 0)
		w.lastRow[w.sepClass] = w.sep
	}
	at := w.n
	if w.lastTag != deflate.None {
		w.hint(at, w.lastTag, 0)
	}
	w.lastTag = uint32(at) //nolint:gosec // a block is far below 2 GiB
	at = put16(w.buf, at, &rowStart)
	w.lastNum[number], w.lastNum[text] = uint32(at), uint32(at) //nolint:gosec // as above
	*(*[8]byte)(w.buf[at:]) = w.rowText
	at += w.rowLen
	w.sep, w.sepClass = uint32(at), rowTag //nolint:gosec // as above
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

// open writes a cell up to its value and notes its places. The caller has made
// room.
func (w *rowWriter) open(c int, k class) int {
	m, p := &w.places[c][k], &w.cols[c].open[k]
	at := w.n
	// The end of the value before and this cell's tag, from the row before. Where
	// another class of value stood before the cell then, its end is taken from
	// elsewhere.
	if m.sepClass == w.sepClass {
		w.hint(int(w.sep), m.sep, at-int(w.sep)+p.n)
	} else {
		w.hint(int(w.sep), w.lastEnd[w.sepClass], at-int(w.sep))
		w.hint(at, m.open, p.n)
	}
	w.lastEnd[w.sepClass] = w.sep
	m.sep, m.sepClass, m.open = w.sep, w.sepClass, uint32(at) //nolint:gosec // a block is far below 2 GiB
	*(*[40]byte)(w.buf[at:]) = p.b
	at += p.n
	// The row's number stood a few bytes ago, in the cell before.
	w.hint(at, w.lastNum[k], 0)
	w.lastNum[k] = uint32(at) //nolint:gosec // as above
	*(*[8]byte)(w.buf[at:]) = w.rowText
	return at + w.rowLen
}

// closed ends the cell whose value ends at at.
func (w *rowWriter) closed(at int, k class) {
	w.sep, w.sepClass = uint32(at), k //nolint:gosec // a block is far below 2 GiB
	w.n = put16(w.buf, at, &closing[k])
}

// number writes a cell whose value is v as it is.
func (w *rowWriter) number(c int, v []byte) {
	w.room(len(v) + cellRoom)
	at := w.open(c, number)
	m := &w.places[c][number]
	w.hint(at, m.post, 0) // the value may begin like the one in the row before
	m.post = uint32(at)   //nolint:gosec // a block is far below 2 GiB
	at = put16(w.buf, at, &post[number])
	w.closed(at+copyShort(w.buf[at:], v), number)
}

// text writes a cell with an inline string.
func (w *rowWriter) text(c int, v []byte) {
	if len(v) > cell.MaxCellText {
		var cut bool
		if v, cut = cell.CutUTF16(v, cell.MaxCellText); cut {
			w.job.tally.Cut++
		}
	}
	w.room(textRoom(len(v)) + cellRoom)
	at := w.open(c, text)
	m := &w.places[c][text]
	before := m.post
	if len(v) >= 4 && w.heads[c] != nil {
		if p := w.heads[c].swap(binary.LittleEndian.Uint32(v), uint32(at)); p != 0 { //nolint:gosec // as above
			before = p
		}
	}
	w.hint(at, before, 0)
	m.post = uint32(at) //nolint:gosec // as above
	if needsPreserve(v) {
		at += copy(w.buf[at:], preserve)
	} else {
		at = put16(w.buf, at, &post[text])
	}
	at, illegal := putText(w.buf, at, v)
	if illegal {
		w.job.tally.Illegal++
	}
	w.closed(at, text)
}

func (w *rowWriter) bool(c int, v []byte) {
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

func (h *heads) reset() { clear(h[:]) }

// swap returns the position kept for the head and puts at in its place. 0 is
// none: no cell stands at the very beginning of a block.
func (h *heads) swap(head, at uint32) uint32 {
	slot := &h[head*0x9e3779b1>>26]
	before := *slot
	*slot = at
	return before
}
