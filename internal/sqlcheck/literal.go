package sqlcheck

import (
	"encoding/hex"
	"strings"
)

// value is a checked value of a parameter.
type value struct {
	typ  Type   // type of the value, never a list
	text string // in the form that literal writes
	null bool
}

// literal returns v as a SQL literal for the position u.
//
// A date is a typed literal, so that what is computed from it is a date. On one
// side of a comparison it is a string: the servers convert that to the type of
// the other side, and use the index of a column that holds dates as text.
func (v value) literal(u use) string {
	switch {
	case v.null:
		return "NULL"
	case v.typ == Int, v.typ == Bool, v.typ == Decimal:
		if strings.HasPrefix(v.text, "-") {
			return "(" + v.text + ")"
		}
		return v.text
	case v.typ == Date && u == useValue:
		return "DATE'" + v.text + "'"
	case v.typ == DateTime && u == useValue:
		return "TIMESTAMP'" + v.text + "'"
	}
	return stringLiteral(v.text)
}

// stringLiteral returns s as a literal that means s in every sql_mode: between
// single quotes, each quote doubled. With NO_BACKSLASH_ESCAPES a backslash is a
// character, without it the beginning of an escape sequence; a string that has
// one is written in hexadecimal. Such a literal has the default collation of
// utf8mb4, any other string that of the connection, as a literal of a person has.
func stringLiteral(s string) string {
	if strings.Contains(s, `\`) {
		return "_utf8mb4 X'" + hex.EncodeToString([]byte(s)) + "'"
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
