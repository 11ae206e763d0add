package main

import (
	"database/sql"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/api"
	"exporttask/internal/testkit"
)

// shop is a database of the test's own and a service on it.
func shop(t *testing.T, statements ...string) (*sql.DB, *service) {
	t.Helper()
	dsn := testkit.Database(t)
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	execAll(t, db, statements...)
	return db, startService(t, dsn)
}

func execAll(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, stmt := range statements {
		if _, err := db.ExecContext(t.Context(), stmt); err != nil {
			t.Fatalf("%s: %v", stmt, err)
		}
	}
}

func (s *service) create(t *testing.T, req *api.WshExportTaskCreateTplReq) int32 {
	t.Helper()
	res, err := s.client.CreateTpl(t.Context(), req)
	if err != nil || res.GetErrCode() != "" {
		t.Fatalf("CreateTpl: %v %v", res, err)
	}
	return res.GetData().GetEtplId()
}

// end runs a template and returns its instance when it has ended, in any state.
func (s *service) end(t *testing.T, req *api.WshExportTaskCreateInstReq) *api.WshExportInst {
	t.Helper()
	made, err := s.client.CreateInst(t.Context(), req)
	if err != nil || made.GetErrCode() != "" {
		t.Fatalf("CreateInst: %v %v", made, err)
	}
	return s.watch(t, made.GetData().GetEinstId())
}

const kindsTable = `CREATE TABLE kinds (id BIGINT UNSIGNED, no INT(8) ZEROFILL, amount DECIMAL(20,2), at DATETIME(3), flag TINYINT,
	remark VARCHAR(50), raw VARBINARY(4), bits BIT(9), place POINT)`

const kindsRows = `INSERT INTO kinds VALUES
	(18446744073709551615, 42, -0.10, '2026-01-31 23:59:59.5', 1, '=1+1', 0x00ff, b'100000001', POINT(1, 2)),
	(2, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL),
	(3, 7, 1, '1999-12-31 00:00:00', 2, '', '', b'0', NULL)`

const kindsColumns = `[{"name": "id"}, {"name": "no"}, {"name": "amount", "label": "Amount"}, {"name": "at", "zone": "Asia/Shanghai"},
	{"name": "flag", "map": {"0": "no", "1": "yes"}}, {"name": "remark"}, {"name": "raw", "binary": "base64"}, {"name": "bits"}, {"name": "place"}]`

