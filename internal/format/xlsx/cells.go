package xlsx

import (
	"encoding/binary"
	"math/bits"

	"exporttask/internal/format"
	"exporttask/internal/format/xlsx/deflate"
)

// The markup behind a value, and between a row's number and a value. Each is at
// most 16 bytes long, see piece.
var (
	closing = [4]piece{newPiece(`</v></c>`), newPiece(`</t></is></c>`), newPiece(`">`), {}}
	post    = [2]piece{newPiece(`"><v>`), newPiece(`"><is><t>`)}
)

// preserve replaces the text's post where a reader would trim it.
var preserve = newPiece(`"><is><t xml:space="preserve">`)

// place is where a column's last cell of one class lay in the block.
type place struct {
	sep      uint32 // the end of the value before it
	open     uint32
	value    uint32 // a text's with the tag in front of it
	sepClass class  // what the value before it was
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

// repeat says that the n bytes at pos are those at from.
func (w *rowWriter) repeat(pos int, from uint32, n int) {
	w.deflate.Repeat(w.buf, uint32(pos), from, uint32(n))
}

// open writes a cell up to its value's tag, of which a cell of the class has
// the first same bytes in common with any other, and notes its places. The
// caller has made room.
func (w *rowWriter) open(c *tracked, k class, same int) int {
	m, p := &c.places[k], &c.open[k]
	at := w.n
	*(*[40]byte)(w.buf[at:]) = p.b
	// The end of the value before and this cell's tag are those of the row
	// before; the row's number stood a few bytes ago, in the cell before.
	last := &w.lastNum[k]
	same += w.rowLen
	shared := min(same, last.same)
	if m.sepClass == w.sepClass {
		w.deflate.RepeatTwo(w.buf, w.sep, m.sep, uint32(at+p.n)-w.sep, last.at, uint32(shared))
	} else {
		// Another class of value stood before the cell then: its end is taken from
		// elsewhere.
		w.repeat(int(w.sep), w.lastEnd[w.sepClass], at-int(w.sep))
		w.repeat(at, m.open, p.n)
		w.repeat(at+p.n, last.at, shared)
	}
	w.lastEnd[w.sepClass] = w.sep
	m.sep, m.sepClass, m.open = w.sep, w.sepClass, uint32(at)
	at += p.n
	binary.LittleEndian.PutUint64(w.buf[at:], w.rowText)
	*last = rowNumber{at: uint32(at), same: same}
	return at + w.rowLen
}

// closed ends the cell whose value ends at at.
func (w *rowWriter) closed(at int, k class) {
	w.sep, w.sepClass = uint32(at), k
	w.n = put16(w.buf, at, &closing[k])
}

// cell writes a cell that is not NULL: as what its column is declared, or as a
// text where that would lose something.
func (w *rowWriter) cell(c *tracked, v []byte) {
	if !c.plain {
		v = w.convert(c, v)
	}
	switch c.stored {
	case format.AsNumber:
		if s, ok := shortNumber(v); ok {
			w.words(c, &s)
		} else if c.src.KeepsNumber(v) {
			w.number(c, v)
		} else {
			w.text(c, v)
		}
	case format.AsDate, format.AsDateTime:
		w.date(c, v)
	case format.AsBool:
		w.bool(c, v)
	case format.AsText, format.Auto:
		w.text(c, v)
	}
}

// number writes a cell whose value is v as it is.
func (w *rowWriter) number(c *tracked, v []byte) {
	w.room(len(v) + cellRoom)
	at := w.open(c, number, post[number].n)
	m := &c.places[number]
	at = put16(w.buf, at, &post[number])
	begin := uint32(at)
	at += copyShort(w.buf[at:], v)
	// The value may begin like the one in the row before.
	w.deflate.Guess(w.buf, begin, m.value, uint32(at))
	m.value = begin
	w.closed(at, number)
}

// words is number for a value in words.
func (w *rowWriter) words(c *tracked, v *words) {
	w.room(cellRoom)
	at := w.open(c, number, post[number].n)
	at = put16(w.buf, at, &post[number])
	value := (*[24]byte)(w.buf[at:])
	binary.LittleEndian.PutUint64(value[:8], v.a)
	binary.LittleEndian.PutUint64(value[8:16], v.b)
	binary.LittleEndian.PutUint64(value[16:], v.c)
	// The value may begin like the one in the row before.
	m, begin := &c.places[number], uint32(at)
	if dist := begin - m.value; dist <= deflate.Window {
		before := (*[16]byte)(w.buf[m.value:])
		a, b := v.a^binary.LittleEndian.Uint64(before[:8]), v.b^binary.LittleEndian.Uint64(before[8:])
		same := 8 + bits.TrailingZeros64(b)>>3
		if a != 0 {
			same = bits.TrailingZeros64(a) >> 3
		}
		w.deflate.Agree(w.buf, begin, dist, uint32(min(same, v.n)), uint32(post[number].n))
	}
	m.value = begin
	w.closed(at+v.n, number)
}

// text writes a cell with an inline string.
func (w *rowWriter) text(c *tracked, v []byte) {
	if len(v) > format.MaxCellText {
		var cut bool
		if v, cut = format.CutUTF16(v, format.MaxCellText); cut {
			w.job.counts.Cut++
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
	begin, before := uint32(at), m.value
	if len(v) >= 4 && c.heads != nil {
		if p := c.heads.swap(binary.LittleEndian.Uint32(v), begin); p != 0 {
			before = p
		}
	}
	*(*[40]byte)(w.buf[at:]) = tag.b
	at, illegal := putText(w.buf, at+tag.n, v)
	if illegal {
		w.job.counts.Illegal++
	}
	w.deflate.Guess(w.buf, begin, before, uint32(at))
	m.value = begin
	w.closed(at, text)
}

func (w *rowWriter) bool(c *tracked, v []byte) {
	b, ok := format.ParseBool(v)
	switch {
	case !ok:
		w.text(c, v)
	case b:
		w.number(c, []byte("1"))
	default:
		w.number(c, []byte("0"))
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
