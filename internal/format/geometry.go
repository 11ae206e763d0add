package format

import (
	"encoding/binary"
	"math"
	"strconv"
)

// The types of well-known binary (OGC 06-103r4, section 8.2.8).
const (
	wkbPoint = iota + 1
	wkbLineString
	wkbPolygon
	wkbMultiPoint
	wkbMultiLineString
	wkbMultiPolygon
	wkbCollection
)

// maxGeometryDepth limits the nesting of geometry collections.
const maxGeometryDepth = 32

// appendGeometry appends a geometry in MySQL's internal format (4 bytes of
// SRID, then WKB) as well-known text, coordinates in the stored order: x, y.
// The SRID is omitted. A malformed value is appended as hexadecimal digits.
func appendGeometry(dst, raw []byte) []byte {
	start := len(dst)
	if len(raw) >= 4 {
		w := wkb{in: raw[4:], out: dst}
		if w.geometry(0, true) && len(w.in) == 0 {
			return w.out
		}
	}
	return Hex.Append(dst[:start], raw)
}

// wkb converts well-known binary, in, to well-known text, out. A method that
// returns false because of a malformed value leaves both unspecified.
type wkb struct {
	in, out []byte
	big     bool // the geometry being read is big-endian
}

// geometry converts one geometry. named is false for the members of a MULTI…,
// which are written without their type.
func (w *wkb) geometry(depth int, named bool) bool {
	kind, ok := w.head()
	if !ok || depth > maxGeometryDepth {
		return false
	}
	if named {
		w.text([...]string{"POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"}[kind-1])
	}
	switch kind {
	case wkbPoint:
		w.text("(")
		ok = w.point()
		w.text(")")
		return ok
	case wkbLineString:
		return w.list(w.point)
	case wkbPolygon:
		return w.list(func() bool { return w.list(w.point) })
	case wkbCollection:
		return w.list(func() bool { return w.geometry(depth+1, true) })
	default:
		member := kind - wkbMultiPoint + wkbPoint
		return w.list(func() bool { return w.next() == member && w.geometry(depth+1, false) })
	}
}

// head reads the byte order and the geometry type.
func (w *wkb) head() (kind uint32, ok bool) {
	if len(w.in) < 5 || w.in[0] > 1 {
		return 0, false
	}
	w.big = w.in[0] == 0
	w.in = w.in[1:]
	kind, ok = w.uint32()
	return kind, ok && kind >= wkbPoint && kind <= wkbCollection
}

// next returns the type of the next geometry without reading it, and 0 if it is
// malformed.
func (w *wkb) next() uint32 {
	ahead := wkb{in: w.in}
	kind, _ := ahead.head()
	return kind
}

// list reads a count and converts that many items. Every item consumes input or
// fails, so an excessive count fails at the end of the value.
func (w *wkb) list(item func() bool) bool {
	n, ok := w.uint32()
	if !ok {
		return false
	}
	if n == 0 {
		w.text(" EMPTY")
		return true
	}
	w.text("(")
	for i := range n {
		if i > 0 {
			w.text(",")
		}
		if !item() {
			return false
		}
	}
	w.text(")")
	return true
}

func (w *wkb) point() bool {
	if !w.coordinate() {
		return false
	}
	w.text(" ")
	return w.coordinate()
}

func (w *wkb) coordinate() bool {
	if len(w.in) < 8 {
		return false
	}
	n := binary.LittleEndian.Uint64(w.in)
	if w.big {
		n = binary.BigEndian.Uint64(w.in)
	}
	w.in = w.in[8:]
	f := math.Float64frombits(n)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return false
	}
	notation := byte('f')
	if size := math.Abs(f); size >= 1e15 || size != 0 && size < 1e-7 {
		notation = 'e'
	}
	w.out = strconv.AppendFloat(w.out, f, notation, -1, 64)
	return true
}

func (w *wkb) uint32() (uint32, bool) {
	if len(w.in) < 4 {
		return 0, false
	}
	n := binary.LittleEndian.Uint32(w.in)
	if w.big {
		n = binary.BigEndian.Uint32(w.in)
	}
	w.in = w.in[4:]
	return n, true
}

func (w *wkb) text(s string) { w.out = append(w.out, s...) }
