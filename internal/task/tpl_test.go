package task_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/model"
	"exporttask/internal/task"
	"exporttask/internal/task/tasktest"
)

// wantError checks that an error is of a kind and begins with a text, which names
// the field.
func wantError(t *testing.T, err error, kind model.ErrorKind, prefix string) {
	t.Helper()
	var mine *model.Error
	if !errors.As(err, &mine) || mine.Kind != kind || !strings.HasPrefix(mine.Text, prefix) {
		t.Errorf("got error %v, want one of kind %v that begins with %q", err, kind, prefix)
	}
}

func key(id string) model.Request { return model.Request{OperatorID: 7, ID: id, Hash: [32]byte{1}} }

func TestService_CreateTpl(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	made, err := f.CreateTpl(t.Context(), &model.Tpl{Name: "a", Source: "default", Expr: "SELECT id, total FROM shop WHERE id > :from", OperatorID: 7}, key("a"))
	if err != nil {
		t.Fatal(err)
	}
	if made.Status != model.TplNormal || made.Version != 1 {
		t.Errorf("got status %v, version %d, want TplNormal, 1", made.Status, made.Version)
	}
	want := []model.ResultColumn{{Name: "id", Type: "INT"}, {Name: "total", Type: "DECIMAL"}}
	if diff := cmp.Diff(want, made.ResultColumns.V); diff != "" {
		t.Errorf("result columns (-want +got):\n%s", diff)
	}
	if n := f.Source.Parses.Load(); n != 1 {
		t.Errorf("the statement was parsed %d times, want once", n)
	}
	again, err := f.CreateTpl(t.Context(), &model.Tpl{Name: "a", Source: "gone"}, key("a"))
	if err != nil || again.ID != made.ID {
		t.Errorf("the same request again: got %+v, %v, want template %d", again, err, made.ID)
	}
}

func TestService_CreateTpl_refused(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	for name, tc := range map[string]struct {
		tpl  model.Tpl
		want string
	}{
		"unknown_source":      {model.Tpl{Source: "gone", Expr: "SELECT 1"}, `etplSource: "gone", want one of default`},
		"not_a_select":        {model.Tpl{Source: "default", Expr: "DELETE FROM shop"}, "etplExpr: "},
		"unknown_table":       {model.Tpl{Source: "default", Expr: "SELECT * FROM gone"}, `etplExpr: the data source "default" says: `},
		"unknown_column":      {model.Tpl{Source: "default", Expr: "SELECT id FROM shop", OutputColumns: "id, gone"}, "etplOutputColumns: "},
		"unused_parameter":    {model.Tpl{Source: "default", Expr: "SELECT 1", Params: decls("x")}, "etplParams: "},
		"file_name_parameter": {model.Tpl{Source: "default", Expr: "SELECT 1", Options: fileName("{param.x}")}, "etplOptions.fileName: "},
		"delimiter":           {model.Tpl{Source: "default", Expr: "SELECT 1", Options: options(model.Options{Delimiter: ":"})}, "etplOptions.csvDelimiter: ':', want one of "},
		"blank_as_delimiter":  {model.Tpl{Source: "default", Expr: "SELECT 1", Options: options(model.Options{Delimiter: " "})}, "etplOptions.csvDelimiter: "},
		"bom_and_gb18030":     {model.Tpl{Source: "default", Expr: "SELECT 1", Options: options(model.Options{BOM: true, GB18030: true})}, "etplOptions.csvBom: "},
		"parquet_compression": {model.Tpl{Source: "default", Expr: "SELECT 1", Options: options(model.Options{ParquetCompression: "lz4"})}, `etplOptions.parquetCompression: "lz4", want zstd, none, snappy, gzip or nothing`},
		"parquet_type":        {model.Tpl{Source: "default", Expr: "SELECT id FROM shop", OutputFormat: model.FormatParquet, OutputColumns: `[{"name":"id","type":"date"}]`}, `etplOutputColumns: output columns: column 1 "id": type: the column is a INT`},
		"json_numbers":        {model.Tpl{Source: "default", Expr: "SELECT 1", Options: options(model.Options{JSONNumbers: "int"})}, `etplOptions.jsonNumbers: "int", want string, number or nothing`},
		"gzip_and_zstd":       {model.Tpl{Source: "default", Expr: "SELECT 1", Options: options(model.Options{Gzip: true, Zstd: true})}, "etplOptions.zstd: true together with gzip"},
		"null_text":           {model.Tpl{Source: "default", Expr: "SELECT 1", Options: options(model.Options{NullText: "a,b"})}, "etplOptions.csvNullText: "},
		"unknown_destination": {model.Tpl{Source: "default", Expr: "SELECT 1", DeliverTo: deliverTo("gone", "")}, "etplDeliverTo[0].destination: "},
		"path_parameter":      {model.Tpl{Source: "default", Expr: "SELECT 1", DeliverTo: deliverTo("share", "{param.x}/")}, "etplDeliverTo[0].path: "},
	} {
		tc.tpl.Name = "t"
		_, err := f.CreateTpl(t.Context(), &tc.tpl, model.Request{})
		t.Run(name, func(t *testing.T) { wantError(t, err, model.Invalid, tc.want) })
	}
	list, err := f.DB.ListTpl(t.Context(), model.TplFilter{Limit: 10})
	if err != nil || len(list) != 0 {
		t.Errorf("%d templates were saved, error %v, want none", len(list), err)
	}
}

func decls(name string) model.JSON[[]model.ParamDecl] {
	return model.JSON[[]model.ParamDecl]{V: []model.ParamDecl{{Name: name}}}
}

