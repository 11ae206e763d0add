package plan

import (
	"exporttask/internal/model"
	"exporttask/internal/sqlguard"
)

// types are the parameter types by their numbers in the contract.
var types = []sqlguard.Type{sqlguard.String, sqlguard.Int, sqlguard.Decimal, sqlguard.Date, sqlguard.DateTime, sqlguard.Bool}

// guardDecls converts declarations; their numbers were checked by the server.
func guardDecls(decls []model.ParamDecl) []sqlguard.Decl {
	out := make([]sqlguard.Decl, len(decls))
	for i, d := range decls {
		g := sqlguard.Decl{Name: d.Name, Type: types[d.Type], Required: !d.Optional, MaxLength: int(d.MaxLength)}
		if d.List {
			g.Type += "[]"
		}
		if d.EmptyList == 1 {
			g.Empty = sqlguard.EmptyIsNone
		}
		switch {
		case len(d.Defaults) == 0:
		case d.List:
			g.Default = &sqlguard.Value{Texts: d.Defaults}
		default:
			g.Default = &sqlguard.Value{Text: d.Defaults[0]}
		}
		out[i] = g
	}
	return out
}

func guardParams(params []model.Param) []sqlguard.Param {
	out := make([]sqlguard.Param, len(params))
	for i, p := range params {
		out[i] = sqlguard.Param{Name: p.Name, Value: sqlguard.Value{Text: p.Value, Texts: p.Values, Null: p.Null}}
	}
	return out
}
