package sqlcheck

import "strings"

// mark is a placeholder in the sent text.
type mark struct {
	name  string
	off   int // of "?" in the sent text, in bytes
	token int // the token it was written as
	use   use
}

// use is the place a placeholder stands in, which decides what may be bound.
type use uint8

const (
	useValue use = iota // anywhere a single value may stand
	useIn               // alone between the brackets of IN
	useLimit            // LIMIT or OFFSET: an integer
)

// sentText is what goes to the server, and where it came from.
type sentText struct {
	sql    string
	starts []int // where each token begins in sql
	marks  []mark
}

// rewrite joins the tokens with "?" for each parameter. Blanks stay as they
// are; a gap with a comment becomes a blank, or as many line feeds as it held,
// so that the server's line numbers hold for the text as written.
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

// blank is the white space that a gap between tokens is sent as.
func blank(gap string) string {
	if strings.Trim(gap, " \t\r\n") == "" {
		return gap
	}
	if n := strings.Count(gap, "\n"); n > 0 {
		return strings.Repeat("\n", n)
	}
	return " "
}

// tokenAt is the last token that begins at or before off of the sent text.
func (s sentText) tokenAt(off int) int {
	n := 0
	for n < len(s.starts) && s.starts[n] <= off {
		n++
	}
	return max(n-1, 0)
}
