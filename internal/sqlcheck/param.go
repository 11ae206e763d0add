package sqlcheck

import (
	"fmt"
	"slices"
	"strings"
)

// Type is the declared type of a parameter.
type Type string

// The types of a single value. Each has a list type, such as "int[]", for
// IN (:name).
const (
	String   Type = "string"
	Int      Type = "int"      // -9223372036854775808 … 18446744073709551615
	Decimal  Type = "decimal"  // at most 65 digits, 30 of them after the point
	Date     Type = "date"     // "2026-01-31"
	DateTime Type = "datetime" // "2026-01-31 23:59:59.123456", the data source's wall clock
	Bool     Type = "bool"     // true, false, 1, 0; bound as 1 or 0
)

const typeNames = "string, int, decimal, date, datetime, bool, and lists of these such as int[]"

// Elem returns the type of one value of t: t itself, or the element type of a
// list.
func (t Type) Elem() Type { return Type(strings.TrimSuffix(string(t), "[]")) }

// IsList reports whether t is a list type.
func (t Type) IsList() bool { return strings.HasSuffix(string(t), "[]") }

// valid reports whether t is one of the types or a list of one.
func (t Type) valid() bool {
	switch t.Elem() {
	case String, Int, Decimal, Date, DateTime, Bool:
		return true
	}
	return false
}

// EmptyList is the meaning of an empty list.
type EmptyList string

// The meanings of an empty list.
const (
	EmptyIsError EmptyList = ""     // creating the instance is an error
	EmptyIsNone  EmptyList = "none" // the empty set: IN matches no row, NOT IN every row
)

// Limits of parameters.
const (
	MaxList       = 10_000  // values of one list
	MaxBound      = 65_535  // values of one statement
	MaxValueBytes = 4 << 20 // bytes of all values of one statement
	MaxLength     = 65_535  // characters of one string, unless Decl.MaxLength is less
)

// Decl declares a parameter of a template.
type Decl struct {
	Name     string
	Type     Type // "" is String
	Required bool // must be given, and not NULL
	// Default is the value of a parameter that is not given; nil means NULL, or
	// an empty list. The default of a Date or DateTime may be the name of a
	// built-in parameter, such as ":yesterday".
	Default   *Value
	Empty     EmptyList // meaning of an empty list; for list types only
	MaxLength int       // limit of each string, in characters; 0 means MaxLength
}

// Value is the value of a parameter: Text, Texts for a list, or NULL.
type Value struct {
	Text  string
	Texts []string
	Null  bool
}

// Param is the name and the value of a parameter.
type Param struct {
	Name string
	Value
}

// ParamError is the error of a parameter value or declaration. The caller can
// correct it; a ParamError is never a fault of the service.
type ParamError struct {
	Name    string // name of the parameter, without the colon
	Found   string // what was found, such as "not given" or `got "abc"`
	Allowed string // what is allowed; may be empty
}

// Error returns the parameter's name, what was found, and what is allowed.
func (e *ParamError) Error() string {
	s := fmt.Sprintf("parameter %q: %s", e.Name, e.Found)
	if e.Allowed != "" {
		s += "; allowed: " + e.Allowed
	}
	return s
}

// Declare returns one declaration for each parameter of the statement, in the
// order of first occurrence. A parameter that decls leaves out is a required
// String, or a required Int in LIMIT; a built-in parameter has its own type. A
// declaration that the statement does not use, that has a reserved name, or
// whose type does not fit the parameter's position, is a *ParamError.
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
			d = s.inferred(m)
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

// checkDecl checks one declaration and returns it with its type filled in.
func (s *Statement) checkDecl(d Decl) (Decl, error) {
	if d.Type == "" {
		d.Type = String
	}
	bad := func(found, allowed string) (Decl, error) { return d, &ParamError{d.Name, found, allowed} }
	_, claim := claimOf(d.Name)
	switch {
	case !validName(d.Name):
		return bad("invalid name", "a letter or _ first, then letters, digits and _, 64 characters at most")
	case claim && (!d.Required || d.Default != nil):
		return bad("optional claim", "a required parameter without a default; the service fills it in from the caller's token")
	case Reserved(d.Name) && !claim:
		return bad("reserved name", "another name; this one is filled in by the service")
	case !d.Type.valid():
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

// inferred returns the declaration of a parameter that the template does not
// declare. A claim that stands in IN alone is a list, which may have one value.
func (s *Statement) inferred(m mark) Decl {
	d := Decl{Name: m.name, Type: String, Required: true}
	_, claim := claimOf(m.name)
	outsideIn := func(o mark) bool { return o.name == m.name && o.use != useIn }
	t, builtin := reservedType(m.name)
	switch {
	case m.use == useLimit && (claim || !builtin):
		d.Type = Int
	case claim && !slices.ContainsFunc(s.marks, outsideIn):
		d.Type = String + "[]"
	case builtin:
		d.Type = t
	}
	return d
}

// fits checks the type of a parameter against its position in the statement.
func fits(d Decl, u use) error {
	switch {
	case d.Type.IsList() && u != useIn:
		return &ParamError{d.Name, "list outside IN", "IN (:" + d.Name + "), alone in the brackets, with one column before IN"}
	case u == useLimit && d.Type != Int:
		return &ParamError{d.Name, "type " + string(d.Type) + " in LIMIT", "int"}
	}
	return nil
}

// nameList returns the names of the statement's parameters for a message.
func (s *Statement) nameList() string {
	if len(s.Names) == 0 {
		return "none"
	}
	names := slices.Compact(slices.Sorted(slices.Values(s.Names)))
	return strings.Join(names, ", ")
}

// validName reports whether s may be the name of a parameter.
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
