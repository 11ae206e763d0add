package server_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"exporttask/api"
	"exporttask/internal/model"
	"exporttask/internal/server"
	"exporttask/internal/task/tasktest"
)

// fixture is a server with real use cases behind it.
type fixture struct {
	*tasktest.Fixture
	rpc *server.Server
}

func setup(t *testing.T) *fixture {
	t.Helper()
	f := tasktest.New(t)
	return &fixture{f, server.New(server.Config{
		DB: f.DB, Tasks: f.Service, Destinations: f.Deliveries, MaxTimeout: 3600e9, Zone: tasktest.Now.Location(),
	})}
}

func (f *fixture) createTpl(t *testing.T, expr string) *api.WshExportTpl {
	t.Helper()
	res, err := f.rpc.CreateTpl(t.Context(), &api.WshExportTaskCreateTplReq{EtplName: "t", EtplExpr: expr})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetData()
}

func (f *fixture) createInst(t *testing.T, tplID int32) *api.WshExportInst {
	t.Helper()
	res, err := f.rpc.CreateInst(t.Context(), &api.WshExportTaskCreateInstReq{EtplId: tplID})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetData()
}

// wantInvalid checks that an error is the caller's and names the field first.
func wantInvalid(t *testing.T, err error, field string) {
	t.Helper()
	var mine *model.Error
	if !errors.As(err, &mine) || mine.Kind != model.Invalid || !strings.HasPrefix(mine.Text, field+": ") {
		t.Errorf("got error %v, want one that begins with %q", err, field+": ")
	}
}

func TestServer_CreateTpl_invalid_fields(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for field, edit := range map[string]func(*api.WshExportTaskCreateTplReq){
		"etplName":                 func(r *api.WshExportTaskCreateTplReq) { r.EtplName = "" },
		"etplTag":                  func(r *api.WshExportTaskCreateTplReq) { r.EtplTag = strings.Repeat("x", 65) },
		"etplExpr":                 func(r *api.WshExportTaskCreateTplReq) { r.EtplExpr = strings.Repeat("x", 64<<10+1) },
		"etplOutputFormat":         func(r *api.WshExportTaskCreateTplReq) { r.EtplOutputFormat = 99 },
		"operatorId":               func(r *api.WshExportTaskCreateTplReq) { r.OperatorId = -1 },
		"requestId":                func(r *api.WshExportTaskCreateTplReq) { r.RequestId = "a b" },
		"etplTimeoutSec":           func(r *api.WshExportTaskCreateTplReq) { r.EtplTimeoutSec = 3601 },
		"etplMaxAttempts":          func(r *api.WshExportTaskCreateTplReq) { r.EtplMaxAttempts = 21 },
		"etplRetentionSec":         func(r *api.WshExportTaskCreateTplReq) { r.EtplRetentionSec = -1 },
		"etplParams[0].name":       func(r *api.WshExportTaskCreateTplReq) { r.EtplParams = []*api.WshExportParamDecl{{}} },
		"etplLimits.rows":          func(r *api.WshExportTaskCreateTplReq) { r.EtplLimits = &api.WshExportLimits{Rows: -1} },
		"etplOptions.csvDelimiter": func(r *api.WshExportTaskCreateTplReq) { r.EtplOptions = &api.WshExportOptions{CsvDelimiter: "ab"} },
		"etplDeliverTo[0].destination": func(r *api.WshExportTaskCreateTplReq) {
			r.EtplDeliverTo = []*api.WshExportDeliverTo{{Destination: "gone"}}
		},
	} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			req := &api.WshExportTaskCreateTplReq{EtplName: "t", EtplExpr: "SELECT 1"}
			edit(req)
			_, err := f.rpc.CreateTpl(t.Context(), req)
			wantInvalid(t, err, field)
		})
	}
}

