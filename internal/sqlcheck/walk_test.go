package sqlcheck

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pingcap/tidb/pkg/parser"
	"github.com/pingcap/tidb/pkg/parser/ast"
)

// The grammar's Accept methods skip some children (SelectField does not visit
// its wildcard). A skipped table or function would go unchecked, so each node
// that reflection finds in the corpus must have been visited, wildcards apart.
func TestWalkVisitsEveryNode(t *testing.T) {
	t.Parallel()
	for _, s := range corpus(t, "accept.sql") {
		st, err := Check(s.sql, testOptions)
		if err != nil {
			t.Errorf("%s: %v", s.why, err)
			continue
		}
		stmts, _, err := parser.New().ParseSQL(st.SQL)
		if err != nil {
			t.Fatal(err)
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
