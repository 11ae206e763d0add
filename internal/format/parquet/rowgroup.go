package parquet

import (
	"slices"
)

// A row group is complete once its pages have this many bytes, which bounds the
// memory of the encoder, or it has this many rows.
const (
	groupBytes = 16 << 20
	groupRows  = 1 << 20
)

// placed is what the indexes and the footer say of a column chunk.
type placed struct {
	start      int64   // of the chunk
	data       int64   // of its first data page
	pages      []int64 // of each data page
	end        int64
	raw        int64 // bytes before compression
	dictionary bool
	plain      bool // a page without dictionary
	limits     limits
	nulls      int64

	columnIndex, offsetIndex [2]int64 // offset and length
}

// endGroup writes the open row group.
func (w *Encoder) endGroup() {
	if w.groupRows == 0 || w.err != nil {
		return
	}
	places := make([]placed, len(w.cols))
	for i := range w.cols {
		w.flush(&w.cols[i])
		w.writeChunk(&w.cols[i], &places[i])
	}
	for i := range w.cols {
		w.writeColumnIndex(&w.cols[i], &places[i])
	}
	for i := range w.cols {
		w.writeOffsetIndex(&w.cols[i], &places[i])
	}
	w.appendGroup(places)
	w.rows += w.groupRows
	w.groupRows = 0
	w.arena.reset()
	for i := range w.cols {
		w.cols[i].chunk.end()
	}
}

// writeChunk writes the pages of a column.
func (w *Encoder) writeChunk(c *column, p *placed) {
	ch := &c.chunk
	p.start = w.offset
	for i := range ch.pages {
		p.dictionary = p.dictionary || ch.pages[i].encoding == encodingDictionary
		p.plain = p.plain || ch.pages[i].encoding != encodingDictionary
	}
	if p.dictionary {
		d := &ch.dictionary
		body := c.appendPlain(w.body[:0], d.nums, d.data, d.ends)
		w.body = body
		packed := body
		if ch.codec != codecNone {
			var err error
			if packed, err = w.codec.compress(w.packed[:0], body); err != nil {
				w.err = err
				return
			}
			w.packed = packed
		}
		header := w.header(pageHeader{kind: pageDictionary, raw: len(body), packed: packed, values: d.len()})
		p.raw += int64(len(header) + len(body))
		w.write(header)
		w.write(packed)
	}
	p.data = w.offset
	p.pages = make([]int64, len(ch.pages))
	for i := range ch.pages {
		pg := &ch.pages[i]
		p.pages[i] = w.offset
		p.raw += int64(pg.raw)
		p.nulls += int64(pg.nulls)
		c.merge(&p.limits, pg.limits)
		w.write(pg.data)
	}
	p.end = w.offset
}

// writeColumnIndex writes the limits of the pages of a column, unless one of them
// has values without a limit.
func (w *Encoder) writeColumnIndex(c *column, p *placed) {
	pages := c.chunk.pages
	for i := range pages {
		if l := &pages[i].limits; l.has && !c.numeric() && l.bytes[1] == nil {
			return
		}
	}
	t := &w.thrift
	t.buf = t.buf[:0]
	t.begin()
	t.list(1, thriftTrue, len(pages))
	for i := range pages {
		t.element(!pages[i].limits.has)
	}
	for side := range 2 {
		t.list(int16(2+side), thriftBinary, len(pages))
		for i := range pages {
			if pages[i].limits.has {
				t.bytes(c.encoded(&pages[i].limits, side))
			} else {
				t.bytes(nil)
			}
		}
	}
	t.i32(4, c.order(pages))
	t.list(5, thriftI64, len(pages))
	for i := range pages {
		t.varint(int64(pages[i].nulls))
	}
	t.end()
	p.columnIndex = [2]int64{w.offset, int64(len(t.buf))}
	w.write(t.buf)
}

// The orders of the limits of pages.
const (
	unordered = 0
	ascending = 1
)

// order returns whether the limits of the pages ascend.
func (c *column) order(pages []page) int32 {
	var last *limits
	for i := range pages {
		l := &pages[i].limits
		if !l.has {
			continue
		}
		if last != nil {
			for side := range 2 {
				if c.numeric() && c.lessNumber(l.num[side], last.num[side]) ||
					!c.numeric() && c.lessBytes(l.bytes[side], last.bytes[side]) {
					return unordered
				}
			}
		}
		last = l
	}
	return ascending
}

