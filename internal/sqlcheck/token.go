package sqlcheck

import "strings"

// tokenKind is the lexical class of a token.
type tokenKind uint8

const (
	word    tokenKind = iota // a keyword or an unquoted name
	quoted                   // a name in back-quotes
	text                     // a string: '…', "…", N'…', X'…', B'…'
	number                   // 1, 1.5, 1e5, 0x1f, 0b1
	param                    // :name
	uservar                  // @name
	sysvar                   // @@name
	hint                     // /*+ … */
	punct                    // one character, or ":=" or "::"
)

// token is one lexical element of the SQL text. White space and comments lie
// between tokens.
type token struct {
	kind     tokenKind
	off, end int    // byte range in the text as given: sql[off:end]
	text     string // the text that is sent to the server; "\'" in a string becomes "''"
}

// is reports whether t is the keyword w, whatever its case. A name in
// back-quotes is never a keyword.
func (t token) is(w string) bool { return t.kind == word && strings.EqualFold(t.text, w) }

// isPunct reports whether t is the punctuation token p.
func (t token) isPunct(p string) bool { return t.kind == punct && t.text == p }

// isHex reports whether t is a literal 0x… or 0b….
func (t token) isHex() bool {
	return t.kind == number && len(t.text) > 2 && t.text[0] == '0' && (t.text[1] == 'x' || t.text[1] == 'b')
}

// isName reports whether t may be the name of a column, table, schema or
// function: an unquoted word or a name in back-quotes.
func (t token) isName() bool { return t.kind == word || t.kind == quoted }

// isAnsiName reports whether t is "…", which with sql_mode=ANSI_QUOTES is a name.
func (t token) isAnsiName() bool { return t.kind == text && t.text[0] == '"' }

// name returns the identifier that t stands for, without quotes.
func (t token) name() string {
	if t.kind != quoted && !t.isAnsiName() {
		return t.text
	}
	quote := t.text[:1]
	return strings.ReplaceAll(t.text[1:len(t.text)-1], quote+quote, quote)
}
