package sqlcheck

import (
	"fmt"
	"slices"
	"strings"

	"exporttask/internal/format/row"
)

// emptySet stands between the brackets of IN for an empty list. It is a set
// without members, so that NOT IN holds for every row, which NULL would not.
const emptySet = "SELECT NULL FROM DUAL WHERE FALSE"

// Freeze fixes an instance's parameters at its creation: given is what the
// client sent, system what the service fills in (Builtins, and a schedule's
// window). It returns one Param for each parameter of the statement, defaults
// and built-ins included, good for Bind at any later time. A parameter that is
// missing, unknown, given twice or out of its bounds is a *ParamError.
func Freeze(stmt *Statement, decls []Decl, given, system []Param) ([]Param, error) {
	all, err := stmt.Declare(decls)
	if err != nil {
		return nil, err
	}
	if err := stmt.checkGiven(all, given); err != nil {
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
	_, _, err = Bind(stmt, decls, frozen)
	return frozen, err
}

// settle finds the value of one parameter.
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

// lookup finds the built-in name for the parameter d.
func lookup(name string, d Decl, system []Param) (Value, error) {
	i := slices.IndexFunc(system, func(p Param) bool { return p.Name == name })
	if i < 0 {
		return Value{}, &ParamError{d.Name, ":" + name + " has no value here", "instances that a schedule creates"}
	}
	return asType(system[i].Value, d.Type), nil
}

// checkGiven refuses parameters that the statement does not have or that come
// twice.
func (s *Statement) checkGiven(all []Decl, given []Param) error {
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

// Bind returns the text to prepare and the values of its "?", in order; a list
// takes one "?" for each value. Params come from Freeze. What is missing,
// unknown, given twice, of the wrong type or too much is a *ParamError.
func Bind(stmt *Statement, decls []Decl, params []Param) (sql string, args []row.Arg, err error) {
	all, err := stmt.Declare(decls)
	if err != nil {
		return "", nil, err
	}
	if err := stmt.checkGiven(all, params); err != nil {
		return "", nil, err
	}
	values := make(map[string][]row.Arg, len(all))
	for _, d := range all {
		v, err := bound(d, params)
		if err != nil {
			return "", nil, err
		}
		values[d.Name] = v
	}
	return stmt.expand(values)
}

// bound is the checked value of one parameter.
func bound(d Decl, params []Param) ([]row.Arg, error) {
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

// expand writes out the lists and lines up the values with their places.
func (s *Statement) expand(values map[string][]row.Arg) (string, []row.Arg, error) {
	var b strings.Builder
	var args []row.Arg
	end, size := 0, 0
	for _, m := range s.marks {
		v := values[m.name]
		b.WriteString(s.SQL[end:m.off])
		end = m.off + 1
		switch {
		case m.use == useLimit && (v[0].Null || strings.HasPrefix(v[0].Text, "-")):
			return "", nil, &ParamError{m.name, "NULL or negative in LIMIT", "0 or more"}
		case len(v) == 0:
			b.WriteString(emptySet)
		default:
			b.WriteString("?" + strings.Repeat(",?", len(v)-1))
		}
		for _, a := range v {
			size += len(a.Text)
		}
		args = append(args, v...)
		switch {
		case len(args) > MaxBound:
			return "", nil, &ParamError{m.name, fmt.Sprintf("%d values in one statement", len(args)), fmt.Sprintf("%d in all", MaxBound)}
		case size > MaxValueBytes:
			return "", nil, &ParamError{m.name, fmt.Sprintf("%d bytes of values in one statement", size), fmt.Sprintf("%d in all", MaxValueBytes)}
		}
	}
	b.WriteString(s.SQL[end:])
	return b.String(), args, nil
}