func TestServer_invalid_ids(t *testing.T) {
	t.Parallel()
	f := setup(t)
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"CreateInst/etplId":         func() error { _, err := f.rpc.CreateInst(ctx, &api.WshExportTaskCreateInstReq{}); return err },
		"GetInst/einstId":           func() error { _, err := f.rpc.GetInst(ctx, &api.WshExportTaskGetInstReq{}); return err },
		"CancelInst/einstId":        func() error { _, err := f.rpc.CancelInst(ctx, &api.WshExportTaskCancelInstReq{}); return err },
		"DeleteInst/einstId":        func() error { _, err := f.rpc.DeleteInst(ctx, &api.WshExportTaskDeleteInstReq{}); return err },
		"DeleteInst/reason":         func() error { _, err := f.rpc.DeleteInst(ctx, &api.WshExportTaskDeleteInstReq{EinstId: 1}); return err },
		"RetryInst/einstId":         func() error { _, err := f.rpc.RetryInst(ctx, &api.WshExportTaskRetryInstReq{}); return err },
		"ListInstEvent/einstId":     func() error { _, err := f.rpc.ListInstEvent(ctx, &api.WshExportTaskListInstEventReq{}); return err },
		"UpdateTpl/etplId":          func() error { _, err := f.rpc.UpdateTpl(ctx, &api.WshExportTaskUpdateTplReq{}); return err },
		"DeleteTpl/etplId":          func() error { _, err := f.rpc.DeleteTpl(ctx, &api.WshExportTaskDeleteTplReq{}); return err },
		"PreviewTpl/etplId":         func() error { _, err := f.rpc.PreviewTpl(ctx, &api.WshExportTaskPreviewTplReq{}); return err },
		"CreateSched/eschedName":    func() error { _, err := f.rpc.CreateSched(ctx, &api.WshExportTaskCreateSchedReq{}); return err },
		"UpdateSched/eschedId":      func() error { _, err := f.rpc.UpdateSched(ctx, &api.WshExportTaskUpdateSchedReq{}); return err },
		"DeleteSched/eschedId":      func() error { _, err := f.rpc.DeleteSched(ctx, &api.WshExportTaskDeleteSchedReq{}); return err },
		"RunSched/eschedId":         func() error { _, err := f.rpc.RunSched(ctx, &api.WshExportTaskRunSchedReq{}); return err },
		"RetryDelivery/edeliveryId": func() error { _, err := f.rpc.RetryDelivery(ctx, &api.WshExportTaskRetryDeliveryReq{}); return err },
		"GetQueue/operatorId":       func() error { _, err := f.rpc.GetQueue(ctx, &api.WshExportTaskGetQueueReq{OperatorId: -1}); return err },
		"ListTpl/pageToken":         func() error { _, err := f.rpc.ListTpl(ctx, &api.WshExportTaskListTplReq{PageToken: "x"}); return err },
		"ListInst/pageSize":         func() error { _, err := f.rpc.ListInst(ctx, &api.WshExportTaskListInstReq{PageSize: 501}); return err },
		"ListSched/eschedName": func() error {
			_, err := f.rpc.ListSched(ctx, &api.WshExportTaskListSchedReq{EschedName: "\n"})
			return err
		},
		"ListDelivery/states[0]": func() error {
			_, err := f.rpc.ListDelivery(ctx, &api.WshExportTaskListDeliveryReq{States: []api.WshExportDeliveryState{99}})
			return err
		},
	} {
		_, field, _ := strings.Cut(name, "/")
		t.Run(name, func(t *testing.T) { wantInvalid(t, call(), field) })
	}
}

func TestServer_CreateInst_request_id(t *testing.T) {
	t.Parallel()
	f := setup(t)
	tpl := f.createTpl(t, "SELECT id FROM shop WHERE id > :from")
	create := func(id, from string) (*api.WshExportInst, error) {
		res, err := f.rpc.CreateInst(t.Context(), &api.WshExportTaskCreateInstReq{
			EtplId: tpl.GetEtplId(), RequestId: id, Params: []*api.WshExportParam{{Name: "from", Value: from}},
		})
		return res.GetData(), err
	}
	first, err := create("a", "1")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := create("a", "1"); err != nil || again.GetEinstId() != first.GetEinstId() {
		t.Errorf("the same request: got %v, %v, want instance %d", again, err, first.GetEinstId())
	}
	var mine *model.Error
	if _, err := create("a", "2"); !errors.As(err, &mine) || mine.Kind != model.Conflict {
		t.Errorf("the same requestId with another body: got %v, want a Conflict", err)
	}
	if other, err := create("b", "1"); err != nil || other.GetEinstId() == first.GetEinstId() {
		t.Errorf("another requestId: got %v, %v, want another instance", other, err)
	}
}

