package parquet

import "math"

// maxShort is the length of a decimal number whose digits fit into an int64 in any
// case.
const maxShort = 18

// powers are the powers of ten that a double holds exactly, and the first 19 of
// them an int64.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// parseShort parses a decimal number of up to maxShort bytes without an exponent:
// its digits as one number, and how many of them are after the point. ok is false
// for all others, which may be numbers as well.
func parseShort(p []byte) (v int64, after int, ok bool) {
	if len(p) == 0 || len(p) > maxShort {
		return 0, 0, false
	}
	first, point := 0, -1
	if p[0] == '-' {
		first = 1
	}
	for i := first; i < len(p); i++ {
		if c := p[i] - '0'; c <= 9 {
			v = 10*v + int64(c)
			continue
		}
		if p[i] != '.' || point >= 0 {
			return 0, 0, false
		}
		point = i
	}
	switch last := len(p) - 1; {
	case first > last, point == first, point == last:
		return 0, 0, false
	case point >= 0:
		after = last - point
	}
	if first > 0 {
		v = -v
	}
	return v, after, true
}

// shortDecimal returns a DECIMAL without its point, if the text is short, has scale
// digits after the point, and fits precision digits.
func shortDecimal(p []byte, scale, precision int) (int64, bool) {
	v, after, ok := parseShort(p)
	return v, ok && after == scale && (precision >= maxShort || math.Abs(float64(v)) < powers[precision])
}

// shortDouble returns the bits of a double, if the text is short. A quotient of two
// whole numbers that a double holds is rounded once, as a parser does.
func shortDouble(p []byte) (int64, bool) {
	v, after, ok := parseShort(p)
	if !ok || v == 0 || v > 1<<53 || v < -1<<53 {
		return 0, false
	}
	return int64(math.Float64bits(float64(v) / powers[after])), true
}
