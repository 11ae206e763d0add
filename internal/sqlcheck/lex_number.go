package sqlcheck

import "strings"

// number reads an integer, a decimal, a float, or a 0x… or 0b… literal.
//
// A name that begins with a digit is refused without back-quotes: "1e5", "0x1"
// and "1e" are cut differently from one grammar to the next, and "1union" is a
// classic way past a filter.
func (l *lexer) number() *Refused {
	from := l.pos
	switch {
	case l.has("0x"):
		l.pos += 2
		l.digits("0123456789abcdefABCDEF")
	case l.has("0b"):
		l.pos += 2
		l.digits("01")
	default:
		if bad := l.decimal(from); bad != nil {
			return bad
		}
	}
	c := l.at(0)
	if bare := l.pos == from+2 && (l.sql[from+1] == 'x' || l.sql[from+1] == 'b'); bare || isWordByte(c) || c == '.' {
		end := l.pos
		for end < len(l.sql) && (isWordByte(l.sql[end]) || l.sql[end] == '.') {
			end++
		}
		return l.refuse(from, end, "number that runs into a name", "a blank after the number, or back-quotes around a name that begins with a digit")
	}
	l.emit(number, from)
	return nil
}

// decimal reads digits, an optional fraction and an optional exponent.
func (l *lexer) decimal(from int) *Refused {
	l.digits("0123456789")
	if l.at(0) == '.' {
		l.pos++
		if l.digits("0123456789") == 0 {
			return l.refuse(from, l.pos, "number that ends with a point", "digits after the point")
		}
	}
	if l.at(0)|0x20 != 'e' {
		return nil
	}
	n := 1
	if l.at(n) == '+' || l.at(n) == '-' {
		n++
	}
	if isDigit(l.at(n)) {
		l.pos += n
		l.digits("0123456789")
	}
	return nil
}

// digits skips bytes that are in set and returns how many it skipped.
func (l *lexer) digits(set string) int {
	from := l.pos
	for l.pos < len(l.sql) && strings.IndexByte(set, l.sql[l.pos]) >= 0 {
		l.pos++
	}
	return l.pos - from
}
