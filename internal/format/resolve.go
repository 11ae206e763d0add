package format

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"exporttask/internal/format/row"
)

// Resolve finds the declared columns among those of a result. Without a
// declaration it returns all columns of the result. A name is compared exactly
// first and then, as in MySQL, without regard to case. The error is a
// *DeclError if a column is missing or ambiguous, a time zone is declared for a
// column that is no DATETIME, or a binary encoding for a column that is not
// binary.
func Resolve(specs []Spec, source []row.Column) ([]Column, error) {
	if len(specs) == 0 {
		cols := make([]Column, len(source))
		for i, c := range source {
			cols[i] = Column{Source: c, Index: i, Label: c.Name, Binary: undeclaredBinary(c)}
		}
		return cols, nil
	}
	cols := make([]Column, len(specs))
	for i := range specs {
		s := &specs[i]
		at, reason := find(s.Name, source)
		if reason != "" {
			return nil, &DeclError{Item: i + 1, Column: s.Name, Reason: reason}
		}
		if key, reason := s.fits(source[at]); reason != "" {
			return nil, &DeclError{Item: i + 1, Column: s.Name, Key: key, Reason: reason}
		}
		label := s.Label
		if label == "" {
			label = source[at].Name
		}
		binary := s.Binary
		if !s.HasBinary {
			binary = undeclaredBinary(source[at])
		}
		cols[i] = Column{
			Source: source[at], Index: at, Label: label, Type: s.Type, Format: s.Format, Width: s.Width,
			Map: s.Map, Zone: s.zoneOf(source[at]), Unguard: s.Unguard, Binary: binary,
			BinaryDeclared: s.HasBinary,
			Look:           s.Look,
		}
		if key, reason := cols[i].fitLook(); reason != "" {
			return nil, &DeclError{Item: i + 1, Column: s.Name, Key: key, Reason: reason}
		}
	}
	return cols, nil
}

// undeclaredBinary returns the text encoding of a binary column without a declared
// one. An expression such as CONCAT('total', CHAR(10), n) is binary although its
// value is text.
func undeclaredBinary(c row.Column) BinaryText {
	if c.Kind == row.Binary && c.Computed {
		return TextOrHex
	}
	return Hex
}

// zoneOf returns the conversion of a column. A declaration that names only the
// target converts a TIMESTAMP from the time zone of the session, which the column
// names, and any other column from UTC.
func (s *Spec) zoneOf(c row.Column) Zone {
	z := s.Zone
	if z.From == nil && z.To != nil {
		z.From = c.Location
	}
	return z
}

// find returns the index of the column with the name, or the reason why there
// is not exactly one.
func find(name string, source []row.Column) (at int, reason string) {
	same := func(a string) bool { return a == name }
	for range 2 {
		found := 0
		for i, s := range slices.Backward(source) {
			if same(s.Name) {
				at = i
				found++
			}
		}
		if found == 1 {
			return at, ""
		}
		if found > 1 {
			return 0, fmt.Sprintf("the result has %d columns of this name, want one: give them aliases in the SQL", found)
		}
		same = func(a string) bool { return strings.EqualFold(a, name) }
	}
	return 0, "not in the result, which has " + names(source)
}

// fits checks a declaration against the type of its column and returns the
// invalid key and the reason, or "".
func (s *Spec) fits(c row.Column) (key, reason string) {
	if !s.Zone.IsZero() && c.Kind != row.DateTime {
		return "zone", "the column is a " + c.Type + ", want a DATETIME or TIMESTAMP"
	}
	if s.HasBinary && c.Kind != row.Binary {
		return "binary", "the column is a " + c.Type + ", want a BINARY, VARBINARY or BLOB"
	}
	return "", ""
}

// names lists the names of the columns for an error message, at most 50 of
// them.
func names(source []row.Column) string {
	var b strings.Builder
	for i, c := range source {
		if i == 50 {
			return b.String() + fmt.Sprintf(" and %d more", len(source)-i)
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(c.Name))
	}
	return b.String()
}
