package main

import (
	"context"
	"encoding/pem"
	"net"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/internal/telemetry/tracing/tracingtest"
	"exporttask/internal/testkit"
)

// What is not traced, and what becomes of traces where the collector or the
// process is not there.

func TestServe_trace_sampled_flag(t *testing.T) {
	t.Parallel()
	collector := tracingtest.New(t)
	hook, called := receiver(t)
	dsn := testkit.Database(t)
	s := startService(t, dsn, soon, "EXPORTD_TRACE_ENDPOINT="+collector.Addr, "EXPORTD_TRACE_INSECURE=true", "EXPORTD_TRACE_RATIO=0",
		"EXPORTD_CONFIG="+twoPlaces(t, hook))
	tpl := s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "t", EtplExpr: "SELECT 1 AS n", EtplDeliverTo: []*api.WshExportDeliverTo{{Destination: "crm"}}})
	run := func(ctx context.Context) int64 {
		t.Helper()
		made, err := s.client.CreateInst(ctx, &api.WshExportTaskCreateInstReq{EtplId: tpl})
		if err != nil || made.GetErrCode() != "" {
			t.Fatalf("CreateInst: %v %v", made, err)
		}
		return made.GetData().GetEinstId()
	}
	begun := run(t.Context()) // here, of which the ratio keeps none
	if got := called(); !strings.HasSuffix(got, "-00") {
		t.Errorf("the receiver was called with %q, want one that is not kept", got)
	}
	dropped := run(traced(t.Context(), 1, "00"))
	trace, _ := traceOf(1)
	if got := called(); !strings.HasPrefix(got, "00-"+trace) || !strings.HasSuffix(got, "-00") {
		t.Errorf("the receiver was called with %q, want the caller's trace, not kept", got)
	}
	for _, id := range []int64{begun, dropped} {
		s.delivered(t, id, api.WshExportDeliveryState_DELIVERY_DONE)
		if kept := traceparentOf(t, dsn, id); !strings.HasSuffix(kept, "-00") {
			t.Errorf("kept %q", kept)
		}
	}
	run(traced(t.Context(), 2, "01"))
	kept, _ := traceOf(2)
	collector.Until(t, kept, 8)
	for _, span := range collector.Spans() {
		if span.Trace != kept {
			t.Errorf("%s of %s was sent", span.Name, span.Trace)
		}
	}
	if strings.Contains(s.log.String(), `"trace_id":"`+trace) {
		t.Error("the log names a trace that is nowhere")
	}
}

func TestServe_trace_off_by_default(t *testing.T) {
	t.Parallel()
	collector := tracingtest.New(t)
	hook, called := receiver(t)
	dsn := testkit.Database(t)
	s := startService(t, dsn, soon, "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+collector.Addr, "EXPORTD_CONFIG="+twoPlaces(t, hook))
	tpl := s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "t", EtplExpr: "SELECT 1 AS n", EtplDeliverTo: []*api.WshExportDeliverTo{{Destination: "crm"}}})
	made, err := s.client.CreateInst(traced(t.Context(), 1, "01"), &api.WshExportTaskCreateInstReq{EtplId: tpl})
	if err != nil || made.GetErrCode() != "" {
		t.Fatalf("CreateInst: %v %v", made, err)
	}
	s.delivered(t, made.GetData().GetEinstId(), api.WshExportDeliveryState_DELIVERY_DONE)
	if got := called(); got != "" {
		t.Errorf("the receiver was called with %q", got)
	}
	if kept := traceparentOf(t, dsn, made.GetData().GetEinstId()); kept != "" {
		t.Errorf("kept %q", kept)
	}
	s.stop(t)
	if n := collector.Conns(); n != 0 || strings.Contains(s.log.String(), "trace_id") {
		t.Errorf("%d connections to a collector, log:\n%s", n, s.log)
	}
}

// stop ends the process in order.
func (s *service) stop(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-s.exited; err != nil {
		t.Errorf("exit: %v", err)
	}
}

func TestServe_trace_flush_over_TLS(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	dir := t.TempDir()
	cert, key := ca.write(t, dir, 2)
	creds, err := credentials.NewServerTLSFromFile(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	collector := tracingtest.New(t, grpc.Creds(creds))
	s := startService(t, testkit.Database(t), "OTEL_BSP_SCHEDULE_DELAY=3600000",
		"EXPORTD_TRACE_ENDPOINT="+collector.Addr, "EXPORTD_TRACE_CA_FILE="+writeFile(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw}))),
		// What the SDK would take for the collector's, were it not told.
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_INSECURE=true")
	conn, err := grpc.NewClient(s.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := healthpb.NewHealthClient(conn).Check(traced(t.Context(), 1, "01"), &healthpb.HealthCheckRequest{}); err != nil {
		t.Fatal(err)
	}
	s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "t", EtplExpr: "SELECT 1 AS n"})
	s.stop(t)
	spans := collector.Spans()
	if len(spans) != 1 || spans[0].Name != "exporttask.ExportTask/CreateTpl" || spans[0].Parent != "" {
		t.Errorf("spans %+v, want the call's", spans)
	}
}

// A collector can be away or silent: nobody waits for it.
func TestServe_trace_collector_down(t *testing.T) {
	t.Parallel()
	for name, listen := range map[string]func(t *testing.T) string{
		"away": func(t *testing.T) string {
			t.Helper()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			return l.Addr().String()
		},
		"silent": func(t *testing.T) string {
			t.Helper()
			l, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			return l.Addr().String()
		},
		"refusing": func(t *testing.T) string {
			t.Helper()
			return tracingtest.New(t, grpc.UnaryInterceptor(func(context.Context, any, *grpc.UnaryServerInfo, grpc.UnaryHandler) (any, error) {
				return nil, status.Error(codes.PermissionDenied, "no key")
			})).Addr
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startService(t, testkit.Database(t), soon, "OTEL_BSP_MAX_QUEUE_SIZE=10", "EXPORTD_TRACE_ENDPOINT="+listen(t), "EXPORTD_TRACE_INSECURE=true")
			tpl := s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "t", EtplExpr: "SELECT 1 AS n"})
			for range 5 {
				if in := s.export(t, tpl); in.GetState() != api.WshExportInstState_STATE_SUCCEEDED {
					t.Fatalf("instance %v", in)
				}
			}
			if name == "refusing" {
				s.logged(t, "no key")
			}
			s.stop(t)
			if n := strings.Count(s.log.String(), "the collector did not take them"); n > 1 {
				t.Errorf("logged %d times", n)
			}
		})
	}
}
