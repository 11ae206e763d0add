package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"exporttask/api"
	"exporttask/internal/testkit"
)

func TestServe_schedule_windows(t *testing.T) {
	t.Parallel()
	s := startService(t, testkit.Database(t))
	tpl := s.create(t, &api.WshExportTaskCreateTplReq{
		EtplName: "t", EtplExpr: "SELECT :window_start AS a, :window_end AS b, :due AS d, :today AS t",
		EtplOptions: &api.WshExportOptions{FileName: "{name}-{due}"},
	})
	made, err := s.client.CreateSched(t.Context(), &api.WshExportTaskCreateSchedReq{
		EschedName: "nightly", EtplId: tpl, Cron: "30 2 * * *", Zone: "Asia/Shanghai", RequestId: "r1",
	})
	if err != nil || made.GetErrCode() != "" {
		t.Fatalf("CreateSched: %v %v", made, err)
	}
	sched := made.GetData()
	if len(sched.GetUpcoming()) != 5 || !strings.HasSuffix(sched.GetUpcoming()[0], "T18:30:00.000000Z") {
		t.Errorf("upcoming %v, want five times at 18:30 UTC", sched.GetUpcoming())
	}
	again, err := s.client.CreateSched(t.Context(), &api.WshExportTaskCreateSchedReq{
		EschedName: "nightly", EtplId: tpl, Cron: "30 2 * * *", Zone: "Asia/Shanghai", RequestId: "r1",
	})
	if err != nil || again.GetData().GetEschedId() != sched.GetEschedId() {
		t.Errorf("the same request again: %v %v", again, err)
	}

	// A backfill makes what is missing, once.
	backfill := &api.WshExportTaskRunSchedReq{EschedId: sched.GetEschedId(), From: "2026-01-31T00:00:00+08:00", To: "2026-02-03T00:00:00+08:00"}
	var runs []*api.WshExportSchedRun
	for _, existed := range []bool{false, true} {
		res, err := s.client.RunSched(t.Context(), backfill)
		if err != nil || res.GetErrCode() != "" || len(res.GetData()) != 3 {
			t.Fatalf("RunSched: %v %v, want 3 due times", res, err)
		}
		for _, run := range res.GetData() {
			if run.GetExisted() != existed || run.GetEinstId() == 0 {
				t.Errorf("run %v, want existed %t", run, existed)
			}
		}
		runs = res.GetData()
	}
	inst := s.watch(t, runs[1].GetEinstId())
	if inst.GetDue() != "2026-01-31T18:30:00.000000Z" || inst.GetWindowStart() != "2026-01-30T18:30:00.000000Z" || inst.GetEschedId() != sched.GetEschedId() {
		t.Errorf("due %s from %s of schedule %d", inst.GetDue(), inst.GetWindowStart(), inst.GetEschedId())
	}
	// Values are in the zone of the data source, UTC here, whatever the schedule's.
	const want = "a,b,d,t\r\n2026-01-30 18:30:00,2026-01-31 18:30:00,2026-01-31 18:30:00,2026-01-31\r\n"
	if got := s.download(t, inst.GetEinstId(), 0); got != want {
		t.Errorf("the file of a late run: %q\nwant %q", got, want)
	}

	if name := inst.GetFiles()[0].GetName(); name != "t-2026-02-01.csv" {
		t.Errorf("the file is called %s, want the day that it was due, on the schedule's clock", name)
	}

	// One that is due every minute runs by itself.
	minutely, err := s.client.CreateSched(t.Context(), &api.WshExportTaskCreateSchedReq{EschedName: "m", EtplId: tpl, Cron: "* * * * *"})
	if err != nil || minutely.GetErrCode() != "" {
		t.Fatalf("CreateSched: %v %v", minutely, err)
	}
	deadline := time.After(80 * time.Second)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		list, err := s.client.ListSched(t.Context(), &api.WshExportTaskListSchedReq{EschedId: minutely.GetData().GetEschedId()})
		if err != nil {
			t.Fatal(err)
		}
		if got := list.GetData()[0]; got.GetLastInst() != 0 {
			if in := s.watch(t, got.GetLastInst()); in.GetState() != api.WshExportInstState_STATE_SUCCEEDED || in.GetDue() != got.GetLastDue() {
				t.Errorf("it made %v, want one that succeeded, due at %s", in, got.GetLastDue())
			}
			break
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("a schedule of every minute did not run")
		}
	}

	paused, err := s.client.UpdateSched(t.Context(), &api.WshExportTaskUpdateSchedReq{EschedId: minutely.GetData().GetEschedId(), Paused: new(true)})
	if err != nil || paused.GetData().GetStatus() != api.WshExportSchedStatus_SCHED_PAUSED || len(paused.GetData().GetUpcoming()) != 0 {
		t.Errorf("pause: %v %v", paused, err)
	}
	resumed, err := s.client.UpdateSched(t.Context(), &api.WshExportTaskUpdateSchedReq{EschedId: minutely.GetData().GetEschedId(), Paused: new(false), Cron: new("@yearly")})
	if err != nil || resumed.GetData().GetStatus() != api.WshExportSchedStatus_SCHED_ACTIVE || resumed.GetData().GetVersion() != 3 {
		t.Errorf("resume: %v %v", resumed, err)
	}
	for range 2 {
		deleted, err := s.client.DeleteSched(t.Context(), &api.WshExportTaskDeleteSchedReq{EschedId: sched.GetEschedId()})
		if err != nil || deleted.GetData().GetStatus() != api.WshExportSchedStatus_SCHED_DELETED || deleted.GetData().GetDeleted() == "" {
			t.Errorf("delete: %v %v", deleted, err)
		}
	}
}

