package sqlcheck

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of a template's SQL.
const (
	MaxSQL    = 64 << 10 // bytes of text
	MaxParams = 200      // places where a parameter stands
)

// Options says what a data source lets a template reach. The zero value
// allows built-in functions that every server has and names without a schema.
type Options struct {
	Dialect Dialect
	// Schemas are the schemas that a table or column may be qualified with,
	// compared letter by letter. System schemas (mysql, information_schema,
	// performance_schema, sys) are refused like any other that is not listed.
	Schemas []string
	// Functions are stored functions that may be called, "name" or
	// "schema.name". Nothing is known of what they do: they can write.
	Functions []string
}

// Statement is a query that passed Check.
type Statement struct {
	SQL      string   // what is prepared on the server: without comments, "?" for each parameter
	Names    []string // the parameter behind each "?", in order; a name can occur again
	Original string   // the text as it was given
	marks    []mark
}

// Check reads sql and returns it as a statement, or a *Refused that says what
// was found, where, and what is allowed. It never asks a server: whether the
// tables and columns exist shows when the statement is prepared.
func Check(sql string, opt Options) (*Statement, error) {
	if err := checkText(sql); err != nil {
		return nil, err
	}
	tokens, err := lex(sql)
	if err != nil {
		return nil, err
	}
	if tokens, err = applyRules(sql, tokens, opt); err != nil {
		return nil, err
	}
	sent := rewrite(sql, tokens)
	if n := len(sent.marks); n > MaxParams {
		t := tokens[sent.marks[MaxParams].token]
		return nil, refuse(sql, t.off, t.end, fmt.Sprintf("%d parameters", n), strconv.Itoa(MaxParams))
	}
	if err = checkTree(sql, tokens, &sent, opt); err != nil {
		return nil, err
	}
	st := &Statement{SQL: sent.sql, Original: sql, marks: sent.marks}
	for _, m := range sent.marks {
		st.Names = append(st.Names, m.name)
	}
	return st, nil
}

// checkText refuses what is no text at all, and bytes that a terminal or an
// editor would hide.
func checkText(sql string) *Refused {
	if len(sql) > MaxSQL {
		return refuse(sql, MaxSQL, MaxSQL, fmt.Sprintf("text of %d bytes", len(sql)), fmt.Sprintf("%d bytes", MaxSQL))
	}
	for i, r := range sql {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(sql[i:], "\uFFFD"):
			return refuse(sql, i, i+1, "byte that is not UTF-8", "UTF-8 text")
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r >= 0x7f && r < 0xa0:
			return refuse(sql, i, i+utf8.RuneLen(r), fmt.Sprintf("control character %U", r), "tab and line feed; CHAR(n) or a parameter for others")
		}
	}
	return nil
}
