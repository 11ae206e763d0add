package format

import "exporttask/internal/format/row"

// GuardPrefix is the apostrophe that is put before a text that a spreadsheet
// would run as a formula.
const GuardPrefix = '\''

// Guarded reports whether the formula guard applies to the cells of the column:
// to text and to mapped values. Numbers, dates and times are written by the
// server; hexadecimal, base64 and WKT texts cannot be formulas.
func (c *Column) Guarded() bool {
	return !c.Unguard && (c.Source.Kind == row.Text || c.Map != nil)
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

// isHarmless reports whether a text that begins with + or - is one that people
// write every day and that no spreadsheet can be harmed by: dashes alone
// ("-", "---"), a number ("-12.50", "+1,234.5%", "-1.5e-7") or a telephone
// number ("+8613800000000", "+86 (10) 138-0000"). Without a letter, a pipe or a
// reference it can call nothing.
func isHarmless(text []byte) bool {
	if IsNumber(text) {
		return true
	}
	body := text[1:]
	if n := len(body); n > 0 && body[n-1] == '%' {
		body = body[:n-1]
	}
	figures := 0
	for _, c := range body {
		switch c {
		case ' ', '-', '.', ',', '(', ')':
		case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			figures++
		default:
			return false
		}
	}
	if figures > 0 {
		return true
	}
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
