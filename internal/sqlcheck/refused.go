package sqlcheck

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Refused says why a template's SQL may not run. It is the caller's mistake,
// never the service's.
type Refused struct {
	Reason  string // what was found: "user variable @v"
	Near    string // the piece of the text it is about, shortened; may be empty
	Offset  int    // where Near begins in the text, in bytes from 0
	Line    int    // the same place, from 1
	Col     int    // in characters from 1
	Allowed string // what may be written instead
}

// Error is one line: place, what was found, what is allowed.
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

// maxNear is how much of the text an error repeats, in characters.
const maxNear = 40

// refuse describes sql[off:end].
func refuse(sql string, off, end int, reason, allowed string) *Refused {
	off = min(max(off, 0), len(sql))
	end = min(max(end, off), len(sql))
	before := sql[:off]
	start := strings.LastIndexByte(before, '\n') + 1
	return &Refused{
		Reason:  reason,
		Near:    shorten(sql[off:end], maxNear),
		Offset:  off,
		Line:    strings.Count(before, "\n") + 1,
		Col:     utf8.RuneCountInString(before[start:]) + 1,
		Allowed: allowed,
	}
}

// shorten cuts s after limit characters.
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
