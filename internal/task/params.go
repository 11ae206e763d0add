package task

import (
	"slices"
	"strings"

	"exporttask/internal/model"
	"exporttask/internal/sqlcheck"
)

// types are the parameter types, indexed by their numbers in the API.
var types = []sqlcheck.Type{sqlcheck.String, sqlcheck.Int, sqlcheck.Decimal, sqlcheck.Date, sqlcheck.DateTime, sqlcheck.Bool}

// checkDecls converts declarations, whose enum numbers the RPC server has
// validated, to those of package sqlcheck.
func checkDecls(decls []model.ParamDecl) []sqlcheck.Decl {
	out := make([]sqlcheck.Decl, len(decls))
	for i, d := range decls {
		g := sqlcheck.Decl{Name: d.Name, Type: types[d.Type], Required: !d.Optional, MaxLength: int(d.MaxLength)}
		if d.List {
			g.Type += "[]"
		}
		if d.EmptyList == 1 {
			g.Empty = sqlcheck.EmptyIsNone
		}
		switch {
		case len(d.Defaults) == 0:
		case d.List:
			g.Default = &sqlcheck.Value{Texts: d.Defaults}
		default:
			g.Default = &sqlcheck.Value{Text: d.Defaults[0]}
		}
		out[i] = g
	}
	return out
}

// checkParams converts parameters to those of package sqlcheck.
func checkParams(params []model.Param) []sqlcheck.Param {
	out := make([]sqlcheck.Param, len(params))
	for i, p := range params {
		out[i] = sqlcheck.Param{Name: p.Name, Value: sqlcheck.Value{Text: p.Value, Texts: p.Values, Null: p.Null}}
	}
	return out
}

// Builtin is a built-in parameter.
type Builtin struct {
	Name  string
	Type  int32  // a WshExportParamType of the contract
	Value string // for an instance that is created now; empty: instances of schedules alone have one
}

// Builtins returns the built-in parameters with their values for an instance of an
// operator that is created now, in the zone of the service, by a caller whose token
// has the claims.
func (s *Service) Builtins(operator int32, claims []model.Param) []Builtin {
	var list []Builtin
	now := RunWindow{Now: s.now(), OperatorID: operator, Claims: claims}
	for _, p := range now.builtins() {
		list = append(list, newBuiltin(p.Name, p.Text+strings.Join(p.Texts, ", ")))
	}
	for _, p := range sqlcheck.WindowBuiltins(now.Now, now.Now, now.Now, now.Now.Location()) {
		list = append(list, newBuiltin(p.Name, ""))
	}
	return list
}

func newBuiltin(name, value string) Builtin {
	t, _ := sqlcheck.BuiltinType(name)
	return Builtin{Name: name, Type: int32(slices.Index(types, t)), Value: value}
}
