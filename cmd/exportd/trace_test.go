package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/metadata"

	"exporttask/api"
	"exporttask/internal/telemetry/tracing/tracingtest"
	"exporttask/internal/testkit"
	"exporttask/internal/testkit/exportdtest"
)

// traceOf is the trace and the span of a caller, the n-th of the test.
func traceOf(n int) (trace, span string) { return fmt.Sprintf("%032x", n), fmt.Sprintf("%016x", n) }

// traced is a context of calls that belong to the n-th trace; flags are "01"
// where the caller keeps it.
func traced(ctx context.Context, n int, flags string) context.Context {
	trace, span := traceOf(n)
	return metadata.AppendToOutgoingContext(ctx, "traceparent", "00-"+trace+"-"+span+"-"+flags)
}

// receiver is a webhook's; called waits for its next call and returns the
// traceparent of that.
func receiver(t *testing.T) (url string, called func() string) {
	t.Helper()
	got := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("traceparent") }))
	t.Cleanup(server.Close)
	return server.URL, func() string {
		t.Helper()
		select {
		case traceparent := <-got:
			return traceparent
		case <-time.After(30 * time.Second):
			t.Fatal("the receiver was not called")
			return ""
		}
	}
}

// twoPlaces is a configuration with a folder and a webhook.
func twoPlaces(t *testing.T, hook string) string {
	t.Helper()
	return writeFile(t, "exportd.yaml", fmt.Sprintf(`destinations:
  share: {kind: folder, folder: %q}
  crm: {kind: webhook, url: %q, allow-private: true, secret-file: %q}
`, t.TempDir(), hook+"/hidden-path", writeFile(t, "key", "0123456789abcdef0123\n")))
}

// traceparentOf is what the database keeps with an instance.
func traceparentOf(t *testing.T, dsn string, inst int64) (kept string) {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), "SELECT traceparent FROM welife_export_inst WHERE einstId = ?", inst).Scan(&kept); err != nil {
		t.Fatal(err)
	}
	return kept
}

// shape is a trace as a list of "parent > name", sorted, without the caller's
// own span.
func shape(spans []tracingtest.Span) []string {
	names := map[string]string{}
	for _, s := range spans {
		names[s.ID] = s.Name
	}
	var list []string
	for _, s := range spans {
		list = append(list, names[s.Parent]+" > "+s.Name)
	}
	slices.Sort(list)
	return list
}

func spanNamed(t *testing.T, spans []tracingtest.Span, name string, attrs ...string) tracingtest.Span {
	t.Helper()
	for _, s := range spans {
		if s.Name == name && (len(attrs) == 0 || s.Attrs[attrs[0]] == attrs[1]) {
			return s
		}
	}
	t.Fatalf("no span %s %v in %+v", name, attrs, spans)
	return tracingtest.Span{}
}

const createInst = "exporttask.ExportTask/CreateInst"

// soon lets spans arrive a moment after they end.
const soon = "OTEL_BSP_SCHEDULE_DELAY=50"

