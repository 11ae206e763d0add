package listener

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"exporttask/internal/testkit"
)

func connect(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestListener_MaxConnsPerIP(t *testing.T) {
	t.Parallel()
	limits := DefaultLimits()
	limits.MaxConns, limits.MaxConnsPerIP = 150, 100
	limits.Handshake = 2 * time.Second
	l := serve(t, limits)
	for i := range 1000 {
		c := connect(t, l.Addr().String())
		if i%2 == 0 {
			_, _ = io.WriteString(c, http2.ClientPreface[:10]) // without the rest
		}
	}
	testkit.Eventually(t, "the connections over the limit are refused", func() bool {
		open, refused := l.Open()
		if open > limits.MaxConnsPerIP {
			t.Fatalf("got %d connections at once, want at most %d", open, limits.MaxConnsPerIP)
		}
		return refused >= 1000-int64(limits.MaxConnsPerIP)
	})
	must(t, check(t, dial(t, l.Addr().String(), plain(), from("127.0.0.2"))))
	testkit.Eventually(t, "silent connections are closed", func() bool {
		open, _ := l.Open()
		return open <= 1
	})
	must(t, check(t, dial(t, l.Addr().String(), plain())))
}

func TestListener_MaxConns(t *testing.T) {
	t.Parallel()
	limits := DefaultLimits()
	limits.MaxConns = 2
	l := serve(t, limits)
	first := connect(t, l.Addr().String())
	must(t, check(t, dial(t, l.Addr().String(), plain(), from("127.0.0.2"))))
	third := dial(t, l.Addr().String(), plain(), from("127.0.0.3"))
	if err := check(t, third); status.Code(err) != codes.Unavailable {
		t.Errorf("a third connection: %v, want Unavailable", err)
	}
	must(t, first.Close())
	must(t, check(t, third, grpc.WaitForReady(true)))
}

// raw sends HTTP/2 frames that no gRPC client would send.
type raw struct {
	*http2.Framer
	conn net.Conn
}

func newRaw(t *testing.T, addr string) *raw {
	t.Helper()
	c := connect(t, addr)
	must(t, c.SetDeadline(time.Now().Add(30*time.Second)))
	_, err := io.WriteString(c, http2.ClientPreface)
	must(t, err)
	r := &raw{http2.NewFramer(c, c), c}
	must(t, r.WriteSettings())
	return r
}

// call sends the headers of a call, split into frames of 16 KiB.
func (r *raw) call(t *testing.T, stream uint32, more ...hpack.HeaderField) {
	t.Helper()
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for _, f := range append([]hpack.HeaderField{
		{Name: ":method", Value: "POST"},
		{Name: ":scheme", Value: "http"},
		{Name: ":authority", Value: "a"},
		{Name: ":path", Value: "/grpc.health.v1.Health/Watch"},
		{Name: "content-type", Value: "application/grpc"},
	}, more...) {
		must(t, enc.WriteField(f))
	}
	const piece = 16 << 10
	first := block.Next(piece)
	must(t, r.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: first, EndHeaders: block.Len() == 0}))
	for block.Len() > 0 {
		next := block.Next(piece)
		must(t, r.WriteContinuation(stream, block.Len() == 0, next))
	}
}

// acknowledged waits for a ping's acknowledgement.
func (r *raw) acknowledged(t *testing.T) {
	t.Helper()
	for {
		f, err := r.ReadFrame()
		must(t, err)
		switch f := f.(type) {
		case *http2.PingFrame:
			if f.IsAck() {
				return
			}
		case *http2.GoAwayFrame:
			t.Fatalf("cut off with %q", f.DebugData())
		}
	}
}

// reset waits for a stream to be reset.
func (r *raw) reset(t *testing.T, stream uint32) http2.ErrCode {
	t.Helper()
	for {
		f, err := r.ReadFrame()
		must(t, err)
		if rst, ok := f.(*http2.RSTStreamFrame); ok && rst.StreamID == stream {
			return rst.ErrCode
		}
	}
}

