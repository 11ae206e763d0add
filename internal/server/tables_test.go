package server_test

import (
	"errors"
	"strings"
	"testing"

	"exporttask/api"
	"exporttask/internal/model"
	"exporttask/internal/task"
)

func TestServer_ListTable(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Source.Exec(t, "CREATE TABLE `order` (id INT NOT NULL PRIMARY KEY, `a b` VARCHAR(3) COMMENT 'two words')")
	f.Source.Exec(t, "CREATE VIEW sales AS SELECT id FROM shop")
	list := func(t *testing.T, req *api.WshExportTaskListTableReq) (names string, token string) {
		t.Helper()
		res, err := f.rpc.ListTable(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, table := range res.GetData() {
			name := table.GetSqlName()
			if table.GetView() {
				name += " (view)"
			}
			all = append(all, name)
		}
		return strings.Join(all, ", "), res.GetNextPageToken()
	}
	t.Run("pages", func(t *testing.T) {
		t.Parallel()
		first, token := list(t, &api.WshExportTaskListTableReq{PageSize: 2})
		rest, end := list(t, &api.WshExportTaskListTableReq{PageSize: 2, PageToken: token})
		if first != "`order`, sales (view)" || rest != "shop" || end != "" {
			t.Errorf("got %q, %q and the token %q, want `order`, sales (view), then shop and no token", first, rest, end)
		}
	})
	t.Run("name", func(t *testing.T) {
		t.Parallel()
		if got, _ := list(t, &api.WshExportTaskListTableReq{Name: "HO"}); got != "shop" {
			t.Errorf("got %q, want shop", got)
		}
	})
	t.Run("columns", func(t *testing.T) {
		t.Parallel()
		res, err := f.rpc.ListTableColumn(t.Context(), &api.WshExportTaskListTableColumnReq{Table: "order"})
		if err != nil || len(res.GetData()) != 2 {
			t.Fatalf("got %v, %v, want two columns", res.GetData(), err)
		}
		if c := res.GetData()[1]; c.GetSqlName() != "`a b`" || c.GetType() != "varchar(3)" || !c.GetNullable() || c.GetComment() != "two words" {
			t.Errorf("got %v, want the column `a b`", c)
		}
		if c := res.GetData()[0]; c.GetKey() != "PRI" || c.GetNullable() {
			t.Errorf("got %v, want a primary key that is not nullable", c)
		}
	})
	t.Run("operator_without_the_source", func(t *testing.T) {
		t.Parallel()
		_, err := f.rpc.ListTable(t.Context(), &api.WshExportTaskListTableReq{OperatorId: 13})
		wantInvalid(t, err, "etplSource")
		_, err = f.rpc.ListTableColumn(t.Context(), &api.WshExportTaskListTableColumnReq{OperatorId: 13, Table: "shop"})
		wantInvalid(t, err, "etplSource")
		res, err := f.rpc.ListSource(t.Context(), &api.WshExportTaskListSourceReq{OperatorId: 13})
		if err != nil || len(res.GetData()) != 0 {
			t.Errorf("ListSource: got %v, %v, want none", res.GetData(), err)
		}
	})
	t.Run("other_schema", func(t *testing.T) {
		t.Parallel()
		_, err := f.rpc.ListTableColumn(t.Context(), &api.WshExportTaskListTableColumnReq{Schema: "mysql", Table: "user"})
		wantInvalid(t, err, "schema")
	})
	t.Run("no_such_table", func(t *testing.T) {
		t.Parallel()
		_, err := f.rpc.ListTableColumn(t.Context(), &api.WshExportTaskListTableColumnReq{Table: "gone"})
		if mine, ok := errors.AsType[*model.Error](err); !ok || mine.Kind != model.NotFound {
			t.Errorf("got %v, want NotFound", err)
		}
	})
}

func TestServer_ListTable_source_down(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Source.Err, f.Source.Down = errors.New("connection refused"), true
	_, err := f.rpc.ListTable(t.Context(), &api.WshExportTaskListTableReq{})
	if _, ok := errors.AsType[*task.UnavailableError](err); !ok {
		t.Errorf("got %v, want a data source that does not answer", err)
	}
}

func TestServer_ListSource(t *testing.T) {
	t.Parallel()
	res, err := setup(t).rpc.ListSource(t.Context(), &api.WshExportTaskListSourceReq{OperatorId: 7})
	if err != nil || len(res.GetData()) != 1 || res.GetData()[0].GetName() != "default" || len(res.GetData()[0].GetSchemas()) != 1 {
		t.Errorf("got %v, %v, want the data source default with its schema", res.GetData(), err)
	}
}
