package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"exporttask/api"
)

// attacker is a hostile caller with an address of its own.
type attacker struct {
	site *site
	conn *grpc.ClientConn
	api  api.ExportTaskClient
	http *http.Client
	open []io.Closer
	mu   sync.Mutex
}

// dialer dials from 127.0.0.2, so that limits of addresses do not hit the second
// caller.
func dialer() *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}, Timeout: 10 * time.Second}
}

func newAttacker(s *site) (*attacker, error) {
	a := &attacker{site: s}
	var err error
	if a.conn, err = a.dialGRPC(); err != nil {
		return nil, err
	}
	a.api = api.NewExportTaskClient(a.conn)
	a.http = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DialContext: dialer().DialContext, MaxIdleConnsPerHost: 32, MaxConnsPerHost: 64}}
	return a, nil
}

func (a *attacker) dialGRPC() (*grpc.ClientConn, error) {
	return grpc.NewClient(a.site.grpcAddr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(64<<20), grpc.MaxCallRecvMsgSize(64<<20)),
		grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
			return dialer().DialContext(ctx, "tcp", addr)
		}))
}

func (a *attacker) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.open {
		_ = c.Close()
	}
	a.http.CloseIdleConnections()
	_ = a.conn.Close()
}

func (a *attacker) keep(c io.Closer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open = append(a.open, c)
}

// dial opens a connection that stays open until the attack has ended.
func (a *attacker) dial(ctx context.Context, addr string) (net.Conn, error) {
	c, err := dialer().DialContext(ctx, "tcp", addr)
	if err == nil {
		a.keep(c)
	}
	return c, err
}

// flood calls fn n times, from a few goroutines, and returns the first error.
func flood(ctx context.Context, n int, fn func(i int) error) error {
	const workers = 8
	var all sync.WaitGroup
	var once sync.Once
	var first error
	next := make(chan int)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for range workers {
		all.Go(func() {
			for i := range next {
				if err := fn(i); err != nil {
					once.Do(func() { first = err; stop() })
				}
			}
		})
	}
	for i := range n {
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	all.Wait()
	if first == nil && ctx.Err() != nil {
		return errors.New("the attack did not end in time")
	}
	return first
}

// floodWide calls fn n times at once and returns the first error.
func floodWide(ctx context.Context, n int, fn func(i int) error) error {
	var all sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		all.Go(func() { errs[i] = fn(i) })
	}
	all.Wait()
	return cmp.Or(append(errs, ctx.Err())...)
}

// wantCode returns an error unless a call ended with one of the codes, in the
// status or in the envelope.
func wantCode(res any, err error, want ...codes.Code) error {
	got := status.Code(err)
	if e, ok := res.(interface{ GetErrCode() string }); ok && err == nil && e.GetErrCode() != "" {
		n := 0
		_, _ = fmt.Sscan(e.GetErrCode(), &n)
		got = codes.Code(n)
	}
	if slices.Contains(want, got) {
		return nil
	}
	return fmt.Errorf("got %s, want %v: %w", got, want, err)
}

// do makes an HTTP request and returns an error unless its status is wanted.
func (a *attacker) do(ctx context.Context, method, path string, body io.Reader, header map[string]string, want ...int) (text string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+a.site.httpAddr+path, body)
	if err != nil {
		return "", err
	}
	for name, value := range header {
		if name == "Host" {
			req.Host = value
			continue
		}
		req.Header.Set(name, value)
	}
	res, err := a.http.Do(req)
	if err != nil {
		if strings.Contains(err.Error(), "reset") || strings.Contains(err.Error(), "broken pipe") || strings.Contains(err.Error(), "EOF") {
			return "", nil // the server closed the connection before it had read everything
		}
		return "", err
	}
	defer res.Body.Close()
	out, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return "", nil //nolint:nilerr // as above
	}
	if slices.Contains(want, res.StatusCode) {
		return string(out), nil
	}
	return "", fmt.Errorf("%s %.80s: got %d %.200s, want %v", method, path, res.StatusCode, out, want)
}

// openSilently opens a call and sends no request.
func (a *attacker) openSilently(ctx context.Context, method string) (grpc.ClientStream, error) {
	return a.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method)
}

// rawHTTP2 speaks HTTP/2 frame by frame.
type rawHTTP2 struct {
	*http2.Framer
	conn  net.Conn
	block bytes.Buffer
	enc   *hpack.Encoder
}

func (a *attacker) rawHTTP2(ctx context.Context) (*rawHTTP2, error) {
	c, err := a.dial(ctx, a.site.grpcAddr)
	if err != nil {
		return nil, err
	}
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		return nil, err
	}
	r := &rawHTTP2{Framer: http2.NewFramer(c, c), conn: c}
	r.enc = hpack.NewEncoder(&r.block)
	go func() { _, _ = io.Copy(io.Discard, c) }() // ends with the connection
	return r, r.WriteSettings()
}

// headers sends the headers of a call.
func (r *rawHTTP2) headers(stream uint32, path string, more ...hpack.HeaderField) error {
	r.block.Reset()
	for _, f := range append([]hpack.HeaderField{
		{Name: ":method", Value: "POST"},
		{Name: ":scheme", Value: "http"},
		{Name: ":authority", Value: "a"},
		{Name: ":path", Value: path},
		{Name: "content-type", Value: "application/grpc"},
	}, more...) {
		if err := r.enc.WriteField(f); err != nil {
			return err
		}
	}
	return r.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: r.block.Bytes(), EndHeaders: true})
}