func TestLimits_MaxStreams(t *testing.T) {
	t.Parallel()
	limits := DefaultLimits()
	limits.MaxStreams = 2
	l := serve(t, limits)
	r := newRaw(t, l.Addr().String())
	for _, stream := range []uint32{1, 3, 5} {
		r.call(t, stream)
	}
	if got := r.reset(t, 5); got != http2.ErrCodeRefusedStream {
		t.Errorf("got %s, want REFUSED_STREAM", got)
	}
}

func TestLimits_MaxHeader(t *testing.T) {
	t.Parallel()
	limits := DefaultLimits()
	l := serve(t, limits)
	large := strings.Repeat("x", limits.MaxHeader)

	c := dial(t, l.Addr().String(), plain())
	must(t, check(t, c))
	ctx := metadata.AppendToOutgoingContext(t.Context(), "large", large)
	if _, err := c.Check(ctx, &healthpb.HealthCheckRequest{}); status.Code(err) != codes.Internal {
		t.Errorf("a gRPC client: %v, want Internal", err)
	}
	must(t, check(t, c))

	r := newRaw(t, l.Addr().String())
	r.call(t, 1, hpack.HeaderField{Name: "large", Value: large})
	if got := r.reset(t, 1); got != http2.ErrCodeFrameSize {
		t.Errorf("a client that ignores SETTINGS_MAX_HEADER_LIST_SIZE: got %s, want FRAME_SIZE_ERROR", got)
	}
}

func TestLimits_KeepaliveTime(t *testing.T) {
	t.Parallel()
	limits := DefaultLimits()
	limits.KeepaliveTime, limits.KeepaliveTimeout = time.Second, 100*time.Millisecond
	l := serve(t, limits)
	r := newRaw(t, l.Addr().String())
	// A HEADERS frame of 100 bytes, of which one is sent.
	_, err := r.conn.Write([]byte{0, 0, 100, byte(http2.FrameHeaders), 0, 0, 0, 0, 1, 'x'})
	must(t, err)
	_, err = io.Copy(io.Discard, r.conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection is still open, want it closed after keepalive-time and keepalive-timeout")
	}
}

func TestLimits_KeepaliveMin(t *testing.T) {
	t.Parallel()
	limits := DefaultLimits()
	limits.KeepaliveMin = time.Hour
	strict := serve(t, limits)
	r := newRaw(t, strict.Addr().String())
	for range 5 {
		must(t, r.WritePing(false, [8]byte{}))
	}
	for {
		f, err := r.ReadFrame()
		must(t, err)
		if away, ok := f.(*http2.GoAwayFrame); ok {
			if got := string(away.DebugData()); got != "too_many_pings" {
				t.Errorf("got %q, want too_many_pings", got)
			}
			break
		}
	}

	limits.KeepaliveMin = 10 * time.Millisecond
	r = newRaw(t, serve(t, limits).Addr().String())
	tick := time.NewTicker(2 * limits.KeepaliveMin)
	defer tick.Stop()
	for range 5 { // without any call
		<-tick.C
		must(t, r.WritePing(false, [8]byte{}))
		r.acknowledged(t)
	}
}

func TestLimits_MaxAge(t *testing.T) {
	t.Parallel()
	limits := DefaultLimits()
	limits.MaxAge, limits.Grace = time.Second, 10*time.Second
	l := serve(t, limits, grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		p, _ := peer.FromContext(ctx)
		must(t, grpc.SetHeader(ctx, metadata.Pairs("from", p.Addr.String())))
		return next(ctx, req)
	}))
	c := dial(t, l.Addr().String(), plain())
	conns := map[string]bool{}
	testkit.Eventually(t, "the client reconnects", func() bool {
		var header metadata.MD
		must(t, check(t, c, grpc.Header(&header)))
		conns[header.Get("from")[0]] = true
		return len(conns) >= 2
	})
}

