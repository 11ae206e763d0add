package source

import (
	"context"
	"errors"
	"testing"

	"exporttask/internal/testkit"
)

// Exports, previews and checks share one bound, of which exports leave a part.
func TestSource_Query_connections(t *testing.T) {
	dsn := withDigits(t)
	s := open(t, dsn, Options{MaxConnections: 3, ReservedConnections: 1})
	held := func(use use) *Cursor {
		cur, err := s.queryFor(t.Context(), use, Query{SQL: "SELECT 1"})
		if err != nil {
			t.Fatal(err)
		}
		return cur
	}
	first, second := held(export), held(export)

	started := make(chan *Cursor)
	go func() {
		cur, err := s.Query(context.WithoutCancel(t.Context()), Query{SQL: "SELECT 1"})
		if err != nil {
			t.Error(err)
		}
		started <- cur
	}()
	canceled, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	cancel(cause)
	if _, err := s.Query(canceled, Query{SQL: "SELECT 1"}); !errors.Is(err, cause) {
		t.Errorf("a canceled third export: %v, want its cause", err)
	}
	select {
	case <-started:
		t.Fatal("a third export started while two held all connections for exports")
	default:
	}
	if _, err := s.Prepare(t.Context(), "SELECT 1", 0); err != nil {
		t.Errorf("a check beside the exports: %v", err)
	}
	if _, err := s.Sample(t.Context(), Query{SQL: "SELECT 1", FirstRows: 1}); err != nil {
		t.Errorf("a preview beside the exports: %v", err)
	}
	reserved := held(short)
	_, err := s.Prepare(t.Context(), "SELECT 1", 0)
	var busy *BusyError
	if !errors.As(err, &busy) || !Outage(err) {
		t.Errorf("a check while all connections are in use: %v, want a *BusyError", err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	third := <-started
	for _, cur := range []*Cursor{second, third, reserved} {
		if err := cur.Close(); err != nil {
			t.Error(err)
		}
	}
	if n, m := len(s.slots.all), len(s.slots.exports); n != 0 || m != 0 {
		t.Errorf("%d connections and %d of exports in use, want none", n, m)
	}
}

// A slot is released when the rows have ended, although the cursor is not closed
// yet, and when a connection cannot be made.
func TestSource_Query_slotReleased(t *testing.T) {
	s := open(t, withDigits(t), Options{MaxConnections: 1})
	cur, err := s.Query(t.Context(), Query{SQL: "SELECT 1"})
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = cur.Next(t.Context())
	}
	for _, sql := range []string{"SELEC", "SELECT nothing", "SELECT 1; SELECT 2"} {
		if _, err := s.Query(t.Context(), Query{SQL: sql}); err == nil {
			t.Errorf("%s: no error", sql)
		}
	}
	away := open(t, "u:p@tcp(127.0.0.1:1)/", Options{MaxConnections: 1})
	for range 2 {
		if _, err := away.Query(t.Context(), Query{SQL: "SELECT 1"}); !Outage(err) {
			t.Errorf("got %v, want an outage", err)
		}
	}
	if len(s.slots.all) != 0 || len(away.slots.all) != 0 {
		t.Errorf("slots in use: %d and %d, want none", len(s.slots.all), len(away.slots.all))
	}
}

// A connection that outlives its KILL keeps new work from the source.
func TestSource_Query_stuckConnection(t *testing.T) {
	s := open(t, withDigits(t), Options{})
	survivor, err := s.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.stuck.add(stuckConn{server: survivor.peer, id: survivor.id})
	for range 2 {
		_, err = s.Query(t.Context(), Query{SQL: "SELECT 1"})
		if !errors.As(err, new(*BusyError)) || !Outage(err) {
			t.Fatalf("got %v, want a *BusyError", err)
		}
	}
	if err := survivor.close(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the source accepts work again", func() bool {
		cur, err := s.Query(t.Context(), Query{SQL: "SELECT 1"})
		return err == nil && cur.Close() == nil
	})
	if len(s.slots.all) != 0 {
		t.Errorf("%d slots in use, want none", len(s.slots.all))
	}
}

// The transaction, and with it the locks on its tables, ends with the last row.
func TestCursor_Next_transactionEndsAtEOF(t *testing.T) {
	dsn := setup(t, "CREATE TABLE o (i INT)", "INSERT INTO o VALUES (1)")
	s := open(t, dsn, Options{})
	cur, err := s.Query(t.Context(), Query{SQL: "SELECT * FROM o"})
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = cur.Next(t.Context())
	}
	run(t, dsn, "SET lock_wait_timeout=10", "ALTER TABLE o ADD COLUMN j INT") // waits for locks on o
	if err := cur.Close(); err != nil {
		t.Error(err)
	}
}
