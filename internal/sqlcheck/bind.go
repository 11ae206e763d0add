package sqlcheck

import (
	"fmt"
	"slices"
	"strings"
)

// emptySet is written between the brackets of IN for an empty list. It is a set
// without members, so that NOT IN is true for every row; with NULL in the
// brackets it would be true for none.
const emptySet = "SELECT NULL FROM DUAL WHERE FALSE"

// Freeze returns the parameters of a new instance: one Param for each parameter of
// the statement, with defaults and built-in parameters filled in, for Bind at any
// later time. given holds the values of the caller, system those of the service
// (Builtins, WindowBuiltins for an instance of a schedule, and claims). A parameter that
// is missing, unknown, given twice or outside its limits is a *ParamError.
func Freeze(stmt *Statement, decls []Decl, given, system []Param) ([]Param, error) {
	all, err := stmt.Declare(decls)
	if err != nil {
		return nil, err
	}
	if err := stmt.checkParams(all, given); err != nil {
		return nil, err
	}
	for _, p := range given {
		if Reserved(p.Name) {
			return nil, &ParamError{p.Name, "given, but it is filled in by the service", "a parameter with another name"}
		}
	}
	frozen := make([]Param, 0, len(all))
	for _, d := range all {
		v, err := settle(d, given, system)
		if err != nil {
			return nil, err
		}
		frozen = append(frozen, Param{d.Name, v})
	}
	_, err = Bind(stmt, decls, frozen)
	return frozen, err
}

// settle returns the value of one parameter of a new instance.
func settle(d Decl, given, system []Param) (Value, error) {
	if _, reserved := reservedType(d.Name); reserved {
		return lookup(d.Name, d, system)
	}
	if i := slices.IndexFunc(given, func(p Param) bool { return p.Name == d.Name }); i >= 0 {
		return given[i].Value, nil
	}
	emptyIsWrong := d.Type.IsList() && d.Empty == EmptyIsError
	switch {
	case d.Required, d.Default == nil && emptyIsWrong:
		return Value{}, &ParamError{d.Name, "not given", "a value of type " + string(d.Type)}
	case isBuiltinDefault(d):
		return lookup(d.Default.Text[1:], d, system)
	case d.Default != nil:
		return *d.Default, nil
	}
	return Value{Null: true}, nil
}

// lookup returns the built-in parameter name as the value of d.
func lookup(name string, d Decl, system []Param) (Value, error) {
	i := slices.IndexFunc(system, func(p Param) bool { return p.Name == name })
	claim, isClaim := claimOf(name)
	switch {
	case i < 0 && isClaim:
		return Value{}, &ParamError{d.Name, fmt.Sprintf("the caller's token has no claim %q", claim), "tokens with this claim in the tokens file"}
	case isClaim && d.Type.IsList() && len(system[i].Texts) == 0:
		return Value{Texts: []string{system[i].Text}}, nil
	case i < 0:
		return Value{}, &ParamError{d.Name, ":" + name + " has no value here", "instances that a schedule creates"}
	}
	return asType(system[i].Value, d.Type), nil
}

// checkParams refuses parameters that the statement does not have or that are
// given twice.
func (s *Statement) checkParams(all []Decl, given []Param) error {
	seen := make(map[string]bool, len(given))
	for _, p := range given {
		if seen[p.Name] {
			return &ParamError{shorten(p.Name, maxNear), "given twice", "one value"}
		}
		seen[p.Name] = true
		if !slices.ContainsFunc(all, func(d Decl) bool { return d.Name == p.Name }) {
			return &ParamError{shorten(p.Name, maxNear), "not a parameter of the SQL", s.nameList()}
		}
	}
	return nil
}

// Bind returns the SQL of the statement with a value in the place of each
// parameter, ready to run. params come from Freeze. A parameter that is missing,
// unknown, given twice, of the wrong type or too large is a *ParamError.
//
// A value is written as a literal that cannot end early: digits, a date in
// quotes, a string in quotes with each quote doubled, or CONCAT(…) for a string
// with a backslash, which a sql_mode can read in two ways. The server therefore
// computes exactly what it computes for the literal; with "?" MySQL derives the
// type of a value from the place where it stands.
func Bind(stmt *Statement, decls []Decl, params []Param) (string, error) {
	all, err := stmt.Declare(decls)
	if err != nil {
		return "", err
	}
	if err := stmt.checkParams(all, params); err != nil {
		return "", err
	}
	values := make(map[string][]value, len(all))
	for _, d := range all {
		v, err := bound(d, params)
		if err != nil {
			return "", err
		}
		values[d.Name] = v
	}
	return stmt.expand(values)
}

// Sample returns the SQL of the statement with a made-up value of the declared
// type in the place of each parameter. It is for preparing the statement before
// there are values, and is not to be run: a sample can be a value that the
// statement cannot use, such as a path of JSON.
func (s *Statement) Sample(decls []Decl) (string, error) {
	all, err := s.Declare(decls)
	if err != nil {
		return "", err
	}
	values := make(map[string][]value, len(all))
	for _, d := range all {
		values[d.Name] = []value{{typ: d.Type.Elem(), text: sampleText(d.Type)}}
	}
	return s.expand(values)
}

func sampleText(t Type) string {
	switch t.Elem() {
	case Decimal:
		return "1.5"
	case Date:
		return "2026-01-31"
	case DateTime:
		return "2026-01-31 00:00:00"
	default:
		return "1"
	}
}

// bound returns the checked value of one parameter.
func bound(d Decl, params []Param) ([]value, error) {
	i := slices.IndexFunc(params, func(p Param) bool { return p.Name == d.Name })
	if i < 0 {
		return nil, &ParamError{d.Name, "not given", "a value of type " + string(d.Type)}
	}
	args, err := parseValue(d, params[i].Value)
	if err != nil { // not "return parseValue(…)": a nil *ParamError is no nil error
		return nil, err
	}
	return args, nil
}

// expand writes the values as literals into the SQL.
func (s *Statement) expand(values map[string][]value) (string, error) {
	var b strings.Builder
	end, size, count := 0, 0, 0
	for _, m := range s.marks {
		v := values[m.name]
		b.WriteString(s.SQL[end:m.off])
		end = m.off + 1
		if m.use == useLimit && (v[0].null || strings.HasPrefix(v[0].text, "-")) {
			return "", &ParamError{m.name, "NULL or negative in LIMIT", "0 or more"}
		}
		count += len(v)
		for _, one := range v {
			size += len(one.text)
		}
		switch {
		case count > MaxBound:
			return "", &ParamError{m.name, fmt.Sprintf("%d values in one statement", count), fmt.Sprintf("%d in all", MaxBound)}
		case size > MaxValueBytes:
			return "", &ParamError{m.name, fmt.Sprintf("%d bytes of values in one statement", size), fmt.Sprintf("%d in all", MaxValueBytes)}
		}
		writeValues(&b, v, m.use)
		if end < len(s.SQL) && isWordByte(s.SQL[end]) {
			b.WriteByte(' ')
		}
	}
	b.WriteString(s.SQL[end:])
	return b.String(), nil
}

// writeValues writes the literals of one parameter, with a blank where the text
// before could run into it.
func writeValues(b *strings.Builder, v []value, u use) {
	if b.Len() > 0 {
		if last := b.String()[b.Len()-1]; isWordByte(last) || last == '\'' || last == '"' || last == '`' || last == '-' {
			b.WriteByte(' ')
		}
	}
	if len(v) == 0 {
		b.WriteString(emptySet)
	}
	for i, one := range v {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(one.literal(u))
	}
}