func options(o model.Options) model.JSON[model.Options] { return model.JSON[model.Options]{V: o} }

func fileName(pattern string) model.JSON[model.Options] {
	return model.JSON[model.Options]{V: model.Options{FileName: pattern}}
}

func deliverTo(destination, path string) model.JSON[[]model.DeliverTo] {
	return model.JSON[[]model.DeliverTo]{V: []model.DeliverTo{{Destination: destination, Path: path}}}
}

func TestService_CreateTpl_source_down(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	f.Source.Err, f.Source.Down = errors.New("connection refused"), true
	tpl := f.Tpl(t, "SELECT id FROM shop", nil)
	if tpl.Status != model.TplInited || len(tpl.ResultColumns.V) != 0 {
		t.Fatalf("got status %v, columns %v, want TplInited without columns", tpl.Status, tpl.ResultColumns.V)
	}
	if in := f.Inst(t, tpl.ID); in.State != model.StateQueued {
		t.Errorf("an instance while the source is down is %s, want QUEUED", in.State)
	}
	f.Source.Err = nil
	in := f.Inst(t, tpl.ID)
	now, err := f.DB.GetTpl(t.Context(), tpl.ID)
	if err != nil || now.Status != model.TplNormal || len(now.ResultColumns.V) != 1 || len(in.ResultColumns.V) != 1 {
		t.Errorf("after the source came back: template %+v, instance columns %v, error %v; want TplNormal with 1 column", now, in.ResultColumns.V, err)
	}
}

func TestService_UpdateTpl(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	tpl := f.Tpl(t, "SELECT id FROM shop", nil)
	edited, err := f.UpdateTpl(t.Context(), tpl.ID, 1, func(t *model.Tpl) error { t.Expr = "SELECT name FROM shop"; return nil })
	if err != nil || edited.Version != 2 || edited.ResultColumns.V[0].Name != "name" {
		t.Fatalf("got %+v, %v, want version 2 with the column name", edited, err)
	}
	_, err = f.UpdateTpl(t.Context(), tpl.ID, 1, func(*model.Tpl) error { return nil })
	wantError(t, err, model.Conflict, "etplVersion: ")
	_, err = f.UpdateTpl(t.Context(), tpl.ID, 0, func(t *model.Tpl) error { t.Expr = "SELECT gone FROM shop"; return nil })
	wantError(t, err, model.Invalid, "etplExpr: ")
	mine := errors.New("of the edit")
	if _, err = f.UpdateTpl(t.Context(), tpl.ID, 0, func(*model.Tpl) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("got %v, want the error of the edit", err)
	}
	now, err := f.DB.GetTpl(t.Context(), tpl.ID)
	if err != nil || now.Version != 2 || now.Expr != "SELECT name FROM shop" {
		t.Errorf("got %+v, %v, want version 2 unchanged", now, err)
	}
}

func TestService_Preview(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	f.Source.Parses.Store(0)
	tpl := &model.Tpl{Source: "default", Expr: "SELECT id, name, :today AS d FROM shop WHERE id >= :from ORDER BY id"}
	p, err := f.Preview(t.Context(), tpl, task.PreviewParams{Params: []model.Param{{Name: "from", Value: "1"}}, Rows: 2})
	if err != nil {
		t.Fatal(err)
	}
	if n := f.Source.Parses.Load(); n != 1 {
		t.Errorf("the statement was parsed %d times, want once", n)
	}
	if len(p.Columns) != 3 || len(p.Rows) != 2 || !p.More {
		t.Fatalf("got %d columns, %d rows, more %v, want 3, 2, true", len(p.Columns), len(p.Rows), p.More)
	}
	if got := p.Rows[0][1].Text; got != "'=1+1" {
		t.Errorf("the formula is shown as %q, want it guarded as in the file", got)
	}
	if !p.Rows[1][1].Null {
		t.Error("NULL is not shown as NULL")
	}
	if got := p.Rows[0][2].Text; got != "2026-03-01" {
		t.Errorf(":today is %q, want the date in the service's zone", got)
	}
	if len(p.Warnings) != 1 || p.Warnings[0].Count != 1 {
		t.Errorf("got warnings %+v, want one guarded cell", p.Warnings)
	}
}

func TestService_Preview_refused(t *testing.T) {
	t.Parallel()
	f := tasktest.New(t)
	preview := func(expr string) error {
		_, err := f.Preview(t.Context(), &model.Tpl{Source: "default", Expr: expr}, task.PreviewParams{Rows: 9})
		return err
	}
	wantError(t, preview("SELECT :x"), model.Invalid, `params: parameter "x": not given`)
	wantError(t, preview("SELECT gone FROM shop"), model.Invalid, `etplExpr: the data source "default" says: `)
	wantError(t, preview("SELECT REPEAT('x', 3000000)"), model.Invalid, "etplExpr: one of the first rows holds more than 1048576 bytes")
	wantError(t, preview("SELECT REPEAT('x', 900000) UNION ALL SELECT REPEAT('y', 900000) UNION ALL SELECT REPEAT('z', 900000) UNION ALL SELECT 1"), model.Invalid, "rows: ")
	wantError(t, preview("SELECT LENGTH(REPEAT('x', 100000000))"), model.Incomplete, "etplExpr: the server cut the result: warning 1301")
	f.Source.Err, f.Source.Down = errors.New("connection refused"), true
	var down *task.UnavailableError
	if err := preview("SELECT 1"); !errors.As(err, &down) || down.Source != "default" {
		t.Errorf("a source that is down: got %v, want an UnavailableError", err)
	}
}
