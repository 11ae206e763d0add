package jsonl

// number is a decimal number in JSON's notation (RFC 8259, section 6).
type number struct {
	whole, frac []byte // digits before and after the point
	exponent    bool
}

// parseNumber reports whether text is a number in JSON's notation.
func parseNumber(text []byte) (n number, ok bool) {
	p := text
	if len(p) > 0 && p[0] == '-' {
		p = p[1:]
	}
	k := digits(p)
	if k == 0 || k > 1 && p[0] == '0' {
		return n, false
	}
	n.whole, p = p[:k], p[k:]
	if len(p) > 0 && p[0] == '.' {
		k = digits(p[1:])
		if k == 0 {
			return n, false
		}
		n.frac, p = p[1:1+k], p[1+k:]
	}
	if len(p) > 0 && (p[0] == 'e' || p[0] == 'E') {
		n.exponent = true
		p = p[1:]
		if len(p) > 0 && (p[0] == '-' || p[0] == '+') {
			p = p[1:]
		}
		k = digits(p)
		if k == 0 {
			return n, false
		}
		p = p[k:]
	}
	return n, len(p) == 0
}

// maxDigits is the number of significant digits that a double keeps of any
// number, and maxWhole the largest whole number up to which it has all of them.
const (
	maxDigits = 15
	maxWhole  = "9007199254740991"
)

// exact reports whether a double holds the number with all its digits: a whole
// number of up to maxWhole, or any of up to maxDigits significant digits.
func (n number) exact() bool {
	if n.exponent {
		return false
	}
	whole, frac := n.whole, n.frac
	for len(frac) > 0 && frac[len(frac)-1] == '0' {
		frac = frac[:len(frac)-1]
	}
	if len(frac) == 0 && len(whole) == len(maxWhole) {
		return string(whole) <= maxWhole
	}
	if whole[0] == '0' {
		whole = nil
		for len(frac) > 0 && frac[0] == '0' {
			frac = frac[1:]
		}
	}
	return len(whole)+len(frac) <= maxDigits
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

// normal returns a number of the server or a text in the notation of JSON, as far
// as a plus sign and leading zeros keep it from it.
func normal(text []byte) []byte {
	sign, p := []byte(nil), text
	if len(p) > 0 && (p[0] == '-' || p[0] == '+') {
		sign, p = p[:1], p[1:]
	}
	if k := digits(p); k > 1 && p[0] == '0' {
		for k > 1 && p[0] == '0' {
			p, k = p[1:], k-1
		}
	} else if len(sign) == 0 || sign[0] == '-' {
		return text
	}
	if len(sign) > 0 && sign[0] == '-' {
		return append([]byte{'-'}, p...)
	}
	return p
}