func TestServe_trace_across_replicas(t *testing.T) {
	t.Parallel()
	collector := tracingtest.New(t)
	hook, called := receiver(t)
	site := exportdtest.NewSite(t, "-trace-endpoint="+collector.Addr, "-trace-insecure", "-config="+twoPlaces(t, hook), "-tokens-file="+tokensFile(t),
		"-cors-origins=https://shop.test")
	site.Setenv(soon, "OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=test")
	front := site.Start(t, "-workers=0", "-delivery-workers=0")
	site.Start(t)
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+tokenOf("boss"))
	client := front.Client(t)
	s := &service{client: client, http: front.HTTP}
	tpl, err := client.CreateTpl(ctx, &api.WshExportTaskCreateTplReq{
		EtplName: "订单", EtplExpr: "SELECT :shop AS shop, 'hidden-text' AS t UNION ALL SELECT 'b', 'c'",
		EtplParams:    []*api.WshExportParamDecl{{Name: "shop", Type: api.WshExportParamType_PARAM_STRING}},
		EtplDeliverTo: []*api.WshExportDeliverTo{{Destination: "share"}, {Destination: "crm"}},
	})
	if err != nil || tpl.GetErrCode() != "" {
		t.Fatalf("CreateTpl: %v %v", tpl, err)
	}
	made, err := client.CreateInst(traced(ctx, 1, "01"), &api.WshExportTaskCreateInstReq{
		EtplId: tpl.GetData().GetEtplId(), Params: []*api.WshExportParam{{Name: "shop", Value: "hidden-value"}},
	})
	if err != nil || made.GetErrCode() != "" {
		t.Fatalf("CreateInst: %v %v", made, err)
	}

	caller, callersSpan := traceOf(1)
	spans := collector.Until(t, caller, 9)
	want := []string{
		" > " + createInst,
		"attempt > finish", "attempt > query", "attempt > render", "attempt > store.publish",
		createInst + " > attempt", createInst + " > deliver", createInst + " > deliver", createInst + " > queue.wait",
	}
	if diff := cmp.Diff(want, shape(spans)); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	call, attempt, sent := spanNamed(t, spans, createInst), spanNamed(t, spans, "attempt"), spanNamed(t, spans, "deliver", "exportd.destination", "crm")
	if call.Parent != callersSpan {
		t.Errorf("the call's parent is %s, want the caller's %s", call.Parent, callersSpan)
	}
	if a, b := call.Resource["service.instance.id"], attempt.Resource["service.instance.id"]; a == "" || a == b {
		t.Errorf("called at %q, run at %q, want two replicas", a, b)
	}
	if r := attempt.Resource; r["service.name"] != "exportd" || r["deployment.environment.name"] != "test" {
		t.Errorf("resource %v", r)
	}
	for name, want := range map[string]string{
		"exportd.tpl_name": "订单", "exportd.data_source": "default", "exportd.format": "CSV", "exportd.end": "succeeded",
		"exportd.inst_id": "1", "exportd.attempt": "1", "exportd.rows": "2", "exportd.operator_id": "1",
	} {
		if got := attempt.Attrs[name]; got != want {
			t.Errorf("attempt: %s is %q, want %q", name, got, want)
		}
	}
	if got, want := called(), "00-"+caller+"-"+sent.ID+"-01"; got != want {
		t.Errorf("the receiver was called with %q, want %q", got, want)
	}
	if kept := traceparentOf(t, site.DSN, made.GetData().GetEinstId()); kept != "00-"+caller+"-"+call.ID+"-01" {
		t.Errorf("kept %q, want the call's span", kept)
	}

	// The same through HTTP, as a browser begins it, which asks whether it may;
	// and what is no traceparent harms nothing.
	asked := s.ask(t, "OPTIONS", "/v1/inst", "", "Origin", "https://shop.test", "Access-Control-Request-Method", "POST")
	if got := asked.header.Get("Access-Control-Allow-Headers"); !strings.Contains(got, "Traceparent") {
		t.Errorf("a page may send %q", got)
	}
	second, secondSpan := traceOf(2)
	order := fmt.Sprintf(`{"etplId": %d, "params": [{"name": "shop", "value": "hidden-value"}]}`, tpl.GetData().GetEtplId())
	if got := s.ask(t, "POST", "/v1/inst", order, append(bearer("boss"), "Traceparent", "00-"+second+"-"+secondSpan+"-01")...); got.code != http.StatusOK {
		t.Fatalf("POST /v1/inst: %+v", got)
	}
	if got := shape(collector.Until(t, second, 9)); !slices.Equal(got, want) {
		t.Errorf("by HTTP: %q", got)
	}
	if got := s.ask(t, "POST", "/v1/inst", `{"etplId": 999}`, append(bearer("boss"), "Traceparent", "00-é")...); got.code != http.StatusNotFound {
		t.Errorf("a header that is wrong: %+v", got)
	}

	// What a caller got wrong is told by its span.
	if _, err := client.CreateInst(traced(ctx, 3, "01"), &api.WshExportTaskCreateInstReq{EtplId: 999}); err != nil {
		t.Fatal(err)
	}
	third, _ := traceOf(3)
	if refused := collector.Until(t, third, 1)[0]; refused.Attrs["exportd.err_code"] != "5" {
		t.Errorf("a refused call: %+v", refused)
	}
	for _, span := range collector.Spans() {
		if text := fmt.Sprintf("%+v", span); strings.Contains(text, "hidden") || strings.Contains(text, tokenOf("boss")) || strings.Contains(text, "SELECT") {
			t.Errorf("a span tells too much: %s", text)
		}
	}
}

func TestServe_trace_failed_attempt_and_scheduled_run(t *testing.T) {
	t.Parallel()
	collector := tracingtest.New(t)
	dsn := testkit.Database(t)
	s := startService(t, dsn, soon, "EXPORTD_TRACE_ENDPOINT="+collector.Addr, "EXPORTD_TRACE_INSECURE=true")
	tpl := s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "t", EtplExpr: "SELECT 1 AS n, (SELECT 1 UNION ALL SELECT :n) AS hidden"})
	made, err := s.client.CreateInst(traced(t.Context(), 1, "01"), &api.WshExportTaskCreateInstReq{EtplId: tpl, Params: []*api.WshExportParam{{Name: "n", Value: "2"}}})
	if err != nil || made.GetErrCode() != "" {
		t.Fatalf("CreateInst: %v %v", made, err)
	}
	first, _ := traceOf(1)
	spans := collector.Until(t, first, 5)
	attempt, render := spanNamed(t, spans, "attempt"), spanNamed(t, spans, "render")
	if !attempt.Failed || attempt.Attrs["exportd.end"] != "failed" || attempt.Attrs["exportd.err_code"] != "3" || !render.Failed || render.Message != "" {
		t.Errorf("spans of an attempt that failed: %+v", spans)
	}
	s.logged(t, `"msg":"attempt failed"`)
	for line := range strings.Lines(s.log.String()) {
		if strings.Contains(line, `"msg":"attempt failed"`) && !strings.Contains(line, `"trace_id":"`+first+`"`) {
			t.Errorf("logged without its trace: %s", line)
		}
	}

	good := s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "t", EtplExpr: "SELECT 1 AS n"})
	sched, err := s.client.CreateSched(t.Context(), &api.WshExportTaskCreateSchedReq{EschedName: "s", EtplId: good, Cron: "@yearly"})
	if err != nil || sched.GetErrCode() != "" {
		t.Fatalf("CreateSched: %v %v", sched, err)
	}
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	execAll(t, db, "UPDATE welife_export_sched SET nextDue = UTC_TIMESTAMP(6)")
	s.logged(t, `"msg":"scheduled run started"`)
	id := made.GetData().GetEinstId() + 1
	if in := s.watch(t, id); in.GetState() != api.WshExportInstState_STATE_SUCCEEDED {
		t.Fatalf("the schedule's instance is %v", in)
	}
	trace := strings.Split(traceparentOf(t, dsn, id), "-")[1]
	want := []string{" > schedule.fire", "attempt > finish", "attempt > query", "attempt > render", "attempt > store.publish", "schedule.fire > attempt", "schedule.fire > queue.wait"}
	if diff := cmp.Diff(want, shape(collector.Until(t, trace, len(want)))); diff != "" {
		t.Errorf("spans of a due time (-want +got):\n%s", diff)
	}
}