// What a preview shows is what a file of the same template holds, cell by cell.
func TestServe_PreviewTpl(t *testing.T) {
	t.Parallel()
	_, s := shop(t, kindsTable, kindsRows)
	draft := &api.WshExportTaskCreateTplReq{
		EtplName: "kinds", EtplExpr: "SELECT * FROM kinds WHERE id > :least AND at < :now OR at IS NULL ORDER BY id", EtplOutputColumns: kindsColumns,
		EtplParams:  []*api.WshExportParamDecl{{Name: "least", Type: api.WshExportParamType_PARAM_INT}},
		EtplOptions: &api.WshExportOptions{CsvNullText: "NULL"},
	}
	params := []*api.WshExportParam{{Name: "least", Value: "1"}}
	res, err := s.client.PreviewTpl(t.Context(), &api.WshExportTaskPreviewTplReq{Draft: draft, Params: params, Rows: 2})
	if err != nil || res.GetErrCode() != "" {
		t.Fatalf("PreviewTpl: %v %v", res, err)
	}
	data := res.GetData()
	if len(data.GetRows()) != 2 || !data.GetMore() || data.GetEstimatedRows() == 0 {
		t.Errorf("%d rows, more %t, estimate %d; want 2 of more, with an estimate", len(data.GetRows()), data.GetMore(), data.GetEstimatedRows())
	}
	if p := data.GetParams(); len(p) != 2 || p[0].GetValue() != "1" || !strings.HasPrefix(p[1].GetValue(), "20") {
		t.Errorf("params %v, want least and now", p)
	}
	for _, list := range []int{s.tpls(t), s.insts(t)} {
		if list != 0 {
			t.Errorf("a preview kept %d templates or instances", list)
		}
	}

	tpl := s.create(t, draft)
	res, err = s.client.PreviewTpl(t.Context(), &api.WshExportTaskPreviewTplReq{EtplId: tpl, Params: params})
	if err != nil || res.GetErrCode() != "" || res.GetData().GetMore() {
		t.Fatalf("PreviewTpl of the saved one: %v %v", res, err)
	}
	inst := s.end(t, &api.WshExportTaskCreateInstReq{EtplId: tpl, Params: params})
	file, err := csv.NewReader(strings.NewReader(s.download(t, inst.GetEinstId(), 0))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var labels []string
	for _, c := range res.GetData().GetColumns() {
		labels = append(labels, c.GetLabel())
	}
	shown := [][]string{labels}
	for _, r := range res.GetData().GetRows() {
		var texts []string
		for _, c := range r.GetCells() {
			texts = append(texts, c.GetText())
			if c.GetIsNull() != (c.GetText() == "NULL") {
				t.Errorf("cell %v: NULL told wrongly", c)
			}
		}
		shown = append(shown, texts)
	}
	if diff := cmp.Diff(file, shown); diff != "" {
		t.Errorf("the file and the preview differ (-file +preview):\n%s", diff)
	}
	if w := res.GetData().GetWarnings(); len(w) != 1 || w[0].GetText() != inst.GetWarnings()[0].GetText() {
		t.Errorf("warnings %v, want the file's %v", w, inst.GetWarnings())
	}
	if got := res.GetData().GetColumns()[0]; got.GetType() != "BIGINT UNSIGNED" || got.GetName() != "id" {
		t.Errorf("column %v", got)
	}
}

func (s *service) tpls(t *testing.T) int {
	t.Helper()
	res, err := s.client.ListTpl(t.Context(), &api.WshExportTaskListTplReq{})
	if err != nil {
		t.Fatal(err)
	}
	return len(res.GetData())
}

func (s *service) insts(t *testing.T) int {
	t.Helper()
	res, err := s.client.ListInst(t.Context(), &api.WshExportTaskListInstReq{})
	if err != nil {
		t.Fatal(err)
	}
	return len(res.GetData())
}

func TestServe_PreviewTpl_errors(t *testing.T) {
	t.Parallel()
	_, s := shop(t, "CREATE TABLE wide (c LONGTEXT)", "INSERT INTO wide VALUES (REPEAT('x', 3000000))")
	deleted := s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "gone", EtplExpr: "SELECT 1"})
	if _, err := s.client.DeleteTpl(t.Context(), &api.WshExportTaskDeleteTplReq{EtplId: deleted}); err != nil {
		t.Fatal(err)
	}
	draft := func(expr string) *api.WshExportTaskPreviewTplReq {
		return &api.WshExportTaskPreviewTplReq{Draft: &api.WshExportTaskCreateTplReq{EtplExpr: expr}}
	}
	for name, tc := range map[string]struct {
		req  *api.WshExportTaskPreviewTplReq
		code string
		says string
	}{
		"nothing to preview": {&api.WshExportTaskPreviewTplReq{}, "3", "etplId"},
		"both":               {&api.WshExportTaskPreviewTplReq{EtplId: 1, Draft: &api.WshExportTaskCreateTplReq{}}, "3", "draft"},
		"no such template":   {&api.WshExportTaskPreviewTplReq{EtplId: 999}, "5", "etplId: 999"},
		"deleted":            {&api.WshExportTaskPreviewTplReq{EtplId: deleted}, "9", "deleted"},
		"too many rows":      {&api.WshExportTaskPreviewTplReq{EtplId: 1, Rows: 201}, "3", "rows: 201, want 0..200"},
		"no SELECT":          {draft("DELETE FROM wide"), "3", "etplExpr"},
		"no such table":      {draft("SELECT * FROM nowhere"), "3", "nowhere"},
		"missing parameter":  {draft("SELECT :x"), "3", `"x"`},
		"too much":           {draft("SELECT * FROM wide"), "3", "etplExpr: one of the first rows holds more than"},
		"too slow":           {draft("SELECT COUNT(*) FROM wide a, " + manyRows + " b, " + manyRows + " c, " + manyRows + " d"), "3", "10s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, err := s.client.PreviewTpl(t.Context(), tc.req)
			if err != nil {
				t.Fatal(err)
			}
			if res.GetErrCode() != tc.code || !strings.Contains(res.GetErrMsg(), tc.says) {
				t.Errorf("got %q %q, want %q and %q", res.GetErrCode(), res.GetErrMsg(), tc.code, tc.says)
			}
		})
	}
}

