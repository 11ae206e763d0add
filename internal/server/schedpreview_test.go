package server_test

import (
	"errors"
	"testing"

	"exporttask/api"
	"exporttask/internal/model"
)

func TestServer_PreviewSched(t *testing.T) {
	t.Parallel()
	f := setup(t)
	tpl := f.createTpl(t, "SELECT id FROM shop WHERE id > :min AND :window_start < :window_end").GetEtplId()
	preview := func(t *testing.T, req *api.WshExportTaskPreviewSchedReq) *api.WshExportSchedPreview {
		t.Helper()
		res, err := f.rpc.PreviewSched(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		return res.GetData()
	}
	least := []*api.WshExportParam{{Name: "min", Value: "1"}}
	t.Run("draft_without_template", func(t *testing.T) {
		t.Parallel()
		got := preview(t, &api.WshExportTaskPreviewSchedReq{Draft: &api.WshExportTaskCreateSchedReq{Cron: "0 2 * * *"}})
		if len(got.GetRuns()) != 10 || got.GetZone() != "Asia/Shanghai" {
			t.Fatalf("got %d runs in %s, want 10 in Asia/Shanghai", len(got.GetRuns()), got.GetZone())
		}
		first := got.GetRuns()[0] // the clock of the fixture shows 02:30 of 1 March
		if first.GetDueLocal() != "2026-03-02T02:00:00+08:00" || first.GetDue() != "2026-03-01T18:00:00.000000Z" ||
			first.GetWindowStart() != "2026-02-28T18:00:00.000000Z" || first.GetWindowEnd() != first.GetDue() || len(first.GetParams()) != 0 {
			t.Errorf("got %v", first)
		}
	})
	t.Run("clock_change", func(t *testing.T) {
		t.Parallel()
		got := preview(t, &api.WshExportTaskPreviewSchedReq{
			Draft: &api.WshExportTaskCreateSchedReq{Cron: "30 2 * * *", Zone: "America/New_York"}, From: "2026-03-08T00:00:00-05:00", Count: 2,
		})
		if runs := got.GetRuns(); len(runs) != 2 || runs[0].GetDueLocal() != "2026-03-08T03:00:00-04:00" || runs[1].GetDueLocal() != "2026-03-09T02:30:00-04:00" {
			t.Errorf("got %v, want the first instant after the gap", runs)
		}
	})
	t.Run("from_is_inclusive_and_end_bounds", func(t *testing.T) {
		t.Parallel()
		got := preview(t, &api.WshExportTaskPreviewSchedReq{
			Draft: &api.WshExportTaskCreateSchedReq{Cron: "@hourly", EndAt: "2026-03-01T05:00:00Z"}, From: "2026-03-01T04:00:00Z", Count: 500,
		})
		if runs := got.GetRuns(); len(runs) != 2 || runs[0].GetDue() != "2026-03-01T04:00:00.000000Z" {
			t.Errorf("got %v, want 04:00 and 05:00", runs)
		}
	})
	t.Run("parameters", func(t *testing.T) {
		t.Parallel()
		got := preview(t, &api.WshExportTaskPreviewSchedReq{
			Draft: &api.WshExportTaskCreateSchedReq{EtplId: tpl, Cron: "@daily", Params: least}, Count: 12,
		})
		values := map[string]string{}
		for _, p := range got.GetRuns()[0].GetParams() {
			values[p.GetName()] = p.GetValue()
		}
		if values["min"] != "1" || values["window_start"] != "2026-03-01 00:00:00" || values["window_end"] != "2026-03-02 00:00:00" {
			t.Errorf("got %v", values)
		}
		if n := len(got.GetRuns()[11].GetParams()); n != 0 {
			t.Errorf("the twelfth run has %d parameters, want none", n)
		}
	})
	t.Run("missing_parameter", func(t *testing.T) {
		t.Parallel()
		_, err := f.rpc.PreviewSched(t.Context(), &api.WshExportTaskPreviewSchedReq{Draft: &api.WshExportTaskCreateSchedReq{EtplId: tpl, Cron: "@daily"}})
		wantInvalid(t, err, "params")
	})
	t.Run("invalid", func(t *testing.T) {
		t.Parallel()
		for field, req := range map[string]*api.WshExportTaskPreviewSchedReq{
			"eschedId": {}, "draft": {EschedId: 1, Draft: &api.WshExportTaskCreateSchedReq{}},
			"cron":  {Draft: &api.WshExportTaskCreateSchedReq{Cron: "61 * * * *"}},
			"zone":  {Draft: &api.WshExportTaskCreateSchedReq{Cron: "@daily", Zone: "Local"}},
			"from":  {Draft: &api.WshExportTaskCreateSchedReq{Cron: "@daily"}, From: "tomorrow"},
			"count": {Draft: &api.WshExportTaskCreateSchedReq{Cron: "@daily"}, Count: 501},
		} {
			_, err := f.rpc.PreviewSched(t.Context(), req)
			wantInvalid(t, err, field)
		}
	})
	t.Run("stored", func(t *testing.T) {
		t.Parallel()
		made, err := f.rpc.CreateSched(t.Context(), &api.WshExportTaskCreateSchedReq{EschedName: "n", EtplId: tpl, Cron: "@daily", Params: least})
		if err != nil {
			t.Fatal(err)
		}
		id := made.GetData().GetEschedId()
		if got := preview(t, &api.WshExportTaskPreviewSchedReq{EschedId: id, Count: 1}); len(got.GetRuns()) != 1 || len(got.GetRuns()[0].GetParams()) == 0 {
			t.Errorf("got %v, want one run with parameters", got)
		}
		if _, err := f.rpc.DeleteSched(t.Context(), &api.WshExportTaskDeleteSchedReq{EschedId: id}); err != nil {
			t.Fatal(err)
		}
		_, err = f.rpc.PreviewSched(t.Context(), &api.WshExportTaskPreviewSchedReq{EschedId: id})
		if mine, ok := errors.AsType[*model.Error](err); !ok || mine.Kind != model.WrongState {
			t.Errorf("deleted: got %v, want WrongState", err)
		}
	})
}

func TestServer_RunSched_countOnly(t *testing.T) {
	t.Parallel()
	f := setup(t)
	tpl := f.createTpl(t, "SELECT 1").GetEtplId()
	made, err := f.rpc.CreateSched(t.Context(), &api.WshExportTaskCreateSchedReq{EschedName: "n", EtplId: tpl, Cron: "@daily", Zone: "UTC"})
	if err != nil {
		t.Fatal(err)
	}
	run := func(from, to string, countOnly bool) *api.WshExportTaskRunSchedRes {
		res, err := f.rpc.RunSched(t.Context(), &api.WshExportTaskRunSchedReq{
			EschedId: made.GetData().GetEschedId(), From: from, To: to, CountOnly: countOnly,
		})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	if got := run("2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z", false); got.GetCount() != 1 {
		t.Errorf("got the count %d, want 1 created", got.GetCount())
	}
	got := run("2026-02-01T00:00:00Z", "2026-02-04T00:00:00Z", true)
	if got.GetCount() != 2 || len(got.GetData()) != 3 || !got.GetData()[0].GetExisted() || got.GetData()[1].GetEinstId() != 0 {
		t.Errorf("got %v, want two of three to create", got)
	}
	list, err := f.rpc.ListInst(t.Context(), &api.WshExportTaskListInstReq{})
	if err != nil || len(list.GetData()) != 1 {
		t.Errorf("got %d instances, %v, want that of the first call alone", len(list.GetData()), err)
	}
	_, err = f.rpc.RunSched(t.Context(), &api.WshExportTaskRunSchedReq{EschedId: made.GetData().GetEschedId(), CountOnly: true})
	wantInvalid(t, err, "countOnly")
}
