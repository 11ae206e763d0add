package main

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"exporttask/api"
	"exporttask/internal/testkit"
	"exporttask/internal/testkit/exportdtest"
)

func TestMain(m *testing.M) { exportdtest.Main(m, nil) }

var waysTable = []string{
	"CREATE TABLE o (id INT PRIMARY KEY, paid_at TIMESTAMP NULL, made DATETIME NOT NULL, add_time INT NOT NULL, total DECIMAL(10,2) NOT NULL, f FLOAT, big BIGINT, tel VARCHAR(40), name VARCHAR(40)) CHARACTER SET utf8mb4",
	// paid_at is 2026-01-02 00:30 and 2026-01-01 23:30 in Shanghai.
	"INSERT INTO o VALUES (1, '2026-01-01 16:30:00', '2026-01-02 00:30:00', 1767285000, 100.10, 123456.789, 1180000000000000001, '+86-13800000000', '小明'), (2, '2026-01-01 15:30:00', '2026-01-01 23:30:00', 1767281400, 50, 0.5, 42, '+8613800000000', 'it''s \\\\ 🙂')",
}

// way is one input of a trouble.
type way struct {
	expr    string
	params  []*api.WshExportParam
	decls   []*api.WshExportParamDecl
	columns string
	options *api.WshExportOptions
	rows    [][]string // as CSV shows them, with the header
	inXLSX  []string   // texts of the sheet's XML
	warning string     // a code of the preview's warnings and of the instance's
	refused string     // CreateTpl and checkOnly answer errCode 3 with this text
	server  string     // "mariadb" or "mysql": the only one that knows the syntax
}

func param(name string, values ...string) *api.WshExportParam {
	if len(values) == 1 {
		return &api.WshExportParam{Name: name, Value: values[0]}
	}
	return &api.WshExportParam{Name: name, Values: values}
}

