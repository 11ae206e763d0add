package main

import (
	"cmp"
	"context"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"exporttask/api"
)

// memory is a service that keeps templates, schedules and deliveries in memory
// and runs nothing. It refuses the cron expression "never", which is how a
// schedule fails after its template was saved.
type memory struct {
	api.UnimplementedExportTaskServer

	mu     sync.Mutex
	tpls   map[int32]*api.WshExportTpl
	scheds map[int64]*api.WshExportSched
	calls  []string // what changed, in order
}

func newMemory(t *testing.T) (*memory, *ctl) {
	t.Helper()
	m := &memory{tpls: map[int32]*api.WshExportTpl{}, scheds: map[int64]*api.WshExportSched{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	api.RegisterExportTaskServer(server, m)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() { server.Stop(); <-done })
	return m, at(t, listener.Addr().String())
}

func (m *memory) called(what, name string) { m.calls = append(m.calls, what+" "+name) }

// told returns what changed since it was asked last.
func (m *memory) told() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	calls := m.calls
	m.calls = nil
	return calls
}

func (m *memory) ListTpl(_ context.Context, req *api.WshExportTaskListTplReq) (*api.WshExportTaskListTplRes, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	res := &api.WshExportTaskListTplRes{}
	for _, id := range slices.Sorted(maps.Keys(m.tpls)) {
		p := m.tpls[id]
		if strings.Contains(p.GetEtplName(), req.GetEtplName()) && cmp.Or(req.GetEtplTag(), p.GetEtplTag()) == p.GetEtplTag() {
			res.Data = append(res.Data, proto.CloneOf(p))
		}
	}
	return res, nil
}

func (*memory) PreviewTpl(context.Context, *api.WshExportTaskPreviewTplReq) (*api.WshExportTaskPreviewTplRes, error) {
	return &api.WshExportTaskPreviewTplRes{}, nil
}

func (m *memory) CreateTpl(_ context.Context, req *api.WshExportTaskCreateTplReq) (*api.WshExportTaskCreateTplRes, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.called("CreateTpl", req.GetEtplName())
	p := &api.WshExportTpl{EtplId: int32(len(m.tpls) + 1), EtplName: req.GetEtplName(), EtplTag: req.GetEtplTag(), EtplExpr: req.GetEtplExpr()}
	m.tpls[p.GetEtplId()] = p
	return &api.WshExportTaskCreateTplRes{Data: proto.CloneOf(p)}, nil
}

func (m *memory) DeleteTpl(_ context.Context, req *api.WshExportTaskDeleteTplReq) (*api.WshExportTaskDeleteTplRes, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.called("DeleteTpl", m.tpls[req.GetEtplId()].GetEtplName())
	delete(m.tpls, req.GetEtplId())
	return &api.WshExportTaskDeleteTplRes{}, nil
}

func (m *memory) ListSched(_ context.Context, req *api.WshExportTaskListSchedReq) (*api.WshExportTaskListSchedRes, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	res := &api.WshExportTaskListSchedRes{}
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(m.scheds))) {
		s := m.scheds[id]
		if (req.GetEtplId() == 0 || req.GetEtplId() == s.GetEtplId()) && (req.GetEschedId() == 0 || req.GetEschedId() == id) &&
			strings.Contains(s.GetEschedName(), req.GetEschedName()) {
			res.Data = append(res.Data, proto.CloneOf(s))
		}
	}
	return res, nil
}

func (m *memory) CreateSched(_ context.Context, req *api.WshExportTaskCreateSchedReq) (*api.WshExportTaskCreateSchedRes, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if req.GetCron() == "never" {
		return &api.WshExportTaskCreateSchedRes{ErrCode: "3", ErrMsg: `cron: "never", want five fields`}, nil
	}
	m.called("CreateSched", req.GetEschedName())
	s := &api.WshExportSched{
		EschedId: int64(len(m.scheds) + 1), EtplId: req.GetEtplId(), EschedName: req.GetEschedName(), Cron: req.GetCron(), Zone: req.GetZone(),
		Params: req.GetParams(), Upcoming: []string{"2026-03-02T02:15:00.000000Z"},
	}
	m.scheds[s.GetEschedId()] = s
	return &api.WshExportTaskCreateSchedRes{Data: proto.CloneOf(s)}, nil
}

