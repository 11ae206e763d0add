package spec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"exporttask/api"
)

// full has every key with a value that is not the usual one.
const full = `name: 每日订单
tag: shop
source: shop
sql: |-
  SELECT id, amount
  FROM orders
  WHERE paid >= :from
params:
  - {name: from, type: date, default: "2026-01-01"}
  - {name: shops, type: int, list: true, default: ["7", "8"], emptyList: none}
  - {name: note, optional: true, maxLength: 20}
columns:
  - id
  - {name: amount, label: 金额, format: '#,##0.00', width: 14, map: {"0": none}}
extraColumns: error
format: xlsx
options:
  delimiter: ;
  bom: true
  lineEnd: lf
  quoteAll: true
  nullText: "null"
  encoding: gb18030
  header: false
  formulaGuard: false
  gzip: true
  splitRows: 1000
  sheetName: Orders
  freeze: false
  filter: false
  thousands: true
  rightToLeft: true
  totalLabel: 合计
  small: true
  snapshot: true
  fileName: orders-{date}
  jsonNumbers: string
  zstd: true
  parquetCompression: none
limits:
  rows: 10
  bytes: 64KiB
  running: 2
timeout: 30m
attempts: 5
retention: 7d
deliverTo:
  - destination: mail
    path: a/b
    recipients: [a@b.test, c@d.test]
    subject: Orders
    require: no-rows
notify:
  late: 15m
  to:
    - destination: mail
      recipients: [ops@b.test]
schedules:
  - name: nightly
    cron: 15 2 * * *
    zone: Asia/Shanghai
    params:
      from: "2026-01-01"
      shops: ["1", "2"]
      note: null
    format: csv
    missed: all
    overlap: queue
    jitter: 90s
    start: 2026-01-01T00:00:00Z
    end: 2027-01-01T00:00:00Z
    paused: true
    pauseAfterFailures: 3
    deliverTo:
      - destination: folder
    notify:
      to:
        - destination: hook
  - name: hourly
    cron: '@hourly'
`

func parseOne(t *testing.T, text string) Tpl {
	t.Helper()
	list, err := Parse("f.yaml", []byte(text))
	if err != nil || len(list) != 1 {
		t.Fatalf("%d templates, error %v", len(list), err)
	}
	return list[0]
}

