package sqlcheck

import (
	"strings"
	"unicode/utf8"
)

// number reads an integer, a decimal, a float, a 0x… or 0b… literal, or a name
// that begins with a digit.
//
// Such a name is sent in back-quotes. It is an error where servers split it in
// different ways: "1e5x", "0x1g" and "1e".
func (l *lexer) number() *Refused {
	from := l.pos
	if l.digitName() {
		return nil
	}
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

// digitName reads a name such as 30d_total or 1月, if one comes next: digits and
// then a letter that cannot be part of a number.
func (l *lexer) digitName() bool {
	n := 0
	for isDigit(l.at(n)) {
		n++
	}
	c := l.at(n)
	if n == 0 || !isWordByte(c) || c|0x20 == 'e' || n == 1 && l.at(0) == '0' && (c|0x20 == 'x' || c|0x20 == 'b') {
		return false
	}
	end := l.nameEnd()
	if end < 0 {
		return false
	}
	from := l.pos
	l.pos = end
	l.emitQuoted(from)
	return true
}

// columnNumber reads a name behind a "." that begins with a digit: t.1, t.1e5.
func (l *lexer) columnNumber() *Refused {
	from, end := l.pos, l.nameEnd()
	if end < 0 {
		return l.refuse(from, from+1, "invisible character in a name", "back-quotes around the name")
	}
	l.pos = end
	l.emitQuoted(from)
	return nil
}

// nameEnd returns where the name that begins at l.pos ends, or -1 where one of its
// characters cannot be part of an unquoted name.
func (l *lexer) nameEnd() int {
	end := l.pos
	for end < len(l.sql) && isWordByte(l.sql[end]) {
		r, size := utf8.DecodeRuneInString(l.sql[end:])
		if r >= utf8.RuneSelf && !isWordRune(r) {
			return -1
		}
		end += size
	}
	return end
}

// decimal reads digits, an optional fraction and an optional exponent.
func (l *lexer) decimal(from int) *Refused {
	l.digits("0123456789")
	if l.at(0) == '.' {
		l.pos++
		if l.digits("0123456789") == 0 && l.at(0)|0x20 == 'e' {
			return l.refuse(from, l.pos, "exponent directly after a point", "digits after the point")
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
