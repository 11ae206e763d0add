package source

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"exporttask/internal/format/row"
	"exporttask/internal/testkit"
)

// watchedConn records reads outside Next.
type watchedConn struct {
	net.Conn
	t      *testing.T
	wanted atomic.Bool
	reads  atomic.Int64
}

func (c *watchedConn) Read(p []byte) (int, error) {
	if !c.wanted.Load() {
		c.t.Error("a read outside of Next")
	}
	c.reads.Add(1)
	return c.Conn.Read(p)
}

func TestCursor_Next_readsOnDemand(t *testing.T) {
	var p packets
	for range 1000 {
		p.row("0123456789")
	}
	p.end()
	cur := memCursor(p.data, 1, 1000, minBatchBytes)
	nc := &watchedConn{Conn: cur.conn.nc, t: t}
	cur.conn.nc = nc
	for rows := 0; ; {
		nc.wanted.Store(true)
		b, err := cur.Next(t.Context())
		nc.wanted.Store(false)
		if errors.Is(err, io.EOF) {
			if rows != 1000 {
				t.Errorf("got %d rows, want 1000", rows)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if rows += b.Len(); b.Cols != 1 {
			t.Fatalf("a batch of %d cells a row, want 1", b.Cols)
		}
		if rows < 900 && nc.reads.Load() > int64(rows*15/1000+2) {
			t.Fatalf("%d reads of 1,000 bytes for %d rows given: it reads ahead", nc.reads.Load(), rows)
		}
		b.Release()
	}
	if err := cur.Close(); err != nil {
		t.Error(err)
	}
}

// As soon as the end packet was read nothing runs on the server, although Next
// returns the last rows first and io.EOF afterwards.
func TestCursor_Next_lastRowsBeforeEOF(t *testing.T) {
	var p packets
	p.row("a")
	p.end()
	last := func(t *testing.T) *Cursor {
		t.Helper()
		cur := memCursor(p.data, 1, 1<<20, minBatchBytes)
		cur.conn.running.Store(true)
		cur.conn.startClock(time.Hour)
		b, err := cur.Next(t.Context())
		if err != nil || b.Len() != 1 {
			t.Fatalf("got %v, want a row", err)
		}
		if cur.conn.running.Load() {
			t.Error("a Close would kill what is done")
		}
		if cur.conn.clock.Stop() {
			t.Error("the statement's time runs on")
		}
		return cur
	}
	t.Run("clean_end", func(t *testing.T) {
		cur := last(t)
		for range 2 {
			if _, err := cur.Next(t.Context()); !errors.Is(err, io.EOF) {
				t.Errorf("got %v, want io.EOF", err)
			}
		}
		if err := cur.Close(); err != nil {
			t.Error(err)
		}
		if _, err := cur.Next(t.Context()); !errors.Is(err, io.EOF) {
			t.Errorf("after Close: got %v, want what was said before", err)
		}
	})
	t.Run("closed_between", func(t *testing.T) {
		cur := last(t)
		if err := cur.Close(); err != nil {
			t.Error(err)
		}
		if _, err := cur.Next(t.Context()); !errors.Is(err, errClosed) {
			t.Errorf("got %v, want %v", err, errClosed)
		}
	})
	t.Run("canceled_between", func(t *testing.T) {
		cur := last(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errOperator)
		for range 2 {
			if _, err := cur.Next(ctx); !errors.Is(err, errOperator) {
				t.Errorf("got %v, want the cause", err)
			}
		}
	})
}

// abortingConn aborts the query when the last bytes arrive.
type abortingConn struct {
	net.Conn
	abort func()
}

func (c *abortingConn) Read(p []byte) (int, error) {
	defer c.abort()
	return c.Conn.Read(p)
}

func TestCursor_Next_cancelAtEnd(t *testing.T) {
	for name, build := range map[string]func(p *packets){
		"with rows":    func(p *packets) { p.row("a"); p.end() },
		"without rows": func(p *packets) { p.end() },
	} {
		t.Run(name, func(t *testing.T) {
			var p packets
			build(&p)
			cur := memCursor(p.data, 1, 1<<20, minBatchBytes)
			cur.conn.nc = &abortingConn{cur.conn.nc, func() { cur.conn.abort(errOperator) }}
			if b, err := cur.Next(t.Context()); b != nil || !errors.Is(err, errOperator) {
				t.Errorf("got %v and %v, want the cause alone", b, err)
			}
		})
	}
}

func TestCursor_Next_firstRowsWithoutEnd(t *testing.T) {
	var p packets
	for range 5 {
		p.row("a")
	}
	for first, want := range map[int64]int{3: 3, 5: 5, 6: 0} {
		cur := memCursor(p.data, 1, 1<<20, minBatchBytes)
		cur.first = first
		got, err := drain(cur)
		if _, lost := errors.AsType[*LostError](err); len(got) != want || lost != (first > 5) {
			t.Errorf("first %d of 5: got %d rows and %v", first, len(got), err)
		}
	}
}

func TestCursor_Next_staleRows(t *testing.T) {
	var p packets
	p.row("a")
	first := len(p.data)
	p.row("b")
	second := len(p.data)
	p.end()
	cur := memCursor(nil, 1, 1<<20, minBatchBytes)
	server, client := net.Pipe()
	cur.conn.nc = client
	go func() {
		_, _ = server.Write(p.data[:first])
		<-time.After(staleAfter + staleAfter/2)
		_, _ = server.Write(p.data[first:second])
		_, _ = io.Copy(io.Discard, server) // until it is closed; the end is never sent
	}()
	b, err := cur.Next(t.Context())
	if err != nil || b.Len() != 2 {
		t.Fatalf("got %v, want both rows though the batch is not full", err)
	}
	if err := cur.Close(); err != nil {
		t.Error(err)
	}
	if _, err := cur.Next(t.Context()); !errors.Is(err, errClosed) {
		t.Errorf("got %v, want %v", err, errClosed)
	}
}

func TestCursor_Close_endsWaitingNext(t *testing.T) {
	s := open(t, withDigits(t), Options{})
	cur, err := s.Query(t.Context(), Query{SQL: endless})
	if err != nil {
		t.Fatal(err)
	}
	given, ended := make(chan int), make(chan error, 1)
	go func() {
		for {
			b, err := cur.Next(context.Background())
			if err != nil {
				close(given)
				ended <- err
				return
			}
			given <- b.Len()
			b.Release()
		}
	}()
	<-given
	go func() {
		for range given { // nothing blocks it: it waits for the server in the end
		}
	}()
	if err := cur.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-ended; !errors.Is(err, errClosed) {
		t.Errorf("Next: got %v, want %v", err, errClosed)
	}
	testkit.Eventually(t, "it is gone", func() bool { return !serverRuns(t, "REPEAT('x', 2000)") })
}

func TestCursor_sample_brokenRow(t *testing.T) {
	var p packets
	p.row("a", "b")
	p.row("a")
	p.end()
	if _, err := memCursor(p.data, 2, 1<<20, minBatchBytes).sample(t.Context()); !errors.Is(err, row.ErrBroken) || Classify(err) != (Verdict{Retry, Server}) {
		t.Errorf("got %v, want %v", err, row.ErrBroken)
	}
}
