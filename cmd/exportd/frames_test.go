package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/proto"

	"exporttask/api"
	"exporttask/internal/testkit"
)

// frameServer is the gRPC server of exportd in this process, with its listener,
// interceptors and handlers.
type frameServer struct {
	addr   string
	health healthpb.HealthClient
	panics atomic.Int64 // recovered
}

func newFrameServer(tb testing.TB) *frameServer {
	tb.Helper()
	dsn := testkit.Database(tb)
	cfg, err := loadConfig([]string{"-grpc-addr=127.0.0.1:0", "-http-addr=127.0.0.1:0", "-store-dir=" + tb.TempDir()}, getenv(map[string]string{
		"EXPORTD_DB_DSN": dsn, "EXPORTD_READER_DSN": testkit.Account(tb, dsn, "SELECT"), "EXPORTD_OWN_DATABASE_SOURCE": "true",
		"EXPORTD_TOKENS_FILE": tokensFile(tb),
	}), io.Discard)
	if err != nil {
		tb.Fatal(err)
	}
	s := &frameServer{}
	a := &app{cfg: cfg, log: slog.New(&panicCounter{slog.DiscardHandler, &s.panics})}
	p, err := a.build(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	go p.rpc.requests.Run(ctx)
	served := make(chan error, 1)
	go func() { served <- p.rpc.grpc.Serve(p.grpcListener) }()
	s.addr = p.grpcListener.Addr().String()
	conn, err := grpc.NewClient(s.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		tb.Fatal(err)
	}
	s.health = healthpb.NewHealthClient(conn)
	tb.Cleanup(func() {
		_ = conn.Close()
		p.rpc.grpc.Stop()
		if err := <-served; err != nil {
			tb.Error(err)
		}
		stop()
		p.close(ctx)
	})
	return s
}

// panicCounter is a log handler that counts the records of recovered panics.
type panicCounter struct {
	slog.Handler
	n *atomic.Int64
}

func (h *panicCounter) Enabled(context.Context, slog.Level) bool { return true }

func (h *panicCounter) WithAttrs([]slog.Attr) slog.Handler { return h }

func (h *panicCounter) WithGroup(string) slog.Handler { return h }

func (h *panicCounter) Handle(_ context.Context, r slog.Record) error {
	if strings.HasPrefix(r.Message, "panic") {
		h.n.Add(1)
	}
	return nil
}

// play sends the bytes that follow the preface of a connection and a ping after them,
// and returns the data of the replies until the frame that last accepts, or until
// the server ends the connection or sends nothing for a while. It wants the server to
// end the connection when the client has.
func (s *frameServer) play(tb testing.TB, frames []byte, while time.Duration, last func(http2.Frame) bool) (replies []byte) {
	tb.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close()
	var out bytes.Buffer
	framer := http2.NewFramer(&out, conn)
	out.WriteString(http2.ClientPreface)
	_ = framer.WriteSettings()
	out.Write(frames)
	_ = framer.WritePing(false, lastPing)
	_, _ = conn.Write(out.Bytes()) // the server may end the connection before
	_ = conn.SetReadDeadline(time.Now().Add(while))
	replies, err = readUntil(framer, last)
	if err == nil || errors.Is(err, errWaits) {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.Copy(io.Discard, conn); isTimeout(err) {
			tb.Errorf("the connection stays open after its client ended it")
		}
	}
	return replies
}

var lastPing = [8]byte{'l', 'a', 's', 't'}

// errWaits is the error of a server that sends nothing more for the moment.
var errWaits = errors.New("the server waits")

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

func readUntil(framer *http2.Framer, last func(http2.Frame) bool) (replies []byte, err error) {
	for {
		f, err := framer.ReadFrame()
		if isTimeout(err) {
			return replies, errWaits
		}
		if err != nil {
			return replies, err
		}
		if d, ok := f.(*http2.DataFrame); ok {
			replies = append(replies, d.Data()...)
		}
		if last(f) {
			return replies, nil
		}
	}
}

// pong accepts the reply to the ping of play.
func pong(f http2.Frame) bool {
	p, ok := f.(*http2.PingFrame)
	return ok && p.IsAck() && p.Data == lastPing
}

// trailers accepts the end of a call.
func trailers(f http2.Frame) bool {
	h, ok := f.(*http2.HeadersFrame)
	return ok && h.StreamEnded()
}

// frameScript writes frames one after the other.
type frameScript struct {
	bytes.Buffer
	*http2.Framer
	headers bytes.Buffer
	hpack   *hpack.Encoder
}

func script(write func(*frameScript)) []byte {
	s := &frameScript{}
	s.Framer = http2.NewFramer(&s.Buffer, nil)
	s.AllowIllegalWrites = true
	s.hpack = hpack.NewEncoder(&s.headers)
	write(s)
	return s.Bytes()
}

// call begins a call of seven, whose headers end where end is set.
func (s *frameScript) call(stream uint32, method string, end bool, more ...string) {
	s.headers.Reset()
	fields := append([]string{
		":method", "POST", ":scheme", "http", ":path", method, ":authority", "x",
		"content-type", "application/grpc", "te", "trailers", "authorization", "Bearer " + tokenOf("seven"),
	}, more...)
	for i := 0; i+1 < len(fields); i += 2 {
		_ = s.hpack.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	_ = s.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: s.headers.Bytes(), EndHeaders: end})
}

