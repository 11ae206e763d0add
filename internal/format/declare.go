package format

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Spec declares one output column, before the result's columns are known.
type Spec struct {
	Name    string // the column of the result
	Label   string // the header's text; "" = Name
	Type    Type
	Format  string // number or date format in Excel's notation; "" = the type's own
	Width   float64
	Map     map[string]string
	Zone    Zone
	Unguard bool
	Binary  BinaryText
	// HasBinary tells a declared Hex from none.
	HasBinary bool
}

// The bounds of a declaration. Lengths of texts are in UTF-16 units, as a
// spreadsheet counts characters.
const (
	maxDeclaration = 1 << 20 // bytes
	maxColumns     = 16384   // ECMA-376's columns of a sheet
	maxName        = 256     // MySQL's longest alias
	maxLabel       = 255
	maxFormat      = 255
	maxWidth       = 255
	maxMap         = 1000
	maxMapText     = 1000
)

// DeclError says which part of a declaration of columns is wrong.
type DeclError struct {
	Item   int    // the column's place in the declaration, from 1; 0 = the whole
	Column string // its name, where it is known
	Key    string // "label", "width", …; "" = the column as such
	Reason string // what came and what is allowed
}

// Error reads `column 2 "amount": width: -3, want 0..255`.
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

// badFormat is the error of CheckFormat; whoever knows the column wraps it.
func badFormat(format string, args ...any) error {
	return fmt.Errorf("number format: "+format, args...)
}

// ParseColumns reads a declaration of output columns: "" (every column as it
// comes; the result is empty), a short list ("order_no, amount:金额") or a JSON
// array. Every error is a *DeclError. docs/columns.md is the reference.
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

// check holds the bounds that do not depend on how the column was declared.
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
	return nil
}