var ways = map[string]way{
	"session in the source's zone": {
		expr:   "SELECT id, paid_at, DATE(paid_at) AS d, FROM_UNIXTIME(add_time) AS t FROM o WHERE paid_at >= :day AND add_time >= UNIX_TIMESTAMP(:day) AND made < NOW()",
		params: []*api.WshExportParam{param("day", "2026-01-02")}, decls: []*api.WshExportParamDecl{{Name: "day", Type: api.WshExportParamType_PARAM_DATE}},
		rows: [][]string{{"id", "paid_at", "d", "t"}, {"1", "2026-01-02 00:30:00", "2026-01-02", "2026-01-02 00:30:00"}}, inXLSX: []string{">46024.0208"},
	},
	"parameters like literals": {
		expr:   "SELECT -:n AS v, total * :rate AS w, IFNULL(paid_at, :n) AS p, :s AS s FROM o WHERE id = 1",
		params: []*api.WshExportParam{param("n", "9007199254740993"), param("rate", "0.06"), param("s", `a\b`)},
		decls:  []*api.WshExportParamDecl{{Name: "n", Type: api.WshExportParamType_PARAM_INT}, {Name: "rate", Type: api.WshExportParamType_PARAM_DECIMAL}},
		rows:   [][]string{{"v", "w", "p", "s"}, {"-9007199254740993", "6.0060", "2026-01-02 00:30:00", `a\b`}},
	},
	"last instants of a year": {
		expr: "SELECT CAST('2026-12-31 23:59:59.999999' AS DATETIME(6)) AS t, CAST('9999-12-31 23:59:59.999999' AS DATETIME(6)) AS u",
		rows: [][]string{{"t", "u"}, {"2026-12-31 23:59:59.999999", "9999-12-31 23:59:59.999999"}}, inXLSX: []string{">46387.99999", ">2958465.99999"},
	},
	"text with a line feed": {expr: "SELECT CONCAT('合计', CHAR(10), SUM(total)) AS s FROM o", rows: [][]string{{"s"}, {"合计\n150.10"}}, inXLSX: []string{"合计\n150.10"}},
	"telephone numbers":     {expr: "SELECT tel FROM o ORDER BY id", rows: [][]string{{"tel"}, {"'+86-13800000000"}, {"+8613800000000"}}, inXLSX: []string{">+86-13800000000<"}},
	"declared number": {
		expr: "SELECT CAST(43.33333333246753 AS DECIMAL(20, 14)) AS r FROM o WHERE id = 1", columns: `[{"name":"r","type":"number"}]`,
		rows: [][]string{{"r"}, {"43.33333333246753"}}, inXLSX: []string{">43.3333333324675<"},
	},
	"built-in date":         {expr: "SELECT :year_start < CURDATE() + INTERVAL 1 DAY AS past, DATE(:window_day) AS d", params: []*api.WshExportParam{param("window_day", "2026-01-31")}, decls: []*api.WshExportParamDecl{{Name: "window_day", Type: api.WshExportParamType_PARAM_DATE}}, rows: [][]string{{"past", "d"}, {"1", "2026-01-31"}}, inXLSX: []string{">46053<"}},
	"FLOAT":                 {expr: "SELECT f FROM o WHERE id = 1", rows: [][]string{{"f"}, {"123457"}}, warning: "FLOAT_ROUNDED"},
	"FLOAT, all digits":     {expr: "SELECT CAST(f AS DOUBLE) AS f FROM o WHERE id = 1", rows: [][]string{{"f"}, {"123456.7890625"}}},
	"digits as text":        {expr: "SELECT big, '00123' AS z, '8136E1' AS e FROM o WHERE id = 1", columns: `[{"name":"big","type":"text"},{"name":"z"},{"name":"e"}]`, rows: [][]string{{"big", "z", "e"}, {"1180000000000000001", "00123", "8136E1"}}, inXLSX: []string{">1180000000000000001<", ">00123<", ">8136E1<"}},
	"column of a list":      {expr: "SELECT COUNT(*) AS c, SUM(id IN (:ids)) FROM o", params: []*api.WshExportParam{param("ids", "1", "2")}, decls: []*api.WshExportParamDecl{{Name: "ids", Type: api.WshExportParamType_PARAM_INT, List: true}}, rows: [][]string{{"c", "SUM(id IN (:ids))"}, {"2", "2"}}},
	"collation and alias":   {expr: "SELECT name AS 1月, SUM(id) AS 30d_amt FROM o GROUP BY name ORDER BY CONVERT(name USING gb2312), CURDATE() - INTERVAL (WEEKDAY(CURDATE())) DAY", rows: [][]string{{"1月", "30d_amt"}, {"it's \\ 🙂", "2"}, {"小明", "1"}}},
	"TRIM, POINT, SOUNDEX":  {expr: "SELECT SQL_NO_CACHE TRIM(BOTH ('x') FROM 'xax') AS t, ST_AsText(POINT(1, 2)) AS p, 'a' SOUNDS LIKE 'e' AS s, {d '2026-01-31'} AS d, \\N AS n", rows: [][]string{{"t", "p", "s", "d", "n"}, {"a", "POINT(1 2)", "0", "2026-01-31", ""}}},
	"grouped by a format":   {expr: "SELECT DATE_FORMAT(made, :fmt) AS m, COUNT(*) AS c FROM o GROUP BY DATE_FORMAT(made, :fmt) ORDER BY m", params: []*api.WshExportParam{param("fmt", "%Y-%m-%d")}, rows: [][]string{{"m", "c"}, {"2026-01-01", "1"}, {"2026-01-02", "1"}}},
	"JSON_TABLE":            {expr: "SELECT /*+ MAX_EXECUTION_TIME(60000) */ j.a FROM JSON_TABLE('[1,2]', '$[*]' COLUMNS (a INT PATH '$')) AS j ORDER BY j.a", rows: [][]string{{"a"}, {"1"}, {"2"}}},
	"VALUES":                {expr: "WITH t(a) AS (VALUES (1), (2)) SELECT a FROM t ORDER BY a", rows: [][]string{{"a"}, {"1"}, {"2"}}, server: "mariadb"},
	"functions of a server": {expr: "SELECT MD5('x') AS m", rows: [][]string{{"m"}, {"9dd4e461268c8034f5c8564e155c67a6"}}, server: "mariadb"},
	"ANY_VALUE":             {expr: "SELECT ANY_VALUE(id) AS a FROM o WHERE id = 1", rows: [][]string{{"a"}, {"1"}}, server: "mysql"},
	"no header":             {expr: "SELECT id FROM o ORDER BY id", options: &api.WshExportOptions{NoHeader: true}, rows: [][]string{{"1"}, {"2"}}},
	"delimiter":             {expr: "SELECT 1", options: &api.WshExportOptions{CsvDelimiter: ":"}, refused: "csvDelimiter"},
	"BOM and GB18030":       {expr: "SELECT 1", options: &api.WshExportOptions{CsvBom: true, CsvGb18030: true}, refused: "csvBom"},
	"text of NULL":          {expr: "SELECT 1", options: &api.WshExportOptions{CsvNullText: "a,b"}, refused: "csvNullText"},
	"number format":         {expr: "SELECT 1 AS a", columns: `[{"name":"a","format":"[foo]0"}]`, refused: "[foo]0"},
	"weekday format":        {expr: "SELECT id AS a FROM o WHERE id = 1", columns: `[{"name":"a","format":"[$-804]aaaa"}]`, rows: [][]string{{"a"}, {"1"}}},
	"reserved word":         {expr: "SELECT 1 AS key", refused: "back-quotes"},
	"a function that waits": {expr: "SELECT SLEEP(9)", refused: "waits"},
}

