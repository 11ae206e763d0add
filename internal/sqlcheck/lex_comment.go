package sqlcheck

import "strings"

// comment skips a comment, or reads /*+ … */ behind SELECT as a hint token. In
// other places /*+ … */ is a comment.
//
// An executable comment is code on one server and a comment on another; a
// comment inside a comment ends in a different place depending on the server.
// Both are errors, and so is "--" without a following blank, which is a comment
// in standard SQL and two minus signs in MySQL.
func (l *lexer) comment() *Refused {
	switch {
	case l.has("/*"):
		return l.blockComment()
	case l.has("--") && l.pos+2 < len(l.sql) && strings.IndexByte(" \t\r\n", l.sql[l.pos+2]) < 0:
		return l.refuse(l.pos, l.pos+3, "-- without a blank after it", "\"-- comment\", or \"- -1\" for a double minus")
	}
	from := l.pos
	if i := strings.IndexByte(l.sql[l.pos:], '\n'); i >= 0 {
		l.pos += i
	} else {
		l.pos = len(l.sql)
	}
	line := strings.TrimSuffix(l.sql[from:l.pos], "\r")
	if i := strings.IndexByte(line, '\r'); i >= 0 {
		return l.refuse(from+i, from+i+1, "carriage return inside a comment", "lines ended by LF or CR LF")
	}
	return nil
}

func (l *lexer) blockComment() *Refused {
	from := l.pos
	n := strings.Index(l.sql[from+2:], "*/")
	if n < 0 {
		return l.refuse(from, len(l.sql), "comment without an end", "a closing */")
	}
	body := l.sql[from+2 : from+2+n]
	l.pos = from + n + 4
	upper := strings.ToUpper(body)
	switch {
	case strings.HasPrefix(body, "!"), strings.HasPrefix(upper, "M!"), strings.HasPrefix(upper, "T!"):
		return l.refuse(from, l.pos, "executable comment", "plain comments, /* … */")
	case strings.Contains(body, "/*"):
		return l.refuse(from, l.pos, "comment inside a comment", "one comment after the other")
	case strings.HasPrefix(body, "+"):
		sent, err := checkHint(l.sql, from+3, from+2+n)
		if err != nil {
			return err
		}
		if n := len(l.tokens); sent == "" || n == 0 || !l.tokens[n-1].is("SELECT") {
			return nil
		}
		l.tokens = append(l.tokens, token{kind: hint, off: from, end: l.pos, text: "/*+" + sent + "*/"})
	}
	return nil
}