// manyRows is a table of 10,000 rows that needs no table.
const manyRows = `(WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 10000) SELECT i FROM n)`

func TestServe_column_drift(t *testing.T) {
	t.Parallel()
	db, s := shop(t, "CREATE TABLE drifting (a INT, b VARCHAR(9), c DATE)", "INSERT INTO drifting VALUES (1, 'x', '2026-01-01')")
	all := s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "all", EtplExpr: "SELECT * FROM drifting"})
	strict := s.create(t, &api.WshExportTaskCreateTplReq{
		EtplName: "strict", EtplExpr: "SELECT * FROM drifting", EtplExtraColumns: api.WshExportExtraColumns_EXTRA_ERROR,
	})
	drop := s.create(t, &api.WshExportTaskCreateTplReq{
		EtplName: "drop", EtplExpr: "SELECT * FROM drifting", EtplExtraColumns: api.WshExportExtraColumns_EXTRA_DROP,
	})
	typed := s.create(t, &api.WshExportTaskCreateTplReq{
		EtplName: "typed", EtplExpr: "SELECT :n + 1 AS m, :n AS n, a FROM drifting",
		EtplParams: []*api.WshExportParamDecl{{Name: "n", Type: api.WshExportParamType_PARAM_INT}},
	})
	content := func(tpl int32, params ...*api.WshExportParam) string {
		t.Helper()
		inst := s.end(t, &api.WshExportTaskCreateInstReq{EtplId: tpl, Params: params})
		if inst.GetState() != api.WshExportInstState_STATE_SUCCEEDED {
			t.Fatalf("ended as %s: %s", inst.GetState(), inst.GetErrMsg())
		}
		return s.download(t, inst.GetEinstId(), 0)
	}
	fails := func(tpl int32, says string) {
		t.Helper()
		inst := s.end(t, &api.WshExportTaskCreateInstReq{EtplId: tpl})
		if inst.GetState() != api.WshExportInstState_STATE_FAILED || inst.GetErrCode() != "9" || !strings.Contains(inst.GetErrMsg(), says) || inst.GetAttempt() != 1 {
			t.Errorf("ended as %s %q %q after %d attempts, want FAILED 9 at once and %q", inst.GetState(), inst.GetErrCode(), inst.GetErrMsg(), inst.GetAttempt(), says)
		}
	}

	// A value may change a type without any drift.
	if got := content(typed, &api.WshExportParam{Name: "n", Value: "41"}); got != "m,n,a\r\n42,41,1\r\n" {
		t.Errorf("typed: %q", got)
	}
	execAll(t, db, "ALTER TABLE drifting ADD COLUMN d INT DEFAULT 4 FIRST")
	if got := content(all); got != "a,b,c,d\r\n1,x,2026-01-01,4\r\n" {
		t.Errorf("an extra column comes last: %q", got)
	}
	if got := content(drop); got != "a,b,c\r\n1,x,2026-01-01\r\n" {
		t.Errorf("an extra column is dropped: %q", got)
	}
	fails(strict, `new: "d"`)
	execAll(t, db, "ALTER TABLE drifting MODIFY a BIGINT")
	fails(all, `"a" was INT, is BIGINT`)
	execAll(t, db, "ALTER TABLE drifting DROP COLUMN b")
	fails(drop, `missing: "b"`)

	res, err := s.client.UpdateTpl(t.Context(), &api.WshExportTaskUpdateTplReq{EtplId: all})
	if err != nil || res.GetErrCode() != "" || res.GetData().GetEtplVersion() != 2 {
		t.Fatalf("UpdateTpl: %v %v", res, err)
	}
	if got := content(all); got != "d,a,c\r\n4,1,2026-01-01\r\n" {
		t.Errorf("after the template was saved again: %q", got)
	}
}

