package format

import "exporttask/internal/format/row"

// maxDigits is the number of significant digits that a spreadsheet keeps. Excel
// replaces further digits by 0.
const maxDigits = 15

// KeepsNumber reports whether text, a cell as written by AppendText, can be
// stored as a number in a spreadsheet without loss. FLOAT and DOUBLE values are
// stored as the same double whatever their number of digits; other numbers must
// pass SafeNumber.
func (c *Column) KeepsNumber(text []byte) bool {
	if c.Source.Kind == row.Float && c.Map == nil {
		return IsNumber(text)
	}
	return SafeNumber(text)
}

// SafeNumber reports whether text is a decimal number that a spreadsheet shows
// unchanged: no plus sign, no exponent, no leading zero ("007"), no negative
// zero, digits on both sides of a decimal point, and at most 15 significant
// digits. Zeros at the end of a fraction are not counted, since the number
// format of the column shows them.
func SafeNumber(text []byte) bool {
	p := text
	negative := len(p) > 0 && p[0] == '-'
	if negative {
		p = p[1:]
	}
	whole := digits(p)
	if whole == 0 || whole > 1 && p[0] == '0' {
		return false
	}
	significant := whole
	if p[0] == '0' {
		significant = 0
	}
	if len(p) == whole {
		return significant <= maxDigits && (significant > 0 || !negative)
	}
	frac := p[whole+1:]
	if p[whole] != '.' || len(frac) == 0 || digits(frac) != len(frac) {
		return false
	}
	for len(frac) > 0 && frac[len(frac)-1] == '0' {
		frac = frac[:len(frac)-1]
	}
	for significant == 0 && len(frac) > 0 && frac[0] == '0' {
		frac = frac[1:]
	}
	significant += len(frac)
	return significant <= maxDigits && (significant > 0 || !negative)
}

// IsNumber reports whether text is a decimal number in the notation of the
// server and of XML Schema's double: "-1.5", "1e-7", "1.7976931348623157e308".
func IsNumber(text []byte) bool {
	p := text
	if len(p) > 0 && (p[0] == '-' || p[0] == '+') {
		p = p[1:]
	}
	n := digits(p)
	if n == 0 {
		return false
	}
	p = p[n:]
	if len(p) > 0 && p[0] == '.' {
		n = digits(p[1:])
		if n == 0 {
			return false
		}
		p = p[1+n:]
	}
	if len(p) > 0 && (p[0] == 'e' || p[0] == 'E') {
		p = p[1:]
		if len(p) > 0 && (p[0] == '-' || p[0] == '+') {
			p = p[1:]
		}
		n = digits(p)
		if n == 0 || n > 3 {
			return false
		}
		p = p[n:]
	}
	return len(p) == 0
}

// digits returns the number of decimal digits at the beginning of p.
func digits(p []byte) int {
	for i, c := range p {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(p)
}

// ParseBool parses a truth value: an integer (0 is false), or true, false, yes,
// no, t, f, y, n in either case.
func ParseBool(text []byte) (value, ok bool) {
	if len(text) == 0 || len(text) > 20 {
		return false, false
	}
	if n := text; IsNumber(n) && (digits(n) == len(n) || n[0] == '-' && digits(n[1:]) == len(n)-1) {
		for _, c := range n {
			if c != '0' && c != '-' {
				return true, true
			}
		}
		return false, true
	}
	if len(text) > 5 {
		return false, false
	}
	var lower [5]byte
	for i, c := range text {
		lower[i] = c | 0x20
	}
	switch string(lower[:len(text)]) {
	case "true", "yes", "t", "y":
		return true, true
	case "false", "no", "f", "n":
		return false, true
	}
	return false, false
}
