package sqlcheck

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pingcap/tidb/pkg/parser"
	"github.com/pingcap/tidb/pkg/parser/ast"
	driver "github.com/pingcap/tidb/pkg/parser/test_driver"
)

// checkTree parses the sent text with the full grammar and walks the tree. It
// fills in the use of each of sent.marks.
func checkTree(sql string, tokens []token, sent *sentText, opt Options) (refused *Refused) {
	w := &walker{sql: sql, tokens: tokens, sent: sent, opt: opt}
	// The grammar is not ours: a panic in it is a text that cannot be read.
	defer func() {
		if p := recover(); p != nil {
			refused = w.refuse(0, fmt.Sprintf("text that the parser breaks on (%v)", p), oneQuery)
		}
	}()
	stmts, _, err := parser.New().ParseSQL(sent.sql)
	if err != nil {
		return w.syntax(err)
	}
	if len(stmts) != 1 {
		return w.refuse(0, fmt.Sprintf("%d statements", len(stmts)), oneQuery)
	}
	switch stmts[0].(type) {
	case *ast.SelectStmt, *ast.SetOprStmt:
		stmts[0].Accept(w)
	default:
		return w.refuse(0, nodeName(stmts[0])+" statement", oneQuery)
	}
	if w.refused == nil && w.seen != len(sent.marks) {
		return w.refuse(0, "parameter in a place that is not a value", "parameters where a value may stand")
	}
	return w.refused
}

// walker visits a tree and stops at the first node that is not a plain read.
// Every kind of node it lets through is named in node; the others are refused,
// those that a later grammar brings included.
type walker struct {
	sql     string
	tokens  []token
	sent    *sentText
	opt     Options
	seen    int // placeholders met
	refused *Refused
}

// Enter implements ast.Visitor.
func (w *walker) Enter(n ast.Node) (ast.Node, bool) {
	if w.refused == nil {
		w.refused = w.node(n)
	}
	return n, w.refused != nil
}

// Leave implements ast.Visitor.
func (w *walker) Leave(n ast.Node) (ast.Node, bool) { return n, w.refused == nil }

func (w *walker) node(n ast.Node) *Refused {
	switch n := n.(type) {
	case *ast.SelectStmt:
		return w.selectStmt(n)
	case *ast.TableName:
		return w.table(n)
	case *ast.ColumnName:
		return w.column(n)
	case *ast.SelectField:
		if n.WildCard != nil { // not visited by itself
			return w.schema(n.WildCard.Schema.O)
		}
		return nil
	case *ast.FuncCallExpr:
		return w.call(n)
	case *ast.AggregateFuncExpr:
		return w.function("", n.F)
	case *ast.WindowFuncExpr:
		return w.function("", n.Name)
	case *driver.ParamMarkerExpr:
		return w.param(n)
	case *ast.PatternInExpr:
		return w.in(n)
	case *ast.Limit:
		w.limit(n)
		return nil
	case *ast.ByItem:
		if _, ok := n.Expr.(*driver.ParamMarkerExpr); ok {
			return w.refuse(w.markOf(n.Expr), "parameter as the thing to sort or group by, which would be one value for all rows",
				"columns and expressions; a parameter is a value")
		}
		return nil
	// Shape of a query.
	case *ast.SetOprStmt, *ast.SetOprSelectList, *ast.WithClause, *ast.CommonTableExpression,
		*ast.TableRefsClause, *ast.Join, *ast.OnCondition, *ast.TableSource, *ast.FieldList,
		*ast.GroupByClause, *ast.HavingClause, *ast.OrderByClause, *ast.PartitionByClause,
		*ast.WindowSpec, *ast.FrameClause, *ast.FrameBound, *ast.TableOptimizerHint:
		return nil
	// Expressions.
	case *driver.ValueExpr, *ast.ColumnNameExpr, *ast.BetweenExpr, *ast.BinaryOperationExpr, *ast.UnaryOperationExpr,
		*ast.CaseExpr, *ast.WhenClause, *ast.SubqueryExpr, *ast.CompareSubqueryExpr, *ast.ExistsSubqueryExpr,
		*ast.IsNullExpr, *ast.IsTruthExpr, *ast.PatternLikeOrIlikeExpr, *ast.PatternRegexpExpr,
		*ast.ParenthesesExpr, *ast.PositionExpr, *ast.RowExpr, *ast.MatchAgainst, *ast.SetCollationExpr,
		*ast.FuncCastExpr, *ast.TrimDirectionExpr, *ast.TimeUnitExpr, *ast.GetFormatSelectorExpr:
		return nil
	}
	return w.refuse(0, nodeName(n)+", which is not part of a plain read", oneQuery)
}

func (w *walker) selectStmt(n *ast.SelectStmt) *Refused {
	switch {
	case n.Kind != ast.SelectStmtKindSelect:
		return w.refuse(w.find("TABLE", "VALUES"), n.Kind.String()+" statement", oneQuery)
	case n.LockInfo != nil && n.LockInfo.LockType != ast.SelectLockNone:
		return w.refuse(w.find("FOR", "LOCK"), "locking clause", "reads without locks")
	case n.SelectIntoOpt != nil:
		return w.refuse(w.find("INTO"), "INTO", "a query whose rows are exported")
	}
	return nil
}

