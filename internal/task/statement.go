package task

import (
	"context"

	"exporttask/internal/format/row"
	"exporttask/internal/model"
	"exporttask/internal/sqlcheck"
)

// Query is the statement of an instance with its values as literals.
type Query struct {
	SQL   string
	stmt  *sqlcheck.Statement
	decls []model.ParamDecl
}

// Preparer prepares statements on a data source, see Sources.
type Preparer interface {
	Prepare(ctx context.Context, source, sql string, args int) ([]row.Column, error)
}

// prepare returns the result columns of a statement whose parameters have no
// values yet. It prepares the statement with sample values, because MySQL derives
// other types from "?" and refuses some statements with it (GROUP BY of an
// expression with a parameter). Where the server refuses the sample values, it
// prepares the statement with "?".
func prepare(ctx context.Context, p Preparer, source string, st *sqlcheck.Statement, decls []model.ParamDecl) ([]row.Column, error) {
	sample, err := st.Sample(checkDecls(decls))
	if err != nil {
		return nil, invalid("etplParams", "%s", err)
	}
	columns, err := p.Prepare(ctx, source, sample, 0)
	if err == nil || len(st.Names) == 0 || ctx.Err() != nil {
		return columns, err
	}
	return p.Prepare(ctx, source, st.SQL, len(st.Names))
}

// Retyped returns the result columns whose types differ from those that the
// template was checked with, given the columns of the result. The value of a
// parameter can decide the type of what is computed from it, so the statement is
// prepared as it was for the check: with sample values, and with "?" as earlier
// versions did. A type that differs from one of them has not changed.
func (q Query) Retyped(ctx context.Context, p Preparer, source string, checked []model.ResultColumn, result []row.Column) ([]string, error) {
	retyped := Compare(checked, result).Retyped
	if len(retyped) == 0 {
		return retyped, nil
	}
	columns, err := prepare(ctx, p, source, q.stmt, q.decls)
	if err != nil {
		return nil, err
	}
	sampled := Compare(checked, columns).Retyped
	if len(sampled) == 0 || len(q.stmt.Names) == 0 {
		return sampled, nil
	}
	columns, err = p.Prepare(ctx, source, q.stmt.SQL, len(q.stmt.Names))
	if err != nil { // the statement cannot be prepared with "?", and was not
		return sampled, nil //nolint:nilerr // the columns with sample values decide
	}
	return Compare(checked, columns).Retyped, nil
}

// ParseStatement parses and checks the SQL of a template for the data source
// whose options are given. A statement that is refused is a *model.Error of kind
// Invalid that names etplExpr.
func ParseStatement(expr string, opt sqlcheck.Options) (*sqlcheck.Statement, error) {
	st, err := sqlcheck.Check(expr, opt)
	if err != nil {
		return nil, invalidAt(refusedPlace(expr, err), "etplExpr", "%s", err)
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
	text, err := sqlcheck.Bind(st, checkDecls(in.Decls.V), checkParams(in.Params.V))
	if err != nil {
		return Query{}, invalid("params", "%s", err)
	}
	return Query{SQL: text, stmt: st, decls: in.Decls.V}, nil
}
