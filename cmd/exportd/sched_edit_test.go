package main

import (
	"strings"
	"testing"
	"time"

	"exporttask/api"
	"exporttask/internal/model"
	"exporttask/internal/testkit"
)

// sched makes a schedule that waits for its jitter: with the ids of a new
// database, the first one's is half an hour.
func (s *service) sched(t *testing.T, change func(*api.WshExportTaskCreateSchedReq)) *api.WshExportSched {
	t.Helper()
	req := &api.WshExportTaskCreateSchedReq{EschedName: "s", Cron: "* * * * *", JitterSec: 3600}
	change(req)
	res, err := s.client.CreateSched(t.Context(), req)
	if err != nil || res.GetErrCode() != "" {
		t.Fatalf("CreateSched: %v %v", res, err)
	}
	return res.GetData()
}

func TestServe_UpdateSched_keeps_waiting_due_time(t *testing.T) {
	t.Parallel()
	dsn := testkit.Database(t)
	s := startService(t, dsn)
	tpl := s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "t", EtplExpr: "SELECT 1"})
	sched := s.sched(t, func(r *api.WshExportTaskCreateSchedReq) { r.EtplId = tpl })
	db, err := model.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	due := time.Now().UTC().Truncate(time.Minute).Add(-time.Minute)
	if _, err := db.SQL().ExecContext(t.Context(), `UPDATE welife_export_sched SET nextDue = ?`, due); err != nil {
		t.Fatal(err)
	}
	const layout = "2006-01-02T15:04:05.000000Z"
	renamed, err := s.client.UpdateSched(t.Context(), &api.WshExportTaskUpdateSchedReq{EschedId: sched.GetEschedId(), EschedName: new("other"), Cron: new("* * * * *")})
	if err != nil || renamed.GetErrCode() != "" || renamed.GetData().GetUpcoming()[0] != due.Format(layout) {
		t.Errorf("renamed: %v %v, want %s still the next due time", renamed, err, due)
	}
	other, err := s.client.UpdateSched(t.Context(), &api.WshExportTaskUpdateSchedReq{EschedId: sched.GetEschedId(), Cron: new("@yearly")})
	if err != nil || other.GetErrCode() != "" || !strings.HasSuffix(other.GetData().GetUpcoming()[0], "-01-01T00:00:00.000000Z") {
		t.Errorf("another cron: %v %v, want its own due times from now on", other, err)
	}
}

func TestServe_UpdateSched_deleted_template(t *testing.T) {
	t.Parallel()
	s := startService(t, testkit.Database(t))
	tpl := s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "t", EtplExpr: "SELECT 1"})
	sched := s.sched(t, func(r *api.WshExportTaskCreateSchedReq) { r.EtplId = tpl })
	if _, err := s.client.DeleteTpl(t.Context(), &api.WshExportTaskDeleteTplReq{EtplId: tpl}); err != nil {
		t.Fatal(err)
	}
	paused, err := s.client.UpdateSched(t.Context(), &api.WshExportTaskUpdateSchedReq{EschedId: sched.GetEschedId(), Paused: new(true)})
	if err != nil || paused.GetErrCode() != "" || paused.GetData().GetStatus() != api.WshExportSchedStatus_SCHED_PAUSED {
		t.Errorf("pause: %v %v", paused, err)
	}
	resumed, err := s.client.UpdateSched(t.Context(), &api.WshExportTaskUpdateSchedReq{EschedId: sched.GetEschedId(), Paused: new(false)})
	if err != nil || resumed.GetErrCode() != "9" || !strings.Contains(resumed.GetErrMsg(), "the template is deleted") {
		t.Errorf("resume: %v %v, want 9 and why", resumed, err)
	}
}

func TestServe_RunSched_backfill_all_or_none(t *testing.T) {
	t.Parallel()
	s := startService(t, testkit.Database(t), "EXPORTD_MAX_WAITING=10", "EXPORTD_WORKERS=1")
	tpl := s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "t", EtplExpr: "SELECT 1"})
	sched := s.sched(t, func(r *api.WshExportTaskCreateSchedReq) { r.EtplId, r.Cron = tpl, "@daily" })
	run := func(from, to, request string) *api.WshExportTaskRunSchedRes {
		t.Helper()
		res, err := s.client.RunSched(t.Context(), &api.WshExportTaskRunSchedReq{
			EschedId: sched.GetEschedId(), From: from + "T00:00:00Z", To: to + "T00:00:00Z", RequestId: request,
		})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	if res := run("2026-01-01", "2026-01-12", ""); res.GetErrCode() != "8" || !strings.Contains(res.GetErrMsg(), "11") {
		t.Errorf("eleven where ten may wait: %v, want 8", res)
	}
	if n := s.insts(t); n != 0 {
		t.Errorf("a refused backfill made %d instances", n)
	}
	first := run("2026-01-01", "2026-01-04", "b1")
	if first.GetErrCode() != "" || len(first.GetData()) != 3 {
		t.Fatalf("three: %v", first)
	}
	if again := run("2026-01-01", "2026-01-04", "b1"); len(again.GetData()) != 3 || !again.GetData()[0].GetExisted() ||
		again.GetData()[2].GetEinstId() != first.GetData()[2].GetEinstId() {
		t.Errorf("the same request again: %v, want what it made", again)
	}
	if other := run("2026-01-01", "2026-01-05", "b1"); other.GetErrCode() != "10" {
		t.Errorf("the same id with another range: %v, want 10", other)
	}
	if more := run("2026-01-03", "2026-01-05", ""); len(more.GetData()) != 2 || !more.GetData()[0].GetExisted() || more.GetData()[1].GetExisted() {
		t.Errorf("one old and one new: %v", more)
	}
}
