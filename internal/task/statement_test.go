package task_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format/row"
	"exporttask/internal/model"
	"exporttask/internal/source"
	"exporttask/internal/sqlcheck"
	"exporttask/internal/task"
	"exporttask/internal/task/tasktest"
)

// A template whose statement has parameters in GROUP BY and in unnamed columns is
// checked, and an instance with a list of any length has the columns that the check
// found.
func TestQuery_columns_of_parameters(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	params := model.JSON[[]model.ParamDecl]{V: []model.ParamDecl{{Name: "l", Type: 1, List: true}, {Name: "f"}, {Name: "n", Type: 1}, {Name: "d", Type: 3}}}
	tpl := &model.Tpl{
		Name: "a", Source: "default", OperatorID: 7, Params: params,
		Expr: "SELECT DATE_FORMAT(:d, :f) AS m, SUM(id IN (:l)), MAX(-:n), MAX(:d) FROM shop GROUP BY DATE_FORMAT(:d, :f), CONCAT(name, :f)",
	}
	made, err := f.CreateTpl(t.Context(), tpl, key("a"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range made.ResultColumns.V {
		names = append(names, c.Name)
	}
	if diff := cmp.Diff([]string{"m", "SUM(id IN (:l))", "MAX(-:n)", "MAX(:d)"}, names); diff != "" {
		t.Errorf("columns of the template (-want +got):\n%s", diff)
	}
	if made.ResultColumns.V[3].Type != "DATE" {
		t.Errorf("MAX(:d) is a %s, want a DATE", made.ResultColumns.V[3].Type)
	}
	for _, list := range [][]string{{"1"}, {"1", "2", "3"}} {
		in := &model.Inst{Source: "default", Expr: tpl.Expr, Decls: params, Params: model.JSON[[]model.Param]{V: []model.Param{
			{Name: "d", Value: "2026-01-31"}, {Name: "f", Value: "%Y-%m"}, {Name: "l", Values: list}, {Name: "n", Value: "9007199254740993"},
		}}}
		query, err := task.Bind(in, sqlcheck.Options{})
		if err != nil {
			t.Fatal(err)
		}
		sample, err := f.Source.Sample(t.Context(), "default", source.Query{SQL: query.SQL, FirstRows: 1})
		if err != nil {
			t.Fatal(err)
		}
		drift := task.Compare(made.ResultColumns.V, sample.Columns)
		if drift.Retyped, err = query.Retyped(t.Context(), f.Source, "default", made.ResultColumns.V, sample.Columns); err != nil {
			t.Fatal(err)
		}
		if len(drift.Missing)+len(drift.Extra)+len(drift.Retyped) > 0 {
			t.Errorf("list of %d values: drift %+v", len(list), drift)
		}
	}
}

// preparer answers Prepare with the columns of a text, or with an error for a text
// that it does not know.
type preparer map[string][]row.Column

func (p preparer) Prepare(_ context.Context, _, text string, _ int) ([]row.Column, error) {
	if columns, ok := p[text]; ok {
		return columns, nil
	}
	return nil, errors.New("refused: " + text)
}

func TestQuery_Retyped(t *testing.T) {
	t.Parallel()
	query, err := task.Bind(&model.Inst{
		Expr: "SELECT :n AS v", Decls: model.JSON[[]model.ParamDecl]{V: []model.ParamDecl{{Name: "n", Type: 1}}},
		Params: model.JSON[[]model.Param]{V: []model.Param{{Name: "n", Value: "9007199254740993"}}},
	}, sqlcheck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	of := func(typ string) []row.Column { return []row.Column{{Name: "v", Type: typ}} }
	const sample, placeholder = "SELECT 1 AS v", "SELECT ? AS v"
	for name, c := range map[string]struct {
		checked string
		server  preparer
		want    []string
	}{
		"same type":                         {"BIGINT", preparer{}, nil},
		"type of a sample value":            {"INT", preparer{sample: of("INT")}, nil},
		"type of a placeholder":             {"DOUBLE", preparer{sample: of("INT"), placeholder: of("DOUBLE")}, nil},
		"placeholder alone can be prepared": {"DOUBLE", preparer{placeholder: of("DOUBLE")}, nil},
		"column of the table has changed":   {"VARCHAR", preparer{sample: of("INT"), placeholder: of("INT")}, []string{`"v" was VARCHAR, is INT`}},
		"placeholder cannot be prepared":    {"VARCHAR", preparer{sample: of("INT")}, []string{`"v" was VARCHAR, is INT`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := query.Retyped(t.Context(), c.server, "default", []model.ResultColumn{{Name: "v", Type: c.checked}}, of("BIGINT"))
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
	t.Run("nothing can be prepared", func(t *testing.T) {
		t.Parallel()
		if _, err := query.Retyped(t.Context(), preparer{}, "default", []model.ResultColumn{{Name: "v", Type: "INT"}}, of("BIGINT")); err == nil {
			t.Error("got no error")
		}
	})
}
