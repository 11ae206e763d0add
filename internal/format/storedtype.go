package format

import (
	"strings"

	"exporttask/internal/format/row"
)

// Stored returns the type that spreadsheets store the cells of the column as:
// the declared type or, for Auto, the type that corresponds to the kind of the
// values. It never returns Auto. A cell whose value the type cannot represent
// (KeepsNumber, ParseSerial or ParseBool returns false) is stored as text.
func (c *Column) Stored() Type {
	if c.Type != Auto {
		return c.Type
	}
	if c.Map != nil {
		return AsText
	}
	switch c.Source.Kind {
	case row.Int:
		if c.Source.Zerofill {
			return AsText
		}
		return AsNumber
	case row.Decimal, row.Float:
		if c.Source.Zerofill {
			return AsText
		}
		return AsNumber
	case row.Bit, row.Year:
		return AsNumber
	case row.Date:
		return AsDate
	case row.DateTime:
		return AsDateTime
	case row.Text, row.Time, row.Binary, row.Geometry:
		return AsText
	}
	return AsText
}

// NumberFormat returns the number format of the column's cells in Excel's
// notation: the declared format or one that shows values as the server writes
// them. "" stands for General. Integers have the format "0" because General
// switches to exponents at twelve digits. Seconds have at most three decimals,
// the most that Excel shows.
func (c *Column) NumberFormat() string {
	if c.Format != "" {
		return c.Format
	}
	const zeros = "000000000000000000000000000000" // 30, the most a DECIMAL has
	switch c.Stored() {
	case AsDate:
		return "yyyy-mm-dd"
	case AsDateTime:
		if n := min(c.Source.Scale, 3); c.Source.Kind == row.DateTime && n > 0 {
			return "yyyy-mm-dd hh:mm:ss." + zeros[:n]
		}
		return "yyyy-mm-dd hh:mm:ss"
	case AsNumber:
		switch c.Source.Kind {
		case row.Int, row.Bit, row.Year:
			return "0"
		case row.Decimal, row.Float:
			if n := min(c.Source.Scale, len(zeros)); n > 0 {
				return "0." + zeros[:n]
			}
			if c.Source.Kind == row.Decimal && c.Source.Scale == 0 {
				return "0"
			}
		case row.Text, row.Date, row.Time, row.DateTime, row.Binary, row.Geometry:
		}
	case Auto, AsText, AsBool:
	}
	return ""
}

// CheckFormat refuses a number format that Excel would refuse together with the
// whole file. It knows the notation, not the meaning: "0.00 mm" passes.
func CheckFormat(format string) error {
	if n := UTF16Len([]byte(format)); n > maxFormat {
		return badFormat("%d characters, want at most %d", n, maxFormat)
	}
	sections := 1
	for i := 0; i < len(format); i++ {
		switch ch := format[i]; {
		case ch == '"':
			end := strings.IndexByte(format[i+1:], '"')
			if end < 0 {
				return badFormat("the quote at byte %d has no end", i+1)
			}
			i += 1 + end
		case ch == '[':
			end := strings.IndexByte(format[i+1:], ']')
			if end <= 0 {
				return badFormat("the bracket at byte %d is empty or has no end", i+1)
			}
			i += 1 + end
		case ch == '\\' || ch == '_' || ch == '*':
			if i+1 == len(format) {
				return badFormat("%q at the end stands before nothing", ch)
			}
			i++ // the next byte is a literal; so are the rest of its UTF-8 bytes
		case ch == ';':
			if sections++; sections > 4 {
				return badFormat("more than 4 sections")
			}
		case ch < 0x20 || ch == 0x7f:
			return badFormat("control character at byte %d", i+1)
		case ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z':
			n := formatWord(format[i:])
			if n == 0 {
				return badFormat("letter %q at byte %d is not part of the notation; put literal text in double quotes", ch, i+1)
			}
			i += n - 1
		}
	}
	return nil
}

// formatWord is the length of the keyword that s begins with, 0 where there is
// none. Every letter of a date is a keyword of its own.
func formatWord(s string) int {
	for _, word := range []string{"General", "AM/PM", "A/P", "E+", "E-"} {
		if len(s) >= len(word) && strings.EqualFold(s[:len(word)], word) {
			return len(word)
		}
	}
	if strings.IndexByte("yYmMdDhHsSeEgGbB", s[0]) >= 0 {
		return 1
	}
	return 0
}
