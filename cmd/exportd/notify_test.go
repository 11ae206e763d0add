package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"exporttask/api"
	"exporttask/internal/delivery/deliverytest"
	"exporttask/internal/testkit"
)

// notifySite has a folder, a webhook and a mail server as destinations, and a table
// that exports read.
type notifySite struct {
	*service
	db     *sql.DB
	folder string
	hook   *hook
	mail   *deliverytest.SMTP
}

func newNotifySite(t *testing.T) *notifySite {
	t.Helper()
	s := &notifySite{folder: t.TempDir(), hook: newHook(t), mail: deliverytest.NewSMTP(t, deliverytest.SMTPOptions{})}
	dsn := testkit.Database(t)
	s.service = startService(t, dsn, "EXPORTD_CONFIG="+writeFile(t, "exportd.yaml", fmt.Sprintf(`destinations:
  share: {kind: folder, folder: %q}
  crm: {kind: webhook, url: %q, allow-private: true, secret-file: %q}
  mail: {kind: email, host: %q, ca-file: %q, from: exports@example.com}
`, s.folder, s.hook.URL, writeFile(t, "key", "0123456789abcdef0123\n"), s.mail.Addr, s.mail.CAFile)))
	var err error
	if s.db, err = sql.Open("mysql", dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.db.Close() })
	return s
}

func (s *notifySite) exec(t *testing.T, stmt string) {
	t.Helper()
	if _, err := s.db.ExecContext(t.Context(), stmt); err != nil {
		t.Fatal(err)
	}
}

// deliveries waits until n deliveries are there and none is on its way, and returns
// them, oldest first, as "event instance destination state".
func (s *notifySite) deliveries(t *testing.T, n int) (lines []string, list []*api.WshExportDelivery) {
	t.Helper()
	testkit.Eventually(t, fmt.Sprintf("%d deliveries have ended", n), func() bool {
		res, err := s.client.ListDelivery(t.Context(), &api.WshExportTaskListDeliveryReq{PageSize: 500})
		if err != nil {
			t.Fatal(err)
		}
		list, lines = nil, nil
		for _, v := range res.GetData() {
			if v.GetState() < api.WshExportDeliveryState_DELIVERY_DONE {
				return false
			}
			list = append([]*api.WshExportDelivery{v}, list...)
			lines = append([]string{fmt.Sprintf("%s %d %s %s", strings.TrimPrefix(v.GetEvent().String(), "EVENT_"), v.GetEinstId(), v.GetDestination(), strings.TrimPrefix(v.GetState().String(), "DELIVERY_"))}, lines...)
		}
		return len(list) >= n
	})
	return lines, list
}

