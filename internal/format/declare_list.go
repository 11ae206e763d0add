package format

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// parseList parses a short list: items separated by commas, each a name or a
// name, a colon and a label. White space around names and labels is removed.
// The full-width comma and colon of Chinese keyboards are separators as well. A
// name or a label in back-quotes may contain any character, with a back-quote
// doubled.
func parseList(decl string) ([]Spec, error) {
	var specs []Spec
	for rest, more := decl, true; more; {
		item := len(specs) + 1
		s := Spec{}
		var end rune
		var err error
		s.Name, end, rest, err = listWord(rest, ",，:：")
		if err != nil {
			return nil, &DeclError{Item: item, Key: "name", Reason: err.Error()}
		}
		if s.Name == "" {
			return nil, &DeclError{Item: item, Key: "name", Reason: "empty, want a name between two commas"}
		}
		if end == ':' || end == '：' {
			s.Label, end, rest, err = listWord(rest, ",，")
			if err != nil {
				return nil, &DeclError{Item: item, Column: s.Name, Key: "label", Reason: err.Error()}
			}
			if s.Label == "" {
				return nil, &DeclError{Item: item, Column: s.Name, Key: "label", Reason: "empty, want a text after the colon or no colon"}
			}
		}
		specs = append(specs, s)
		more = end != 0
	}
	return specs, nil
}

// listWord returns the word that p begins with, the separator behind it (one of
// stops, or 0 at the end of p) and the rest of p.
func listWord(p, stops string) (word string, stop rune, rest string, err error) {
	p = strings.TrimSpace(p)
	if !strings.HasPrefix(p, "`") {
		i := strings.IndexAny(p, stops)
		if i < 0 {
			return p, 0, "", nil
		}
		stop, n := utf8.DecodeRuneInString(p[i:])
		return strings.TrimSpace(p[:i]), stop, p[i+n:], nil
	}
	var b strings.Builder
	for p = p[1:]; ; p = p[1:] {
		i := strings.IndexByte(p, '`')
		if i < 0 {
			return "", 0, "", fmt.Errorf("the back-quote before %q has no end", b.String()+p)
		}
		b.WriteString(p[:i])
		p = p[i+1:]
		if !strings.HasPrefix(p, "`") {
			break
		}
		b.WriteByte('`')
	}
	p = strings.TrimSpace(p)
	if p == "" {
		return b.String(), 0, "", nil
	}
	stop, n := utf8.DecodeRuneInString(p)
	if !strings.ContainsRune(stops, stop) {
		return "", 0, "", fmt.Errorf("%q after `%s`, want one of %q or the end", p, b.String(), stops)
	}
	return b.String(), stop, p[n:], nil
}
