package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"exporttask/internal/testkit"
)

// cuttingProxy is a TCP proxy that ends each connection, in both directions, after
// the server has sent left bytes.
type cuttingProxy struct {
	net.Listener
	to    string
	left  atomic.Int64 // for each connection; negative = no end
	moved atomic.Int64 // bytes sent by the server on all connections
	conns sync.WaitGroup
}

func newCuttingProxy(t *testing.T, to string) *cuttingProxy {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &cuttingProxy{Listener: l, to: to}
	p.left.Store(-1)
	p.conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.conns.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.conns.Wait()
	})
	return p
}

func (p *cuttingProxy) serve(client net.Conn) {
	defer client.Close()
	server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", p.to)
	if err != nil {
		return
	}
	defer server.Close()
	p.conns.Go(func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	})
	var from io.Reader = server
	if left := p.left.Load(); left >= 0 {
		from = io.LimitReader(server, left)
	}
	n, _ := io.Copy(client, from)
	p.moved.Add(n)
}

// through returns dsn with the proxy's address.
func (p *cuttingProxy) through(t *testing.T, dsn string) string {
	t.Helper()
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Addr = p.Addr().String()
	return cfg.FormatDSN()
}

func TestCursor_Next_connectionCut(t *testing.T) {
	dsn := withDigits(t)
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	p := newCuttingProxy(t, cfg.Addr)
	s := open(t, p.through(t, dsn), Options{BatchBytes: minBatchBytes, LoginTimeout: 5 * time.Second})
	q := Query{SQL: numbers(400, 40)}
	want := len(queryAll(t, s, q)) // finds out which session variables the server rejects
	testkit.Eventually(t, "the proxy has counted", func() bool { return p.moved.Load() > 0 })
	p.moved.Store(0)
	queryAll(t, s, q)
	testkit.Eventually(t, "the proxy has counted", func() bool { return p.moved.Load() > 0 })
	whole := p.moved.Load()

	var cuts []int64
	for at := int64(0); at < whole; {
		cuts = append(cuts, at)
		if at < 700 || at > whole-60 {
			at += 7
		} else {
			at += 211
		}
	}
	cuts = append(cuts, whole-5, whole-1)
	for _, at := range cuts {
		p.left.Store(at)
		cur, err := s.Query(t.Context(), q)
		var got [][]string
		if err == nil {
			got, err = drain(cur)
		}
		if _, ok := errors.AsType[*LostError](err); !ok {
			t.Fatalf("cut at %d of %d: got %d rows and %v, want a *LostError", at, whole, len(got), err)
		}
		if !Transient(err) {
			t.Fatalf("cut at %d of %d: %v does not count as transient", at, whole, err)
		}
	}
	p.left.Store(whole + 16) // connection ids may have more digits by now
	if got := queryAll(t, s, q); len(got) != want {
		t.Errorf("cut after the end: got %d rows, want %d", len(got), want)
	}
}

func TestSource_Query_serverAway(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()

	t.Run("silent", func(t *testing.T) { // the connection waits in the listener's queue
		s := open(t, "u:p@tcp("+addr+")/", Options{LoginTimeout: 20 * time.Millisecond})
		_, err := s.Query(t.Context(), Query{SQL: "SELECT 1"})
		if !errors.Is(err, errLoginTimeout) || !Transient(err) {
			t.Errorf("got %v, want a login timeout", err)
		}
	})
	_ = l.Close()
	t.Run("refused", func(t *testing.T) {
		s := open(t, "u:p@tcp("+addr+")/", Options{})
		_, err := s.Query(t.Context(), Query{SQL: "SELECT 1"})
		var le *LostError
		if !errors.As(err, &le) || !Transient(err) {
			t.Errorf("got %v, want a transient *LostError", err)
		}
	})
	t.Run("canceled_before", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errOperator)
		s := open(t, "u:p@tcp("+addr+")/", Options{})
		if _, err := s.Query(ctx, Query{SQL: "SELECT 1"}); !errors.Is(err, errOperator) {
			t.Errorf("got %v, want the cause", err)
		}
	})
}

// A server with a small max_allowed_packet is not sent a long packet: see widen.
func TestConn_widen_smallMaxPacket(t *testing.T) {
	dsn := withDigits(t)
	run(t, fixtureRoot(t), "SET GLOBAL max_allowed_packet = 1<<16")
	t.Cleanup(func() { run(t, fixtureRoot(t), "SET GLOBAL max_allowed_packet = DEFAULT") })
	if got := queryAll(t, open(t, dsn, Options{}), Query{SQL: "SELECT d FROM digits"}); len(got) != 10 {
		t.Errorf("got %d rows, want 10", len(got))
	}
}

// The statement that enlarges the server's buffer is logged without its blanks.
func TestConn_widen_notLogged(t *testing.T) {
	dsn, root := withDigits(t), fixtureRoot(t)
	run(t, root, "SET GLOBAL log_output = 'TABLE'")
	run(t, root, "SET GLOBAL general_log = 1")
	t.Cleanup(func() {
		run(t, root, "SET GLOBAL general_log = DEFAULT")
		run(t, root, "SET GLOBAL log_output = DEFAULT")
	})
	queryAll(t, open(t, dsn, Options{}), Query{SQL: "SELECT d FROM digits"})
	got := queryAll(t, open(t, root, Options{}), Query{SQL: "SELECT argument FROM mysql.general_log WHERE argument LIKE 'DO 0%' LIMIT 1"})
	if len(got) != 1 || got[0][0] != "DO 0" {
		t.Errorf("logged %q, want DO 0 without its blanks", got)
	}
}

func TestCursor_Next_longRows(t *testing.T) {
	dsn := withDigits(t)
	run(t, fixtureRoot(t), "SET GLOBAL max_allowed_packet = 1<<26")
	t.Cleanup(func() { run(t, fixtureRoot(t), "SET GLOBAL max_allowed_packet = DEFAULT") })
	s := open(t, dsn, Options{})
	for _, size := range []int{
		1 << 16, 1<<16 + 1, 1 << 20,
		maxPayload - 6, maxPayload - 5, maxPayload - 4, maxPayload - 3, // the row fills a packet
		1 << 24, 20 << 20,
		2*maxPayload - 11, 2*maxPayload - 10, 2*maxPayload - 9, 2*maxPayload - 8, // … or two
	} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			sql := fmt.Sprintf("SELECT IF(d = 4, REPEAT('abcdefg', %d), 'short'), d FROM digits ORDER BY d", size/7+1)
			sql = strings.Replace(sql, "REPEAT", "LEFT(REPEAT", 1)
			sql = strings.Replace(sql, "), 'short'", fmt.Sprintf("), %d), 'short'", size), 1)
			got := queryAll(t, s, Query{SQL: sql})
			if len(got) != 10 {
				t.Fatalf("got %d rows, want 10", len(got))
			}
			for i, r := range got {
				want := "short"
				if i == 4 {
					want = strings.Repeat("abcdefg", size/7+1)[:size]
				}
				if len(r) != 2 || r[0] != want || r[1] != strconv.Itoa(i) {
					t.Errorf("row %d: got %d bytes, want %d", i, len(r[0]), len(want))
				}
			}
		})
	}
	t.Run("long_statement", func(t *testing.T) {
		want := strings.Repeat("0123456789", 1<<20)
		got := queryAll(t, s, Query{SQL: "SELECT '" + want + "', 1"})
		if len(got) != 1 || got[0][0] != want {
			t.Error("a value of 10 MiB came back changed")
		}
	})
}