func TestServer_ListInst_pages(t *testing.T) {
	t.Parallel()
	f := setup(t)
	tpl := f.createTpl(t, "SELECT 1")
	var want []int64
	for range 5 {
		want = append([]int64{f.createInst(t, tpl.GetEtplId()).GetEinstId()}, want...)
	}
	var got []int64
	token := ""
	for page := range 3 {
		res, err := f.rpc.ListInst(t.Context(), &api.WshExportTaskListInstReq{PageSize: 2, PageToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range res.GetData() {
			got = append(got, in.GetEinstId())
		}
		token = res.GetNextPageToken()
		if last := page == 2; last != (token == "") {
			t.Fatalf("page %d has the next token %q", page, token)
		}
	}
	if len(got) != len(want) || got[0] != want[0] || got[4] != want[4] {
		t.Errorf("got instances %v, want %v", got, want)
	}
	tpls, err := f.rpc.ListTpl(t.Context(), &api.WshExportTaskListTplReq{PageSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.rpc.ListInst(t.Context(), &api.WshExportTaskListInstReq{PageToken: "dHBsOjE"}); err == nil {
		t.Errorf("a token of ListTpl (such as %q) was accepted by ListInst", tpls.GetNextPageToken())
	}
}

func TestServer_replies_fit_with_large_parameters(t *testing.T) {
	t.Parallel()
	f := setup(t)
	res, err := f.rpc.CreateTpl(t.Context(), &api.WshExportTaskCreateTplReq{
		EtplName: "t", EtplExpr: "SELECT id FROM shop WHERE name IN (:names)",
		EtplParams: []*api.WshExportParamDecl{{Name: "names", List: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	values := make([]string, 10_000)
	for i := range values {
		values[i] = strings.Repeat("x", 419)
	}
	params := []*api.WshExportParam{{Name: "names", Values: values}}
	made, err := f.rpc.CreateInst(t.Context(), &api.WshExportTaskCreateInstReq{EtplId: res.GetData().GetEtplId(), Params: params})
	if err != nil {
		t.Fatal(err)
	}
	id := made.GetData().GetEinstId()
	got, err := f.rpc.GetInst(t.Context(), &api.WshExportTaskGetInstReq{EinstId: id})
	if err != nil {
		t.Fatal(err)
	}
	list, err := f.rpc.ListInst(t.Context(), &api.WshExportTaskListInstReq{})
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]proto.Message{"CreateInst": made, "GetInst": got, "ListInst": list} {
		if size := proto.Size(m); size > 4<<20 {
			t.Errorf("the reply of %s has %d bytes, more than clients accept", name, size)
		}
	}
	if cut := got.GetData().GetCutFields(); !slices.Contains(cut, "params") {
		t.Errorf("GetInst shows cut fields %v, want params", cut)
	}
	_, err = f.rpc.CreateSched(t.Context(), &api.WshExportTaskCreateSchedReq{EschedName: "s", EtplId: res.GetData().GetEtplId(), Cron: "@daily", Params: params})
	wantInvalid(t, err, "params")
}

func TestServer_RunSched_range(t *testing.T) {
	t.Parallel()
	f := setup(t)
	run := func(from, to string) error {
		_, err := f.rpc.RunSched(t.Context(), &api.WshExportTaskRunSchedReq{EschedId: 1, From: from, To: to})
		return err
	}
	wantInvalid(t, run("yesterday", ""), "from")
	wantInvalid(t, run("2026-01-01T00:00:00Z", ""), "from, to")
	wantInvalid(t, run("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"), "to")
}

func TestServer_PreviewTpl(t *testing.T) {
	t.Parallel()
	f := setup(t)
	draft := &api.WshExportTaskCreateTplReq{EtplExpr: "SELECT id, name FROM shop ORDER BY id"}
	res, err := f.rpc.PreviewTpl(t.Context(), &api.WshExportTaskPreviewTplReq{Draft: draft, Rows: 2})
	if err != nil {
		t.Fatal(err)
	}
	rows := res.GetData().GetRows()
	if len(rows) != 2 || !res.GetData().GetMore() || rows[0].GetCells()[0].GetText() != "1" || !rows[1].GetCells()[1].GetIsNull() {
		t.Errorf("got %v", res.GetData())
	}
	if _, err := f.rpc.PreviewTpl(t.Context(), &api.WshExportTaskPreviewTplReq{Draft: draft, CheckOnly: true}); err != nil {
		t.Errorf("checkOnly: %v", err)
	}
	draft.EtplExpr = "SELECT gone FROM shop"
	res, err = f.rpc.PreviewTpl(t.Context(), &api.WshExportTaskPreviewTplReq{Draft: draft, CheckOnly: true})
	if err != nil || res.GetErrCode() != "3" || !strings.HasPrefix(res.GetErrMsg(), "etplExpr: ") {
		t.Errorf("got %v, %v, want an error of etplExpr", res, err)
	}
	list, err := f.rpc.ListTpl(t.Context(), &api.WshExportTaskListTplReq{})
	if err != nil || len(list.GetData()) != 0 {
		t.Errorf("a preview saved %d templates, %v", len(list.GetData()), err)
	}
}

// stream collects the messages of a server stream.
type stream[T any] struct {
	grpc.ServerStream
	ctx  context.Context //nolint:containedctx // a stream has one
	sent []*T
	seen func(*T)
}

func (s *stream[T]) Context() context.Context { return s.ctx }

func (s *stream[T]) Send(m *T) error {
	kept := proto.Clone(any(m).(proto.Message)) // the server uses its buffer again
	s.sent = append(s.sent, any(kept).(*T))
	if s.seen != nil {
		s.seen(m)
	}
	return nil
}

func TestServer_DownloadInst(t *testing.T) {
	t.Parallel()
	f := setup(t)
	tpl := f.createTpl(t, "SELECT 1")
	in := f.createInst(t, tpl.GetEtplId())
	download := func(req *api.WshExportTaskDownloadInstReq) (string, error) {
		s := &stream[api.WshExportTaskDownloadInstRes]{ctx: t.Context()}
		err := f.rpc.DownloadInst(req, s)
		var text strings.Builder
		for _, m := range s.sent {
			if int64(text.Len()) != m.GetData().GetOffset()-req.GetOffset() {
				t.Errorf("a chunk has the offset %d after %d bytes", m.GetData().GetOffset(), text.Len())
			}
			text.Write(m.GetData().GetContent())
		}
		return text.String(), err
	}
	if _, err := download(&api.WshExportTaskDownloadInstReq{EinstId: in.GetEinstId()}); err == nil {
		t.Error("the file of a waiting instance was sent")
	}
	f.Finish(t, "0123456789")
	for name, tc := range map[string]struct {
		offset int64
		chunk  int32
		want   string
	}{"whole": {0, 0, "0123456789"}, "chunks": {0, 3, "0123456789"}, "offset": {7, 2, "789"}, "end": {10, 0, ""}} {
		got, err := download(&api.WshExportTaskDownloadInstReq{EinstId: in.GetEinstId(), Offset: tc.offset, ChunkSize: tc.chunk})
		if err != nil || got != tc.want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, tc.want)
		}
	}
	_, err := download(&api.WshExportTaskDownloadInstReq{EinstId: in.GetEinstId(), Offset: 11})
	wantInvalid(t, err, "offset")
}

func TestServer_WatchInst(t *testing.T) {
	t.Parallel()
	f := setup(t)
	tpl := f.createTpl(t, "SELECT 1")
	in := f.createInst(t, tpl.GetEtplId())
	s := &stream[api.WshExportTaskWatchInstRes]{ctx: t.Context()}
	s.seen = func(*api.WshExportTaskWatchInstRes) {
		if len(s.sent) == 1 {
			f.Finish(t, "x")
		}
	}
	if err := f.rpc.WatchInst(&api.WshExportTaskWatchInstReq{EinstId: in.GetEinstId()}, s); err != nil {
		t.Fatal(err)
	}
	last := s.sent[len(s.sent)-1].GetData()
	if last.GetState() != api.WshExportInstState_STATE_SUCCEEDED || len(last.GetFiles()) != 1 {
		t.Errorf("the last message is %v, want SUCCEEDED with a file", last)
	}
	waiting := f.createInst(t, tpl.GetEtplId())
	s = &stream[api.WshExportTaskWatchInstRes]{ctx: t.Context(), seen: func(*api.WshExportTaskWatchInstRes) { f.rpc.Drain() }}
	if err := f.rpc.WatchInst(&api.WshExportTaskWatchInstReq{EinstId: waiting.GetEinstId()}, s); status.Code(err) != codes.Unavailable {
		t.Errorf("after Drain: got %v, want UNAVAILABLE", err)
	}
}

func TestServer_WatchInst_keepAlive(t *testing.T) {
	t.Parallel()
	f := setup(t)
	rpc := server.New(server.Config{DB: f.DB, Tasks: f.Service, Destinations: f.Deliveries, Zone: tasktest.Now.Location(), KeepAlive: 20 * time.Millisecond})
	in := f.createInst(t, f.createTpl(t, "SELECT 1").GetEtplId())
	s := &stream[api.WshExportTaskWatchInstRes]{ctx: t.Context()}
	s.seen = func(*api.WshExportTaskWatchInstRes) {
		if len(s.sent) == 4 {
			f.Finish(t, "x")
		}
	}
	if err := rpc.WatchInst(&api.WshExportTaskWatchInstReq{EinstId: in.GetEinstId()}, s); err != nil {
		t.Fatal(err)
	}
	for i, m := range s.sent[:4] {
		if m.GetData().GetState() != api.WshExportInstState_STATE_QUEUED {
			t.Errorf("message %d shows %v, want the unchanged state QUEUED again", i, m.GetData().GetState())
		}
	}
}

func TestServer_UpdateTpl_keeps_fields_that_are_not_given(t *testing.T) {
	t.Parallel()
	f := setup(t)
	made, err := f.rpc.CreateTpl(t.Context(), &api.WshExportTaskCreateTplReq{
		EtplName: "t", EtplExpr: "SELECT id, name FROM shop WHERE id > :from", EtplTag: "tag", EtplOutputColumns: "id",
		EtplOutputFormat: api.WshExportFormat_FMT_XLSX, EtplTimeoutSec: 60, EtplMaxAttempts: 2, EtplRetentionSec: 3600, OperatorId: 7,
		EtplParams:    []*api.WshExportParamDecl{{Name: "from", Type: api.WshExportParamType_PARAM_INT, DefaultValues: []string{"1"}, Optional: true}},
		EtplOptions:   &api.WshExportOptions{SheetName: "s", FileName: "{name}", SplitRows: 5},
		EtplLimits:    &api.WshExportLimits{Rows: 1, Bytes: 2, Running: 3},
		EtplDeliverTo: []*api.WshExportDeliverTo{{Destination: "share", Path: "p/"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := proto.CloneOf(made.GetData())
	name := "renamed"
	got, err := f.rpc.UpdateTpl(t.Context(), &api.WshExportTaskUpdateTplReq{EtplId: want.GetEtplId(), EtplName: &name})
	if err != nil {
		t.Fatal(err)
	}
	want.EtplName, want.EtplVersion, want.EtplUpdated = name, 2, got.GetData().GetEtplUpdated()
	if !proto.Equal(want, got.GetData()) {
		t.Errorf("got %v\nwant %v", got.GetData(), want)
	}
}

func TestServer_PreviewTpl_error_place(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for name, c := range map[string]struct {
		expr                         string
		line, column, offset, length int32
	}{
		"refused":        {"SELECT id\nFROM shop FOR UPDATE", 2, 11, 20, 10},
		"after_an_emoji": {"SELECT '🙂' AS a,\n  SLEEP(1)", 2, 3, 20, 5},
		"unknown_column": {"SELECT id,\n       s.nope\nFROM shop s", 2, 10, 20, 4},
		"unknown_table":  {"SELECT 1\nFROM shopp", 2, 6, 14, 5},
	} {
		for _, checkOnly := range []bool{true, false} {
			res, err := f.rpc.PreviewTpl(t.Context(), &api.WshExportTaskPreviewTplReq{
				CheckOnly: checkOnly, Draft: &api.WshExportTaskCreateTplReq{EtplExpr: c.expr},
			})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			want := &api.WshExportErrorPlace{Field: "etplExpr", Line: c.line, Column: c.column, Offset: c.offset, Length: c.length}
			if !proto.Equal(res.GetErrAt(), want) || res.GetErrCode() != "3" || res.GetData() != nil {
				t.Errorf("%s: got %v, want the place %v", name, res, want)
			}
		}
	}
}

func TestServer_PreviewTpl_check_describes(t *testing.T) {
	t.Parallel()
	f := setup(t)
	req := &api.WshExportTaskPreviewTplReq{CheckOnly: true, Draft: &api.WshExportTaskCreateTplReq{
		EtplExpr: "SELECT id, name FROM shop WHERE id IN (:ids) AND :today > :since", EtplOutputColumns: "name:Name",
		EtplParams: []*api.WshExportParamDecl{{Name: "ids", Type: api.WshExportParamType_PARAM_INT, List: true}},
	}}
	res, err := f.rpc.PreviewTpl(t.Context(), req)
	if err != nil || res.GetErrCode() != "" {
		t.Fatalf("got %v, %v, want a check that passes", res, err)
	}
	columns, result := res.GetData().GetColumns(), res.GetData().GetResultColumns()
	if len(columns) != 1 || columns[0].GetLabel() != "Name" || len(result) != 2 || result[0].GetType() != "INT" {
		t.Errorf("got the columns %v of %v, want Name of id and name", columns, result)
	}
	want := []*api.WshExportSQLParam{{Name: "ids", List: true}, {Name: "today", Builtin: true}, {Name: "since"}}
	if !slices.EqualFunc(res.GetSqlParams(), want, func(a, b *api.WshExportSQLParam) bool { return proto.Equal(a, b) }) {
		t.Errorf("got the parameters %v, want %v", res.GetSqlParams(), want)
	}
	req.Draft.EtplExpr += " FOR UPDATE"
	if res, err := f.rpc.PreviewTpl(t.Context(), req); err != nil || res.GetErrCode() == "" || len(res.GetSqlParams()) != 3 {
		t.Errorf("refused: got %v, %v, want the parameters as well", res, err)
	}
}
