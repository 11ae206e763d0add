package sqlcheck

import (
	"fmt"
	"slices"
	"strings"
)

// Type is what a parameter's values are, as written in a declaration.
type Type string

// The types. Each has a list beside it, "int[]", for IN (:name).
const (
	String   Type = "string"
	Int      Type = "int"      // -9223372036854775808 … 18446744073709551615
	Decimal  Type = "decimal"  // at most 65 digits, 30 of them after the point
	Date     Type = "date"     // "2026-01-31"
	DateTime Type = "datetime" // "2026-01-31 23:59:59.123456", the data source's wall clock
	Bool     Type = "bool"     // true, false, 1, 0; bound as 1 or 0
)

const typeNames = "string, int, decimal, date, datetime, bool, and lists of these such as int[]"

// Elem is the type of one value.
func (t Type) Elem() Type { return Type(strings.TrimSuffix(string(t), "[]")) }

// IsList reports whether t is a list.
func (t Type) IsList() bool { return strings.HasSuffix(string(t), "[]") }

func (t Type) known() bool {
	switch t.Elem() {
	case String, Int, Decimal, Date, DateTime, Bool:
		return true
	}
	return false
}

// EmptyList says what an empty list means.
type EmptyList string

// The meanings of an empty list.
const (
	EmptyIsError EmptyList = ""     // the instance is refused
	EmptyIsNone  EmptyList = "none" // the empty set: IN matches no row, NOT IN every row
)

// Bounds of parameters.
const (
	MaxList       = 10_000  // values of one list
	MaxBound      = 65_535  // values of one statement: the protocol counts them in 16 bits
	MaxValueBytes = 4 << 20 // bytes of all values of one statement
	MaxLength     = 65_535  // characters of one string, where none is declared
)

// Decl declares a parameter of a template.
type Decl struct {
	Name     string
	Type     Type // "" is String
	Required bool // must be given, and not NULL
	// Default stands in for a parameter that is not given; nil is NULL, or an
	// empty list. A date or datetime may name a built-in: ":yesterday".
	Default   *Value
	Empty     EmptyList // lists only
	MaxLength int       // characters of each string; 0 is MaxLength
}

// Value is what a parameter holds: Text, Texts for a list, or NULL.
type Value struct {
	Text  string
	Texts []string
	Null  bool
}

// Param is a parameter with its value.
type Param struct {
	Name string
	Value
}

// ParamError says what is wrong with a parameter or its declaration. It is the
// caller's mistake, never the service's.
type ParamError struct {
	Name    string // without the colon
	Found   string // "got \"abc\"", "not given"
	Allowed string
}

// Error names the parameter, what came, and what is allowed.
func (e *ParamError) Error() string {
	s := fmt.Sprintf("parameter %q: %s", e.Name, e.Found)
	if e.Allowed != "" {
		s += "; allowed: " + e.Allowed
	}
	return s
}

// Declare completes decls for the statement: one declaration for each
// parameter, in the order of first occurrence. What is not declared is a
// required string, or a required int in LIMIT; a built-in has its own type. A
// declaration that the statement does not use, that takes a reserved name, or
// whose type does not fit its place, is a *ParamError.
func (s *Statement) Declare(decls []Decl) ([]Decl, error) {
	given := make(map[string]Decl, len(decls))
	for _, d := range decls {
		d, err := s.checkDecl(d)
		if err != nil {
			return nil, err
		}
		if _, twice := given[d.Name]; twice {
			return nil, &ParamError{d.Name, "declared twice", "one declaration"}
		}
		given[d.Name] = d
	}
	var all []Decl
	seen := map[string]string{} // by lower case
	for _, m := range s.marks {
		first, again := seen[strings.ToLower(m.name)]
		if again && first != m.name {
			return nil, &ParamError{m.name, "also written :" + first, "one spelling; capitals count"}
		}
		d, ok := given[m.name]
		if _, builtin := reservedType(m.name); Reserved(m.name) && !builtin {
			return nil, &ParamError{m.name, "built-in in capitals", ":" + strings.ToLower(m.name)}
		}
		switch {
		case again:
			d = all[slices.IndexFunc(all, func(d Decl) bool { return d.Name == m.name })]
		case !ok:
			d = inferred(m)
		}
		if err := fits(d, m.use); err != nil {
			return nil, err
		}
		if !again {
			seen[strings.ToLower(m.name)] = m.name
			all = append(all, d)
		}
	}
	return all, nil
}

// checkDecl returns d with its type filled in.
func (s *Statement) checkDecl(d Decl) (Decl, error) {
	if d.Type == "" {
		d.Type = String
	}
	bad := func(found, allowed string) (Decl, error) { return d, &ParamError{d.Name, found, allowed} }
	switch {
	case !validName(d.Name):
		return bad("no valid name", "a letter or _ first, then letters, digits and _, 64 characters at most")
	case Reserved(d.Name):
		return bad("reserved name", "another name; this one is filled in by the service")
	case !d.Type.known():
		return bad(fmt.Sprintf("type %q", string(d.Type)), typeNames)
	case !slices.Contains(s.Names, d.Name):
		return bad("declared, but the SQL does not use it", "parameters of the SQL: "+s.nameList())
	case d.MaxLength < 0 || d.MaxLength > MaxLength || d.MaxLength > 0 && d.Type.Elem() != String:
		return bad(fmt.Sprintf("maximum length %d", d.MaxLength), fmt.Sprintf("0 to %d, for strings only", MaxLength))
	case d.Empty != EmptyIsError && (d.Empty != EmptyIsNone || !d.Type.IsList()):
		return bad(fmt.Sprintf("empty list meaning %q", string(d.Empty)), `"" (an error) or "none", for lists only`)
	case d.Required && d.Default != nil:
		return bad("required, and with a default", "one of the two")
	}
	if d.Default != nil && !isBuiltinDefault(d) {
		if _, err := parseValue(d, *d.Default); err != nil {
			err.Found = "default: " + err.Found
			return d, err
		}
	}
	return d, nil
}

// inferred is the declaration of a placeholder that has none.
func inferred(m mark) Decl {
	d := Decl{Name: m.name, Type: String, Required: true}
	if t, ok := reservedType(m.name); ok {
		d.Type = t
	} else if m.use == useLimit {
		d.Type = Int
	}
	return d
}

// fits checks a type against the place of a placeholder.
func fits(d Decl, u use) error {
	switch {
	case d.Type.IsList() && u != useIn:
		return &ParamError{d.Name, "list outside IN", "IN (:" + d.Name + "), alone in the brackets, with one column before IN"}
	case u == useLimit && d.Type != Int:
		return &ParamError{d.Name, "type " + string(d.Type) + " in LIMIT", "int"}
	}
	return nil
}

func (s *Statement) nameList() string {
	if len(s.Names) == 0 {
		return "none"
	}
	names := slices.Compact(slices.Sorted(slices.Values(s.Names)))
	return strings.Join(names, ", ")
}

// validName reports whether s can name a parameter.
func validName(s string) bool {
	if s == "" || len(s) > 64 || isDigit(s[0]) {
		return false
	}
	for i := range len(s) {
		if !isLetter(s[i]) && !isDigit(s[i]) && s[i] != '_' {
			return false
		}
	}
	return true
}