func (w *Encoder) writeOffsetIndex(c *column, p *placed) {
	t := &w.thrift
	t.buf = t.buf[:0]
	t.begin()
	t.list(1, thriftStruct, len(p.pages))
	row := int64(0)
	for i, at := range p.pages {
		pg := &c.chunk.pages[i]
		t.begin()
		t.i64(1, at)
		t.i32(2, int32(len(pg.data)))
		t.i64(3, row)
		t.end()
		row += int64(pg.rows)
	}
	t.end()
	p.offsetIndex = [2]int64{w.offset, int64(len(t.buf))}
	w.write(t.buf)
}

// appendGroup appends the RowGroup to those of the footer.
func (w *Encoder) appendGroup(places []placed) {
	t := &thrift{buf: w.groups}
	var raw int64
	t.begin()
	t.list(1, thriftStruct, len(places))
	for i := range places {
		w.cols[i].writeChunkMeta(t, &places[i])
		raw += places[i].raw
	}
	first, last := &places[0], &places[len(places)-1]
	t.i64(2, raw)
	t.i64(3, w.groupRows)
	t.i64(5, first.start)
	t.i64(6, last.end-first.start)
	if w.groupCount < 1<<15 {
		t.i16(7, int16(w.groupCount))
	}
	t.end()
	w.groups = t.buf
	w.groupCount++
}

// writeChunkMeta appends the ColumnChunk of the column.
func (c *column) writeChunkMeta(t *thrift, p *placed) {
	t.begin()
	t.i64(2, p.start)
	t.structField(3)
	t.i32(1, int32(c.schema.physical))
	var encodings []int32
	for i := range c.chunk.pages {
		if e := c.chunk.pages[i].encoding; !slices.Contains(encodings, e) {
			encodings = append(encodings, e)
		}
	}
	encodings = append(encodings, encodingRLE)
	if p.dictionary && !slices.Contains(encodings, encodingPlain) {
		encodings = append(encodings, encodingPlain)
	}
	t.list(2, thriftI32, len(encodings))
	for _, e := range encodings {
		t.varint(int64(e))
	}
	t.list(3, thriftBinary, 1)
	t.bytes([]byte(c.name))
	t.i32(4, c.chunk.codec)
	var values int64
	for i := range c.chunk.pages {
		values += int64(c.chunk.pages[i].rows)
	}
	t.i64(5, values)
	t.i64(6, p.raw)
	t.i64(7, p.end-p.start)
	t.i64(9, p.data)
	if p.dictionary {
		t.i64(11, p.start)
	}
	t.structField(12)
	t.i64(3, p.nulls)
	if p.limits.has {
		if most := c.encoded(&p.limits, 1); most != nil {
			t.binary(5, most)
		}
		t.binary(6, c.encoded(&p.limits, 0))
	}
	t.end()
	t.end()
	t.i64(4, p.offsetIndex[0])
	t.i32(5, int32(p.offsetIndex[1]))
	if p.columnIndex[1] > 0 {
		t.i64(6, p.columnIndex[0])
		t.i32(7, int32(p.columnIndex[1]))
	}
	t.end()
}

// writeFooter writes the schema and the places of all row groups.
func (w *Encoder) writeFooter() {
	t := &thrift{}
	t.begin()
	t.i32(1, 2) // version of the format
	t.list(2, thriftStruct, len(w.cols)+1)
	t.begin()
	t.string(4, "schema")
	t.i32(5, int32(len(w.cols)))
	t.end()
	for i := range w.cols {
		w.cols[i].schema.write(t, w.cols[i].name)
	}
	t.i64(3, w.rows)
	t.list(4, thriftStruct, w.groupCount)
	t.buf = append(t.buf, w.groups...)
	if len(w.metadata) > 0 {
		t.list(5, thriftStruct, len(w.metadata))
		for _, kv := range w.metadata {
			t.begin()
			t.string(1, kv.Key)
			t.string(2, kv.Value)
			t.end()
		}
	}
	t.string(6, w.createdBy)
	t.list(7, thriftStruct, len(w.cols)) // column orders
	for range w.cols {
		t.begin()
		t.structField(1) // by the type
		t.end()
		t.end()
	}
	t.end()
	n := len(t.buf)
	t.buf = append(t.buf, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	t.buf = append(t.buf, magic...)
	w.write(t.buf)
}
