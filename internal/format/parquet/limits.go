package parquet

import (
	"bytes"
	"encoding/binary"
	"math"
	"unicode/utf8"
)

// limits are the least and the greatest value of a page or a column chunk.
type limits struct {
	has   bool
	num   [2]int64
	bytes [2][]byte
}

// maxLimit is the length to which bounds of texts are cut.
const maxLimit = 64

// pageLimits returns the limits of the open page.
func (c *column) pageLimits() (l limits) {
	if c.values() == 0 {
		return l
	}
	l.has = true
	if len(c.nums) > 0 {
		least, most := c.nums[0], c.nums[0]
		for _, v := range c.nums {
			if c.lessNumber(v, least) {
				least = v
			}
			if c.lessNumber(most, v) {
				most = v
			}
		}
		l.num = [2]int64{least, most}
		return l
	}
	least := cut(c.data, c.ends, 0)
	most := least
	from := uint32(0)
	for _, end := range c.ends {
		v := c.data[from:end]
		from = end
		// Most values differ from both in the first byte.
		if len(v) > 0 && len(least) > 0 && c.schema.physical == typeByteArray && v[0] > least[0] && v[0] < most[0] {
			continue
		}
		if c.lessBytes(v, least) {
			least = v
		} else if c.lessBytes(most, v) {
			most = v
		}
	}
	l.bytes = [2][]byte{bytes.Clone(least), bytes.Clone(most)}
	if c.schema.physical == typeByteArray {
		l.bytes = [2][]byte{lowerBound(least), upperBound(most)}
	}
	return l
}

// lessNumber compares numbers of the column.
func (c *column) lessNumber(a, b int64) bool {
	switch c.schema.physical {
	case typeFloat:
		return math.Float32frombits(uint32(a)) < math.Float32frombits(uint32(b))
	case typeDouble:
		return math.Float64frombits(uint64(a)) < math.Float64frombits(uint64(b))
	case typeBoolean, typeInt32, typeInt64, typeByteArray, typeFixed:
	}
	if c.schema.logical == logicalInteger && !c.schema.signed {
		return uint64(a) < uint64(b)
	}
	return a < b
}

// lessBytes compares bytes of the column: DECIMAL as signed big-endian numbers,
// others byte by byte.
func (c *column) lessBytes(a, b []byte) bool {
	if c.schema.physical == typeFixed && (a[0]^b[0])&0x80 != 0 {
		return a[0]&0x80 != 0
	}
	return bytes.Compare(a, b) < 0
}

// lowerBound returns a copy of p or of its first characters.
func lowerBound(p []byte) []byte { return append([]byte{}, short(p)...) }

// short returns the first characters of p.
func short(p []byte) []byte {
	n := maxLimit
	if len(p) <= n {
		return p
	}
	for n > maxLimit-utf8.UTFMax && !utf8.RuneStart(p[n]) {
		n--
	}
	return p[:n]
}

// upperBound returns a copy of p, or a short text that is greater. It is nil if
// there is none.
func upperBound(p []byte) []byte {
	if len(p) <= maxLimit {
		return append([]byte{}, p...)
	}
	out := append([]byte{}, short(p)...)
	for len(out) > 0 {
		r, size := utf8.DecodeLastRune(out)
		head := out[:len(out)-size]
		if last := out[len(out)-1]; r == utf8.RuneError && size == 1 { // bytes that are no text
			if last < 0xff {
				return append(head, last+1)
			}
		} else if r < utf8.MaxRune {
			if r++; r == 0xd800 { // the surrogates are no characters
				r = 0xe000
			}
			return utf8.AppendRune(head, r)
		}
		out = head
	}
	return nil
}

// merge makes l the limits of its own values and those of more.
func (c *column) merge(l *limits, more limits) {
	if !more.has {
		return
	}
	if !l.has {
		*l = more
		return
	}
	if c.numeric() {
		if c.lessNumber(more.num[0], l.num[0]) {
			l.num[0] = more.num[0]
		}
		if c.lessNumber(l.num[1], more.num[1]) {
			l.num[1] = more.num[1]
		}
		return
	}
	if c.lessBytes(more.bytes[0], l.bytes[0]) {
		l.bytes[0] = more.bytes[0]
	}
	if l.bytes[1] == nil || more.bytes[1] == nil {
		l.bytes[1] = nil
	} else if c.lessBytes(l.bytes[1], more.bytes[1]) {
		l.bytes[1] = more.bytes[1]
	}
}

// numeric reports whether the values of the column are numbers.
func (c *column) numeric() bool {
	return c.schema.physical != typeByteArray && c.schema.physical != typeFixed
}

// encoded returns the least (0) or the greatest (1) value in the encoding PLAIN.
func (c *column) encoded(l *limits, i int) []byte {
	if !c.numeric() {
		return l.bytes[i]
	}
	v := l.num[i]
	switch c.schema.physical {
	case typeBoolean:
		return []byte{byte(v)}
	case typeFloat:
		if v&math.MaxInt32 == 0 { // zero: readers must find the other one as well
			v = int64(1-i) << 31
		}
		return binary.LittleEndian.AppendUint32(nil, uint32(v))
	case typeDouble:
		if v&math.MaxInt64 == 0 {
			v = int64(1-i) << 63
		}
		return binary.LittleEndian.AppendUint64(nil, uint64(v))
	case typeInt32:
		return binary.LittleEndian.AppendUint32(nil, uint32(v))
	case typeInt64, typeByteArray, typeFixed:
	}
	return binary.LittleEndian.AppendUint64(nil, uint64(v))
}
