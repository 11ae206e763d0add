package xlsx

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"exporttask/internal/format"
	"exporttask/internal/format/xlsx/deflate"
)

// The markup behind a value, and the markup between the row number of a cell
// reference and a value. Each is at most 16 bytes long, see piece.
var (
	closing = [classes]piece{number: newPiece(`</v></c>`), text: newPiece(`</t></is></c>`), rowTag: newPiece(`">`), empty: newPiece(`"/>`)}
	post    = [2]piece{newPiece(`"><v>`), newPiece(`"><is><t>`)}
)

// preserve replaces post[text] if an XML reader would trim the text.
var preserve = newPiece(`"><is><t xml:space="preserve">`)

// place is the position of a column's last cell of one class in the block.
type place struct {
	sep      uint32 // end of the preceding value
	tag      uint32 // beginning of the cell's tag
	value    uint32 // beginning of the value; of a text including the t element's tag
	sepClass class  // class of the preceding value
}

// tracked is a column with the positions of its cells in the current block.
type tracked struct {
	column
	date  dateCache
	heads *heads        // positions of texts; nil for columns of other types
	tally *format.Tally // nil without a total
}

// rowNumber is the position of a row number in the block and the number of
// bytes from there on that are the same in every cell of a class.
type rowNumber struct {
	at   uint32
	same int
}

// repeat reports to the compressor that the n bytes at pos equal those at from.
func (w *rowWriter) repeat(pos int, from uint32, n int) {
	w.deflate.Repeat(w.buf, uint32(pos), from, uint32(n))
}

// open writes a cell up to the markup before its value and returns the position
// behind the row number. The caller must have reserved room, and must report the
// cell to the compressor when the bytes up to the value are final.
func (w *rowWriter) open(p *piece) int {
	*(*[40]byte)(w.buf[w.n:]) = p.b
	at := w.n + p.n
	binary.LittleEndian.PutUint64(w.buf[at:], w.rowText)
	return at + w.rowLen
}

// report reports a cell that open wrote at w.n. The first same bytes after the row
// number are equal in all cells of the class.
func (w *rowWriter) report(c *tracked, n kind, k class, same int) {
	m := &c.looks[n]
	tag := m.open.n
	at := w.n
	// The end of the preceding value and the tag of this cell equal those of the
	// preceding row; the row number equals that of the preceding cell.
	last := &w.lastNum[k]
	same += w.rowLen
	shared := min(same, last.same)
	if m.sepClass == w.sepClass {
		w.deflate.RepeatTwo(w.buf, w.sep, m.sep, uint32(at+tag)-w.sep, last.at, uint32(shared))
	} else {
		// In the preceding row a value of another class preceded the cell, so the
		// end of the value is repeated from another cell.
		w.repeat(int(w.sep), w.lastEnd[w.sepClass], at-int(w.sep))
		w.repeat(at, m.tag, tag)
		w.repeat(at+tag, last.at, shared)
	}
	w.lastEnd[w.sepClass] = w.sep
	m.sep, m.sepClass, m.tag = w.sep, w.sepClass, uint32(at)
	*last = rowNumber{at: uint32(at + tag), same: same}
}

// closed writes the end of a cell whose value ends at at.
func (w *rowWriter) closed(at int, k class) {
	w.sep, w.sepClass = uint32(at), k
	w.n = put16(w.buf, at, &closing[k])
}

// cell writes a cell that is not NULL as its column's stored type, or as a text
// if the type cannot represent the value.
func (w *rowWriter) cell(c *tracked, v []byte) {
	if !c.plain {
		v = w.prepare(c, v)
	}
	switch c.stored {
	case format.AsNumber:
		if s, ok := shortNumber(v); ok {
			w.words(c, &s)
		} else {
			w.longNumber(c, v)
		}
	case format.AsDate, format.AsDateTime:
		w.date(c, v)
	case format.AsBool:
		w.bool(c, v)
	case format.AsText, format.Auto:
		w.text(c, v)
	}
}