func TestWrite_reads_back(t *testing.T) {
	t.Parallel()
	got := parseOne(t, full)
	want := Tpl{
		Where: "f.yaml:1",
		Req: &api.WshExportTaskCreateTplReq{
			EtplName: "每日订单", EtplTag: "shop", EtplSource: "shop", EtplExpr: "SELECT id, amount\nFROM orders\nWHERE paid >= :from",
			EtplParams: []*api.WshExportParamDecl{
				{Name: "from", Type: api.WshExportParamType_PARAM_DATE, Optional: true, DefaultValues: []string{"2026-01-01"}},
				{
					Name: "shops", Type: api.WshExportParamType_PARAM_INT, List: true, Optional: true, DefaultValues: []string{"7", "8"},
					EmptyList: api.WshExportEmptyList_EMPTY_LIST_NONE,
				},
				{Name: "note", Optional: true, MaxLength: 20},
			},
			EtplOutputColumns: `["id",{"name":"amount","label":"金额","format":"#,##0.00","width":14,"map":{"0":"none"}}]`,
			EtplExtraColumns:  api.WshExportExtraColumns_EXTRA_ERROR,
			EtplOutputFormat:  api.WshExportFormat_FMT_XLSX,
			EtplOptions: &api.WshExportOptions{
				CsvDelimiter: ";", CsvBom: true, CsvLf: true, CsvQuoteAll: true, CsvNullText: "null", NoHeader: true, CsvGb18030: true,
				NoFormulaGuard: true, Gzip: true, SplitRows: 1000, SheetName: "Orders", ThousandsSeparators: true, RightToLeft: true, TotalLabel: "合计", NoFreeze: true, NoFilter: true, Small: true,
				Snapshot: true, FileName: "orders-{date}", JsonNumbers: "string", Zstd: true, ParquetCompression: "none",
			},
			EtplLimits:     &api.WshExportLimits{Rows: 10, Bytes: 64 << 10, Running: 2},
			EtplTimeoutSec: 1800, EtplMaxAttempts: 5, EtplRetentionSec: 7 * 24 * 3600,
			EtplDeliverTo: []*api.WshExportDeliverTo{{Destination: "mail", Path: "a/b", Recipients: []string{"a@b.test", "c@d.test"}, Subject: "Orders", Require: api.WshExportRequire_REQUIRE_NO_ROWS}},
			EtplNotify:    &api.WshExportNotify{LateSec: 900, To: []*api.WshExportDeliverTo{{Destination: "mail", Recipients: []string{"ops@b.test"}}}},
		},
		Scheds: []Sched{{
			Where: "f.yaml:59", Template: "每日订单",
			Req: &api.WshExportTaskCreateSchedReq{
				EschedName: "nightly", Cron: "15 2 * * *", Zone: "Asia/Shanghai",
				Params: []*api.WshExportParam{
					{Name: "from", Value: "2026-01-01"},
					{Name: "shops", Values: []string{"1", "2"}},
					{Name: "note", IsNull: true},
				},
				EtplOutputFormat: api.WshExportFormat_FMT_CSV, Missed: api.WshExportMissed_MISSED_ALL, Overlap: api.WshExportOverlap_OVERLAP_QUEUE,
				JitterSec: 90, StartAt: "2026-01-01T00:00:00Z", EndAt: "2027-01-01T00:00:00Z", Paused: true,
				DeliverTo: []*api.WshExportDeliverTo{{Destination: "folder"}}, PauseAfterFailures: 3,
				Notify: &api.WshExportNotify{To: []*api.WshExportDeliverTo{{Destination: "hook"}}},
			},
		}, {
			Where: "f.yaml:79", Template: "每日订单", Req: &api.WshExportTaskCreateSchedReq{EschedName: "hourly", Cron: "@hourly"},
		}},
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(full, Format(&got)); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
}

// What no key is for would be lost by `tpl show -o yaml` and reset by apply.
func TestLoad_covers_the_proto(t *testing.T) {
	t.Parallel()
	got := parseOne(t, full)
	left := map[string]string{"operatorId": "", "requestId": "", "etplId": ""}
	for _, f := range []proto.Message{got.Req, got.Req.GetEtplOptions(), got.Req.GetEtplLimits(), got.Req.GetEtplDeliverTo()[0], got.Scheds[0].Req} {
		m := f.ProtoReflect()
		for i := range m.Descriptor().Fields().Len() {
			field := m.Descriptor().Fields().Get(i)
			if _, ok := left[string(field.Name())]; !ok && !m.Has(field) {
				t.Errorf("%s: no key sets it in the full example", field.FullName())
			}
		}
	}
}

func TestLoad_spellings(t *testing.T) {
	t.Parallel()
	for name, pair := range map[string][2]string{
		"columns": {
			"name: a\nsql: s\ncolumns: [{name: x, map: {1: paid}}]\n",
			"name: a\nsql: s\ncolumns: '[ {\"name\":\"x\", \"map\": {\"1\":\"paid\"}} ]'\n",
		},
		"durations": {"name: a\nsql: s\nretention: 48h\n", "name: a\nsql: s\nretention: 2d\n"},
		"sizes":     {"name: a\nsql: s\nlimits: {bytes: 1048576}\n", "name: a\nsql: s\nlimits: {bytes: 1MiB}\n"},
		"usual values": {
			"name: a\nsql: s\n",
			"name: a\nsql: |\n  s\n\nsource: default\nformat: default\noptions: {header: true, encoding: utf-8, splitRows: 0}\nlimits: {rows: 0}\nparams: []\n",
		},
		"times": {
			"name: a\nsql: s\nschedules: [{name: n, cron: '@daily', start: 2026-01-01T08:00:00+08:00}]\n",
			"name: a\nsql: s\nschedules: [{name: n, cron: '@daily', start: 2026-01-01T00:00:00.000000Z}]\n",
		},
		"an alias": {"name: a\nsql: s\ntag: a\n", "name: &x a\nsql: s\ntag: *x\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b := parseOne(t, pair[0]), parseOne(t, pair[1])
			if diff := cmp.Diff(Format(&a), Format(&b)); diff != "" {
				t.Errorf("they differ:\n%s", diff)
			}
		})
	}
}