func TestServe_limits(t *testing.T) {
	t.Parallel()
	dsn := testkit.Database(t)
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	execAll(t, db, "CREATE TABLE ten (n INT)", "INSERT INTO ten VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)")
	reader := testkit.Account(t, dsn, "SELECT")
	config := filepath.Join(t.TempDir(), "exportd.yaml")
	if err := os.WriteFile(config, []byte("sources:\n"+
		"  default: {dsn: '"+reader+"'}\n"+
		"  rows9: {dsn: '"+reader+"', max-rows: 9}\n"+
		"  seconds1: {dsn: '"+reader+"', max-seconds: 1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startService(t, dsn, "EXPORTD_CONFIG="+config)
	const all, slow = "SELECT n FROM ten", "SELECT COUNT(*) FROM ten a, " + manyRows + " b, " + manyRows + " c, " + manyRows + " d"
	succeeded, failed, timedOut := api.WshExportInstState_STATE_SUCCEEDED, api.WshExportInstState_STATE_FAILED, api.WshExportInstState_STATE_TIMED_OUT
	for name, tc := range map[string]struct {
		req  *api.WshExportTaskCreateTplReq
		want api.WshExportInstState
		says string
	}{
		"rows above":         {&api.WshExportTaskCreateTplReq{EtplExpr: all, EtplLimits: &api.WshExportLimits{Rows: 11}}, succeeded, ""},
		"rows at":            {&api.WshExportTaskCreateTplReq{EtplExpr: all, EtplLimits: &api.WshExportLimits{Rows: 10}}, succeeded, ""},
		"rows below":         {&api.WshExportTaskCreateTplReq{EtplExpr: all, EtplLimits: &api.WshExportLimits{Rows: 9}}, failed, "limit of rows passed: 9"},
		"bytes above":        {&api.WshExportTaskCreateTplReq{EtplExpr: all, EtplLimits: &api.WshExportLimits{Bytes: 21}}, succeeded, ""},
		"bytes at":           {&api.WshExportTaskCreateTplReq{EtplExpr: all, EtplLimits: &api.WshExportLimits{Bytes: 20}}, succeeded, ""},
		"bytes below":        {&api.WshExportTaskCreateTplReq{EtplExpr: all, EtplLimits: &api.WshExportLimits{Bytes: 19}}, failed, "limit of bytes passed: 19"},
		"seconds":            {&api.WshExportTaskCreateTplReq{EtplExpr: slow, EtplTimeoutSec: 1}, timedOut, "1"},
		"of the source":      {&api.WshExportTaskCreateTplReq{EtplExpr: all, EtplSource: "rows9"}, failed, "limit of rows passed: 9"},
		"source is narrower": {&api.WshExportTaskCreateTplReq{EtplExpr: all, EtplSource: "rows9", EtplLimits: &api.WshExportLimits{Rows: 50}}, failed, "limit of rows passed: 9"},
		"tpl is narrower":    {&api.WshExportTaskCreateTplReq{EtplExpr: all, EtplSource: "rows9", EtplLimits: &api.WshExportLimits{Rows: 5}}, failed, "limit of rows passed: 5"},
		"source's seconds":   {&api.WshExportTaskCreateTplReq{EtplExpr: slow, EtplSource: "seconds1", EtplTimeoutSec: 600}, timedOut, "1s"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.req.EtplName = name
			inst := s.end(t, &api.WshExportTaskCreateInstReq{EtplId: s.create(t, tc.req)})
			if inst.GetState() != tc.want || !strings.Contains(inst.GetErrMsg(), tc.says) {
				t.Errorf("ended as %s %q, want %s and %q", inst.GetState(), inst.GetErrMsg(), tc.want, tc.says)
			}
			if tc.want != succeeded && len(inst.GetFiles()) != 0 {
				t.Errorf("shows files %v", inst.GetFiles())
			}
		})
	}
	files, err := filepath.Glob(filepath.Join(s.store, "*", "*", "*"))
	if err != nil || len(files) != 4 {
		t.Errorf("the store holds %v (%v), want the 4 files of those that succeeded", files, err)
	}
}

func TestServe_warns_of_excess_grants(t *testing.T) {
	t.Parallel()
	dsn := testkit.Database(t)
	config := filepath.Join(t.TempDir(), "exportd.yaml")
	if err := os.WriteFile(config, []byte("sources: {default: {dsn: '"+testkit.Account(t, dsn, "SELECT, INSERT")+"'}, fine: {dsn: '"+testkit.Account(t, dsn, "SELECT")+"'}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startService(t, dsn, "EXPORTD_CONFIG="+config)
	s.logged(t, `"data_source":"default","excess":["INSERT ON `)
	if strings.Contains(s.log.String(), `"data_source":"fine","excess"`) {
		t.Error("warned of an account that may only read")
	}
}