// message writes a message with a length prefix that may be wrong by more.
func (s *frameScript) message(stream uint32, compressed byte, more uint32, body []byte) {
	prefix := binary.BigEndian.AppendUint32([]byte{compressed}, uint32(len(body))+more)
	_ = s.WriteData(stream, true, append(prefix, body...))
}

const (
	createTpl = "/exporttask.ExportTask/CreateTpl"
	watchInst = "/exporttask.ExportTask/WatchInst"
)

// frameSeeds are sequences of frames, most of which break a rule of HTTP/2 or gRPC.
func frameSeeds(tpl []byte) [][]byte {
	seeds := [][]byte{
		script(func(s *frameScript) { s.call(1, createTpl, true); s.message(1, 0, 0, tpl) }),
		script(func(s *frameScript) { s.call(1, createTpl, true); s.message(1, 0, 1, tpl) }),
		script(func(s *frameScript) { s.call(1, createTpl, true); s.message(1, 0, 1<<31, tpl) }),
		script(func(s *frameScript) { s.call(1, createTpl, true); s.message(1, 0, ^uint32(len(tpl)), tpl) }),
		script(func(s *frameScript) { s.call(1, createTpl, true); s.message(1, 0, -uint32(len(tpl)/2), tpl) }),
		script(func(s *frameScript) { s.call(1, createTpl, true); s.message(1, 1, 0, tpl) }),
		script(func(s *frameScript) { s.call(1, createTpl, true, "grpc-encoding", "gzip"); s.message(1, 1, 0, tpl) }),
		script(func(s *frameScript) { s.call(1, createTpl, true); s.message(1, 0xff, 0, []byte{0xff, 0xff, 0xff}) }),
		script(func(s *frameScript) { s.call(1, createTpl, true); _ = s.WriteData(1, true, []byte{0, 0}) }),
		script(func(s *frameScript) { s.call(1, watchInst, true); s.message(1, 0, 0, []byte{8, 1}) }),
		script(func(s *frameScript) { s.call(1, "/\xff\xfe/\x80", true); s.message(1, 0, 0, tpl) }),
		script(func(s *frameScript) { s.call(1, "no/slash", true) }),
		script(func(s *frameScript) { s.call(2, createTpl, true) }),
		script(func(s *frameScript) { s.call(0, createTpl, true) }),
		script(func(s *frameScript) { s.call(1, createTpl, true, "grpc-timeout", "99999999H", "bin-bin", "%%%") }),
		script(func(s *frameScript) { s.call(1, createTpl, true, "x", strings.Repeat("x", 60_000)) }),
		script(func(s *frameScript) { s.call(1, createTpl, false); s.message(1, 0, 0, tpl) }),
		script(func(s *frameScript) { s.call(1, createTpl, false); _ = s.WriteContinuation(1, false, nil) }),
		script(func(s *frameScript) { _ = s.WriteContinuation(1, true, []byte{0xff, 0xff}) }),
		script(func(s *frameScript) { _ = s.WriteRawFrame(http2.FrameHeaders, 0x4, 1, []byte{0xff, 0xff, 0xff, 0x7f}) }),
		script(func(s *frameScript) {
			_ = s.WriteRawFrame(http2.FrameSettings, 0, 0, []byte{0, 4, 0xff, 0xff, 0xff, 0xff})
		}),
		script(func(s *frameScript) { _ = s.WriteRawFrame(http2.FrameSettings, 1, 0, []byte{0}) }),
		script(func(s *frameScript) {
			_ = s.WriteRawFrame(http2.FrameWindowUpdate, 0, 0, []byte{0x7f, 0xff, 0xff, 0xff})
		}),
		script(func(s *frameScript) { _ = s.WriteRawFrame(http2.FramePushPromise, 4, 1, []byte{0, 0, 0, 2}) }),
		script(func(s *frameScript) { _ = s.WriteRawFrame(http2.FrameGoAway, 0, 0, []byte{0}) }),
		script(func(s *frameScript) { _ = s.WriteRawFrame(0xee, 0xff, 0x7fffffff, []byte("unknown")) }),
		script(func(s *frameScript) { _ = s.WriteData(9, true, []byte("no stream")) }),
		{0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1}, // a frame of 16 MiB that does not come
		[]byte("GET / HTTP/1.1\r\n\r\n"),
		{},
	}
	return append(seeds,
		script(func(s *frameScript) {
			for stream := uint32(1); stream < 400; stream += 2 {
				s.call(stream, createTpl, true)
				_ = s.WriteRSTStream(stream, http2.ErrCodeCancel)
			}
		}),
		script(func(s *frameScript) {
			s.call(1, createTpl, true)
			s.call(1, createTpl, true)
			s.message(1, 0, 0, tpl)
			s.message(1, 0, 0, tpl)
		}),
	)
}

