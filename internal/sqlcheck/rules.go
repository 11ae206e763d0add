package sqlcheck

import "strings"

const (
	oneQuery       = "one SELECT, WITH … SELECT, or UNION, INTERSECT, EXCEPT of them"
	plainFunctions = "built-in functions that only compute, and stored functions named in the data source's configuration"
	parameterNames = ":name, with a letter or _ first, then letters, digits and _, 64 characters at most"
)

// applyRules checks the tokens of a statement one by one and returns them without
// the final ";".
//
// The rules know no grammar. They refuse the words and characters that turn a
// query into more than a read wherever they stand outside strings and
// back-quotes, so that no mistake of the grammar, and no difference between it
// and a server's, lets one of them pass.
func applyRules(sql string, tokens []token) ([]token, *Refused) {
	if n := len(tokens); n > 0 && tokens[n-1].isPunct(";") {
		tokens = tokens[:n-1]
	}
	if len(tokens) == 0 {
		return nil, refuse(sql, 0, 0, "no statement", oneQuery)
	}
	r := rules{sql: sql, tokens: tokens}
	if t := tokens[0]; !t.is("SELECT") && !t.is("WITH") && !t.isPunct("(") {
		return nil, r.refuse(0, 0, "statement that is not a query", oneQuery)
	}
	for i, t := range tokens {
		var err *Refused
		switch t.kind {
		case word:
			err = r.word(i)
		case uservar:
			err = r.refuse(i, i, "user variable", "parameters, :name")
		case sysvar:
			err = r.refuse(i, i, "system variable", "parameters, and functions such as VERSION()")
		case punct:
			err = r.punct(i)
		case quoted, param, text, number, hint:
		}
		if err != nil {
			return nil, err
		}
	}
	return tokens, nil
}

// rules checks single tokens with their neighbours.
type rules struct {
	sql    string
	tokens []token
}

// refuse describes the tokens from i to j.
func (r rules) refuse(i, j int, reason, allowed string) *Refused {
	return refuse(r.sql, r.tokens[i].off, r.tokens[j].end, reason, allowed)
}

// at returns token i, or a token that matches nothing.
func (r rules) at(i int) token {
	if i < 0 || i >= len(r.tokens) {
		return token{kind: punct}
	}
	return r.tokens[i]
}

// word refuses the keywords that turn a query into more than a read. A word after
// a "." is the name of a column.
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

func (r rules) punct(i int) *Refused {
	switch r.tokens[i].text {
	case ";":
		return r.refuse(i, min(i+1, len(r.tokens)-1), "second statement", oneQuery)
	case ":=":
		return r.refuse(max(i-1, 0), i, "assignment to a variable", "queries that change nothing")
	case "::":
		return r.refuse(i, i, "operator that MySQL does not have", "CAST(value AS type)")
	case ".":
		return r.dot(i)
	}
	return nil
}

// dot checks that a "." joins two names. They are sent without the blanks around
// it: with blanks the servers disagree on whether a keyword may follow.
func (r rules) dot(i int) *Refused {
	if p, n := r.at(i-1), r.at(i+1); (p.isName() || p.isAnsiName()) && (n.isName() || n.isAnsiName() || n.isPunct("*")) {
		return nil
	}
	return r.refuse(max(i-1, 0), min(i+1, len(r.tokens)-1), "dot that does not join two names", "schema.table.column")
}

func unknownFunction(name string) string {
	if why := whyNot(strings.ToLower(name)); why != "" {
		return "function " + name + ", which " + why
	}
	return "unknown function " + name
}
