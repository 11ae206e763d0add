package task

import (
	"exporttask/internal/format/row"
	"exporttask/internal/model"
	"exporttask/internal/sqlcheck"
)

// Query is a statement with "?" placeholders and the values for them.
type Query struct {
	SQL  string
	Args []row.Arg
}

// ParseStatement parses and checks the SQL of a template for the data source
// whose options are given. A statement that is refused is a *model.Error of kind
// Invalid that names etplExpr.
func ParseStatement(expr string, opt sqlcheck.Options) (*sqlcheck.Statement, error) {
	st, err := sqlcheck.Check(expr, opt)
	if err != nil {
		return nil, invalid("etplExpr", "%s", err)
	}
	return st, nil
}

// FreezeParams returns the parameters of a new instance: the given values,
// defaults, and the built-in parameters of at. The result holds every parameter
// of the statement, so that each attempt binds the same values.
func FreezeParams(st *sqlcheck.Statement, decls []model.ParamDecl, given []model.Param, at RunWindow) ([]model.Param, error) {
	frozen, err := sqlcheck.Freeze(st, checkDecls(decls), checkParams(given), at.builtins())
	if err != nil {
		return nil, invalid("params", "%s", err)
	}
	out := make([]model.Param, len(frozen))
	for i, p := range frozen {
		out[i] = model.Param{Name: p.Name, Value: p.Text, Values: p.Texts, Null: p.Null}
	}
	return out, nil
}

// Bind parses the statement of an instance and returns it with the instance's
// values.
func Bind(in *model.Inst, opt sqlcheck.Options) (Query, error) {
	st, err := ParseStatement(in.Expr, opt)
	if err != nil {
		return Query{}, err
	}
	return bind(st, in)
}

func bind(st *sqlcheck.Statement, in *model.Inst) (Query, error) {
	text, args, err := sqlcheck.Bind(st, checkDecls(in.Decls.V), checkParams(in.Params.V))
	if err != nil {
		return Query{}, invalid("params", "%s", err)
	}
	return Query{SQL: text, Args: args}, nil
}
