package sqlcheck

import "strings"

// kind is what a token is.
type kind uint8

const (
	word    kind = iota // a keyword or a name without quotes
	quoted              // a name in back-quotes
	text                // a string: '…', "…", N'…', X'…', B'…'
	number              // 1, 1.5, 1e5, 0x1f, 0b1
	param               // :name
	uservar             // @name
	sysvar              // @@name
	hint                // /*+ … */
	punct               // one character, or ":=" or "::"
)

// token is a piece of the text that means something; white space and comments
// lie between tokens.
type token struct {
	kind     kind
	off, end int    // where it lies in the text, in bytes
	text     string // what is sent: the piece itself, "\'" in a string written as "''"
}

// is reports whether t is the keyword w, given in capitals. A name in
// back-quotes is no keyword.
func (t token) is(w string) bool { return t.kind == word && strings.EqualFold(t.text, w) }

// isPunct reports whether t is the punctuation p.
func (t token) isPunct(p string) bool { return t.kind == punct && t.text == p }

// isName reports whether t can name a column, table, schema or function.
func (t token) isName() bool { return t.kind == word || t.kind == quoted }

// name is t without back-quotes.
func (t token) name() string {
	if t.kind != quoted {
		return t.text
	}
	return strings.ReplaceAll(t.text[1:len(t.text)-1], "``", "`")
}
