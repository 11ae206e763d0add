package format

import (
	"encoding/base64"
	"strconv"
	"unicode/utf8"

	"exporttask/internal/format/row"
)

// Plain reports whether every cell of the column is shown as the server wrote
// it, so that an encoder can copy the bytes instead of calling AppendText.
func (c *Column) Plain() bool {
	if c.Map != nil || c.Type == AsBool {
		return false
	}
	switch c.Source.Kind {
	case row.Binary:
		return c.Binary == PlainText
	case row.Bit, row.Geometry:
		return false
	case row.DateTime:
		return c.Zone.IsZero() && c.Type != AsDate
	case row.Text, row.Int, row.Decimal, row.Float, row.Date, row.Time, row.Year:
	}
	return true
}

// AppendText appends the text of the cell raw, which must not be NULL: BIT as
// an unsigned decimal number, binary values as hexadecimal or base64 text, a
// geometry as WKT. The value map is applied to that text. If the map has no
// entry, a DATETIME is converted to the time zone of the column, a column
// declared as a date is cut to the day, and a column declared as bool becomes
// TRUE or FALSE. A step that cannot parse the value leaves it unchanged.
// AppendText allocates only to grow dst.
func (c *Column) AppendText(dst, raw []byte) []byte {
	start := len(dst)
	switch c.Source.Kind {
	case row.Bit:
		dst = appendBit(dst, raw)
	case row.Binary:
		dst = c.Binary.Append(dst, raw)
	case row.Geometry:
		dst = appendGeometry(dst, raw)
	case row.Text, row.Int, row.Decimal, row.Float, row.Date, row.Time, row.DateTime, row.Year:
		return c.appendPlain(dst, raw)
	}
	if c.Map != nil {
		if shown, ok := c.Map[string(dst[start:])]; ok {
			return append(dst[:start], shown...)
		}
	}
	if c.Type == AsBool {
		if v, ok := ParseBool(dst[start:]); ok {
			return appendBool(dst[:start], v)
		}
	}
	return dst
}

// appendPlain is AppendText for kinds whose bytes are text.
func (c *Column) appendPlain(dst, raw []byte) []byte {
	if c.Map != nil {
		if shown, ok := c.Map[string(raw)]; ok {
			return append(dst, shown...)
		}
	}
	if c.Type == AsBool {
		if v, ok := ParseBool(raw); ok {
			return appendBool(dst, v)
		}
	}
	if c.Source.Kind != row.DateTime {
		return append(dst, raw...)
	}
	start := len(dst)
	if c.Zone.IsZero() {
		dst = append(dst, raw...)
	} else {
		dst = c.Zone.AppendShifted(dst, raw)
	}
	if day := start + len("2006-01-02"); c.Type == AsDate && len(dst) > day {
		dst = dst[:day]
	}
	return dst
}

func appendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, "TRUE"...)
	}
	return append(dst, "FALSE"...)
}

// appendBit appends BIT(n), n ≤ 64, as an unsigned decimal number.
func appendBit(dst, raw []byte) []byte {
	if len(raw) > 8 {
		return Hex.Append(dst, raw)
	}
	var n uint64
	for _, c := range raw {
		n = n<<8 | uint64(c)
	}
	return strconv.AppendUint(dst, n, 10)
}

// Divisible reports whether the text of a value is that of its pieces, see Append.
func (b BinaryText) Divisible() bool { return b == Hex || b == Base64 }

// isPlainText reports whether raw is UTF-8 without control characters other than
// TAB, LF and CR.
func isPlainText(raw []byte) bool {
	for _, c := range raw {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f {
			return false
		}
	}
	return utf8.Valid(raw)
}

// Append appends raw as text. For divisible encodings a value may be appended in several pieces if the
// lengths of all but the last are multiples of 3.
func (b BinaryText) Append(dst, raw []byte) []byte {
	switch {
	case b == Base64:
		return base64.StdEncoding.AppendEncode(dst, raw)
	case b == PlainText, (b == TextOrHex || b == TextOrBase64) && isPlainText(raw):
		return append(dst, raw...)
	case b == TextOrBase64:
		return base64.StdEncoding.AppendEncode(dst, raw)
	}
	const figures = "0123456789ABCDEF"
	for _, c := range raw {
		dst = append(dst, figures[c>>4], figures[c&15])
	}
	return dst
}