func (m *memory) UpdateSched(_ context.Context, req *api.WshExportTaskUpdateSchedReq) (*api.WshExportTaskUpdateSchedRes, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.scheds[req.GetEschedId()]
	m.called("UpdateSched", s.GetEschedName())
	if req.Cron != nil {
		s.Cron = req.GetCron()
	}
	if s.Status = api.WshExportSchedStatus_SCHED_ACTIVE; req.GetPaused() {
		s.Status = api.WshExportSchedStatus_SCHED_PAUSED
	}
	return &api.WshExportTaskUpdateSchedRes{Data: proto.CloneOf(s)}, nil
}

func (m *memory) DeleteSched(_ context.Context, req *api.WshExportTaskDeleteSchedReq) (*api.WshExportTaskDeleteSchedRes, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.called("DeleteSched", m.scheds[req.GetEschedId()].GetEschedName())
	delete(m.scheds, req.GetEschedId())
	return &api.WshExportTaskDeleteSchedRes{}, nil
}

func (m *memory) RunSched(_ context.Context, req *api.WshExportTaskRunSchedReq) (*api.WshExportTaskRunSchedRes, error) {
	return &api.WshExportTaskRunSchedRes{Data: []*api.WshExportSchedRun{
		{Due: req.GetFrom(), EinstId: 7, Existed: true}, {Due: req.GetTo(), EinstId: 8},
	}}, nil
}

func (m *memory) ListDelivery(_ context.Context, req *api.WshExportTaskListDeliveryReq) (*api.WshExportTaskListDeliveryRes, error) {
	res := &api.WshExportTaskListDeliveryRes{}
	if slices.Contains(req.GetStates(), api.WshExportDeliveryState_DELIVERY_FAILED) && req.GetEinstId() == 7 {
		res.Data = []*api.WshExportDelivery{{
			EdeliveryId: 3, EinstId: 7, Destination: "reports", Kind: "s3", State: api.WshExportDeliveryState_DELIVERY_FAILED, Attempt: 5, MaxAttempts: 5,
			ErrMsg: "503", Finished: "2026-03-02T02:15:00.000000Z",
		}}
	}
	return res, nil
}

func (m *memory) RetryDelivery(_ context.Context, req *api.WshExportTaskRetryDeliveryReq) (*api.WshExportTaskRetryDeliveryRes, error) {
	return &api.WshExportTaskRetryDeliveryRes{Data: &api.WshExportDelivery{EdeliveryId: req.GetEdeliveryId(), State: api.WshExportDeliveryState_DELIVERY_WAITING}}, nil
}

