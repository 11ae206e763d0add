package auth

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/internal/server"
)

func slogDiscard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestInterceptors_Scopes(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	looks := map[string]bool{
		"ListTpl": true, "GetInst": true, "ListInst": true, "WatchInst": true, "DownloadInst": true,
		"ListInstEvent": true, "ListSched": true, "ListDelivery": true, "GetQueue": true, "ListTplVersion": true, "ListSource": true, "ListAudit": true,
	}
	for _, method := range methods() {
		if method == "GetSession" {
			continue // of any scope, see the test below
		}
		may, mayNot, scope := "runner", "reader", "run"
		if looks[method] {
			may, mayNot, scope = "reader", "runner", "read"
		}
		req := request(t, method, nil)
		a := s.call(s.as(t.Context(), mayNot), t, method, req)
		if status.Code(a.err) != codes.PermissionDenied || !strings.Contains(a.err.Error(), "needs the scope "+scope+",") {
			t.Errorf("%s as %s: %v, want PermissionDenied that names %s", method, mayNot, a.err, scope)
		}
		for _, name := range []string{may, "shop", "boss"} {
			if a := s.call(s.as(t.Context(), name), t, method, req); status.Code(a.err) != codes.Unimplemented {
				t.Errorf("%s as %s: %v, want it to reach the handler", method, name, a.err)
			}
		}
	}
}

func TestInterceptors_Scopes_any(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	for _, name := range []string{"reader", "runner", "shop", "boss"} {
		if a := s.call(s.as(t.Context(), name), t, "GetSession", request(t, "GetSession", nil)); status.Code(a.err) != codes.Unimplemented {
			t.Errorf("GetSession as %s: %v, want it to reach the handler", name, a.err)
		}
	}
	if a := s.call(t.Context(), t, "GetSession", request(t, "GetSession", nil)); status.Code(a.err) != codes.Unauthenticated {
		t.Errorf("GetSession without a token: %v, want Unauthenticated", a.err)
	}
}

func TestInterceptors_InvalidToken(t *testing.T) {
	t.Parallel()
	for name, withTap := range map[string]bool{"refused by the tap": true, "refused by the interceptors": false} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			s := setup(t, nil)
			if !withTap {
				s = setupWithoutTap(t)
			}
			good := s.file.token["shop"]
			for name, values := range map[string][]string{
				"none":            nil,
				"empty":           {""},
				"bare":            {good},
				"another scheme":  {"Basic " + good},
				"bit flipped":     {"Bearer " + good[:len(good)-1] + string(good[len(good)-1]^1)},
				"cut":             {"Bearer " + good[:len(good)-1]},
				"two":             {"Bearer " + good, "Bearer " + good},
				"the hash itself": {"Bearer " + strings.Repeat("0", 64)},
				"very long":       {"Bearer " + strings.Repeat("x", 4<<10)},
			} {
				ctx := metadata.NewOutgoingContext(t.Context(), metadata.MD{"authorization": values})
				for _, method := range []string{"GetInst", "WatchInst"} {
					a := s.call(ctx, t, method, request(t, method, map[string]int64{"einstId": mine}))
					if status.Code(a.err) != codes.Unauthenticated || !strings.Contains(a.err.Error(), "authorization: Bearer TOKEN") {
						t.Errorf("%s, token %s: %v, want Unauthenticated that says what is wanted", method, name, a.err)
					}
				}
			}
			for _, scheme := range []string{"Bearer ", "bearer ", "Bearer  "} {
				ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", scheme+good)
				if a := s.call(ctx, t, "GetInst", request(t, "GetInst", nil)); status.Code(a.err) != codes.Unimplemented {
					t.Errorf("%q and a token: %v, want it to reach the handler", scheme, a.err)
				}
			}
			log := s.log.String()
			if !strings.Contains(log, "call without a valid token") || !strings.Contains(log, "peer=127.0.0.1:") {
				t.Errorf("failed logins are not logged with their address:\n%s", log)
			}
			if n := strings.Count(log, "call without a valid token"); n > 10 {
				t.Errorf("got %d lines for 18 failed logins, want a few", n)
			}
			for _, secret := range []string{good, good[:20], "xxxx"} {
				if strings.Contains(log, secret) {
					t.Errorf("the log holds %q:\n%s", secret, log)
				}
			}
			if withTap != (len(s.refusals()) == 18) {
				t.Errorf("Refused was called %d times, with the tap %v", len(s.refusals()), withTap)
			}
		})
	}
}

