package sqlcheck

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// lexer splits SQL text into tokens. Text that MariaDB and MySQL would split in
// different ways, or that one server splits differently under another sql_mode,
// is an error.
type lexer struct {
	sql    string
	pos    int
	tokens []token
}

// lex returns the tokens of sql, which must be valid UTF-8, or the place of the
// first text that is not a token.
func lex(sql string) ([]token, *Refused) {
	l := &lexer{sql: sql}
	for l.pos < len(sql) {
		if err := l.next(); err != nil {
			return nil, err
		}
	}
	return l.tokens, nil
}

// next reads one token, one comment or one white space character at l.pos.
func (l *lexer) next() *Refused {
	c := l.sql[l.pos]
	switch {
	case c == ' ' || c == '\t' || c == '\n':
		l.pos++
		return nil
	case c == '\r':
		return l.carriageReturn()
	case c == '\'' || c == '"':
		return l.str(l.pos)
	case c == '`':
		return l.backQuote()
	case c == '#', l.has("--"), l.has("/*"):
		return l.comment()
	case c == '@':
		return l.variable()
	case c == ':':
		return l.colon()
	case isDigit(c) && l.afterDot():
		return l.columnNumber()
	case isDigit(c), c == '.' && isDigit(l.at(1)) && !l.afterName():
		return l.number()
	case l.has(`\N`) && !isWordByte(l.at(2)):
		l.pos += 2
		l.tokens = append(l.tokens, token{kind: word, off: l.pos - 2, end: l.pos, text: "NULL"})
		return nil
	case isWordByte(c):
		return l.word()
	default:
		return l.punct()
	}
}

// at returns the byte n places after l.pos, or 0 beyond the end of the text.
func (l *lexer) at(n int) byte {
	if l.pos+n < len(l.sql) {
		return l.sql[l.pos+n]
	}
	return 0
}

func (l *lexer) has(prefix string) bool { return strings.HasPrefix(l.sql[l.pos:], prefix) }

// afterName reports whether a name ends at l.pos, so that a "." here separates
// two names and does not begin a number.
func (l *lexer) afterName() bool {
	n := len(l.tokens)
	return n > 0 && l.tokens[n-1].isName() && l.tokens[n-1].end == l.pos
}

// afterDot reports whether the text at l.pos is the part of a name behind a ".".
func (l *lexer) afterDot() bool {
	n := len(l.tokens)
	return n > 1 && l.tokens[n-1].isPunct(".") && l.tokens[n-1].end == l.pos && l.tokens[n-2].isName()
}

// emit appends the token sql[from:l.pos], which is sent to the server as written.
func (l *lexer) emit(k tokenKind, from int) {
	l.tokens = append(l.tokens, token{kind: k, off: from, end: l.pos, text: l.sql[from:l.pos]})
}

func (l *lexer) refuse(from, end int, reason, allowed string) *Refused {
	return refuse(l.sql, from, end, reason, allowed)
}

func (l *lexer) carriageReturn() *Refused {
	if l.at(1) != '\n' {
		return l.refuse(l.pos, l.pos+1, "carriage return without a line feed", "lines ended by LF or CR LF")
	}
	l.pos++
	return nil
}

// str reads a quoted string whose token begins at from; l.pos is at the opening
// quote.
//
// A backslash before a quote is the one escape sequence that moves the end of
// the string under NO_BACKSLASH_ESCAPES. The escaped quote is therefore sent as
// a doubled quote, which means the same in every sql_mode.
func (l *lexer) str(from int) *Refused {
	quote := l.sql[l.pos]
	var sent strings.Builder
	sent.WriteString(l.sql[from : l.pos+1])
	for l.pos++; l.pos < len(l.sql); l.pos++ {
		c := l.sql[l.pos]
		switch {
		case c == '\\' && l.at(1) == quote:
			l.pos++
			sent.WriteByte(quote)
			sent.WriteByte(quote)
		case c == '\\' && l.at(1) != 0:
			l.pos++
			sent.WriteString(l.sql[l.pos-1 : l.pos+1])
		case c == quote && l.at(1) == quote:
			l.pos++
			sent.WriteByte(quote)
			sent.WriteByte(quote)
		case c == quote:
			l.pos++
			sent.WriteByte(quote)
			l.tokens = append(l.tokens, token{kind: text, off: from, end: l.pos, text: sent.String()})
			return nil
		default:
			sent.WriteByte(c)
		}
	}
	return l.refuse(from, len(l.sql), "string without an end", fmt.Sprintf("a closing %c; a quote inside is written twice", quote))
}

func (l *lexer) backQuote() *Refused {
	from := l.pos
	for l.pos++; l.pos < len(l.sql); l.pos++ {
		if l.sql[l.pos] != '`' {
			continue
		}
		if l.at(1) == '`' {
			l.pos++
			continue
		}
		l.pos++
		if l.pos-from == 2 {
			return l.refuse(from, l.pos, "empty name", "a name between the back-quotes")
		}
		l.emit(quoted, from)
		return nil
	}
	return l.refuse(from, len(l.sql), "name without an end", "a closing back-quote")
}