func wantCalls(t *testing.T, m *memory, want ...string) {
	t.Helper()
	if diff := gocmp.Diff(want, m.told()); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

const scheduled = `name: orders
tag: shop
sql: SELECT 1 AS one
schedules:
  - {name: nightly, cron: 15 2 * * *, params: {from: 2026-01-01}}
  - {name: hourly, cron: "@hourly"}
`

func TestApply_schedules(t *testing.T) {
	t.Parallel()
	m, c := newMemory(t)
	c.write(t, "orders.yaml", scheduled)
	apply := []string{"apply", "-f", "orders.yaml", "--yes"}
	c.ok(t, apply...)
	wantCalls(t, m, "CreateTpl orders", "CreateSched nightly", "CreateSched hourly")
	if out := c.ok(t, apply...); out != "nothing to change\n" {
		t.Errorf("the second time it printed\n%s", out)
	}
	c.ok(t, "sched", "pause", "nightly")
	wantCalls(t, m, "UpdateSched nightly")
	if out := c.ok(t, apply...); !strings.Contains(out, `update schedule "orders/nightly"`) || !strings.Contains(out, "- paused: true") {
		t.Errorf("a paused schedule that is to run: printed\n%s", out)
	}
	wantCalls(t, m, "UpdateSched nightly")

	hourly := "  - {name: hourly, cron: \"@hourly\"}\n"
	c.write(t, "orders.yaml", strings.Replace(scheduled, hourly, "", 1))
	c.ok(t, apply...)
	wantCalls(t, m)
	c.ok(t, append(apply, "--prune")...)
	wantCalls(t, m, "DeleteSched hourly")

	// A template that goes takes its schedules with it.
	c.write(t, "orders.yaml", "name: other\ntag: shop\nsql: SELECT 1 AS one\n")
	c.ok(t, append(apply, "--prune")...)
	wantCalls(t, m, "CreateTpl other", "DeleteSched nightly", "DeleteTpl orders")
}

func TestApply_schedule_refused(t *testing.T) {
	t.Parallel()
	m, c := newMemory(t)
	c.write(t, "orders.yaml", strings.Replace(scheduled, `"@hourly"`, "never", 1))
	c.fails(t, exitRefused, `orders.yaml:6: create schedule "orders/hourly": InvalidArgument: cron: "never"`, "apply", "-f", "orders.yaml", "--yes")
	wantCalls(t, m, "CreateTpl orders", "CreateSched nightly", "DeleteSched nightly", "DeleteTpl orders")
}

func TestSched_commands(t *testing.T) {
	t.Parallel()
	m, c := newMemory(t)
	c.write(t, "orders.yaml", "name: orders\nsql: SELECT 1 AS one\n")
	c.ok(t, "tpl", "create", "-f", "orders.yaml")
	c.write(t, "sched.yaml", "template: orders\nname: nightly\ncron: 15 2 * * *\nzone: Asia/Shanghai\nparams: {shops: [1, 2]}\n")
	if out := c.ok(t, "sched", "create", "-f", "sched.yaml"); out != "1\tnightly\n" {
		t.Errorf("create printed %q", out)
	}
	wantCalls(t, m, "CreateTpl orders", "CreateSched nightly")
	if out := c.ok(t, "sched", "list"); !strings.Contains(out, "nightly  ACTIVE  15 2 * * *  Asia/Shanghai  2026-03-02 02:15:00") {
		t.Errorf("list printed\n%s", out)
	}
	if out := c.ok(t, "sched", "show", "nightly"); !strings.Contains(out, `shops: ["1", "2"]`) || !strings.Contains(out, "due       2026-03-02 02:15:00") {
		t.Errorf("show printed\n%s", out)
	}
	if out := c.ok(t, "tpl", "show", "orders", "-o", "yaml"); !strings.Contains(out, "schedules:\n  - name: nightly\n") {
		t.Errorf("tpl show -o yaml printed\n%s", out)
	}
	if out := c.ok(t, "sched", "pause", "1"); out != "schedule 1 is PAUSED\n" {
		t.Errorf("pause printed %q", out)
	}
	if out := c.ok(t, "sched", "resume", "nightly"); out != "schedule 1 is ACTIVE\n" {
		t.Errorf("resume printed %q", out)
	}
	out := c.ok(t, "sched", "run", "nightly", "--from", "2026-01-01T00:00:00Z", "--to", "2026-01-02T00:00:00Z")
	if diff := gocmp.Diff("DUE                  INSTANCE\n2026-01-01 00:00:00         7  was there before\n2026-01-02 00:00:00         8\n", out); diff != "" {
		t.Errorf("run (-want +got):\n%s", diff)
	}
	c.fails(t, exitUsage, "from", "sched", "run", "nightly", "--from", "2026-01-01T00:00:00Z")
	c.ok(t, "sched", "delete", "nightly", "--yes")
	c.fails(t, exitNotFound, `no schedule "nightly"`, "sched", "show", "nightly")
}

func TestDelivery_commands(t *testing.T) {
	t.Parallel()
	_, c := newMemory(t)
	out := c.ok(t, "delivery", "list", "--inst", "7", "--state", "failed")
	if !strings.Contains(out, "3         7  files  FAILED  reports      s3        5/5  2026-03-02 02:15:00  503") {
		t.Errorf("list printed\n%s", out)
	}
	if out := c.ok(t, "delivery", "retry", "3"); out != "delivery 3 is WAITING\n" {
		t.Errorf("retry printed %q", out)
	}
	c.fails(t, exitUsage, `"lost", want one of`, "delivery", "list", "--state", "lost")
}