func TestLimits_HTTP(t *testing.T) {
	t.Parallel()
	limits := DefaultLimits()
	limits.Handshake = 200 * time.Millisecond
	inner, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	s := &http.Server{Handler: http.NotFoundHandler()} //nolint:gosec // HTTP sets the timeouts
	limits.HTTP(s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(limits.Listen(inner, quiet()))
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	answer := func(request string) string {
		c := connect(t, inner.Addr().String())
		must(t, c.SetDeadline(time.Now().Add(30*time.Second)))
		_, err := io.WriteString(c, request)
		must(t, err)
		line := make([]byte, 12)
		n, err := io.ReadFull(c, line)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error("the connection is still open")
		}
		return string(line[:n])
	}
	for request, want := range map[string]string{
		"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ":                                               "",
		"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 2*limits.MaxHeader) + "\r\n": "HTTP/1.1 431",
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n":                              "HTTP/1.1 404",
	} {
		if got := answer(request); got != want {
			t.Errorf("%.40q: got %q, want %q", request, got, want)
		}
	}
}

func TestLimits_Define(t *testing.T) {
	t.Parallel()
	var l Limits
	f := flag.NewFlagSet("", flag.ContinueOnError)
	l.Define(f)
	must(t, f.Parse(nil))
	if diff := cmp.Diff(DefaultLimits(), l); diff != "" {
		t.Errorf("Define's defaults (-want +got):\n%s", diff)
	}
	must(t, l.Validate())
	// Zero is invalid for every option except max-conn-age.
	text := errText((&Limits{}).Validate())
	f.VisitAll(func(opt *flag.Flag) {
		if refused := strings.Contains("\n"+text, "\n"+opt.Name+": 0"); refused == (opt.Name == "max-conn-age") {
			t.Errorf("%s: 0: refused is %v in\n%s", opt.Name, refused, text)
		}
	})
}

func TestExposure_Check(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		e    Exposure
		want string // text in the error; empty: no error
	}{
		{Exposure{Addr: "127.0.0.1:1"}, ""},
		{Exposure{Addr: "127.8.9.1:1"}, ""},
		{Exposure{Addr: "[::1]:1"}, ""},
		{Exposure{Addr: "[::ffff:127.0.0.1]:1"}, ""},
		{Exposure{Addr: "localhost:1"}, ""},
		{Exposure{Addr: ":1"}, "tokens-file"},
		{Exposure{Addr: "0.0.0.0:1"}, "tokens-file"},
		{Exposure{Addr: "[::]:1"}, "tokens-file"},
		{Exposure{Addr: "10.0.0.7:1"}, "tokens-file"},
		{Exposure{Addr: "localhost.example.com:1"}, "tokens-file"},
		{Exposure{Addr: "10.0.0.7:1", TLS: true}, "tokens-file"},
		{Exposure{Addr: "10.0.0.7:1", Tokens: true}, "tls-cert-file"},
		{Exposure{Addr: "10.0.0.7:1", Tokens: true, TLS: true}, ""},
		{Exposure{Addr: "10.0.0.7:1", TLS: true, MutualTLS: true}, ""},
	} {
		c.e.Option = "grpc-addr"
		got := errText(c.e.Check())
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) || got != "" && !strings.HasPrefix(got, "grpc-addr: ") {
			t.Errorf("%+v: got %q, want %q", c.e, got, c.want)
		}
	}
}

func TestClientHost(t *testing.T) {
	t.Parallel()
	tcp := func(ip string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: 7} }
	for want, addr := range map[string]net.Addr{
		"10.0.0.7":      tcp("10.0.0.7"),
		"10.0.0.8":      tcp("::ffff:10.0.0.8"),
		"2001:db8::/64": tcp("2001:db8::1:2:3:4"),
		"fe80::/64":     &net.TCPAddr{IP: net.ParseIP("fe80::1"), Port: 7, Zone: "eth0"},
		"/run/sock":     &net.UnixAddr{Name: "/run/sock", Net: "unix"},
		"unknown":       nil,
	} {
		if got := ClientHost(addr); got != want {
			t.Errorf("%v: got %q, want %q", addr, got, want)
		}
	}
}
