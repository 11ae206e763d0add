package auditchain

import (
	"fmt"
	"strconv"
	"strings"
)

// ParseLink parses ID:HASH.
func ParseLink(text string) (l Link, err error) {
	id, hash, ok := strings.Cut(text, ":")
	if l.ID, err = strconv.ParseInt(id, 10, 64); !ok || err != nil || l.ID < 0 {
		return Link{}, fmt.Errorf("%.120q, want ID:HASH", text)
	}
	l.Hash, err = ParseHash(hash)
	return l, err
}

// maxProblems bounds the problems that a Verifier keeps.
const maxProblems = 20

// Verifier checks rows that are added in the order of their ids.
type Verifier struct {
	last     Link
	rows     int64
	expected map[int64]Hash
	problems []string
	more     int
}

// NewVerifier returns a Verifier for the rows after a link: the zero Link for a
// chain from its first row, or the last row that retention has removed. expected
// are hashes that rows must have, such as that of the head of the chain.
func NewVerifier(after Link, expected ...Link) *Verifier {
	v := &Verifier{last: after, expected: map[int64]Hash{}}
	for _, l := range expected {
		if l.ID == after.ID {
			v.check(l, after.Hash)
			continue
		}
		v.expected[l.ID] = l.Hash
	}
	return v
}

// Add checks the next row.
func (v *Verifier) Add(r *Row) {
	v.rows++
	switch {
	case r.ID <= v.last.ID:
		v.problem("row %d follows row %d", r.ID, v.last.ID)
	case r.ID > v.last.ID+1:
		v.missing(v.last.ID+1, r.ID-1)
	case r.Prev != v.last.Hash && v.last.ID == 0:
		v.problem("row 1 was changed: it names a row before it")
	case r.Prev != v.last.Hash:
		v.problem("row %d was changed: its hash is %s, row %d says %s", v.last.ID, v.last.Hash, r.ID, r.Prev)
	}
	v.last = Link{ID: r.ID, Hash: r.Hash()}
	if want, ok := v.expected[r.ID]; ok {
		delete(v.expected, r.ID)
		v.check(Link{r.ID, want}, v.last.Hash)
	}
}

func (v *Verifier) check(want Link, got Hash) {
	if got != want.Hash {
		v.problem("row %d was changed: its hash is %s, want %s", want.ID, got, want.Hash)
	}
}

// SkipTo records that retention has removed the rows up to a link since
// the verification began.
func (v *Verifier) SkipTo(l Link) {
	if l.ID <= v.last.ID {
		return
	}
	v.last = l
	for id := range v.expected {
		if id < l.ID {
			delete(v.expected, id)
		}
	}
}

// Last returns the last row that was added.
func (v *Verifier) Last() Link { return v.last }

// Result is the outcome of a verification.
type Result struct {
	Rows     int64
	Last     Link
	Problems []string // the first of them; none: the chain is unbroken
	More     int      // problems that are not in Problems
}

// Done ends the verification. Rows that were expected and not added are missing.
func (v *Verifier) Done() Result {
	var first, last int64
	for id := range v.expected {
		if id > v.last.ID {
			last = max(last, id)
			first = v.last.ID + 1
			continue
		}
		v.problem("row %d is missing", id)
	}
	if last > 0 {
		v.missing(first, last)
	}
	return Result{Rows: v.rows, Last: v.last, Problems: v.problems, More: v.more}
}

func (v *Verifier) missing(first, last int64) {
	if first == last {
		v.problem("row %d is missing", first)
		return
	}
	v.problem("rows %d to %d are missing", first, last)
}

func (v *Verifier) problem(format string, args ...any) {
	if len(v.problems) == maxProblems {
		v.more++
		return
	}
	v.problems = append(v.problems, fmt.Sprintf(format, args...))
}
