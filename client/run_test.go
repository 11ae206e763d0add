package client_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/client"
)

func TestClient_Export(t *testing.T) {
	t.Parallel()
	c := dial(t, client.Options{Target: newSite(t).Start(t).Addr})
	tpl := makeTpl(t, c, "SELECT no FROM orders WHERE paid >= :from AND id IN (:ids) ORDER BY id",
		&api.WshExportParamDecl{Name: "from", Type: api.WshExportParamType_PARAM_DATE},
		&api.WshExportParamDecl{Name: "ids", Type: api.WshExportParamType_PARAM_INT, List: true})
	var file bytes.Buffer
	var seen []api.WshExportInstState
	inst, err := c.Export(t.Context(), tpl, client.Params{"from": "2026-01-02", "ids": []int{7, 150, 1999}}, &file,
		client.OnProgress(func(i *api.WshExportInst) { seen = append(seen, i.GetState()) }))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("no\r\n00000150\r\n00001999\r\n", file.String()); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	if inst.GetFiles()[0].GetRows() != 2 {
		t.Errorf("instance: %v", inst)
	}
	if len(seen) < 2 || seen[0] != api.WshExportInstState_STATE_QUEUED || seen[len(seen)-1] != api.WshExportInstState_STATE_SUCCEEDED {
		t.Errorf("progress: %v, want QUEUED ... SUCCEEDED", seen)
	}
}

func TestWithFormat(t *testing.T) {
	t.Parallel()
	c := dial(t, client.Options{Target: newSite(t).Start(t).Addr})
	var file bytes.Buffer
	if _, err := c.Export(t.Context(), makeTpl(t, c, allOrders), nil, &file, client.WithFormat(api.WshExportFormat_FMT_XLSX)); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(file.String(), "PK\x03\x04") {
		t.Errorf("%d bytes that begin with %q, want a zip", file.Len(), file.Bytes()[:4])
	}
}

func TestClient_Run_invalid(t *testing.T) {
	t.Parallel()
	c := dial(t, client.Options{Target: newSite(t).Start(t).Addr})
	tpl := makeTpl(t, c, "SELECT id FROM orders WHERE paid = :day")
	for name, tc := range map[string]struct {
		tpl    int32
		params client.Params
		code   codes.Code
		text   string
	}{
		"no such template":      {tpl: 4711, code: codes.NotFound, text: "4711"},
		"a parameter not given": {tpl: tpl, code: codes.InvalidArgument, text: "day"},
		"a parameter too many":  {tpl: tpl, params: client.Params{"day": "x", "dya": 1}, code: codes.InvalidArgument, text: "dya"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Run(t.Context(), tc.tpl, tc.params)
			mine, ok := errors.AsType[*client.Error](err)
			if !ok || mine.Code != tc.code || !strings.Contains(mine.Msg, tc.text) {
				t.Errorf("error %v, want %v about %s", err, tc.code, tc.text)
			}
			if status.Code(err) != tc.code {
				t.Errorf("status.Code: %v, want %v", status.Code(err), tc.code)
			}
		})
	}
	if _, err := c.Run(t.Context(), tpl, client.Params{"day": 1.5}); err == nil || !strings.Contains(err.Error(), "parameter day") {
		t.Errorf("a float: %v, want an error that names the parameter", err)
	}
}

func TestClient_Run_failed_instance(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	c := dial(t, client.Options{Target: site.Start(t).Addr})
	tpl := makeTpl(t, c, allOrders)
	site.Exec(t, "DROP TABLE orders")
	inst, err := c.Run(t.Context(), tpl, nil)
	failed, ok := errors.AsType[*client.FailedError](err)
	if !ok || failed.Inst != inst || inst.GetState() != api.WshExportInstState_STATE_FAILED {
		t.Fatalf("instance %v, error %v, want a FailedError of it", inst, err)
	}
	if !strings.Contains(err.Error(), "FAILED: ") || !strings.Contains(err.Error(), "orders") {
		t.Errorf("error %q does not tell why", err)
	}
}

func TestLeaveRunning(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	c := dial(t, client.Options{Target: site.Start(t).Addr})
	tpl := makeTpl(t, c, allOrders)
	unlock := site.Lock(t, "orders")
	run := func(opts ...client.RunOption) *api.WshExportInst {
		ctx, stop := context.WithCancelCause(t.Context())
		defer stop(nil)
		why := errors.New("enough")
		opts = append(opts, client.OnProgress(func(i *api.WshExportInst) {
			if i.GetState() == api.WshExportInstState_STATE_RUNNING {
				stop(why)
			}
		}))
		inst, err := c.Run(ctx, tpl, nil, opts...)
		if !errors.Is(err, why) {
			t.Fatalf("error %v, want the context's cause", err)
		}
		return inst
	}
	canceled, left := run(), run(client.LeaveRunning())
	last, err := c.Watch(t.Context(), canceled.GetEinstId(), nil)
	if err != nil || last.GetState() != api.WshExportInstState_STATE_CANCELED {
		t.Errorf("without option: %v, error %v, want CANCELED", last.GetState(), err)
	}
	unlock()
	last, err = c.Watch(t.Context(), left.GetEinstId(), nil)
	if err != nil || last.GetState() != api.WshExportInstState_STATE_SUCCEEDED {
		t.Errorf("LeaveRunning: %v, error %v, want SUCCEEDED", last.GetState(), err)
	}
}

func TestWithRequestID(t *testing.T) {
	t.Parallel()
	c := dial(t, client.Options{Target: newSite(t).Start(t).Addr})
	tpl := makeTpl(t, c, "SELECT 1 AS one")
	ids := map[int64]bool{}
	for range 3 {
		inst, err := c.Run(t.Context(), tpl, nil, client.WithRequestID("nightly-2026-01-01"))
		if err != nil {
			t.Fatal(err)
		}
		ids[inst.GetEinstId()] = true
	}
	if len(ids) != 1 {
		t.Errorf("%d instances with one request id, want 1", len(ids))
	}
	for range 2 {
		inst, err := c.Run(t.Context(), tpl, nil)
		if err != nil {
			t.Fatal(err)
		}
		ids[inst.GetEinstId()] = true
	}
	if len(ids) != 3 {
		t.Errorf("%d instances, want each run without an id to be its own", len(ids)-1)
	}
}

// A caller that asks too often for a moment waits a moment.
func TestClient_rate_limited(t *testing.T) {
	t.Parallel()
	c := dial(t, client.Options{Target: newSite(t, "-rate-limit=5", "-rate-burst=1").Start(t).Addr})
	for i := range 5 {
		if _, err := c.API().ListTpl(t.Context(), &api.WshExportTaskListTplReq{}); err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
}
