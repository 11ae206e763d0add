package sqlcheck

import (
	"strconv"
	"strings"
)

const (
	oneQuery       = "one SELECT, WITH … SELECT, or UNION, INTERSECT, EXCEPT of them"
	plainFunctions = "built-in functions that only compute, and stored functions named in the data source's configuration"
	parameterNames = ":name, with a letter or _ first, then letters, digits and _, 64 characters at most"
	maxDepth       = 100 // brackets inside brackets
)

// applyRules looks at the tokens of a statement and returns them without the
// final ";". Most of what it refuses the walk would refuse as well; here the
// place is known and the reason can be told plainly.
func applyRules(sql string, tokens []token, opt Options) ([]token, *Refused) {
	if n := len(tokens); n > 0 && tokens[n-1].isPunct(";") {
		tokens = tokens[:n-1]
	}
	if len(tokens) == 0 {
		return nil, refuse(sql, 0, 0, "no statement", oneQuery)
	}
	r := rules{sql: sql, tokens: tokens, opt: opt}
	if t := tokens[0]; !t.is("SELECT") && !t.is("WITH") && !t.isPunct("(") {
		return nil, r.refuse(0, 0, "statement that is no query", oneQuery)
	}
	depth := 0
	for i, t := range tokens {
		var err *Refused
		switch t.kind {
		case word:
			err = r.word(i)
		case text:
			err = r.introducer(i)
		case uservar:
			err = r.refuse(i, i, "user variable", "parameters, :name")
		case sysvar:
			err = r.refuse(i, i, "system variable", "parameters, and functions such as VERSION()")
		case hint:
			if i == 0 || !tokens[i-1].is("SELECT") {
				err = r.refuse(i, i, "optimizer hint away from SELECT", "SELECT /*+ … */")
			}
		case punct:
			err = r.punct(i, &depth)
		case quoted, number, param:
		}
		if err != nil {
			return nil, err
		}
	}
	return tokens, nil
}

// rules is one pass over the tokens.
type rules struct {
	sql    string
	tokens []token
	opt    Options
}

// refuse describes the tokens from i to j.
func (r rules) refuse(i, j int, reason, allowed string) *Refused {
	return refuse(r.sql, r.tokens[i].off, r.tokens[j].end, reason, allowed)
}

// at is token i, or a token that is nothing.
func (r rules) at(i int) token {
	if i < 0 || i >= len(r.tokens) {
		return token{kind: punct}
	}
	return r.tokens[i]
}

// word refuses keywords that turn a query into more than a read. A name after
// a "." is a column, whatever it is called.
func (r rules) word(i int) *Refused {
	if r.at(i - 1).isPunct(".") {
		return nil
	}
	t, next := r.at(i), r.at(i+1)
	switch {
	case t.is("FOR") && (next.is("UPDATE") || next.is("SHARE")), t.is("LOCK") && next.is("IN"):
		return r.refuse(i, i+1, "locking clause", "reads without locks")
	case t.is("FOR") && next.is("SYSTEM_TIME"), t.is("AS") && next.is("OF"):
		return r.refuse(i, i+1, "time travel", "reads of the present rows")
	case t.is("INTO"):
		return r.refuse(i, i, "INTO", "a query whose rows are exported")
	case t.is("PROCEDURE"):
		return r.refuse(i, i, "PROCEDURE", oneQuery)
	case t.is("VALUE") && next.is("FOR"):
		return r.refuse(i, i+1, "access to a sequence", plainFunctions)
	case t.is("HIGH_PRIORITY"), t.is("SQL_CALC_FOUND_ROWS"):
		return r.refuse(i, i, "SELECT option that reaches beyond the query", "DISTINCT, STRAIGHT_JOIN, SQL_BIG_RESULT and the like")
	}
	return nil
}

