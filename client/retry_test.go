package client

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"exporttask/api"
)

// Whether a call may be sent twice is for somebody to decide for each.
func TestRepeatable_Complete(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"UpdateTpl": true, "CancelInst": true, "UpdateSched": true, "RetryDelivery": true}
	for _, method := range repeatable {
		known[method] = true
	}
	for _, m := range api.ExportTask_ServiceDesc.Methods {
		if !known[m.MethodName] {
			t.Errorf("%s: neither in repeatable nor in the list of this test", m.MethodName)
		}
		delete(known, m.MethodName)
	}
	for method := range known {
		t.Errorf("%s: no such call", method)
	}
}

// shaky answers each call with UNAVAILABLE once.
type shaky struct {
	api.UnimplementedExportTaskServer

	mu      sync.Mutex
	ids     []string
	updates int
}

func (s *shaky) CreateInst(_ context.Context, req *api.WshExportTaskCreateInstReq) (*api.WshExportTaskCreateInstRes, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids = append(s.ids, req.GetRequestId())
	if len(s.ids) == 1 {
		return nil, status.Error(codes.Unavailable, "just now")
	}
	return &api.WshExportTaskCreateInstRes{Data: &api.WshExportInst{EinstId: 1}}, nil
}

func (s *shaky) UpdateTpl(context.Context, *api.WshExportTaskUpdateTplReq) (*api.WshExportTaskUpdateTplRes, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.updates++
	return nil, status.Error(codes.Unavailable, "just now")
}

func TestSetRequestID(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &shaky{}
	server := grpc.NewServer()
	api.RegisterExportTaskServer(server, s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() { server.Stop(); <-done })
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	c, err := Dial(ctx, Options{Target: listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	req := &api.WshExportTaskCreateInstReq{EtplId: 1}
	if _, err := c.API().CreateInst(ctx, req); err != nil {
		t.Fatal(err)
	}
	if len(s.ids) != 2 || s.ids[0] == "" || s.ids[0] != s.ids[1] {
		t.Errorf("request ids %q, want one and the same twice", s.ids)
	}
	if diff := cmp.Diff("", req.GetRequestId()); diff != "" {
		t.Errorf("the caller's request was changed (-want +got):\n%s", diff)
	}
	if _, err := c.API().UpdateTpl(ctx, &api.WshExportTaskUpdateTplReq{}); status.Code(err) != codes.Unavailable || s.updates != 1 {
		t.Errorf("UpdateTpl: %v after %d calls, want UNAVAILABLE after 1", err, s.updates)
	}
}
