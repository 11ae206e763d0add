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

const (
	// backslash is an expression for one backslash that means it in every sql_mode:
	// QUOTE writes one in front of a quote. It has the collation of the connection
	// and the precedence of a literal (coercibility 4), as no other one has.
	backslash = "SUBSTR(QUOTE(''''),2,1)"
	// maxBackslashes is how many backslashes of a string are written so.
	maxBackslashes = 100
)

// stringLiteral returns s as a literal that means s in every sql_mode: between
// single quotes, each quote doubled. With NO_BACKSLASH_ESCAPES a backslash is a
// character, without it the beginning of an escape sequence; a string that has
// some is put together with CONCAT. Both have the collation of the connection, as a
// literal of a person has. A string with many backslashes is written in hexadecimal
// and has the default collation of utf8mb4.
func stringLiteral(s string) string {
	switch n := strings.Count(s, `\`); {
	case n > maxBackslashes:
		return "_utf8mb4 X'" + hex.EncodeToString([]byte(s)) + "'"
	case n > 0:
		var args []string
		for i, part := range strings.Split(s, `\`) {
			if i > 0 {
				args = append(args, backslash)
			}
			if part != "" { // '' is NULL in one sql_mode of MariaDB
				args = append(args, stringLiteral(part))
			}
		}
		return "CONCAT(" + strings.Join(args, ",") + ")"
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
