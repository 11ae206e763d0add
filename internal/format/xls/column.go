package xls

import (
	"math"
	"strconv"

	"exporttask/internal/format"
)

// column is a format.Column with the XF indexes of its cells.
type column struct {
	*format.Column
	plain  bool // the server's bytes are the text
	stored format.Type
	value  uint16    // XF of numbers, dates and truth values
	text   [2]uint16 // XF of texts, without and with line breaks
	quoted [2]uint16 // the same with quote prefix, see format.NeedsQuotePrefix
	blank  uint16    // XF of NULL, whose cell shows a background; 0 = no cell
	tally  *format.Tally
	widest format.Widest

	serialPrecision int64 // see format.Column.SerialPrecision
}

func newColumn(c *format.Column, s *styles) column {
	k := column{Column: c, plain: c.Plain(), stored: c.Stored(), serialPrecision: c.SerialPrecision()}
	k.tally = format.NewTally(c)
	add := func(look xf) uint16 {
		look.Style = c.Style
		if c.Align != format.ByType {
			look.align = c.Align
		}
		return s.add(look)
	}
	k.value = add(xf{format: c.NumberFormat(), shrink: k.stored != format.AsText && k.stored != format.AsBool})
	if c.Fill != "" {
		k.blank = add(xf{})
	}
	// The format of a column of numbers or dates does not apply to texts in it, but
	// they are below its header.
	textFormat, quotedFormat, align := "", "@", c.HeaderAlign()
	if k.stored == format.AsText {
		align = format.ByType
		if c.Format != "" {
			textFormat, quotedFormat = c.Format, c.Format
		}
	}
	for i, wrapped := range []bool{false, true} {
		k.text[i] = add(xf{format: textFormat, align: align, wrapped: wrapped})
		k.quoted[i] = add(xf{format: quotedFormat, align: align, quoted: true, wrapped: wrapped})
	}
	return k
}

// textXF returns the XF of a text of a number of lines.
func (c *column) textXF(text []byte, lines int) uint16 {
	wrapped := 0
	if lines > 1 {
		wrapped = 1
	}
	if format.NeedsQuotePrefix(text) {
		return c.quoted[wrapped]
	}
	return c.text[wrapped]
}

// put appends a number, date or truth value in column col. It returns false if
// text is none and must be stored as a text.
func (c *column) put(e *encoder, col int, text []byte) bool {
	t := &e.table
	switch c.stored {
	case format.AsNumber:
		return c.putNumber(e, col, text)
	case format.AsDate, format.AsDateTime:
		s, ok := format.CellSerial(text, c.serialPrecision)
		if !ok {
			return false
		}
		if s.Micros == 0 {
			t.integer(col, c.value, int64(s.Day))
		} else {
			t.number(col, c.value, s.Float64())
		}
		return true
	case format.AsBool:
		v, ok := format.ParseBool(text)
		if ok {
			t.boolean(col, c.value, v)
		}
		return ok
	case format.Auto, format.AsText:
	}
	return false
}

// putNumber appends the number text, rounded if the column is declared as number.
func (c *column) putNumber(e *encoder, col int, text []byte) bool {
	switch how := c.StoreNumber(text); how {
	case format.AsItIs:
		if putNumber(&e.table, col, c.value, text) {
			return true
		}
		e.counts.NumberText++
		return false
	case format.ByRounding:
		var rounded, ok bool
		if e.digits, rounded, ok = format.AppendNumber(e.digits[:0], text); !ok {
			e.counts.NotNumber++
			return false
		}
		if rounded {
			e.counts.Rounded++
		}
		return putNumber(&e.table, col, c.value, e.digits)
	default:
		how.Count(&e.counts)
		return false
	}
}

// putNumber appends the number text. It returns false if the number is larger than
// any double.
func putNumber(t *table, col int, xf uint16, text []byte) bool {
	m, scale, ok := mantissa(text)
	if !ok {
		v, err := strconv.ParseFloat(string(text), 64)
		if err != nil || math.IsInf(v, 0) {
			return false
		}
		t.number(col, xf, v)
		return true
	}
	switch scale {
	case 0:
		t.integer(col, xf, m)
		return true
	case 1:
		if fitsRK(m * 10) {
			t.hundredths(col, xf, m*10)
			return true
		}
	case 2:
		if fitsRK(m) {
			t.hundredths(col, xf, m)
			return true
		}
	}
	// Both operands are exact, so the quotient is the nearest double.
	t.number(col, xf, float64(m)/powerOf10[scale])
	return true
}

// powerOf10 lists the powers of ten that a double represents exactly.
var powerOf10 = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// mantissa splits a decimal number into an integer and a scale: -12.50 is -1250
// with scale 2. ok is false for exponents and for numbers that are not exact as
// a quotient of two doubles.
func mantissa(text []byte) (m int64, scale int, ok bool) {
	const exact = 1 << 53
	point := -1
	digits := text
	if len(digits) > 0 && (digits[0] == '-' || digits[0] == '+') {
		digits = digits[1:]
	}
	if len(digits) > 20 {
		return 0, 0, false
	}
	for i, c := range digits {
		if c == '.' {
			point = i
			continue
		}
		if c > '9' || m >= exact/10 {
			return 0, 0, false
		}
		m = m*10 + int64(c-'0')
	}
	if point >= 0 {
		scale = len(digits) - point - 1
	}
	if text[0] == '-' {
		m = -m
	}
	return m, scale, true
}
