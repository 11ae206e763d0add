package parquet

import (
	"encoding/binary"
	"hash/crc32"
	"math/bits"
)

// The encodings of values, numbered as in Parquet's format.
const (
	encodingPlain      = 0
	encodingRLE        = 3
	encodingDelta      = 5 // DELTA_BINARY_PACKED
	encodingLengths    = 6 // DELTA_LENGTH_BYTE_ARRAY: all lengths as differences, then all bytes
	encodingDictionary = 8 // RLE_DICTIONARY
)

// The kinds of pages.
const (
	pageData       = 0
	pageDictionary = 2
)

// page is a complete page of the open row group.
type page struct {
	data     []byte // header and compressed values
	raw      int    // length of the header and of the values before compression
	rows     int
	nulls    int
	limits   limits
	encoding int32
}

// flush completes the open page of the column.
func (w *Encoder) flush(c *column) {
	if c.rows == 0 || w.err != nil {
		return
	}
	c.decided = true
	ch := &c.chunk
	if !ch.open {
		c.beginChunk()
	}
	p := page{rows: c.rows, nulls: c.rows - c.values(), limits: c.pageLimits()}
	body := appendLevels(w.body[:0], c.bits, c.rows, p.nulls)
	body, p.encoding = c.appendValues(body)
	w.body = body
	if len(ch.pages) == 0 {
		ch.codec = w.codec.id
	}
	packed := body
	if ch.codec != codecNone {
		var err error
		if packed, err = w.codec.compress(w.packed[:0], body); err != nil {
			w.err = err
			return
		}
		w.packed = packed
		if len(ch.pages) == 0 && len(packed) > len(body)-len(body)/32 {
			ch.codec, packed = codecNone, body // the values of the column have no pattern
		}
	}
	header := w.header(pageHeader{kind: pageData, raw: len(body), packed: packed, values: c.rows, encoding: p.encoding})
	p.raw = len(header) + len(body)
	p.data = w.arena.add(header, packed)
	ch.pages = append(ch.pages, p)
	c.clear()
}

// appendLevels appends the definition levels of the rows: 1 for a value, 0 for
// NULL.
func appendLevels(dst []byte, set []uint64, rows, nulls int) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	switch nulls {
	case 0:
		dst = appendRun(dst, 1, rows, 1)
	case rows:
		dst = appendRun(dst, 0, rows, 1)
	default:
		groups := (rows + 7) / 8
		dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
		end := len(dst) + groups
		for _, word := range set {
			dst = binary.LittleEndian.AppendUint64(dst, word)
		}
		dst = dst[:end]
	}
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

// appendValues appends the values of the open page, and returns their encoding.
func (c *column) appendValues(dst []byte) ([]byte, int32) {
	if c.values() == 0 {
		return dst, encodingPlain
	}
	if c.chunk.useDictionary {
		if out, ok := c.appendIndexes(dst); ok {
			return out, encodingDictionary
		}
		c.chunk.useDictionary = false // full: the rest of the chunk is plain
	}
	switch t := c.schema.physical; t {
	case typeInt32, typeInt64:
		return appendDelta(dst, c.nums, t == typeInt64), encodingDelta
	case typeByteArray:
		return c.appendLengths(dst), encodingLengths
	case typeBoolean, typeFloat, typeDouble, typeFixed:
	}
	return c.appendPlain(dst, c.nums, c.data, c.ends), encodingPlain
}

// appendLengths appends the bytes of the open page in the encoding
// DELTA_LENGTH_BYTE_ARRAY.
func (c *column) appendLengths(dst []byte) []byte {
	lengths := c.chunk.lengths[:0]
	from := uint32(0)
	for _, end := range c.ends {
		lengths = append(lengths, int64(end-from))
		from = end
	}
	c.chunk.lengths = lengths
	return append(appendDelta(dst, lengths, false), c.data...)
}

// appendPlain appends values in the encoding PLAIN.
func (c *column) appendPlain(dst []byte, nums []int64, data []byte, ends []uint32) []byte {
	switch c.schema.physical {
	case typeBoolean:
		b := byte(0)
		for i, v := range nums {
			b |= byte(v) << (i & 7)
			if i&7 == 7 || i == len(nums)-1 {
				dst = append(dst, b)
				b = 0
			}
		}
	case typeInt32, typeFloat:
		for _, v := range nums {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(v))
		}
	case typeInt64, typeDouble:
		for _, v := range nums {
			dst = binary.LittleEndian.AppendUint64(dst, uint64(v))
		}
	case typeFixed:
		dst = append(dst, data...)
	case typeByteArray:
		from := uint32(0)
		for _, end := range ends {
			dst = binary.LittleEndian.AppendUint32(dst, end-from)
			dst = append(dst, data[from:end]...)
			from = end
		}
	}
	return dst
}

// appendIndexes appends the values as indexes of the dictionary. ok is false if
// they do not fit.
func (c *column) appendIndexes(dst []byte) (out []byte, ok bool) {
	d := &c.chunk.dictionary
	indexes := c.chunk.indexes[:0]
	for _, v := range c.nums {
		indexes = append(indexes, d.number(v))
	}
	for i := range c.ends {
		indexes = append(indexes, d.bytes(cut(c.data, c.ends, i)))
		if i&1023 == 0 && d.full() {
			return dst, false
		}
	}
	c.chunk.indexes = indexes
	if d.full() {
		return dst, false
	}
	width := max(bits.Len(uint(d.len()-1)), 1)
	return appendHybrid(append(dst, byte(width)), indexes, width), true
}

// pageHeader has the values of a PageHeader.
type pageHeader struct {
	kind     int32
	raw      int    // length of the values before compression
	packed   []byte // compressed
	values   int
	encoding int32
}

// header returns an encoded PageHeader, which is valid until the next call.
func (w *Encoder) header(h pageHeader) []byte {
	t := &w.thrift
	t.buf = t.buf[:0]
	t.begin()
	t.i32(1, h.kind)
	t.i32(2, int32(h.raw))
	t.i32(3, int32(len(h.packed)))
	t.i32(4, int32(crc32.ChecksumIEEE(h.packed)))
	if h.kind == pageDictionary {
		t.structField(7)
		t.i32(1, int32(h.values))
		t.i32(2, encodingPlain)
	} else {
		t.structField(5)
		t.i32(1, int32(h.values))
		t.i32(2, h.encoding)
		t.i32(3, encodingRLE)
		t.i32(4, encodingRLE)
	}
	t.end()
	t.end()
	return t.buf
}
