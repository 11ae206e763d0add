package sqlcheck

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of a template's SQL.
const (
	MaxSQL    = 64 << 10 // bytes of text
	MaxParams = 200      // places where a parameter stands
)

// Options are the parts of Check that depend on the data source. The zero value
// allows built-in functions that both servers have and names without a schema.
type Options struct {
	Dialect Dialect
	// Schemas are the schemas that may qualify a table or a column, compared
	// letter by letter. A system schema (mysql, information_schema,
	// performance_schema, sys) is allowed only where it is listed.
	Schemas []string
	// Functions are the stored functions that may be called, as "name" or
	// "schema.name". Check does not know what they do: they can write.
	Functions []string
}

// Statement is a query that passed Check.
type Statement struct {
	SQL      string   // the query without comments, with "?" for each parameter
	Names    []string // the parameter behind each "?", in order; a name can occur again
	Original string   // the text as it was given
	marks    []mark
}

// Check reads sql and returns it as a statement, or a *Refused that says what
// was found, where, and what is allowed. It does not ask a server: whether the
// tables and columns exist becomes known when the statement is prepared.
func Check(sql string, opt Options) (*Statement, error) {
	if err := checkText(sql); err != nil {
		return nil, err
	}
	tokens, err := lex(sql)
	if err != nil {
		return nil, err
	}
	if tokens, err = applyRules(sql, tokens); err != nil {
		return nil, err
	}
	marks := marksOf(tokens)
	if n := len(marks); n > MaxParams {
		t := tokens[marks[MaxParams].token]
		return nil, refuse(sql, t.off, t.end, fmt.Sprintf("%d parameters", n), strconv.Itoa(MaxParams))
	}
	items, err := parse(sql, tokens, marks, opt)
	if err != nil {
		return nil, err
	}
	st := &Statement{Original: sql, marks: marks}
	st.SQL = rewrite(sql, tokens, marks, items)
	for _, m := range marks {
		st.Names = append(st.Names, m.name)
	}
	return st, nil
}

// checkText refuses bytes that are not UTF-8 text, and characters that a
// terminal or an editor does not show.
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
