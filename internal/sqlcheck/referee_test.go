package sqlcheck

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	tidb "github.com/pingcap/tidb/pkg/parser"
	"github.com/pingcap/tidb/pkg/parser/ast"
	driver "github.com/pingcap/tidb/pkg/parser/test_driver"
)

// referee reads what Check accepted with a grammar that was written elsewhere,
// the one of TiDB. Where that grammar can read the statement, every node of its
// tree must be part of a plain read, and its parameters must be where Check found
// them. It returns what is wrong, and whether the grammar could read the statement.
func referee(st *Statement, opt Options) (problem string, read bool) {
	defer func() {
		if p := recover(); p != nil {
			problem, read = "", false // the grammar panics on some texts
		}
	}()
	stmts, _, err := tidb.New().ParseSQL(st.SQL)
	if err != nil {
		return "", false
	}
	if len(stmts) != 1 {
		return fmt.Sprintf("%d statements", len(stmts)), true
	}
	v := &refereeVisitor{st: st, opt: opt}
	switch stmts[0].(type) {
	case *ast.SelectStmt, *ast.SetOprStmt:
		stmts[0].Accept(v)
	default:
		return fmt.Sprintf("a %T", stmts[0]), true
	}
	if v.problem == "" && v.params != len(st.marks) {
		return fmt.Sprintf("%d parameters, want %d", v.params, len(st.marks)), true
	}
	return v.problem, true
}

type refereeVisitor struct {
	st      *Statement
	opt     Options
	params  int
	problem string
}

func (v *refereeVisitor) Enter(n ast.Node) (ast.Node, bool) {
	if v.problem == "" {
		v.problem = v.node(n)
	}
	return n, v.problem != ""
}

func (v *refereeVisitor) Leave(n ast.Node) (ast.Node, bool) { return n, v.problem == "" }

func (v *refereeVisitor) node(n ast.Node) string {
	switch n := n.(type) {
	case *ast.SelectStmt:
		if n.LockInfo != nil && n.LockInfo.LockType != ast.SelectLockNone || n.SelectIntoOpt != nil {
			return "a locking clause or INTO"
		}
		return ""
	case *ast.TableName:
		if n.AsOf != nil || n.TableSample != nil {
			return "AS OF or TABLESAMPLE"
		}
		return v.schema(n.Schema.O)
	case *ast.ColumnName:
		return v.schema(n.Schema.O)
	case *ast.SelectField:
		if n.WildCard != nil { // is not visited
			return v.schema(n.WildCard.Schema.O)
		}
		return ""
	case *ast.FuncCallExpr:
		return v.call(n)
	case *ast.AggregateFuncExpr:
		return v.function("", n.F)
	case *ast.WindowFuncExpr:
		return v.function("", n.Name)
	case *driver.ParamMarkerExpr:
		v.params++
		if !slices.ContainsFunc(v.st.marks, func(m mark) bool { return m.off == n.Offset }) {
			return "a parameter in another place"
		}
		return ""
	case *ast.SetOprStmt, *ast.SetOprSelectList, *ast.WithClause, *ast.CommonTableExpression,
		*ast.TableRefsClause, *ast.Join, *ast.OnCondition, *ast.TableSource, *ast.FieldList,
		*ast.GroupByClause, *ast.HavingClause, *ast.OrderByClause, *ast.PartitionByClause, *ast.ByItem, *ast.Limit,
		*ast.WindowSpec, *ast.FrameClause, *ast.FrameBound, *ast.TableOptimizerHint,
		*driver.ValueExpr, *ast.ColumnNameExpr, *ast.BetweenExpr, *ast.BinaryOperationExpr, *ast.UnaryOperationExpr,
		*ast.CaseExpr, *ast.WhenClause, *ast.SubqueryExpr, *ast.CompareSubqueryExpr, *ast.ExistsSubqueryExpr,
		*ast.IsNullExpr, *ast.IsTruthExpr, *ast.PatternInExpr, *ast.PatternLikeOrIlikeExpr, *ast.PatternRegexpExpr,
		*ast.ParenthesesExpr, *ast.PositionExpr, *ast.RowExpr, *ast.MatchAgainst, *ast.SetCollationExpr,
		*ast.FuncCastExpr, *ast.TrimDirectionExpr, *ast.TimeUnitExpr, *ast.GetFormatSelectorExpr:
		return ""
	}
	return fmt.Sprintf("a %T", n)
}

func (v *refereeVisitor) call(n *ast.FuncCallExpr) string {
	name := n.FnName.L
	switch name {
	// The names that the grammar gives to other syntax.
	case ast.InsertFunc:
		name = "insert"
	case ast.CharFunc:
		name = "char"
	case ast.DateLiteral, ast.TimeLiteral, ast.TimestampLiteral, ast.JSONMemberOf:
		return ""
	}
	return v.function(n.Schema.O, name)
}

func (v *refereeVisitor) function(schema, name string) string {
	if v.opt.callable(schema, name) {
		return ""
	}
	return "the function " + schema + "." + name
}

func (v *refereeVisitor) schema(name string) string {
	if name == "" || slices.Contains(v.opt.Schemas, name) {
		return ""
	}
	return "the schema " + name
}

// The grammar's Accept methods skip some children (SelectField does not visit its
// wildcard). A skipped table or function would not be compared, so each node that
// reflection finds in the corpus must have been visited, wildcards apart.
func TestReferee_visits_every_node(t *testing.T) {
	t.Parallel()
	for _, s := range corpus(t, "accept.sql") {
		st, err := Check(s.sql, testOptions)
		if err != nil {
			t.Errorf("%s: %v", s.why, err)
			continue
		}
		stmts, _, err := tidb.New().ParseSQL(st.SQL)
		if err != nil {
			continue
		}
		seen := &visited{map[string]int{}}
		stmts[0].Accept(seen)
		found := map[string]int{}
		collect(reflect.ValueOf(stmts[0]), map[any]bool{}, found)
		delete(found, "*ast.WildCardField")
		for name := range found {
			if found[name] > seen.nodes[name] {
				t.Errorf("%s: a %s was not visited: %s", s.why, name, cmp.Diff(found[name], seen.nodes[name]))
			}
		}
	}
}

type visited struct{ nodes map[string]int }

func (v *visited) Enter(n ast.Node) (ast.Node, bool) {
	v.nodes[fmt.Sprintf("%T", n)]++
	return n, false
}

func (*visited) Leave(n ast.Node) (ast.Node, bool) { return n, true }

// collect counts the nodes that can be reached from v through exported fields.
func collect(v reflect.Value, done map[any]bool, found map[string]int) {
	switch v.Kind() {
	case reflect.Interface:
		collect(v.Elem(), done, found)
	case reflect.Pointer:
		if v.IsNil() || done[v.Interface()] {
			return
		}
		done[v.Interface()] = true
		if n, ok := reflect.TypeAssert[ast.Node](v); ok {
			found[fmt.Sprintf("%T", n)]++
		}
		collect(v.Elem(), done, found)
	case reflect.Slice:
		for i := range v.Len() {
			collect(v.Index(i), done, found)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				collect(v.Field(i), done, found)
			}
		}
	}
}
