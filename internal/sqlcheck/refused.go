package sqlcheck

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Refused is the error of SQL that a template may not contain. The author of
// the template can correct it; a Refused is never a fault of the service.
type Refused struct {
	Reason  string // what was found, such as "user variable"
	Near    string // the offending text, at most 40 characters of it; may be empty
	Offset  int    // byte offset of Near in the SQL, from 0
	End     int    // byte offset of the end of the offending text
	Line    int    // line of Near, from 1
	Col     int    // column of Near in that line, in characters, from 1
	Allowed string // what may be written instead; may be empty
}

// Error returns one line of text: the place, what was found, what is allowed.
func (r *Refused) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "sql %d:%d: %s", r.Line, r.Col, r.Reason)
	if r.Near != "" {
		fmt.Fprintf(&b, " near %q", r.Near)
	}
	if r.Allowed != "" {
		b.WriteString("; allowed: " + r.Allowed)
	}
	return b.String()
}

// maxNear is the number of characters of the SQL, or of a value, that an error
// message quotes.
const maxNear = 40

// refuse returns the error about sql[off:end].
func refuse(sql string, off, end int, reason, allowed string) *Refused {
	off = min(max(off, 0), len(sql))
	end = min(max(end, off), len(sql))
	before := sql[:off]
	start := strings.LastIndexByte(before, '\n') + 1
	return &Refused{
		Reason:  reason,
		Near:    shorten(sql[off:end], maxNear),
		Offset:  off,
		End:     end,
		Line:    strings.Count(before, "\n") + 1,
		Col:     utf8.RuneCountInString(before[start:]) + 1,
		Allowed: allowed,
	}
}

// shorten returns the first limit characters of s, with "…" where s is longer.
func shorten(s string, limit int) string {
	n := 0
	for i := range s {
		if n == limit {
			return s[:i] + "…"
		}
		n++
	}
	return s
}
