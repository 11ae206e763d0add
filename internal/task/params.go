package task

import (
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