// prepare returns the text of a cell and adds it to the column's total.
func (w *rowWriter) prepare(c *tracked, v []byte) []byte {
	if !c.src.Plain() {
		v = w.convert(c, v)
	}
	if c.tally != nil {
		c.tally.Add(v)
	}
	return v
}

// blank writes a cell without a value.
func (w *rowWriter) blank(c *tracked) {
	w.room(cellRoom)
	at := w.open(&c.looks[blank].open)
	w.report(c, blank, number, 1)
	w.closed(at, empty)
}

// number writes a cell with the number v.
func (w *rowWriter) number(c *tracked, v []byte) {
	w.room(len(v) + cellRoom)
	at := w.open(&c.looks[value].open)
	w.report(c, value, number, post[number].n)
	m := &c.looks[value]
	at = put16(w.buf, at, &post[number])
	begin := uint32(at)
	at += copyShort(w.buf[at:], v)
	// The value may have a prefix in common with that of the preceding row.
	w.deflate.Guess(w.buf, begin, m.value, uint32(at))
	m.value = begin
	w.closed(at, number)
}

// words is number for a value of type words.
func (w *rowWriter) words(c *tracked, v *words) {
	w.room(cellRoom)
	at := w.open(&c.looks[value].open)
	w.report(c, value, number, post[number].n)
	at = put16(w.buf, at, &post[number])
	digits := (*[24]byte)(w.buf[at:])
	binary.LittleEndian.PutUint64(digits[:8], v.a)
	binary.LittleEndian.PutUint64(digits[8:16], v.b)
	binary.LittleEndian.PutUint64(digits[16:], v.c)
	// The value may begin like the one in the row before.
	m, begin := &c.looks[value], uint32(at)
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

// longNumber writes a number that shortNumber did not accept.
func (w *rowWriter) longNumber(c *tracked, v []byte) {
	switch how := c.src.StoreNumber(v); how {
	case format.AsItIs:
		w.number(c, v)
	case format.ByRounding:
		var rounded, ok bool
		if w.digits, rounded, ok = format.AppendNumber(w.digits[:0], v); !ok {
			w.job.counts.NotNumber++
			w.text(c, v)
			return
		}
		if rounded {
			w.job.counts.Rounded++
		}
		w.number(c, w.digits)
	default:
		how.Count(&w.job.counts)
		w.text(c, v)
	}
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
		same-- // all but the closing >
	}
	n := plainText
	if format.MayNeedQuotePrefix(v) && format.NeedsQuotePrefix(v) {
		n = quotedText
	}
	at := w.open(&c.looks[n].open)
	*(*[40]byte)(w.buf[at:]) = tag.b
	end, found := putText(w.buf, at+tag.n, v)
	if found != 0 {
		if found&illegal != 0 {
			w.job.counts.Illegal++
		}
		if found&lineFeed != 0 { // again with the tag of a wrapped text
			n += wrappedText - plainText
			w.lines = max(w.lines, 1+bytes.Count(v, []byte("\n")))
			at = w.open(&c.looks[n].open)
			*(*[40]byte)(w.buf[at:]) = tag.b
			end, _ = putText(w.buf, at+tag.n, v)
		}
	}
	w.report(c, n, text, same)
	m := &c.looks[n]
	begin, before := uint32(at), m.value
	if len(v) >= 4 && c.heads != nil {
		if p := c.heads.swap(binary.LittleEndian.Uint32(v), begin); p != 0 {
			before = p
		}
	}
	w.deflate.Guess(w.buf, begin, before, uint32(end))
	m.value = begin
	w.closed(end, text)
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

// heads is a small hash table from the first 4 bytes of texts in a column to
// the position of the last such text in the block.
type heads [64]uint32

// swap returns the position stored for the prefix and replaces it with at. 0
// means none, since no cell is at offset 0 of a block.
func (h *heads) swap(head, at uint32) uint32 {
	slot := &h[head*0x9e3779b1>>26]
	before := *slot
	*slot = at
	return before
}