// TestServe_notify notifies a folder, a webhook and a mail server of a failure, of a
// due time without an instance, of a pause and of a recovery.
func TestServe_notify(t *testing.T) {
	t.Parallel()
	s := newNotifySite(t)
	s.exec(t, `CREATE TABLE src (n INT)`)
	tpl := s.create(t, &api.WshExportTaskCreateTplReq{
		EtplName: "orders", EtplExpr: "SELECT n FROM src",
		EtplNotify: &api.WshExportNotify{To: []*api.WshExportDeliverTo{{Destination: "share", Path: "alerts/"}, {Destination: "crm"}}},
	})
	made, err := s.client.CreateSched(t.Context(), &api.WshExportTaskCreateSchedReq{
		EschedName: "yearly", EtplId: tpl, Cron: "0 0 1 1 *", PauseAfterFailures: 2,
		Notify: &api.WshExportNotify{To: []*api.WshExportDeliverTo{{Destination: "mail", Recipients: []string{"ops@example.org"}}}},
	})
	if err != nil || made.GetErrCode() != "" || made.GetData().GetPauseAfterFailures() != 2 || made.GetData().GetNotify().GetTo()[0].GetDestination() != "mail" {
		t.Fatalf("CreateSched: %v %v", made, err)
	}
	id := made.GetData().GetEschedId()
	run := func() {
		t.Helper()
		res, err := s.client.RunSched(t.Context(), &api.WshExportTaskRunSchedReq{EschedId: id})
		if err != nil || res.GetErrCode() != "" {
			t.Fatalf("RunSched: %v %v", res, err)
		}
		s.watch(t, res.GetData()[0].GetEinstId())
	}
	s.exec(t, `DROP TABLE src`)
	run() // 1 fails
	s.exec(t, `CREATE TABLE src (n INT)`)
	run() // 2 succeeds
	s.exec(t, `DROP TABLE src`)
	run() // 3 and 4 fail and pause
	run()
	lines, list := s.deliveries(t, 12)
	want := []string{
		"FAILED 1 share DONE", "FAILED 1 crm DONE", "FAILED 1 mail DONE",
		"RECOVERED 2 share DONE", "RECOVERED 2 crm DONE", "RECOVERED 2 mail DONE",
		"FAILED 3 share DONE", "FAILED 3 crm DONE", "FAILED 3 mail DONE",
		"FAILED 4 share DONE", "FAILED 4 crm DONE", "FAILED 4 mail DONE",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
	inst, err := s.client.GetInst(t.Context(), &api.WshExportTaskGetInstReq{EinstId: 1})
	if err != nil || len(inst.GetData().GetDeliveries()) != 3 || !proto.Equal(inst.GetData().GetDeliveries()[0], list[0]) {
		t.Errorf("GetInst shows the deliveries %v", inst.GetData().GetDeliveries())
	}
	sched, err := s.client.ListSched(t.Context(), &api.WshExportTaskListSchedReq{EschedId: id})
	if err != nil || sched.GetData()[0].GetStatus() != api.WshExportSchedStatus_SCHED_PAUSED || sched.GetData()[0].GetFailures() != 2 ||
		!strings.Contains(sched.GetData()[0].GetLastProblem(), "paused after 2 failures in a row, the last one is instance 4") {
		t.Errorf("schedule %v", sched.GetData())
	}
	s.checkNotices(t)
	no := false
	resumed, err := s.client.UpdateSched(t.Context(), &api.WshExportTaskUpdateSchedReq{EschedId: id, Paused: &no})
	if err != nil || resumed.GetData().GetStatus() == api.WshExportSchedStatus_SCHED_PAUSED && resumed.GetErrCode() == "" {
		t.Errorf("resumed: %v %v", resumed, err)
	}
}

// checkNotices checks what the destinations of TestServe_notify received.
func (s *notifySite) checkNotices(t *testing.T) {
	t.Helper()
	type event struct {
		Type   string
		Inst   struct{ EinstID, EtplName, State, ErrCode, ErrMsg, EschedID string }
		Notice struct {
			Failures int
			Paused   bool
		}
	}
	var types []string
	for _, got := range s.hook.events() {
		var e event
		if err := json.Unmarshal(got.body, &e); err != nil || got.signature == "" {
			t.Fatalf("event %s, %v", got.body, err)
		}
		types = append(types, fmt.Sprintf("%s of %s, %s, %d failures, paused %t", e.Type, e.Inst.EinstID, e.Inst.State, e.Notice.Failures, e.Notice.Paused))
		if e.Type == "export.failed" && (e.Inst.ErrCode == "" || !strings.Contains(e.Inst.ErrMsg, "src") || e.Inst.EschedID != "1") {
			t.Errorf("the event does not say why: %s", got.body)
		}
	}
	want := []string{
		"export.failed of 1, STATE_FAILED, 1 failures, paused false", "export.recovered of 2, STATE_SUCCEEDED, 1 failures, paused false",
		"export.failed of 3, STATE_FAILED, 1 failures, paused false", "export.failed of 4, STATE_FAILED, 2 failures, paused true",
	}
	if diff := cmp.Diff(want, types); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	var e event
	text, err := os.ReadFile(filepath.Join(s.folder, "alerts", "orders-4-failed.json"))
	if err := json.Unmarshal(text, &e); err != nil || e.Type != "export.failed" || e.Inst.EinstID != "4" {
		t.Errorf("file: %s %v", text, err)
	}
	if err != nil {
		t.Error(err)
	}
	var subjects []string
	for _, m := range s.mail.Mail(t) {
		msg, err := mail.ReadMessage(bytes.NewReader(m.Data))
		if err != nil {
			t.Fatal(err)
		}
		subjects = append(subjects, msg.Header.Get("Subject"))
		if subject := msg.Header.Get("Subject"); strings.HasPrefix(subject, "FAILED") && !bytes.Contains(m.Data, []byte("src")) {
			t.Errorf("the mail does not say why:\n%s", m.Data)
		}
	}
	wantSubjects := []string{"FAILED: orders, export 1", "RECOVERED: orders, export 2", "FAILED: orders, export 3", "FAILED, schedule PAUSED: orders, export 4"}
	if diff := cmp.Diff(wantSubjects, subjects); diff != "" {
		t.Errorf("subjects (-want +got):\n%s", diff)
	}
}

// TestServe_notify_late has a run that does not end in time.
func TestServe_notify_late(t *testing.T) {
	t.Parallel()
	s := newNotifySite(t)
	s.exec(t, `CREATE TABLE src (n INT)`)
	tpl := s.create(t, &api.WshExportTaskCreateTplReq{
		EtplName: "slow", EtplExpr: "SELECT n FROM src",
		EtplNotify: &api.WshExportNotify{LateSec: 1, To: []*api.WshExportDeliverTo{{Destination: "crm"}}},
	})
	locked, err := s.db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer locked.Close()
	if _, err := locked.ExecContext(t.Context(), `LOCK TABLES src WRITE`); err != nil {
		t.Fatal(err)
	}
	made, err := s.client.CreateInst(t.Context(), &api.WshExportTaskCreateInstReq{EtplId: tpl})
	if err != nil || made.GetErrCode() != "" {
		t.Fatal(made, err)
	}
	lines, _ := s.deliveries(t, 1)
	if lines[0] != "LATE 1 crm DONE" || !bytes.Contains(s.hook.events()[0].body, []byte(`"type":"export.late"`)) {
		t.Errorf("deliveries %v, events %s", lines, s.hook.events()[0].body)
	}
	if _, err := s.client.CancelInst(t.Context(), &api.WshExportTaskCancelInstReq{EinstId: 1}); err != nil {
		t.Fatal(err)
	}
	s.watch(t, 1)
	if lines, _ := s.deliveries(t, 1); len(lines) != 1 {
		t.Errorf("a canceled run was notified of: %v", lines)
	}
}

// TestServe_require sends files under conditions.
func TestServe_require(t *testing.T) {
	t.Parallel()
	for _, format := range []api.WshExportFormat{api.WshExportFormat_FMT_CSV, api.WshExportFormat_FMT_XLSX} {
		t.Run(format.String(), func(t *testing.T) {
			t.Parallel()
			testRequire(t, format)
		})
	}
}

func testRequire(t *testing.T, format api.WshExportFormat) {
	t.Helper()
	s := newNotifySite(t)
	s.exec(t, `CREATE TABLE src (n INT)`)
	to := func(path string, require api.WshExportRequire) *api.WshExportDeliverTo {
		return &api.WshExportDeliverTo{Destination: "share", Path: path, Require: require}
	}
	tpl := s.create(t, &api.WshExportTaskCreateTplReq{
		EtplName: "t", EtplExpr: "SELECT n FROM src", EtplOutputFormat: format,
		EtplDeliverTo: []*api.WshExportDeliverTo{
			to("rows/", api.WshExportRequire_REQUIRE_ROWS), to("none/", api.WshExportRequire_REQUIRE_NO_ROWS), to("change/", api.WshExportRequire_REQUIRE_CHANGE),
		},
	})
	for i, step := range []struct{ change, want string }{
		{`DO 0`, "SKIPPED DONE DONE"},
		{`DO 0`, "SKIPPED DONE SKIPPED"},
		{`INSERT INTO src VALUES (1)`, "DONE SKIPPED DONE"},
		{`DO 0`, "DONE SKIPPED SKIPPED"},
		{`UPDATE src SET n = 2`, "DONE SKIPPED DONE"},
		{`UPDATE src SET n = 1`, "DONE SKIPPED DONE"},
		{`DELETE FROM src`, "SKIPPED DONE DONE"},
	} {
		s.exec(t, step.change)
		s.export(t, tpl)
		_, list := s.deliveries(t, 3*(i+1))
		var states []string
		for _, v := range list[len(list)-3:] {
			states = append(states, strings.TrimPrefix(v.GetState().String(), "DELIVERY_"))
			if skipped := v.GetState() == api.WshExportDeliveryState_DELIVERY_SKIPPED; skipped != strings.HasPrefix(v.GetErrMsg(), "not sent: ") {
				t.Errorf("delivery %v", v)
			}
		}
		if got := strings.Join(states, " "); got != step.want {
			t.Errorf("export %d: rows, no rows, change: %s; want %s", i+1, got, step.want)
		}
	}
	for folder, want := range map[string]int{"rows": 4, "none": 3, "change": 5} {
		files, err := os.ReadDir(filepath.Join(s.folder, folder))
		if err != nil || len(files) != want {
			t.Errorf("%s has %d files, %v; want %d", folder, len(files), err, want)
		}
	}
	retried, err := s.client.RetryDelivery(t.Context(), &api.WshExportTaskRetryDeliveryReq{EdeliveryId: 1})
	if err != nil || retried.GetErrCode() != "9" {
		t.Errorf("a skipped delivery is retried: %v %v", retried, err)
	}
}

func TestServe_notify_invalid(t *testing.T) {
	t.Parallel()
	s := newNotifySite(t)
	mail := &api.WshExportDeliverTo{Destination: "mail", Recipients: []string{"ops@example.org"}}
	for says, n := range map[string]*api.WshExportNotify{
		`etplNotify.to[0].destination: "nowhere", want one of crm, mail, share`: {To: []*api.WshExportDeliverTo{{Destination: "nowhere"}}},
		"etplNotify.to[1].recipients: 0 with those of the destination":          {To: []*api.WshExportDeliverTo{mail, {Destination: "mail"}}},
		"etplNotify.to[0].require: REQUIRE_ROWS, want none":                     {To: []*api.WshExportDeliverTo{{Destination: "crm", Require: api.WshExportRequire_REQUIRE_ROWS}}},
		"etplNotify.lateSec: 604801, want 0..604800":                            {To: []*api.WshExportDeliverTo{mail}, LateSec: 604801},
		"etplNotify.lateSec: 60, but etplNotify.to names nobody to notify":      {LateSec: 60},
		"etplNotify.to[0].path: {param.shop}, want a parameter":                 {To: []*api.WshExportDeliverTo{{Destination: "share", Path: "{param.shop}"}}},
	} {
		res, err := s.client.CreateTpl(t.Context(), &api.WshExportTaskCreateTplReq{EtplName: "x", EtplExpr: "SELECT 1 AS n", EtplNotify: n})
		if err != nil || res.GetErrCode() != "3" || !strings.Contains(res.GetErrMsg(), says) {
			t.Errorf("got %q %q (%v), want 3 %q", res.GetErrCode(), res.GetErrMsg(), err, says)
		}
	}
	tpl := s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "t", EtplExpr: "SELECT 1 AS n"})
	for says, req := range map[string]*api.WshExportTaskCreateSchedReq{
		"notify.to[0].destination":                  {Notify: &api.WshExportNotify{To: []*api.WshExportDeliverTo{{Destination: "nowhere"}}}},
		"pauseAfterFailures: -1, want 0..1000":      {PauseAfterFailures: -1},
		"deliverTo[0].require: 77, want one of REQ": {DeliverTo: []*api.WshExportDeliverTo{{Destination: "crm", Require: 77}}},
	} {
		req.EschedName, req.EtplId, req.Cron = "s", tpl, "@daily"
		res, err := s.client.CreateSched(t.Context(), req)
		if err != nil || res.GetErrCode() != "3" || !strings.Contains(res.GetErrMsg(), says) {
			t.Errorf("got %q %q (%v), want 3 %q", res.GetErrCode(), res.GetErrMsg(), err, says)
		}
	}
}
