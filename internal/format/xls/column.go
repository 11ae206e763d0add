package xls

import (
	"math"
	"strconv"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// column is a format.Column with the XF indexes of its cells.
type column struct {
	*format.Column
	plain  bool // the server's bytes are the text
	stored format.Type
	value  uint16 // XF of numbers, dates and truth values
	text   uint16 // XF of texts
	quoted uint16 // XF with quote prefix, for texts that Excel would convert when the cell is edited
	guard  bool   // use quoted for such texts
}

func newColumn(c *format.Column, s *styles, opt format.Options) column {
	f := c.NumberFormat()
	k := column{Column: c, plain: c.Plain(), stored: c.Stored()}
	k.value = s.add(f, fontPlain, false)
	k.quoted = s.add("", fontPlain, true)
	k.text = defaultXF
	k.guard = !opt.NoGuard && !c.Unguard
	if k.stored == format.AsText && c.Format != "" {
		k.text, k.quoted = k.value, s.add(f, fontPlain, true)
	}
	if k.stored != format.AsText || c.Map == nil && (c.Source.Kind == row.Int || c.Source.Kind == row.Decimal) {
		k.text = k.quoted // a number or a date that is kept as it is written
	}
	return k
}

// textXF is the XF of a text. One that begins like a number or a formula is
// quoted, so that it stays what it is when someone edits the cell.
func (c *column) textXF(text []byte) uint16 {
	if !c.guard || len(text) == 0 {
		return c.text
	}
	switch b := text[0]; {
	case b >= '0' && b <= '9', b == '=', b == '+', b == '-', b == '@', b == '.', b == '\'':
		return c.quoted
	}
	return c.text
}

// firstSureDay is 1900-03-01. Excel counts a 29 February 1900, which other
// programs do not, so earlier dates are stored as text.
const firstSureDay = 61

// put appends a number, date or truth value in column col. It returns false if
// text is none and must be stored as a text.
func (c *column) put(t *table, col int, text []byte) bool {
	switch c.stored {
	case format.AsNumber:
		return c.KeepsNumber(text) && putNumber(t, col, c.value, text)
	case format.AsDate, format.AsDateTime:
		s, ok := format.ParseSerial(text)
		if !ok || s.Day < firstSureDay {
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

// putNumber appends the number text, for which KeepsNumber holds. It returns
// false if the number is larger than any double.
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
