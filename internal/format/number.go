package format

import (
	"encoding/binary"
	"math/bits"
	"strconv"

	"exporttask/internal/format/row"
)

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

// NumberStorage is how a spreadsheet stores a cell of a column of numbers.
type NumberStorage uint8

// The ways to store a cell of a column of numbers.
const (
	AsItIs       NumberStorage = iota // as a number with the digits of the text
	ByRounding                        // as the number of AppendNumber
	AsNumberText                      // as a text, because the number would change
	AsOtherText                       // as a text that is no number
)

// StoreNumber returns how to store text, a cell of a column whose Stored type is
// AsNumber. A column that is declared as number or has a sum or an average has
// numbers, rounded if necessary; in other columns a number that a spreadsheet would change becomes a text.
func (c *Column) StoreNumber(text []byte) NumberStorage {
	switch {
	case c.KeepsNumber(text):
		return AsItIs
	case c.Type != AsNumber && c.Total != Sum && c.Total != Average: // which leave texts out
		return AsNumberText
	case !IsNumber(text):
		return AsOtherText
	}
	return ByRounding
}

// Count counts a cell that is stored as a text.
func (n NumberStorage) Count(counts *WarningCounts) {
	switch n {
	case AsNumberText:
		counts.NumberText++
	case AsOtherText:
		counts.NotNumber++
	case AsItIs, ByRounding:
	}
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

// AppendNumber appends the number text, for which IsNumber holds, with at most 15
// significant digits: without plus sign and leading zeros, further digits rounded
// half away from zero. rounded reports whether the value changed. ok is false,
// and nothing is appended, if the number is too large for a double.
func AppendNumber(dst, text []byte) (out []byte, rounded, ok bool) {
	var buf [maxDigits + 1]byte // the 16th digit decides the rounding
	significant, exponent := buf[:0], 0
	negative := text[0] == '-'
	point, rest := false, text
loop:
	for i, c := range rest {
		switch {
		case c == '.':
			point = true
		case c == 'e' || c == 'E':
			n, err := strconv.Atoi(string(rest[i+1:]))
			if err != nil {
				return dst, false, false
			}
			exponent += n
			break loop
		case c >= '0' && c <= '9':
			switch {
			case len(significant) == 0 && c == '0': // a leading zero
			case len(significant) < len(buf):
				significant = append(significant, c)
			default:
				rounded = rounded || c != '0'
				exponent++
			}
			if point {
				exponent--
			}
		}
	}
	if len(significant) == len(buf) {
		last := significant[maxDigits]
		significant = significant[:maxDigits]
		exponent++
		rounded = rounded || last != '0'
		if last >= '5' {
			significant, exponent = roundUp(significant, exponent)
		}
	}
	for len(significant) > 1 && significant[len(significant)-1] == '0' {
		significant = significant[:len(significant)-1]
		exponent++
	}
	if len(significant) == 0 {
		return append(dst, '0'), false, true
	}
	if len(significant)+exponent > maxExponent {
		return dst, false, false
	}
	if negative {
		dst = append(dst, '-')
	}
	return appendDecimal(dst, significant, exponent), rounded, true
}

// maxExponent is the largest decimal exponent n such that every number below 10^n
// is a double.
const maxExponent = 308

// roundUp adds one to the last of the decimal digits.
func roundUp(significant []byte, exponent int) ([]byte, int) {
	for i := len(significant) - 1; i >= 0; i-- {
		if significant[i] < '9' {
			significant[i]++
			return significant[:i+1], exponent + len(significant) - i - 1
		}
	}
	return append(significant[:0], '1'), exponent + len(significant)
}

// appendDecimal appends significant·10^exponent, in scientific notation if that is
// much shorter.
func appendDecimal(dst, significant []byte, exponent int) []byte {
	const zeros = 70                 // the digits of a DECIMAL
	n := len(significant) + exponent // digits before the point
	switch {
	case exponent > zeros || n < -zeros:
		dst = append(dst, significant...)
		return strconv.AppendInt(append(dst, 'E'), int64(exponent), 10)
	case exponent >= 0:
		dst = append(dst, significant...)
		return appendZeros(dst, exponent)
	case n > 0:
		dst = append(append(dst, significant[:n]...), '.')
		return append(dst, significant[n:]...)
	}
	return append(appendZeros(append(dst, "0."...), -n), significant...)
}

func appendZeros(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, '0')
	}
	return dst
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
	n := 0
	for ; len(p)-n >= 8; n += 8 {
		// The high bit of each byte that is no digit is set.
		const ones = 0x0101010101010101
		x := binary.LittleEndian.Uint64(p[n:]) ^ ones*'0'
		if x = (x&(ones*0x7f) + ones*(0x80-10) | x) & (ones * 0x80); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
	}
	for n < len(p) && p[n]-'0' < 10 {
		n++
	}
	return n
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