// introducer checks the character set in front of a string: _utf8mb4'…'. A
// name that only some servers know as one would be a column with an alias.
func (r rules) introducer(i int) *Refused {
	p := r.at(i - 1)
	if p.kind != word || p.text[0] != '_' || r.at(i-2).isPunct(".") {
		return nil
	}
	switch strings.ToLower(p.text) {
	case "_utf8mb4", "_utf8mb3", "_utf8", "_latin1", "_ascii", "_binary":
		return nil
	}
	return r.refuse(i-1, i, "character set introducer", "_utf8mb4, _utf8mb3, _utf8, _latin1, _ascii, _binary; AS in front of an alias")
}

func (r rules) punct(i int, depth *int) *Refused {
	switch r.tokens[i].text {
	case ";":
		return r.refuse(i, min(i+1, len(r.tokens)-1), "second statement", oneQuery)
	case ":=":
		return r.refuse(max(i-1, 0), i, "assignment to a variable", "queries that change nothing")
	case "::":
		return r.refuse(i, i, "operator that MySQL does not have", "CAST(value AS type)")
	case ".":
		return r.dot(i)
	case "(":
		*depth++
		if *depth > maxDepth {
			return r.refuse(i, i, "too many open brackets", strconv.Itoa(maxDepth))
		}
		return r.bracket(i)
	case ")":
		*depth--
		if *depth < 0 {
			return r.refuse(i, i, "closing bracket that was never opened", "")
		}
	}
	return nil
}

// dot wants names that touch it: with blanks the servers and the grammar
// disagree on whether a keyword may follow.
func (r rules) dot(i int) *Refused {
	p, t, n := r.at(i-1), r.at(i), r.at(i+1)
	if p.isName() && p.end == t.off && (n.isName() || n.isPunct("*")) && n.off == t.end {
		return nil
	}
	return r.refuse(max(i-1, 0), min(i+1, len(r.tokens)-1), "dot that does not join two names", "schema.table.column without blanks")
}

// bracket looks at the name in front of "(". It must be a function that may be
// called, a keyword, or the name of a column list.
func (r rules) bracket(i int) *Refused {
	p := r.at(i - 1)
	if !p.isName() {
		return nil
	}
	name, lower := p.name(), strings.ToLower(p.name())
	if r.at(i - 2).isPunct(".") {
		return r.qualified(i, name)
	}
	if r.columnList(i) || p.kind == word && beforeBracket(lower) {
		return nil
	}
	if !r.opt.callable("", name) {
		return r.refuse(i-1, i-1, unknownFunction(name), plainFunctions)
	}
	switch native := builtin(lower, r.opt.Dialect); {
	case native && p.kind == quoted:
		return r.refuse(i-1, i-1, "built-in function in back-quotes, which means a stored function of that name", "the name without back-quotes")
	case native && tight(lower) && p.end != r.tokens[i].off:
		return r.refuse(i-1, i, "blank between function and bracket, which means a stored function of that name", name+"(…)")
	}
	return nil
}

// qualified decides on schema.name( .
func (r rules) qualified(i int, name string) *Refused {
	schema := r.at(i - 3).name()
	if r.at(i-4).isPunct(".") || !r.opt.callable(schema, name) {
		return r.refuse(i-3, i-1, "stored function "+schema+"."+name, plainFunctions)
	}
	return nil
}

// columnList reports whether "(" number i opens the column list of a common
// table expression, name(a, b) AS (…), or of a derived table, (…) [AS] name(a, b).
// No call can stand in these places.
func (r rules) columnList(i int) bool {
	before := r.at(i - 2)
	if before.is("AS") {
		before = r.at(i - 3)
	}
	if before.isPunct(")") {
		return true
	}
	for j := i + 1; j < len(r.tokens); j++ {
		if r.tokens[j].isPunct(")") {
			return r.at(j+1).is("AS") && r.at(j+2).isPunct("(")
		}
		if !r.tokens[j].isName() && !r.tokens[j].isPunct(",") {
			return false
		}
	}
	return false
}

func unknownFunction(name string) string {
	if why := whyNot(strings.ToLower(name)); why != "" {
		return "function " + name + ", which " + why
	}
	return "unknown function " + name
}
