package sqlcheck

import "strings"

// mark is the place of a parameter in the sent text.
type mark struct {
	name  string
	off   int // byte offset of "?" in the sent text
	token int // index of the parameter's token
	use   use
}

// use is the syntactic position of a parameter, which decides what may be bound.
type use uint8

const (
	useValue use = iota // anywhere a single value may stand
	useIn               // alone between the brackets of IN
	useLimit            // LIMIT or OFFSET: an integer
)

// sentText is the SQL that is sent to the server, with the position of each
// token and parameter in it.
type sentText struct {
	sql    string
	starts []int // byte offset of each token in sql
	marks  []mark
}

// rewrite joins the tokens, with "?" for each parameter. White space stays as it
// is. A gap that holds a comment becomes one blank, or as many line feeds as the
// comment held, so that line numbers in the server's errors stay correct.
func rewrite(sql string, tokens []token) sentText {
	var b strings.Builder
	s := sentText{starts: make([]int, len(tokens))}
	end := 0
	for i, t := range tokens {
		b.WriteString(blank(sql[end:t.off]))
		s.starts[i] = b.Len()
		if t.kind == param {
			s.marks = append(s.marks, mark{name: t.text[1:], off: b.Len(), token: i})
			b.WriteByte('?')
		} else {
			b.WriteString(t.text)
		}
		end = t.end
	}
	s.sql = b.String()
	return s
}

// blank returns the white space that is sent for a gap between two tokens.
func blank(gap string) string {
	if strings.Trim(gap, " \t\r\n") == "" {
		return gap
	}
	if n := strings.Count(gap, "\n"); n > 0 {
		return strings.Repeat("\n", n)
	}
	return " "
}

// tokenAt returns the index of the last token that begins at or before the byte
// offset off of the sent text.
func (s sentText) tokenAt(off int) int {
	n := 0
	for n < len(s.starts) && s.starts[n] <= off {
		n++
	}
	return max(n-1, 0)
}
