package parquet

import (
	"math"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// A page is complete once it has this many rows or bytes.
const (
	pageRows  = 16 << 10
	pageBytes = 512 << 10
	// undecidedRows is the number of rows of the first page of a TIME, in which one
	// that is no time of day makes the column one of texts.
	undecidedRows = 128 << 10
)

// column is an output column: its open page and its column chunk of the open row
// group.
type column struct {
	index  int // of the cell in the row
	name   string
	schema schema
	shown  *format.Column // not nil: the value is that of AppendText
	zone   format.Zone
	dates  bool // the server's type has dates, so that one that does not exist is NULL
	scale  int  // of a TIME

	least, most int64 // of an integer
	decided     bool  // a page of a TIME is complete
	lastDate    [10]byte
	lastDay     int64
	scratch     []byte

	// The open page: one bit for each row that is set if the row has a value, and
	// the values, as numbers or as bytes.
	rows int
	bits []uint64
	nums []int64 // bits of floating point numbers
	data []byte
	ends []uint32

	chunk chunk
}

func newColumn(c *format.Column, name string) (column, string) {
	s, reason := schemaOf(c)
	out := column{index: c.Index, name: name, schema: s, zone: c.Zone, scale: c.Source.Scale}
	out.dates = c.Map == nil && (c.Source.Kind == row.Date || c.Source.Kind == row.DateTime)
	copied := *c
	if c.Type != format.AsDate || c.Zone.IsZero() {
		copied.Type = format.AsText
	}
	switch s.convert {
	case toBits, toBitBool, toBytes, toInstant, toDateTime:
		if c.Map != nil {
			out.shown = &copied
		}
	case toText, toJSON, toInt, toUint, toBool, toDecimal, toDecimal38, toFloat, toDouble, toDate, toTime:
		if !copied.Plain() {
			out.shown = &copied
		}
	}
	out.least, out.most = math.MinInt64, math.MaxInt64
	if s.convert == toInt && s.bits < 64 {
		out.least, out.most = -1<<(s.bits-1), 1<<(s.bits-1)-1
		if !s.signed {
			out.least, out.most = 0, 1<<s.bits-1
		}
	}
	return out, reason
}

// present marks the next row as one with a value.
func (c *column) present() {
	at := c.rows
	if at&63 == 0 {
		c.bits = append(c.bits, 0)
	}
	c.bits[at>>6] |= 1 << (at & 63)
	c.rows = at + 1
}

func (c *column) addNull() {
	if c.rows&63 == 0 {
		c.bits = append(c.bits, 0)
	}
	c.rows++
}

// values returns the number of values of the open page.
func (c *column) values() int { return len(c.nums) + len(c.ends) }

// size returns the bytes of the open page.
func (c *column) size() int { return 8*len(c.nums) + len(c.data) + 4*len(c.ends) + 8*len(c.bits) }

// full reports whether the open page is complete.
func (c *column) full() bool {
	if c.schema.convert == toTime && !c.decided {
		return c.rows >= undecidedRows
	}
	return c.rows >= pageRows || c.size() >= pageBytes
}

// clear empties the open page. Room for an uncommonly long value is given back.
func (c *column) clear() {
	c.rows, c.bits, c.nums, c.ends = 0, c.bits[:0], c.nums[:0], c.ends[:0]
	if c.data = c.data[:0]; cap(c.data) > 4*pageBytes {
		c.data = nil
	}
}
