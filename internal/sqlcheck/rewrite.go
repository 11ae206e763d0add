package sqlcheck

import "strings"

// mark is a parameter of a statement.
type mark struct {
	name  string
	off   int // byte offset of "?" in Statement.SQL
	token int // index of the parameter's token
	use   use
}

// use is the syntactic position of a parameter, which decides what may be bound
// and how it is written.
type use uint8

const (
	useValue   use = iota // anywhere a single value may stand
	useCompare            // one side of a comparison with something that is not a parameter
	useIn                 // alone between the brackets of IN
	useLimit              // LIMIT or OFFSET: an integer
)

// marksOf returns the parameters among tokens, in the order of the text.
func marksOf(tokens []token) []mark {
	var marks []mark
	for i, t := range tokens {
		if t.kind == param {
			marks = append(marks, mark{name: t.text[1:], token: i})
		}
	}
	return marks
}

// rewrite returns the SQL that is sent to the server, with "?" for each
// parameter, and sets the offset of each of marks in it. White space stays as it
// is, except around the dots of names. A gap that holds a comment becomes one blank, or as many line feeds as the
// comment held, so that line numbers in the server's errors stay correct.
//
// Each of items gets its own text as an alias. The server would name such a
// column after the text that is sent, with "?" or a value in it.
func rewrite(sql string, tokens []token, marks []mark, items []item) string {
	alias := make(map[int]string, len(items))
	for _, it := range items {
		alias[it.last] = columnName(sql, tokens[it.first:it.last+1])
	}
	var b strings.Builder
	end, m := 0, 0
	for i, t := range tokens {
		if !t.isPunct(".") && (i == 0 || !tokens[i-1].isPunct(".")) {
			b.WriteString(blank(sql[end:t.off]))
		}
		if t.kind == param {
			marks[m].off = b.Len()
			m++
			b.WriteByte('?')
		} else {
			b.WriteString(t.text)
		}
		if name, ok := alias[i]; ok {
			b.WriteString(" AS " + name)
		}
		end = t.end
	}
	return b.String()
}

// maxAlias is the length of an alias that both servers allow, in characters.
const maxAlias = 250

// columnName returns the text of a result column as an identifier in
// back-quotes. White space and comments become one blank.
func columnName(sql string, tokens []token) string {
	var b strings.Builder
	for i, t := range tokens {
		if i > 0 && t.off > tokens[i-1].end {
			b.WriteByte(' ')
		}
		b.WriteString(sql[t.off:t.end])
	}
	return "`" + strings.ReplaceAll(shorten(b.String(), maxAlias), "`", "``") + "`"
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
