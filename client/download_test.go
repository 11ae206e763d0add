package client_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"google.golang.org/grpc"

	"exporttask/api"
	"exporttask/client"
)

// proxied is an address that leads to another, through a proxy that can break.
func proxied(t *testing.T, to string) *toxiproxy.Proxy {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	p := toxiproxy.NewProxy(server, t.Name(), "127.0.0.1:0", to)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

func TestClient_Download_interrupted(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	direct := dial(t, client.Options{Target: site.Start(t).Addr})
	tpl := makeTpl(t, direct, allOrders)
	var whole bytes.Buffer
	inst, err := direct.Export(t.Context(), tpl, nil, &whole)
	if err != nil {
		t.Fatal(err)
	}

	p := proxied(t, site.Start(t).Addr)
	// Every connection ends after so many bytes, which is in the middle of a chunk.
	const limit = 700_000
	toxic := fmt.Sprintf(`{"name":"cut","type":"limit_data","stream":"downstream","attributes":{"bytes":%d}}`, limit)
	if _, err := p.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		t.Fatal(err)
	}
	if whole.Len() < 2*limit {
		t.Fatalf("the file has %d bytes, want more than two connections carry", whole.Len())
	}
	var got bytes.Buffer
	file, err := dial(t, client.Options{Target: p.Listen}).Download(t.Context(), inst.GetEinstId(), &got)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(whole.Bytes(), got.Bytes()) || file.GetBytes() != int64(whole.Len()) {
		t.Errorf("got %d bytes, want the %d of the file", got.Len(), whole.Len())
	}
}

// liar serves one file and breaks it.
type liar struct {
	api.UnimplementedExportTaskServer

	content string
	sent    func(offset int64) string // what is sent from there on
	streams atomic.Int32
}

func (l *liar) DownloadInst(req *api.WshExportTaskDownloadInstReq, stream grpc.ServerStreamingServer[api.WshExportTaskDownloadInstRes]) error {
	l.streams.Add(1)
	sum := sha256.Sum256([]byte(l.content))
	return stream.Send(&api.WshExportTaskDownloadInstRes{Data: &api.WshExportChunk{
		Offset: req.GetOffset(), Content: []byte(l.sent(req.GetOffset())),
		File: &api.WshExportFile{Name: "f.csv", Bytes: int64(len(l.content)), Sha256: hex.EncodeToString(sum[:])},
	}})
}

// serve runs a server that is not exportd.
func serve(t *testing.T, s api.ExportTaskServer, opts ...grpc.ServerOption) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(opts...)
	api.RegisterExportTaskServer(server, s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() { server.Stop(); <-done })
	return listener.Addr().String()
}

func TestClient_Download_flipped_byte(t *testing.T) {
	t.Parallel()
	l := &liar{content: "id\r\n1\r\n", sent: func(int64) string { return "id\r\n7\r\n" }}
	_, err := dial(t, client.Options{Target: serve(t, l)}).Download(t.Context(), 1, &bytes.Buffer{})
	if !errors.Is(err, client.ErrChecksum) {
		t.Errorf("error %v, want ErrChecksum", err)
	}
	if n := l.streams.Load(); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
}

func TestClient_Download_stream_ends_early(t *testing.T) {
	t.Parallel()
	const content = "0123456789"
	l := &liar{content: content, sent: func(offset int64) string { return content[offset:min(offset+4, 10)] }}
	var got bytes.Buffer
	if _, err := dial(t, client.Options{Target: serve(t, l)}).Download(t.Context(), 1, &got); err != nil {
		t.Fatal(err)
	}
	if got.String() != content || l.streams.Load() != 3 {
		t.Errorf("got %q in %d streams, want %q in 3", &got, l.streams.Load(), content)
	}
}

func TestClient_Download_no_file(t *testing.T) {
	t.Parallel()
	c := dial(t, client.Options{Target: newSite(t).Start(t).Addr})
	_, err := c.Download(t.Context(), 4711, &bytes.Buffer{})
	if mine, ok := errors.AsType[*client.Error](err); !ok || !strings.Contains(mine.Msg, "4711") {
		t.Errorf("error %v, want one of the service that names the instance", err)
	}
}

// failingWriter takes some bytes and no more.
type failingWriter struct{ room int }

var errFull = errors.New("disk full")

func (w *failingWriter) Write(p []byte) (int, error) {
	if len(p) > w.room {
		return w.room, errFull
	}
	w.room -= len(p)
	return len(p), nil
}

func TestClient_Download_writer_fails(t *testing.T) {
	t.Parallel()
	l := &liar{content: "0123456789", sent: func(int64) string { return "0123456789" }}
	_, err := dial(t, client.Options{Target: serve(t, l)}).Download(t.Context(), 1, &failingWriter{room: 3})
	if !errors.Is(err, errFull) || l.streams.Load() != 1 {
		t.Errorf("error %v after %d streams, want that of the writer after 1", err, l.streams.Load())
	}
}

func TestClient_Download_no_server(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	ctx, stop := context.WithTimeout(t.Context(), patient)
	defer stop()
	_, err = dial(t, client.Options{Target: listener.Addr().String()}).Download(ctx, 1, &bytes.Buffer{})
	if ctx.Err() != nil || err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("error %v, want one that says that the connection was refused", err)
	}
}
