package format

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Spec is the declaration of one output column, which does not need the columns
// of a result.
type Spec struct {
	Name    string // name of the result's column
	Label   string // text of the header; "" = Name
	Type    Type
	Format  string // number or date format in Excel's notation; "" = default of the type
	Width   float64
	Map     map[string]string
	Zone    Zone
	Unguard bool
	Binary  BinaryText
	// HasBinary reports that Binary was declared: Hex is also its zero value.
	HasBinary bool
	Look
}

// The limits of a declaration. Lengths of texts are in UTF-16 code units, which
// spreadsheets count as characters.
const (
	maxDeclaration = 1 << 20 // bytes
	maxColumns     = 16384   // columns of a sheet (ECMA-376 part 1, section 18.3.1.73)
	maxName        = 256     // characters of a column alias in MySQL
	maxLabel       = 255
	maxFormat      = 255
	maxWidth       = 255
	maxMap         = 1000
	maxMapText     = 1000
)

// DeclError describes the invalid part of a declaration of output columns.
type DeclError struct {
	Item   int    // number of the column in the declaration, from 1; 0 = the whole declaration
	Column string // name of the column; "" = unknown
	Key    string // "label", "width", …; "" = the column itself
	Reason string // the value and the allowed values
}

// Error returns a message such as `output columns: column 2 "amount": width:
// -3, want 0..255`.
func (e *DeclError) Error() string {
	var b strings.Builder
	b.WriteString("output columns")
	if e.Item > 0 {
		b.WriteString(": column " + strconv.Itoa(e.Item))
	}
	if e.Column != "" {
		b.WriteString(" " + strconv.Quote(e.Column))
	}
	if e.Key != "" {
		b.WriteString(": " + e.Key)
	}
	return b.String() + ": " + e.Reason
}

// badFormat returns an error of CheckFormat.
func badFormat(format string, args ...any) error {
	return fmt.Errorf("number format: "+format, args...)
}

// ParseColumns parses a declaration of output columns: "" (all columns of the
// result; the returned slice is empty), a short list ("order_no, amount:金额") or
// a JSON array. Every error is a *DeclError. docs/columns.md describes the
// notation.
func ParseColumns(decl string) ([]Spec, error) {
	if len(decl) > maxDeclaration {
		return nil, &DeclError{Reason: fmt.Sprintf("%d bytes, want at most %d", len(decl), maxDeclaration)}
	}
	if !utf8.ValidString(decl) {
		return nil, &DeclError{Reason: "not valid UTF-8"}
	}
	decl = strings.TrimSpace(decl)
	if decl == "" {
		return nil, nil
	}
	parse := parseList
	if decl[0] == '[' || decl[0] == '{' {
		parse = parseJSON
	}
	specs, err := parse(decl)
	if err != nil {
		return nil, err
	}
	if len(specs) > maxColumns {
		return nil, &DeclError{Reason: fmt.Sprintf("%d columns, want at most %d", len(specs), maxColumns)}
	}
	for i := range specs {
		if err := specs[i].check(i + 1); err != nil {
			return nil, err
		}
	}
	return specs, nil
}

// check validates the limits that are the same for lists and JSON arrays. item
// is the number of the column in the declaration, from 1.
func (s *Spec) check(item int) error {
	bad := func(key, reason string, args ...any) error {
		return &DeclError{Item: item, Column: s.Name, Key: key, Reason: fmt.Sprintf(reason, args...)}
	}
	if s.Name == "" {
		return bad("name", "missing, want the name of a column of the result")
	}
	if n := utf8.RuneCountInString(s.Name); n > maxName {
		return &DeclError{Item: item, Key: "name", Reason: fmt.Sprintf("%d characters, want at most %d", n, maxName)}
	}
	if n := UTF16Len([]byte(s.Label)); n > maxLabel {
		return bad("label", "%d characters, want at most %d", n, maxLabel)
	}
	if i := strings.IndexFunc(s.Label, func(r rune) bool { return r < 0x20 && r != '\n' || r == 0x7f }); i >= 0 {
		return bad("label", "control character %q at byte %d, want none but line feeds", s.Label[i], i+1)
	}
	if err := CheckFormat(s.Format); err != nil {
		return bad("format", "%q: %v", s.Format, err)
	}
	if !(s.Width >= 0 && s.Width <= maxWidth) {
		return bad("width", "%v, want 0..%d", s.Width, maxWidth)
	}
	if len(s.Map) > maxMap {
		return bad("map", "%d entries, want at most %d", len(s.Map), maxMap)
	}
	for from, to := range s.Map {
		if n := max(UTF16Len([]byte(from)), UTF16Len([]byte(to))); n > maxMapText {
			return bad("map", "an entry of %d characters, want at most %d", n, maxMapText)
		}
	}
	if key, reason := s.Look.check(); key != "" {
		return bad(key, "%s", reason)
	}
	return nil
}