func setupWithoutTap(t *testing.T) *service {
	t.Helper()
	s := &service{file: newTokensFile(t), log: &logged{}}
	log := slog.New(LogHandler(slog.NewTextHandler(s.log, nil)))
	tokens, err := OpenTokens(s.file.path, log)
	must(t, err)
	s.serve(t, New(Config{Tokens: tokens, Owners: owners{}, Logger: log}), log, nil)
	return s
}

func TestInterceptors_HealthAndReflection(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *Config) { c.Rate = Rate{PerSecond: 1e-9, Burst: 1} })
	for range 3 { // and not counted either
		_, err := healthpb.NewHealthClient(s.conn).Check(t.Context(), &healthpb.HealthCheckRequest{})
		must(t, err)
	}
	describe := func(ctx context.Context) error {
		stream, err := reflectionpb.NewServerReflectionClient(s.conn).ServerReflectionInfo(ctx)
		must(t, err)
		_ = stream.Send(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}})
		_, err = stream.Recv()
		return err
	}
	if err := describe(t.Context()); status.Code(err) != codes.Unauthenticated {
		t.Errorf("reflection without a token: %v, want Unauthenticated", err)
	}
	must(t, describe(s.as(t.Context(), "runner")))
}

// counting counts the requests that are decoded.
type counting struct {
	encoding.CodecV2
	n *atomic.Int64
}

func (c counting) Unmarshal(data mem.BufferSlice, v any) error {
	c.n.Add(1)
	return c.CodecV2.Unmarshal(data, v)
}

func TestInterceptors_Tap(t *testing.T) {
	t.Parallel()
	var decoded atomic.Int64
	s := setup(t, nil, grpc.ForceServerCodecV2(counting{server.Codec(nil), &decoded}), grpc.MaxRecvMsgSize(16<<20))
	client := api.NewExportTaskClient(s.conn)
	large := &api.WshExportTaskCreateTplReq{EtplExpr: strings.Repeat("x", 12<<20)}
	if _, err := client.CreateTpl(t.Context(), large); status.Code(err) != codes.Unauthenticated {
		t.Errorf("12 MiB without a token: %v, want Unauthenticated", err)
	}
	if n := decoded.Load(); n != 0 {
		t.Errorf("%d requests were decoded, want none", n)
	}
	if _, err := client.CreateTpl(s.as(t.Context(), "shop"), large); status.Code(err) != codes.Unimplemented {
		t.Errorf("12 MiB with a token: %v, want it to reach the handler", err)
	}
}

func TestInterceptors_Rate(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *Config) { c.Rate = Rate{PerSecond: 1e-3, Burst: 3} })
	list := func(name string) error {
		return s.call(s.as(t.Context(), name), t, "ListTpl", &api.WshExportTaskListTplReq{}).err
	}
	for range 3 {
		if err := list("shop"); status.Code(err) != codes.Unimplemented {
			t.Fatalf("within the burst: %v", err)
		}
	}
	st := status.Convert(list("shop"))
	if st.Code() != codes.ResourceExhausted || !strings.HasPrefix(st.Message(), "token shop calls more than 0.001 times a second (3 at once); try again in ") {
		t.Errorf("beyond the burst: %v", st)
	}
	if len(st.Details()) != 1 {
		t.Fatalf("got the details %v, want one", st.Details())
	}
	hint, ok := st.Details()[0].(*errdetails.RetryInfo)
	if after := hint.GetRetryDelay().AsDuration(); !ok || after <= 0 || after > 1000*time.Second {
		t.Errorf("got the hint %v, want up to 1000s", hint)
	}
	if err := list("reader"); status.Code(err) != codes.Unimplemented {
		t.Errorf("another token: %v, want it to reach the handler", err)
	}
	if got := s.refusals(); len(got) != 1 || got[0] != "/exporttask.ExportTask/ListTpl ResourceExhausted" {
		t.Errorf("Refused was called for %q", got)
	}

	open := setup(t, func(c *Config) { c.Tokens, c.Rate = nil, Rate{PerSecond: 1e-3, Burst: 1} })
	_ = open.call(t.Context(), t, "ListTpl", &api.WshExportTaskListTplReq{})
	err := open.call(t.Context(), t, "ListTpl", &api.WshExportTaskListTplReq{}).err
	if !strings.Contains(status.Convert(err).Message(), "address 127.0.0.1 calls more than") {
		t.Errorf("without tokens: %v, want the address", err)
	}
}