// walk is a service with a destination.
type walk struct {
	rpc     api.ExportTaskClient
	replica *exportdtest.Replica
	dsn     string // of the data source
	folder  string // of the destination
}

// TestWays takes one input of each trouble through all ways that a query takes:
// check, template, preview, instance in three formats, schedule, delivery, exportctl
// and exportd render.
func TestWays(t *testing.T) {
	t.Parallel()
	w := walk{folder: t.TempDir()}
	config := filepath.Join(t.TempDir(), "exportd.yaml")
	text := "zone: Asia/Shanghai\ndestinations:\n  share: {kind: folder, folder: " + w.folder + "}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	site := exportdtest.NewSite(t, "-config="+config)
	site.Exec(t, waysTable...)
	w.dsn, w.replica = site.DSN, site.Start(t)
	conn, err := grpc.NewClient(w.replica.Addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	w.rpc = api.NewExportTaskClient(conn)
	// The kind of the server is known after the first login.
	testkit.Eventually(t, "the data source answers", func() bool {
		res, err := w.rpc.PreviewTpl(t.Context(), &api.WshExportTaskPreviewTplReq{Draft: &api.WshExportTaskCreateTplReq{EtplName: "x", EtplExpr: "SELECT 1"}})
		return err == nil && res.GetErrCode() == ""
	})
	server := "mariadb"
	if os.Getenv(testkit.ServerEnv) == "mysql" {
		server = "mysql"
	}
	for name, c := range ways {
		if c.server == "" || c.server == server {
			t.Run(name, func(t *testing.T) { w.run(t, name, c) })
		}
	}
}

func (w *walk) run(t *testing.T, name string, c way) {
	req := &api.WshExportTaskCreateTplReq{
		EtplName: name, EtplExpr: c.expr, EtplParams: c.decls, EtplOutputColumns: c.columns, EtplOptions: c.options,
		EtplDeliverTo: []*api.WshExportDeliverTo{{Destination: "share", Path: "{id}"}},
	}
	preview := func(checkOnly bool) *api.WshExportTaskPreviewTplRes {
		res, err := w.rpc.PreviewTpl(t.Context(), &api.WshExportTaskPreviewTplReq{Draft: req, Params: c.params, CheckOnly: checkOnly, Rows: 10})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	checked, shown := preview(true), preview(false)
	tpl, err := w.rpc.CreateTpl(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if c.refused != "" {
		for what, res := range map[string]interface {
			GetErrCode() string
			GetErrMsg() string
		}{"checkOnly": checked, "preview": shown, "CreateTpl": tpl} {
			if res.GetErrCode() != "3" || !strings.Contains(res.GetErrMsg(), c.refused) {
				t.Errorf("%s: errCode %q, %q; want 3 and %q", what, res.GetErrCode(), res.GetErrMsg(), c.refused)
			}
		}
		return
	}
	for _, msg := range []string{checked.GetErrMsg(), shown.GetErrMsg(), tpl.GetErrMsg()} {
		if msg != "" {
			t.Fatal(msg)
		}
	}
	w.preview(t, shown.GetData(), c)

	id := tpl.GetData().GetEtplId()
	for _, f := range []api.WshExportFormat{api.WshExportFormat_FMT_CSV, api.WshExportFormat_FMT_XLSX, api.WshExportFormat_FMT_XLS} {
		made, err := w.rpc.CreateInst(t.Context(), &api.WshExportTaskCreateInstReq{EtplId: id, Params: c.params, EtplOutputFormat: f})
		if err != nil || made.GetErrCode() != "" {
			t.Fatalf("%s: %v, %v", f, made, err)
		}
		w.instance(t, made.GetData().GetEinstId(), f, c)
	}
	w.schedule(t, id, name, c)
	args := []string{"run", fmt.Sprint(id), "-q", "-o", "-"}
	for _, p := range c.params {
		for _, v := range append(p.GetValues(), p.GetValue()) {
			if v != "" {
				args = append(args, "-p", p.GetName()+"="+v)
			}
		}
	}
	if len(c.params) == 0 || len(c.params[0].GetValues()) == 0 {
		w.csv(t, "exportctl", w.program(t, "exportctl", args, "EXPORTCTL_ADDR="+w.replica.Addr), c)
	}
	if len(c.decls) == 0 { // render takes all parameters as strings
		args := []string{"render", "-query=" + c.expr, "-columns=" + c.columns, "-time-zone=Asia/Shanghai", "-o=-", fmt.Sprintf("-no-header=%t", c.options.GetNoHeader())}
		for _, p := range c.params {
			args = append(args, "-p="+p.GetName()+"="+p.GetValue())
		}
		w.csv(t, "render", w.program(t, "exportd", args, "EXPORTD_DSN="+w.dsn), c)
	}
}

// program runs a program of this module and returns what it prints.
func (w *walk) program(t *testing.T, name string, args []string, env string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), exportdtest.Build(t, "exporttask/cmd/"+name), args...)
	cmd.Env = append(os.Environ(), env)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s %q: %v\n%s", name, args, err, stderr.Bytes())
	}
	return string(out)
}