// variable reads @name or @@name. applyRules refuses both; they are tokens so
// that the error can quote the whole name.
func (l *lexer) variable() *Refused {
	from, k := l.pos, uservar
	l.pos++
	if l.at(0) == '@' {
		k = sysvar
		l.pos++
	}
	for l.pos < len(l.sql) && (isWordByte(l.sql[l.pos]) || l.sql[l.pos] == '.') {
		l.pos++
	}
	l.emit(k, from)
	return nil
}

// colon reads ":=", "::" or a parameter, :name.
func (l *lexer) colon() *Refused {
	from := l.pos
	if l.at(1) == '=' || l.at(1) == ':' {
		l.pos += 2
		l.emit(punct, from)
		return nil
	}
	l.pos++
	for l.pos < len(l.sql) && isWordByte(l.sql[l.pos]) {
		l.pos++
	}
	if !validName(l.sql[from+1 : l.pos]) {
		return l.refuse(from, max(l.pos, from+1), "no parameter name after the colon", parameterNames)
	}
	if l.at(0) == ':' {
		return l.refuse(from, l.pos+1, "colon directly after a parameter", parameterNames)
	}
	l.emit(param, from)
	return nil
}

// word reads a keyword, an unquoted name, or a string with a prefix letter
// (N'…', X'…', B'…').
func (l *lexer) word() *Refused {
	from := l.pos
	if l.sql[from] == '$' {
		return l.refuse(from, from+1, "name that begins with $", "back-quotes around the name")
	}
	if strings.IndexByte("nNxXbB", l.sql[from]) >= 0 && l.at(1) == '\'' {
		l.pos++
		return l.prefixed(from)
	}
	for l.pos < len(l.sql) && isWordByte(l.sql[l.pos]) {
		r, n := utf8.DecodeRuneInString(l.sql[l.pos:])
		if r >= utf8.RuneSelf && !isWordRune(r) {
			return l.refuse(l.pos, l.pos+n, fmt.Sprintf("character %U outside a string", r),
				"plain blanks, and letters up to U+FFFF in names; other characters in strings or back-quotes")
		}
		l.pos += n
	}
	name := strings.ToLower(l.sql[from:l.pos])
	if l.at(0) == '.' && isWordByte(l.at(1)) && keyword(name) {
		l.emitQuoted(from) // directly before ".name" every word is a name
		return nil
	}
	l.emit(word, from)
	return nil
}

// emitQuoted appends the name sql[from:l.pos], which is sent in back-quotes.
func (l *lexer) emitQuoted(from int) {
	l.tokens = append(l.tokens, token{kind: quoted, off: from, end: l.pos, text: "`" + l.sql[from:l.pos] + "`"})
}

// prefixed reads N'…', X'…' or B'…' from the prefix letter at from; l.pos is at
// the quote.
func (l *lexer) prefixed(from int) *Refused {
	if err := l.str(from); err != nil {
		return err
	}
	body := l.sql[from+2 : l.pos-1]
	switch l.sql[from] {
	case 'x', 'X':
		if strings.Trim(body, "0123456789abcdefABCDEF") != "" || len(body)%2 != 0 {
			return l.refuse(from, l.pos, "malformed hexadecimal literal", "an even number of hexadecimal digits")
		}
	case 'b', 'B':
		if strings.Trim(body, "01") != "" {
			return l.refuse(from, l.pos, "malformed bit literal", "the digits 0 and 1")
		}
	}
	return nil
}

// punctuation holds the characters that are tokens of their own.
const punctuation = "()+-*/%,.;=<>!&|^~{}"

func (l *lexer) punct() *Refused {
	c, from := l.sql[l.pos], l.pos
	switch {
	case c == '?':
		return l.refuse(from, from+1, "placeholder ?", "a named parameter, :name")
	case l.has("*/"):
		return l.refuse(from, from+2, "end of a comment without a beginning", "")
	case c == '\\':
		return l.refuse(from, from+1, "backslash outside a string", "\\N for NULL")
	case strings.IndexByte(punctuation, c) < 0:
		return l.refuse(from, from+1, "character that is not part of SQL", punctuation)
	}
	l.pos++
	l.emit(punct, from)
	return nil
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isWordByte(c byte) bool {
	return isLetter(c) || isDigit(c) || c == '_' || c == '$' || c >= utf8.RuneSelf
}

// isWordRune reports whether r may be part of an unquoted name. The servers
// allow U+0080 to U+FFFF (MySQL Reference Manual, Schema Object Names). White
// space, control, format and private use characters are not allowed: they are
// invisible, and are pasted by accident or to deceive a reader.
func isWordRune(r rune) bool {
	return r <= 0xFFFF && !unicode.IsSpace(r) && !unicode.IsControl(r) && !unicode.In(r, unicode.Z, unicode.Cf, unicode.Co)
}
