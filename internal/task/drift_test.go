package task

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format/row"
	"exporttask/internal/model"
)

func checked(pairs ...string) []model.ResultColumn {
	var out []model.ResultColumn
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, model.ResultColumn{Name: pairs[i], Type: pairs[i+1]})
	}
	return out
}

func result(pairs ...string) []row.Column {
	var out []row.Column
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, row.Column{Name: pairs[i], Type: pairs[i+1]})
	}
	return out
}

func TestDrift_Columns(t *testing.T) {
	t.Parallel()
	ab := checked("a", "INT", "b", "VARCHAR")
	for name, tc := range map[string]struct {
		checked []model.ResultColumn
		result  []row.Column
		columns string
		extra   model.ExtraColumns
		want    []string // "label@place in the result"
		wantErr []string // what the message names
	}{
		"the same":                        {checked: ab, result: result("a", "INT", "b", "VARCHAR"), want: []string{"a@0", "b@1"}},
		"another order":                   {checked: ab, result: result("b", "VARCHAR", "a", "INT"), want: []string{"a@1", "b@0"}},
		"not known what was checked":      {result: result("x", "INT"), want: []string{"x@0"}},
		"missing":                         {checked: ab, result: result("b", "VARCHAR"), wantErr: []string{`missing: "a"`}},
		"missing though not picked":       {checked: ab, result: result("b", "VARCHAR"), columns: "b", wantErr: []string{`missing: "a"`}},
		"retyped":                         {checked: ab, result: result("a", "BIGINT", "b", "VARCHAR"), wantErr: []string{`"a" was INT, is BIGINT`}},
		"missing and retyped":             {checked: ab, result: result("b", "INT"), wantErr: []string{`"a"`, `"b" was VARCHAR, is INT`}},
		"renamed":                         {checked: ab, result: result("a", "INT", "c", "VARCHAR"), wantErr: []string{`missing: "b"`}},
		"extra, taken":                    {checked: ab, result: result("n", "INT", "a", "INT", "b", "VARCHAR"), want: []string{"a@1", "b@2", "n@0"}},
		"extra, picked columns":           {checked: ab, result: result("n", "INT", "a", "INT", "b", "VARCHAR"), columns: "b:B,a", want: []string{"B@2", "a@1"}},
		"extra, dropped":                  {checked: ab, result: result("n", "INT", "a", "INT", "b", "VARCHAR"), extra: model.ExtraDrop, want: []string{"a@1", "b@2"}},
		"extra, refused":                  {checked: ab, result: result("n", "INT", "a", "INT", "b", "VARCHAR"), extra: model.ExtraError, wantErr: []string{`new: "n"`}},
		"no extra, refused":               {checked: ab, result: result("a", "INT", "b", "VARCHAR"), extra: model.ExtraError, want: []string{"a@0", "b@1"}},
		"equal names keep their order":    {checked: checked("a", "INT", "a", "DATE"), result: result("a", "INT", "a", "DATE"), want: []string{"a@0", "a@1"}},
		"one of two equal names is gone":  {checked: checked("a", "INT", "a", "INT"), result: result("a", "INT"), wantErr: []string{`missing: "a"`}},
		"an extra one with a known name":  {checked: ab, result: result("a", "INT", "b", "VARCHAR", "a", "INT"), columns: "a", want: []string{"a@0"}},
		"a name in another case is other": {checked: ab, result: result("A", "INT", "b", "VARCHAR"), wantErr: []string{`missing: "a"`}},
		"names of an earlier version":     {checked: checked("SUM(s IN (?))", "INT", "?", "INT", "?", "INT"), result: result("SUM(s IN (:l))", "INT", ":a", "INT", ":b", "INT"), want: []string{"SUM(s IN (:l))@0", ":a@1", ":b@2"}},
		"an earlier version's name, gone": {checked: checked("? + 1", "INT"), result: result(":a + 2", "INT"), wantErr: []string{`missing: "? + 1"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &model.Inst{OutputColumns: tc.columns, OutputFormat: model.FormatCSV, ExtraColumns: tc.extra}
			columns, err := Compare(tc.checked, tc.result).Columns(in, tc.result)
			if len(tc.wantErr) > 0 {
				var mine *model.Error
				if !errors.As(err, &mine) || mine.Kind != model.WrongState {
					t.Fatalf("error %v, want a WrongState", err)
				}
				for _, part := range tc.wantErr {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("error %q does not say %q", err, part)
					}
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range columns {
				got = append(got, c.Label+"@"+string(rune('0'+c.Index)))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
		})
	}
}