// FuzzGRPCFrames sends any bytes to exportd's gRPC server after the preface of a
// connection. Nothing may panic, not even where the panic is recovered, the
// connection ends with its client, and other callers are answered.
//
// go test -fuzz needs -fuzzminimizetime 1x: the coverage of a server differs from one
// run of the same input to the next, so that an input cannot be made smaller.
func FuzzGRPCFrames(f *testing.F) {
	s := newFrameServer(f)
	tpl, err := proto.Marshal(&api.WshExportTaskCreateTplReq{EtplName: "t", EtplExpr: "SELECT"})
	if err != nil {
		f.Fatal(err)
	}
	seeds := frameSeeds(tpl)
	// The first seed is a sound call: unless a handler answers it, no other seed
	// shows anything.
	if got := s.play(f, seeds[0], 20*time.Second, trailers); !bytes.Contains(got, []byte("etplExpr: ")) {
		f.Fatalf("CreateTpl: got the reply %q, want the error of its statement", got)
	}
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, frames []byte) {
		before := s.panics.Load()
		// A server that waits for the rest of a frame does not answer the ping.
		s.play(t, frames, 100*time.Millisecond, pong)
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		defer stop()
		if _, err := s.health.Check(ctx, &healthpb.HealthCheckRequest{}); err != nil {
			t.Errorf("another caller's health check: %v", err)
		}
		if n := s.panics.Load() - before; n != 0 {
			t.Errorf("%d panics were recovered, want none", n)
		}
	})
}
