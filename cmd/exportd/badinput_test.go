package main

import (
	"strings"
	"testing"

	"exporttask/api"
	"exporttask/internal/testkit"
)

func TestServe_bad_input(t *testing.T) {
	t.Parallel()
	s := startService(t, testkit.Database(t))
	good := func() *api.WshExportTaskCreateTplReq {
		return &api.WshExportTaskCreateTplReq{EtplName: "a", EtplExpr: "select 1 as one"}
	}
	cases := map[string]struct {
		change func(*api.WshExportTaskCreateTplReq)
		want   string
	}{
		"empty name":          {func(r *api.WshExportTaskCreateTplReq) { r.EtplName = "" }, "etplName: 0 characters, want 1..200"},
		"3 MB name":           {func(r *api.WshExportTaskCreateTplReq) { r.EtplName = strings.Repeat("n", 3<<20) }, "etplName: 3145728 characters"},
		"NUL in the name":     {func(r *api.WshExportTaskCreateTplReq) { r.EtplName = "a\x00b" }, "etplName: "},
		"unknown enum value":  {func(r *api.WshExportTaskCreateTplReq) { r.EtplOutputFormat = 77 }, "etplOutputFormat: 77, want one of FMT_DEFAULT"},
		"negative operator":   {func(r *api.WshExportTaskCreateTplReq) { r.OperatorId = -1 }, "operatorId: -1"},
		"no SELECT":           {func(r *api.WshExportTaskCreateTplReq) { r.EtplExpr = "delete from welife_export_tpl" }, "etplExpr: "},
		"two statements":      {func(r *api.WshExportTaskCreateTplReq) { r.EtplExpr = "select 1; select 2" }, "etplExpr: "},
		"no such table":       {func(r *api.WshExportTaskCreateTplReq) { r.EtplExpr = "select a from nowhere" }, "etplExpr: "},
		"no such column":      {func(r *api.WshExportTaskCreateTplReq) { r.EtplOutputColumns = "two" }, "etplOutputColumns: "},
		"no such data source": {func(r *api.WshExportTaskCreateTplReq) { r.EtplSource = "moon" }, `etplSource: "moon", want one of default`},
		"odd requestId":       {func(r *api.WshExportTaskCreateTplReq) { r.RequestId = "a b" }, "requestId: "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			req := good()
			c.change(req)
			res, err := s.client.CreateTpl(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if res.GetErrCode() != "3" || !strings.HasPrefix(res.GetErrMsg(), c.want) {
				t.Errorf("got errCode %q, %.200s; want 3, %s", res.GetErrCode(), res.GetErrMsg(), c.want)
			}
		})
	}
	if list, err := s.client.ListTpl(t.Context(), &api.WshExportTaskListTplReq{WithDeleted: true}); err != nil || len(list.GetData()) != 0 {
		t.Errorf("%d templates stored, error %v", len(list.GetData()), err)
	}

	// What only the state can tell.
	req := good()
	req.RequestId = "r1"
	made, err := s.client.CreateTpl(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.client.CreateTpl(t.Context(), req)
	if err != nil || again.GetData().GetEtplId() != made.GetData().GetEtplId() {
		t.Errorf("the same requestId: %v, error %v", again, err)
	}
	req.EtplName = "b"
	if res, err := s.client.CreateTpl(t.Context(), req); err != nil || res.GetErrCode() != "10" {
		t.Errorf("the same requestId with another body: %v, error %v", res, err)
	}
	inst := s.export(t, made.GetData().GetEtplId())
	if res, err := s.client.CancelInst(t.Context(), &api.WshExportTaskCancelInstReq{EinstId: inst.GetEinstId()}); err != nil || res.GetErrCode() != "9" {
		t.Errorf("cancel of an ended instance: %v, error %v", res, err)
	}
	if res, err := s.client.GetInst(t.Context(), &api.WshExportTaskGetInstReq{EinstId: -5}); err != nil || res.GetErrCode() != "3" || !strings.HasPrefix(res.GetErrMsg(), "einstId: -5") {
		t.Errorf("negative id: %v, error %v", res, err)
	}
	if res, err := s.client.DeleteTpl(t.Context(), &api.WshExportTaskDeleteTplReq{EtplId: made.GetData().GetEtplId()}); err != nil || res.GetErrCode() != "" {
		t.Fatalf("DeleteTpl: %v, error %v", res, err)
	}
	if res, err := s.client.CreateInst(t.Context(), &api.WshExportTaskCreateInstReq{EtplId: made.GetData().GetEtplId()}); err != nil || res.GetErrCode() != "9" {
		t.Errorf("an instance of a deleted template: %v, error %v", res, err)
	}
	stream, err := s.client.DownloadInst(t.Context(), &api.WshExportTaskDownloadInstReq{EinstId: 999})
	if err != nil {
		t.Fatal(err)
	}
	if res, err := stream.Recv(); err != nil || res.GetErrCode() != "5" {
		t.Errorf("download of nothing: %v, error %v", res, err)
	}
}

func TestServe_ListTpl_reply_size(t *testing.T) {
	t.Parallel()
	s := startService(t, testkit.Database(t))
	const templates = 80
	for range templates {
		res, err := s.client.CreateTpl(t.Context(), &api.WshExportTaskCreateTplReq{
			EtplName: "large", EtplExpr: "select '" + strings.Repeat("x", 60_000) + "' as a",
		})
		if err != nil || res.GetErrCode() != "" {
			t.Fatalf("CreateTpl: %v %v", res.GetErrMsg(), err)
		}
	}
	seen, token, pages := map[int32]bool{}, "", 0
	for {
		// grpc's own limit of 4 MiB would refuse a larger reply.
		res, err := s.client.ListTpl(t.Context(), &api.WshExportTaskListTplReq{PageToken: token})
		if err != nil || res.GetErrCode() != "" {
			t.Fatalf("ListTpl: %v %v", res.GetErrMsg(), err)
		}
		for _, tpl := range res.GetData() {
			seen[tpl.GetEtplId()] = true
		}
		pages++
		if token = res.GetNextPageToken(); token == "" {
			break
		}
	}
	if len(seen) != templates || pages < 2 {
		t.Errorf("%d templates on %d pages, want %d on more than one", len(seen), pages, templates)
	}
}
