package export

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"exporttask/internal/format/row"
	"exporttask/internal/model"
	"exporttask/internal/source"
	"exporttask/internal/sqlcheck"
	"exporttask/internal/testkit"
)

// gate forwards connections to a server. While it is shut, it refuses new
// connections and has cut the others, as a restart of the server does.
type gate struct {
	addr, server string

	mu     sync.Mutex
	listen net.Listener // nil: shut
	conns  []net.Conn
	wait   sync.WaitGroup
}

func newGate(t *testing.T, server string) *gate {
	t.Helper()
	g := &gate{addr: "127.0.0.1:0", server: server}
	g.open(t)
	t.Cleanup(func() { g.shut(); g.wait.Wait() })
	return g
}

func (g *gate) open(t *testing.T) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", g.addr)
	if err != nil {
		t.Fatal(err)
	}
	g.mu.Lock()
	g.listen, g.addr = l, l.Addr().String()
	g.mu.Unlock()
	g.wait.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			g.wait.Go(func() { g.forward(conn) })
		}
	})
}

func (g *gate) forward(client net.Conn) {
	server, err := net.Dial("tcp", g.server)
	if err != nil {
		client.Close()
		return
	}
	g.mu.Lock()
	g.conns = append(g.conns, client, server)
	if g.listen == nil { // shut meanwhile
		client.Close()
		server.Close()
	}
	g.mu.Unlock()
	g.wait.Go(func() { _, _ = io.Copy(server, client); server.Close() })
	_, _ = io.Copy(client, server)
	client.Close()
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listen != nil {
		g.listen.Close()
		g.listen = nil
	}
	for _, c := range g.conns {
		c.Close()
	}
	g.conns = nil
}

// real is one real data source.
type realSource struct{ *source.Source }

func (realSource) CheckOptions(string) sqlcheck.Options { return sqlcheck.Options{} }

func (r realSource) Prepare(ctx context.Context, _, sql string, args int) ([]row.Column, error) {
	return r.Source.Prepare(ctx, sql, args)
}

func (r realSource) Query(ctx context.Context, _ string, q source.Query) (Cursor, error) {
	return r.Source.Query(ctx, q)
}

// gatedPool returns a pool whose data source is a real server behind a gate.
func (b *bench) gatedPool(t *testing.T) (*Pool, *gate) {
	t.Helper()
	dsn := testkit.Account(t, testkit.Database(t), "SELECT")
	before, rest, _ := strings.Cut(dsn, "tcp(")
	server, after, _ := strings.Cut(rest, ")")
	g := newGate(t, server)
	src, err := source.Open("default", before+"tcp("+g.addr+")"+after, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := b.pool(b.db, "w")
	p.runner.Sources = realSource{src}
	p.backoff.First, p.backoff.Max = 50*time.Millisecond, 50*time.Millisecond
	return p, g
}

// A data source that refuses connections for longer than all attempts take gets
// its export done when it is back, in the first attempt.
func TestPool_Run_source_restarts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, g := b.gatedPool(t)
	g.shut()
	start(t, p)
	id := b.add(t)
	var in *model.Inst
	testkit.Eventually(t, "connections are refused more often than there are attempts", func() bool {
		var err error
		in, err = b.db.GetInst(t.Context(), id)
		return err == nil && in.Claims > 8
	})
	if in.State.Status() == model.Failed || !strings.Contains(in.ErrMsg, "data source: ") || in.ErrCode != "14" {
		t.Errorf("meanwhile it is %s with %q %q, want the cause", in.State, in.ErrCode, in.ErrMsg)
	}
	if !in.OutageSince.Valid || in.OutageSince.Time.Before(in.Created) || in.OutageSince.Time.After(in.Updated) {
		t.Errorf("it waits since %v, created %s, updated %s", in.OutageSince, in.Created, in.Updated)
	}
	g.open(t)
	if in = b.until(t, id, model.StateSucceeded, model.StateFailed); in.State != model.StateSucceeded || in.Attempt != 1 {
		t.Errorf("%s after %d attempts (%s), want success with the first", in.State, in.Attempt, in.ErrMsg)
	}
}

// When the data source has been away for longer than outage-wait, attempts count.
func TestPool_Run_source_stays_away(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, g := b.gatedPool(t)
	p.cfg.OutageWait = map[string]time.Duration{"default": 100 * time.Millisecond}
	g.shut()
	start(t, p)
	in := b.until(t, b.add(t), model.StateFailed, model.StateSucceeded)
	if in.State != model.StateFailed || in.Attempt != 3 || in.Claims < 4 || in.ErrCode != "14" {
		t.Errorf("%s with %q after %d attempts and %d claims, want FAILED after 3 attempts and waits before them",
			in.State, in.ErrCode, in.Attempt, in.Claims)
	}
}