func TestLoad_errors(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, want string }{
		"no name":               {"sql: s\n", "f.yaml:1: name: missing"},
		"no SQL":                {"name: a\n", "f.yaml:1: sql: missing"},
		"a key twice":           {"name: a\nsql: s\nname: b\n", "f.yaml:3: name: given twice"},
		"a key without a value": {"name: a\nsql:\n", "f.yaml:2: sql: no value"},
		"a list for a text":     {"name: [a]\nsql: s\n", "f.yaml:1: name: a list, want a single value"},
		"a text for a list":     {"name: a\nsql: s\nparams: x\n", `f.yaml:3: params: "x", want a list`},
		"no document":           {"# nothing\n", "f.yaml:1: nothing in it"},
		"a list of templates":   {"- name: a\n", "f.yaml:1: a list, want keys and values"},
		"no YAML":               {"name: a\n\tsql: s\n", "f.yaml:2: "},
		"a negative number":     {"name: a\nsql: s\nattempts: -1\n", `f.yaml:3: attempts: "-1", want a whole number`},
		"too large a number":    {"name: a\nsql: s\nattempts: 3000000000\n", "f.yaml:3: attempts"},
		"too long a time":       {"name: a\nsql: s\ntimeout: 40000d\n", "want less than 68 years"},
		"half a second":         {"name: a\nsql: s\ntimeout: 500ms\n", "want a duration of whole seconds"},
		"a size with a letter":  {"name: a\nsql: s\nlimits: {bytes: 1M}\n", `limits.bytes: "1M", want a size`},
		"no switch":             {"name: a\nsql: s\noptions: {bom: maybe}\n", `f.yaml:3: options.bom: "maybe", want true or false`},
		"no line end":           {"name: a\nsql: s\noptions: {lineEnd: cr}\n", `options.lineEnd: "cr", want crlf or lf`},
		"an unknown option":     {"name: a\nsql: s\noptions:\n  noHeader: true\n", "f.yaml:4: options.noHeader: unknown key"},
		"a parameter twice":     {"name: a\nsql: s\nparams:\n  - name: x\n  - name: x\n", `f.yaml:5: params: "x" is declared twice`},
		"a default that is not": {"name: a\nsql: s\nparams:\n  - {name: x, default: 1, optional: false}\n", "params[0].optional: false, but there is a default"},
		"no destination":        {"name: a\nsql: s\ndeliverTo:\n  - path: x\n", "f.yaml:4: deliverTo[0].destination: missing"},
		"a schedule twice":      {"name: a\nsql: s\nschedules:\n  - {name: n, cron: x}\n  - {name: n, cron: x}\n", `f.yaml:5: schedules: "n" is there twice`},
		"a schedule's key":      {"name: a\nsql: s\nschedules:\n  - {name: n, crn: x}\n", "f.yaml:4: schedules[0].crn: unknown key"},
		"no time":               {"name: a\nsql: s\nschedules:\n  - {name: n, cron: x, end: 2026-01-01}\n", `schedules[0].end: "2026-01-01", want a time`},
		"a policy":              {"name: a\nsql: s\nschedules:\n  - {name: n, cron: x, missed: some}\n", `missed: "some", want one of latest, skip, all`},
		"parameters as a list":  {"name: a\nsql: s\nschedules:\n  - {name: n, cron: x, params: [1]}\n", "schedules[0].params: a list, want names and values"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("f.yaml", []byte(tc.text))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q in it", err, tc.want)
			}
		})
	}
}

func TestLoad_schedules(t *testing.T) {
	t.Parallel()
	list, err := ParseScheds("s.yaml", []byte("template: orders\nname: a\ncron: '@daily'\n---\ntemplate: 7\nname: b\ncron: '@hourly'\n"))
	if err != nil || len(list) != 2 || list[0].Template != "orders" || list[1].Template != "7" || list[1].Where != "s.yaml:5" {
		t.Errorf("got %+v, error %v", list, err)
	}
	if _, err := ParseScheds("s.yaml", []byte("name: a\ncron: x\n")); err == nil || !strings.Contains(err.Error(), "s.yaml:1: template: missing") {
		t.Errorf("error %v, want that the template is missing", err)
	}
}

func TestLoad_folder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"b.yaml": "name: b\nsql: s\n---\nname: c\nsql: s\n", "sub/a.yml": "name: a\nsql: s\n", "sub/notes.txt": "no YAML: [",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := Load([]string{dir, filepath.Join(dir, "b.yaml"), "-"}, strings.NewReader("name: d\nsql: s\n"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, t := range list {
		names = append(names, t.Req.GetEtplName())
	}
	if diff := cmp.Diff([]string{"d", "b", "c", "a"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if _, err := Load([]string{t.TempDir()}, nil); err == nil || !strings.Contains(err.Error(), "no .yaml or .yml in it") {
		t.Errorf("an empty folder: error %v", err)
	}
}
