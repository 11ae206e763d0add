package format

import (
	"bytes"

	"exporttask/internal/format/row"
)

// GuardPrefix is the apostrophe that is put before a text that a spreadsheet
// would run as a formula.
const GuardPrefix = '\''

// Guarded reports whether the formula guard applies to the cells of the column:
// to text, to binary values shown as text and to mapped values. Numbers, dates and times are written by the
// server; hexadecimal, base64 and WKT texts cannot be formulas.
func (c *Column) Guarded() bool {
	text := c.Source.Kind == row.Text || c.Source.Kind == row.Binary && !c.Binary.Divisible()
	return !c.Unguard && (text || c.Map != nil)
}

// IsFormula reports whether a spreadsheet that opens a CSV file may run text as
// a formula: text begins with = + - @, TAB, CR, LF or NUL, or with the
// full-width form of one of the first four, which East Asian versions of Excel
// treat as the ASCII character (OWASP, "CSV Injection"; ASVS 5.0, 1.2.10).
// Numbers, telephone numbers and runs of dashes are exempt, see isHarmless.
func IsFormula(text []byte) bool {
	if len(text) == 0 {
		return false
	}
	switch text[0] {
	case '=', '@', '\t', '\r', '\n', 0:
		return true
	case '+', '-':
		return !isHarmless(text)
	case 0xef: // U+FF0B ＋, U+FF0D －, U+FF1D ＝, U+FF20 ＠
		return len(text) >= 3 && text[1] == 0xbc && (text[2] == 0x8b || text[2] == 0x8d || text[2] == 0x9d || text[2] == 0xa0)
	}
	return false
}

// isHarmless reports whether a text that begins with + or - is a number ("-12.50",
// "+1,234.5%", "-1.5e-7"), a telephone number without operators inside
// ("+8613800000000", "+86 138 0000 0000") or a run of dashes ("-", "---"). A
// spreadsheet computes none of them. Further operators make a formula: "+86-138" is
// -52.
func isHarmless(text []byte) bool {
	body := text[1:]
	if n := len(body); n > 0 && body[n-1] == '%' {
		body = body[:n-1]
	}
	return isAmount(body) || text[0] == '+' && isDigitGroups(body) || isDashes(text)
}

// isAmount reports whether text is an unsigned number, possibly with commas between
// groups of three digits.
func isAmount(text []byte) bool {
	if len(text) == 0 || text[0] < '0' || text[0] > '9' {
		return false
	}
	whole, rest, _ := bytes.Cut(text, []byte("."))
	first, groups, separated := bytes.Cut(whole, []byte(","))
	if !separated {
		return IsNumber(text)
	}
	if digits(first) != len(first) || len(first) > 3 {
		return false
	}
	for group := range bytes.SplitSeq(groups, []byte(",")) {
		if len(group) != 3 || digits(group) != 3 {
			return false
		}
	}
	return digits(rest) == len(rest)
}

// isDigitGroups reports whether text consists of digits and single blanks between
// them.
func isDigitGroups(text []byte) bool {
	for group := range bytes.SplitSeq(text, []byte(" ")) {
		if len(group) == 0 || digits(group) != len(group) {
			return false
		}
	}
	return true
}

func isDashes(text []byte) bool {
	for _, c := range text {
		if c != '-' {
			return false
		}
	}
	return true
}

// GuardLabel is the column's header text with the guard where it needs one.
func (c *Column) GuardLabel() (label string, guarded bool) {
	if c.Unguard || !IsFormula([]byte(c.Label)) {
		return c.Label, false
	}
	return string(GuardPrefix) + c.Label, true
}
