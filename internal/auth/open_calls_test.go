package auth

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/internal/testkit"
)

func TestInterceptors_OpenCalls(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	health := healthpb.NewHealthClient(s.conn)
	watch := func(ctx context.Context) error {
		stream, err := health.Watch(ctx, &healthpb.HealthCheckRequest{})
		must(t, err)
		_, err = stream.Recv()
		return err
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i := range maxOpenCalls {
		if err := watch(ctx); err != nil {
			t.Fatalf("watch %d: %v", i, err)
		}
	}
	if err := watch(ctx); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("watch %d: %v, want ResourceExhausted", maxOpenCalls, err)
	}
	if a := s.call(s.as(t.Context(), "shop"), t, "ListTpl", &api.WshExportTaskListTplReq{}); status.Code(a.err) != codes.Unimplemented {
		t.Errorf("a call with a token: %v, want it to reach the handler", a.err)
	}
	cancel()
	testkit.Eventually(t, "ended watches are not counted", func() bool { return watch(t.Context()) == nil })
}

func TestInterceptors_Downloads(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	open := func(ctx context.Context) error {
		// Without a request the call stays open.
		stream, err := s.conn.NewStream(s.as(ctx, "shop"), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, api.ExportTask_DownloadInst_FullMethodName)
		must(t, err)
		return stream.RecvMsg(&api.WshExportTaskDownloadInstRes{})
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, maxDownloads+1)
	for range maxDownloads + 1 {
		go func() { ended <- open(ctx) }()
	}
	if err := <-ended; status.Code(err) != codes.ResourceExhausted {
		t.Errorf("download %d: %v, want ResourceExhausted", maxDownloads+1, err)
	}
}

// TestInterceptors_RequestTimeout opens calls and sends no request.
func TestInterceptors_RequestTimeout(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *Config) { c.RequestTimeout, c.Deadline = 100*time.Millisecond, 100*time.Millisecond })
	for method, want := range map[string]codes.Code{"WatchInst": codes.Canceled, "GetInst": codes.DeadlineExceeded} {
		stream, err := s.conn.NewStream(s.as(t.Context(), "shop"), &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, "/exporttask.ExportTask/"+method)
		must(t, err)
		err = stream.RecvMsg(&api.WshExportTaskGetInstRes{})
		if status.Code(err) != want {
			t.Errorf("%s: %v, want %s", method, err, want)
		}
	}
	// A stream whose request came in time outlives the timeout.
	stream, err := healthpb.NewHealthClient(s.conn).Watch(t.Context(), &healthpb.HealthCheckRequest{})
	must(t, err)
	_, err = stream.Recv()
	must(t, err)
	ended := make(chan error, 1)
	go func() {
		_, err := stream.Recv()
		ended <- err
	}()
	select {
	case err := <-ended:
		t.Errorf("a watch ended after the timeout of its request: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
}

// TestInterceptors_Tap_FarDeadline refuses a call whose deadline is so far away
// that the tap leaves the refusal to the interceptors.
func TestInterceptors_Tap_FarDeadline(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 1000*time.Hour)
	defer cancel()
	for _, method := range []string{"GetInst", "WatchInst"} {
		if a := s.call(ctx, t, method, request(t, method, map[string]int64{"einstId": mine})); status.Code(a.err) != codes.Unauthenticated {
			t.Errorf("%s: %v, want Unauthenticated", method, a.err)
		}
	}
	if got := len(s.refusals()); got != 2 {
		t.Errorf("Refused was called %d times, want 2", got)
	}
}

func TestInterceptors_UnknownMethod(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	for _, method := range []string{"/exporttask.ExportTask/\xff\xfe", "/\xff/x", "/exporttask.ExportTask/" + strings.Repeat("x", 8000), "/", "//", "/exporttask.ExportTask/Nothing"} {
		err := s.conn.Invoke(t.Context(), method, &api.WshExportTaskGetInstReq{}, &api.WshExportTaskGetInstRes{})
		if code := status.Code(err); code != codes.Unauthenticated && code != codes.Unimplemented {
			t.Errorf("%.40q: %v", method, err)
		}
	}
	if a := s.call(s.as(t.Context(), "shop"), t, "ListTpl", &api.WshExportTaskListTplReq{}); status.Code(a.err) != codes.Unimplemented {
		t.Errorf("afterwards: %v, want it to reach the handler", a.err)
	}
	for line := range strings.Lines(s.log.String()) {
		if len(line) > 1000 {
			t.Errorf("a log line of %d bytes: %.100s", len(line), line)
		}
	}
}

func TestInterceptors_Authenticate(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	i := New(Config{Tokens: s.tokens, Logger: slogDiscard()})
	for header, want := range map[string]codes.Code{"Bearer " + s.file.token["shop"]: codes.OK, "Bearer x": codes.Unauthenticated, "": codes.Unauthenticated} {
		if got := status.Code(i.Authenticate(t.Context(), map[string][]string{"authorization": {header}})); got != want {
			t.Errorf("%q: got %s, want %s", header, got, want)
		}
	}
	if err := New(Config{}).Authenticate(t.Context(), nil); err != nil {
		t.Errorf("without tokens: %v", err)
	}
}

// Health checks of an address have a rate of their own.
func TestInterceptors_admit_healthFlood(t *testing.T) {
	t.Parallel()
	i := New(Config{Logger: slog.New(slog.DiscardHandler)})
	check := func() error {
		ctx, end := context.WithCancel(t.Context())
		defer end()
		_, err := i.admit(ctx, healthpb.Health_Check_FullMethodName, nil)
		return err
	}
	refused := 0
	for range 20 * maxRefusals {
		if status.Code(check()) == codes.ResourceExhausted {
			refused++
		}
	}
	if refused < 10*maxRefusals {
		t.Errorf("%d of %d health checks at once were refused, want most", refused, 20*maxRefusals)
	}
}

// A client whose calls are refused too often waits, but never longer than its call.
func TestInterceptors_slowDown(t *testing.T) {
	t.Parallel()
	i := New(Config{Logger: slog.New(slog.DiscardHandler)})
	from := forwardedAddr("192.0.2.1:1")
	for range maxRefusals {
		i.slowDown(t.Context(), from)
	}
	ctx, end := context.WithCancel(t.Context())
	end()
	for range 10 * maxRefusals {
		i.slowDown(ctx, from)
	}
	if after, ok := i.floods.Allow("192.0.2.2", time.Now()); !ok {
		t.Errorf("another address has to wait %s", after)
	}
	i.slowDown(t.Context(), from) // returns
}