func (w *walker) table(n *ast.TableName) *Refused {
	switch {
	case n.AsOf != nil:
		return w.refuse(w.find(n.Name.O), "time travel", "reads of the present rows")
	case n.TableSample != nil:
		return w.refuse(w.find(n.Name.O), "TABLESAMPLE", "whole tables; WHERE RAND() < 0.1 for a sample")
	}
	return w.schema(n.Schema.O)
}

// column refuses what MariaDB's sql_mode=ORACLE takes for a sequence's next
// value, seq.nextval, whatever mode there is.
func (w *walker) column(n *ast.ColumnName) *Refused {
	if n.Table.O != "" && (n.Name.L == "nextval" || n.Name.L == "currval") {
		return w.refuse(w.find(n.Name.O), "column "+n.Table.O+"."+n.Name.O+", which can be the state of a sequence", "the column's name alone")
	}
	return w.schema(n.Schema.O)
}

// schema decides on the qualifier of a table or column.
func (w *walker) schema(name string) *Refused {
	if name == "" || slices.Contains(w.opt.Schemas, name) {
		return nil
	}
	allowed := "names without a schema"
	if len(w.opt.Schemas) > 0 {
		allowed += ", and the schemas " + strings.Join(w.opt.Schemas, ", ")
	}
	return w.refuse(w.find(name), "schema "+name+", which is not allowed here", allowed)
}

func (w *walker) call(n *ast.FuncCallExpr) *Refused {
	name := n.FnName.L
	switch name {
	// The grammar's own names for what is written otherwise.
	case ast.InsertFunc:
		name = "insert"
	case ast.CharFunc:
		name = "char"
	case ast.DateLiteral, ast.TimeLiteral, ast.TimestampLiteral, ast.JSONMemberOf:
		return nil
	}
	return w.function(n.Schema.O, name)
}

func (w *walker) function(schema, name string) *Refused {
	if w.opt.callable(schema, name) {
		return nil
	}
	if schema != "" {
		return w.refuse(w.find(schema), "stored function "+schema+"."+name, plainFunctions)
	}
	return w.refuse(w.find(name), unknownFunction(name), plainFunctions)
}

// param holds the grammar's placeholder against the tokenizer's.
func (w *walker) param(n *driver.ParamMarkerExpr) *Refused {
	if w.mark(n) == nil {
		return w.refuse(w.sent.tokenAt(n.Offset), "text that is read in two ways", "simpler SQL")
	}
	w.seen++
	return nil
}

// in notes a parameter that is alone in its brackets, where a list may stand.
func (w *walker) in(n *ast.PatternInExpr) *Refused {
	_, rows := n.Expr.(*ast.RowExpr)
	if len(n.List) != 1 || rows {
		return nil
	}
	if m := w.mark(n.List[0]); m != nil {
		m.use = useIn
	}
	return nil
}

func (w *walker) limit(n *ast.Limit) {
	for _, e := range []ast.ExprNode{n.Count, n.Offset} {
		if m := w.mark(e); m != nil {
			m.use = useLimit
		}
	}
}

// mark is the placeholder that e is, or nil.
func (w *walker) mark(e ast.ExprNode) *mark {
	p, ok := e.(*driver.ParamMarkerExpr)
	if !ok {
		return nil
	}
	for i := range w.sent.marks {
		if w.sent.marks[i].off == p.Offset {
			return &w.sent.marks[i]
		}
	}
	return nil
}

// markOf is the token of the placeholder that e is, or the first one.
func (w *walker) markOf(e ast.ExprNode) int {
	if m := w.mark(e); m != nil {
		return m.token
	}
	return 0
}

// find is the first token that is one of names, or the first token of all.
func (w *walker) find(names ...string) int {
	return max(0, slices.IndexFunc(w.tokens, func(t token) bool {
		return t.isName() && slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, t.name()) })
	}))
}

func (w *walker) refuse(i int, reason, allowed string) *Refused {
	t := w.tokens[min(i, len(w.tokens)-1)]
	return refuse(w.sql, t.off, t.end, reason, allowed)
}

// syntax finds the place of a syntax error. The grammar tells the line, and
// the column where the token it stumbled over ends; its words speak of another
// product and are left out.
func (w *walker) syntax(err error) *Refused {
	const reason = "syntax error"
	const allowed = "the SELECT syntax that MariaDB and MySQL share"
	var line, col int
	if _, scanErr := fmt.Sscanf(err.Error(), "line %d column %d", &line, &col); scanErr != nil {
		return w.refuse(0, reason, allowed)
	}
	start := 0
	for ; line > 1; line-- {
		start += strings.IndexByte(w.sent.sql[start:], '\n') + 1
		if col > 0 && line == 2 {
			col--
		}
	}
	if off := start + col; off >= len(w.sent.sql) && strings.Contains(err.Error(), "near \"\"") {
		end := w.tokens[len(w.tokens)-1].end
		return refuse(w.sql, end, end, "end of the text in the middle of a statement", allowed)
	}
	return w.refuse(w.sent.tokenAt(max(0, start+col-1)), reason, allowed)
}

// nodeName is a node's kind for a message: "UpdateStmt".
func nodeName(n ast.Node) string {
	return strings.TrimPrefix(fmt.Sprintf("%T", n), "*ast.")
}