// csv compares a CSV file with the rows.
func (w *walk) csv(t *testing.T, what, text string, c way) {
	t.Helper()
	got, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.rows) {
		t.Errorf("%s: got %q, %v\nwant %q", what, got, err, c.rows)
	}
}

func (w *walk) preview(t *testing.T, p *api.WshExportPreview, c way) {
	t.Helper()
	want := c.rows
	if !c.options.GetNoHeader() {
		want = c.rows[1:]
		for i, col := range p.GetColumns() {
			if col.GetLabel() != c.rows[0][i] {
				t.Errorf("preview: column %q, want %q", col.GetLabel(), c.rows[0][i])
			}
		}
	}
	var got [][]string
	for _, r := range p.GetRows() {
		var cells []string
		for _, cell := range r.GetCells() {
			cells = append(cells, cell.GetText())
		}
		got = append(got, cells)
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("preview: got %q, want %q", got, want)
	}
	if found := fmt.Sprint(p.GetWarnings()); c.warning != "" && !strings.Contains(found, c.warning) {
		t.Errorf("preview: warnings %s, want %s", found, c.warning)
	}
}

// instance follows an instance to its end and checks its file, here and at the
// destination.
func (w *walk) instance(t *testing.T, id int64, f api.WshExportFormat, c way) {
	t.Helper()
	watch, err := w.rpc.WatchInst(t.Context(), &api.WshExportTaskWatchInstReq{EinstId: id})
	if err != nil {
		t.Fatal(err)
	}
	var last *api.WshExportInst
	for {
		res, err := watch.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || res.GetErrCode() != "" {
			t.Fatalf("%s: %v, %v", f, res, err)
		}
		last = res.GetData()
	}
	if last.GetState() != api.WshExportInstState_STATE_SUCCEEDED {
		t.Errorf("%s: %s %s", f, last.GetState(), last.GetErrMsg())
		return
	}
	if found := fmt.Sprint(last.GetWarnings()); c.warning != "" && !strings.Contains(found, c.warning) {
		t.Errorf("%s: warnings %s, want %s", f, found, c.warning)
	}
	download, err := w.rpc.DownloadInst(t.Context(), &api.WshExportTaskDownloadInstReq{EinstId: id})
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	for {
		res, err := download.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || res.GetErrCode() != "" {
			t.Fatalf("%s: %v, %v", f, res, err)
		}
		file.Write(res.GetData().GetContent())
	}
	switch f {
	case api.WshExportFormat_FMT_CSV:
		w.csv(t, "instance", file.String(), c)
	case api.WshExportFormat_FMT_XLSX:
		xml := sheet(t, file.Bytes())
		for _, want := range c.inXLSX {
			if !strings.Contains(xml, want) {
				t.Errorf("XLSX: no %q in %s", want, xml)
			}
		}
		if rows := strings.Count(xml, "<row "); rows != len(c.rows) {
			t.Errorf("XLSX: %d rows, want %d", rows, len(c.rows))
		}
	default:
		if !bytes.HasPrefix(file.Bytes(), []byte{0xD0, 0xCF, 0x11, 0xE0}) {
			t.Errorf("%s: begins with %q", f, file.Bytes()[:min(8, file.Len())])
		}
	}
	delivered := filepath.Join(w.folder, fmt.Sprint(id)+filepath.Ext(last.GetFiles()[0].GetName()))
	testkit.Eventually(t, "the file is delivered", func() bool {
		text, err := os.ReadFile(delivered)
		return err == nil && bytes.Equal(text, file.Bytes())
	})
}

// sheet returns the XML of the first sheet without what surrounds the rows.
func sheet(t *testing.T, book []byte) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	in, err := z.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?s)<sheetData>.*</sheetData>`).FindString(string(text))
}

func (w *walk) schedule(t *testing.T, tpl int32, name string, c way) {
	t.Helper()
	sched, err := w.rpc.CreateSched(t.Context(), &api.WshExportTaskCreateSchedReq{EschedName: name, EtplId: tpl, Params: c.params, Cron: "0 0 1 1 *"})
	if err != nil || sched.GetErrCode() != "" {
		t.Errorf("CreateSched: %v, %v", sched, err)
		return
	}
	run, err := w.rpc.RunSched(t.Context(), &api.WshExportTaskRunSchedReq{EschedId: sched.GetData().GetEschedId()})
	if err != nil || run.GetErrCode() != "" || len(run.GetData()) != 1 {
		t.Errorf("RunSched: %v, %v", run, err)
		return
	}
	w.instance(t, run.GetData()[0].GetEinstId(), api.WshExportFormat_FMT_CSV, c)
}