func TestLimiter_Allow(t *testing.T) {
	t.Parallel()
	l := NewLimiter(Rate{PerSecond: 1, Burst: 1})
	l.most = 2
	now := time.Unix(0, 0)
	allowed := func(client string, at time.Time) bool {
		_, ok := l.Allow(client, at)
		return ok
	}
	var got []bool
	for _, client := range []string{"a", "b", "b", "a", "c", "b", "a"} { // c drives out b, b drives out a
		got = append(got, allowed(client, now))
	}
	want := []bool{true, true, false, false, true, true, true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("allowed (-want +got):\n%s", diff)
	}
	if len(l.byKey) != 2 || l.recent.Len() != 2 {
		t.Errorf("got %d and %d clients remembered, want 2", len(l.byKey), l.recent.Len())
	}
	after, _ := l.Allow("a", now)
	if !allowed("a", now.Add(after)) {
		t.Errorf("refused after %s, which was the hint", after)
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	s := setup(t, nil)
	long := strings.Repeat("x", 64)
	for name, c := range map[string]struct {
		sent []string
		kept bool
	}{
		"one of the client": {[]string{"order-17"}, true},
		"64 characters":     {[]string{long}, true},
		"65 characters":     {[]string{long + "x"}, false},
		"empty":             {[]string{""}, false},
		"with a blank":      {[]string{"a b"}, false},
		"two":               {[]string{"a", "b"}, false},
		"none":              {nil, false},
	} {
		for _, method := range []string{"GetInst", "WatchInst"} {
			ctx := metadata.NewOutgoingContext(t.Context(), metadata.MD{RequestIDHeader: c.sent})
			ctx = s.as(ctx, "shop")
			a := s.call(ctx, t, method, request(t, method, map[string]int64{"einstId": theirs})) // an envelope
			ids := a.header.Get(RequestIDHeader)
			if len(ids) != 1 || !printable(ids[0]) {
				t.Fatalf("%s, %s: got the ids %q", method, name, ids)
			}
			if kept := len(c.sent) > 0 && ids[0] == c.sent[0]; kept != c.kept {
				t.Errorf("%s, %s: sent %q, got %q", method, name, c.sent, ids)
			}
		}
	}
	ctx := metadata.AppendToOutgoingContext(s.as(t.Context(), "shop"), RequestIDHeader, "order-18")
	_ = s.call(ctx, t, "ListTpl", &api.WshExportTaskListTplReq{})
	if want := `msg="in the handler" request_id=order-18 client=shop`; !strings.Contains(s.log.String(), want) {
		t.Errorf("no line with %s in\n%s", want, s.log)
	}
	if got := RequestID(t.Context()); got != "" {
		t.Errorf("outside of a call: got %q, want none", got)
	}
}

func TestLogHandler_TraceID(t *testing.T) {
	t.Parallel()
	for _, flags := range []trace.TraceFlags{trace.FlagsSampled, 0} {
		var text bytes.Buffer
		log := slog.New(LogHandler(slog.NewTextHandler(&text, nil)))
		log.InfoContext(trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: trace.TraceID{15: 1}, SpanID: trace.SpanID{1}, TraceFlags: flags,
		})), "x")
		if has := strings.Contains(text.String(), "trace_id=00000000000000000000000000000001"); has != flags.IsSampled() {
			t.Errorf("flags %s: logged %s", flags, text.String())
		}
	}
}

func TestInterceptors_Deadline(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *Config) { c.Deadline = time.Hour })
	left := func(ctx context.Context, method string) (time.Duration, bool) {
		_ = s.call(s.as(ctx, "shop"), t, method, request(t, method, map[string]int64{"einstId": mine}))
		at, ok := s.last(t).ctx.Deadline()
		return time.Until(at), ok
	}
	if d, ok := left(t.Context(), "GetInst"); !ok || d > time.Hour || d < 50*time.Minute {
		t.Errorf("unary call without a deadline: got %s, %v; want an hour", d, ok)
	}
	if _, ok := left(t.Context(), "WatchInst"); ok {
		t.Error("stream without a deadline: got one, want none")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Hour)
	defer cancel()
	if d, ok := left(ctx, "GetInst"); !ok || d > time.Hour || d < 50*time.Minute {
		t.Errorf("unary call with a deadline of 10 h: got %s, %v; want an hour", d, ok)
	}
}

func TestInterceptors_peerAddr(t *testing.T) {
	t.Parallel()
	if got := (&Interceptors{}).peerAddr(t.Context(), nil).String(); got != "unknown" {
		t.Errorf("got %q, want unknown", got)
	}
}