// watch watches an instance and returns it when it has ended. A stream that ends
// with an error, or before the instance, ends the test.
func (s *service) watch(t *testing.T, id int64) *api.WshExportInst {
	t.Helper()
	stream, err := s.client.WatchInst(t.Context(), &api.WshExportTaskWatchInstReq{EinstId: id})
	if err != nil {
		t.Fatal(err)
	}
	var last *api.WshExportInst
	for {
		res, err := stream.Recv()
		if errors.Is(err, io.EOF) && last.GetFinished() != "" {
			return last
		}
		if err != nil || res.GetErrCode() != "" {
			t.Fatalf("WatchInst %d: %v %v after %v", id, res, err, last)
		}
		last = res.GetData()
	}
}

func TestServe_CreateSched_invalid(t *testing.T) {
	t.Parallel()
	s := startService(t, testkit.Database(t))
	tpl := s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "t", EtplExpr: "SELECT :n AS n"})
	gone := s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "gone", EtplExpr: "SELECT 1"})
	if _, err := s.client.DeleteTpl(t.Context(), &api.WshExportTaskDeleteTplReq{EtplId: gone}); err != nil {
		t.Fatal(err)
	}
	good := func() *api.WshExportTaskCreateSchedReq {
		return &api.WshExportTaskCreateSchedReq{EschedName: "s", EtplId: tpl, Cron: "@daily", Params: []*api.WshExportParam{{Name: "n", Value: "1"}}}
	}
	for name, tc := range map[string]struct {
		change func(*api.WshExportTaskCreateSchedReq)
		code   string
		says   string
	}{
		"no name":            {func(r *api.WshExportTaskCreateSchedReq) { r.EschedName = "" }, "3", "eschedName"},
		"no template":        {func(r *api.WshExportTaskCreateSchedReq) { r.EtplId = 999 }, "5", "etplId: 999"},
		"a deleted template": {func(r *api.WshExportTaskCreateSchedReq) { r.EtplId = gone }, "9", "the template is deleted"},
		"never due":          {func(r *api.WshExportTaskCreateSchedReq) { r.Cron = "0 0 31 2 *" }, "3", "cron: \"0 0 31 2 *\" never comes due"},
		"a zone in cron":     {func(r *api.WshExportTaskCreateSchedReq) { r.Cron = "TZ=0" }, "3", "cron: \"TZ=0\""},
		"no such zone":       {func(r *api.WshExportTaskCreateSchedReq) { r.Zone = "Mars/Base" }, "3", `zone: "Mars/Base", want an IANA name`},
		"the machine's zone": {func(r *api.WshExportTaskCreateSchedReq) { r.Zone = "Local" }, "3", "zone"},
		"a missing value":    {func(r *api.WshExportTaskCreateSchedReq) { r.Params = nil }, "3", `"n"`},
		"an odd policy":      {func(r *api.WshExportTaskCreateSchedReq) { r.Missed = 7 }, "3", "missed: 7"},
		"too much jitter":    {func(r *api.WshExportTaskCreateSchedReq) { r.JitterSec = 3601 }, "3", "jitterSec: 3601, want 0..3600"},
		"an end in the past": {func(r *api.WshExportTaskCreateSchedReq) { r.EndAt = "2020-01-01T00:00:00Z" }, "3", "endAt"},
		"an end too soon":    {func(r *api.WshExportTaskCreateSchedReq) { r.Cron, r.EndAt = "0 0 29 2 *", "2027-01-01T00:00:00Z" }, "3", "endAt"},
		"a destination":      {func(r *api.WshExportTaskCreateSchedReq) { r.DeliverTo = []*api.WshExportDeliverTo{{Destination: "s3"}} }, "3", `deliverTo[0].destination: "s3"`},
		"no time":            {func(r *api.WshExportTaskCreateSchedReq) { r.StartAt = "tomorrow" }, "3", `startAt: "tomorrow"`},
	} {
		req := good()
		tc.change(req)
		res, err := s.client.CreateSched(t.Context(), req)
		if err != nil || res.GetErrCode() != tc.code || !strings.Contains(res.GetErrMsg(), tc.says) {
			t.Errorf("%s: %q %q (%v), want %s %q", name, res.GetErrCode(), res.GetErrMsg(), err, tc.code, tc.says)
		}
	}
	list, err := s.client.ListSched(t.Context(), &api.WshExportTaskListSchedReq{WithDeleted: true})
	if err != nil || len(list.GetData()) != 0 {
		t.Errorf("refused schedules were kept: %v %v", list, err)
	}

	made, err := s.client.CreateSched(t.Context(), good())
	if err != nil || made.GetErrCode() != "" {
		t.Fatalf("CreateSched: %v %v", made, err)
	}
	id := made.GetData().GetEschedId()
	for name, tc := range map[string]struct{ from, to, says string }{
		"half a range":     {"2026-01-01T00:00:00Z", "", "from, to"},
		"backwards":        {"2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", "to"},
		"nothing in it":    {"2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z", "no due time"},
		"too many in it":   {"2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "more than 100"},
		"something else's": {"yesterday", "today", `from: "yesterday"`},
	} {
		res, err := s.client.RunSched(t.Context(), &api.WshExportTaskRunSchedReq{EschedId: id, From: tc.from, To: tc.to})
		if err != nil || res.GetErrCode() != "3" || !strings.Contains(res.GetErrMsg(), tc.says) {
			t.Errorf("%s: %q %q (%v), want 3 %q", name, res.GetErrCode(), res.GetErrMsg(), err, tc.says)
		}
	}
	if n := s.insts(t); n != 0 {
		t.Errorf("refused runs made %d instances", n)
	}
	res, err := s.client.UpdateSched(t.Context(), &api.WshExportTaskUpdateSchedReq{EschedId: id, Version: 9, Cron: new("@hourly")})
	if err != nil || res.GetErrCode() != "10" {
		t.Errorf("an older version: %v %v", res, err)
	}
	run, err := s.client.RunSched(t.Context(), &api.WshExportTaskRunSchedReq{EschedId: id, RequestId: "now-1"})
	if err != nil || len(run.GetData()) != 1 {
		t.Fatalf("RunSched now: %v %v", run, err)
	}
	again, err := s.client.RunSched(t.Context(), &api.WshExportTaskRunSchedReq{EschedId: id, RequestId: "now-1"})
	if err != nil || len(again.GetData()) != 1 || again.GetData()[0].GetEinstId() != run.GetData()[0].GetEinstId() || !again.GetData()[0].GetExisted() {
		t.Errorf("the same request again: %v %v, want the first result", again, err)
	}
	if in := s.watch(t, run.GetData()[0].GetEinstId()); in.GetState() != api.WshExportInstState_STATE_SUCCEEDED {
		t.Errorf("run now: %v", fmt.Sprint(in.GetState(), in.GetErrMsg()))
	}
}
