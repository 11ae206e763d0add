package sqlcheck

import "strings"

// FoundParam is a parameter in the text of a statement.
type FoundParam struct {
	Name    string
	Builtin bool
	List    bool // used as IN (:name), so that its value can be a list
}

// FindParams returns the parameters of a text in the order of their first
// occurrence, also of a text that Check refuses: up to the place where the text
// is no SQL at all.
func FindParams(sql string) []FoundParam {
	tokens := tokensOf(sql)
	var found []FoundParam
	index := map[string]int{}
	for i, t := range tokens {
		if t.kind != param {
			continue
		}
		name := t.text[1:]
		at, seen := index[name]
		if !seen {
			at = len(found)
			index[name] = at
			found = append(found, FoundParam{Name: name, Builtin: Reserved(name)})
		}
		if i >= 2 && tokens[i-1].isPunct("(") && tokens[i-2].is("IN") && i+1 < len(tokens) && tokens[i+1].isPunct(")") {
			found[at].List = true
		}
	}
	return found
}

// FindName returns the first place of a name in a text, as a data source writes
// the name in an error: "column" or "table.column". Of a qualified name it is the
// last part. Strings and comments are passed over.
func FindName(sql, name string) (off, end int, ok bool) {
	parts := strings.Split(name, ".")
	tokens := tokensOf(sql)
	for n := len(parts); n > 0; n-- { // the whole name, else its last parts
		for i := range tokens {
			if last, found := matchName(tokens[i:], parts[len(parts)-n:]); found {
				return last.off, last.end, true
			}
		}
	}
	return 0, 0, false
}

// matchName reports whether tokens begin with the parts of a name, and returns
// the token of the last one.
func matchName(tokens []token, parts []string) (last token, ok bool) {
	for i, part := range parts {
		if len(tokens) < 2*i+1 || i > 0 && !tokens[2*i-1].isPunct(".") {
			return token{}, false
		}
		if last = tokens[2*i]; !last.isName() || !strings.EqualFold(last.name(), part) {
			return token{}, false
		}
	}
	return last, true
}

// tokensOf returns the tokens of a text up to the first place that is no token.
func tokensOf(sql string) []token {
	if checkText(sql) != nil {
		return nil
	}
	l := &lexer{sql: sql}
	for l.pos < len(sql) {
		if l.next() != nil {
			break
		}
	}
	return l.tokens
}
