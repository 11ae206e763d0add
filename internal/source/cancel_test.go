package source

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"testing"
	"time"

	"exporttask/internal/format/row"
	"exporttask/internal/testkit"
)

// endless returns a thousand rows at once and then runs on without another row,
// far longer than any test.
const endless = "SELECT a.d, REPEAT('x', 2000) FROM digits a, digits b, digits c UNION ALL " + busy

var errOperator = errors.New("operator changed his mind")

func TestSource_Query_cancelKillsStatement(t *testing.T) {
	s := open(t, withDigits(t), Options{})

	t.Run("during_Query", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		got := make(chan error, 1)
		go func() {
			cur, err := s.Query(ctx, Query{SQL: busy})
			if err == nil {
				_, err = cur.Next(ctx)
				err = errors.Join(err, cur.Close())
			}
			got <- err
		}()
		marker := "SQRT(a.d+b.d"
		testkit.Eventually(t, "it runs", func() bool { return serverRuns(t, marker) })
		cancel(errOperator)
		if err := <-got; !errors.Is(err, errOperator) {
			t.Errorf("got %v, want the cause", err)
		}
		testkit.Eventually(t, "it is gone", func() bool { return !serverRuns(t, marker) })
	})
	t.Run("during_Next", func(t *testing.T) {
		cur, err := s.Query(t.Context(), Query{SQL: endless})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		for rows := 0; err == nil; {
			var b *row.Batch
			if b, err = cur.Next(ctx); err != nil {
				break
			}
			if rows += b.Len(); rows > 500 { // the last rows stay in a batch that is not full
				stop := time.AfterFunc(20*time.Millisecond, func() { cancel(errOperator) })
				defer stop.Stop()
			}
			b.Release()
		}
		if !errors.Is(err, errOperator) {
			t.Errorf("got %v, want the cause", err)
		}
		if _, again := cur.Next(t.Context()); !errors.Is(again, errOperator) {
			t.Errorf("Next again: got %v, want the same", again)
		}
		if err := cur.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		testkit.Eventually(t, "it is gone", func() bool { return !serverRuns(t, "REPEAT('x', 2000)") })
	})
	t.Run("between_calls", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cur, err := s.Query(ctx, Query{SQL: endless})
		if err != nil {
			t.Fatal(err)
		}
		cancel(errOperator)
		testkit.Eventually(t, "it is gone", func() bool { return !serverRuns(t, "REPEAT('x', 2000)") })
		if _, err := cur.Next(t.Context()); !errors.Is(err, errOperator) {
			t.Errorf("Next: got %v, want the cause", err)
		}
		if err := cur.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	t.Run("deadline", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := s.Query(ctx, Query{SQL: busy})
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrStatementTimeout) {
			t.Errorf("got %v, want the deadline's own error", err)
		}
		testkit.Eventually(t, "it is gone", func() bool { return !serverRuns(t, "SQRT(a.d+b.d") })
	})
}

func TestCursor_Close_killsRunningStatement(t *testing.T) {
	s := open(t, withDigits(t), Options{})
	cur, err := s.Query(t.Context(), Query{SQL: endless})
	if err != nil {
		t.Fatal(err)
	}
	b, err := cur.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := cur.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	testkit.Eventually(t, "it is gone", func() bool { return !serverRuns(t, "REPEAT('x', 2000)") })
	if got := cells(b.Row(b.Len() - 1)); len(got) != 2 || len(got[1]) != 2000 {
		t.Error("a batch given before Close lost its rows")
	}
	b.Release()
	if _, err := cur.Next(t.Context()); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("Next after Close: got %v, want an error that is not io.EOF", err)
	}
}

func TestCursor_Close_beforeLastBatch(t *testing.T) {
	s := open(t, withDigits(t), Options{})
	for range 20 {
		cur, err := s.Query(t.Context(), Query{SQL: "SELECT d FROM digits"})
		if err != nil {
			t.Fatal(err)
		}
		if err := cur.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := cur.Next(t.Context()); !errors.Is(err, errClosed) {
			t.Fatalf("got %v, want errClosed", err)
		}
	}
}

func TestCursor_Next_killedByOperator(t *testing.T) {
	s := open(t, withDigits(t), Options{})
	got := make(chan error, 1)
	go func() {
		cur, err := s.Query(context.Background(), Query{SQL: busy, Limits: Limits{StatementTime: time.Hour}})
		if err == nil {
			_, err = drain(cur)
		}
		got <- err
	}()
	root, err := testkit.Server(t).OpenRoot("")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	var id string
	testkit.Eventually(t, "it runs", func() bool {
		const q = "SELECT id FROM information_schema.processlist WHERE info LIKE '%SQRT(a.d+b.d%' AND id <> CONNECTION_ID()"
		err := root.QueryRowContext(t.Context(), q).Scan(&id)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			t.Fatal(err)
		}
		return err == nil
	})
	if _, err := root.ExecContext(t.Context(), "KILL QUERY "+id); err != nil {
		t.Fatal(err)
	}
	err = <-got
	var se *ServerError
	if !errors.As(err, &se) || se.Code != mysqlErrQueryInterrupted || errors.Is(err, ErrStatementTimeout) {
		t.Errorf("got %v, want the server's error %d", err, mysqlErrQueryInterrupted)
	}
}

func TestCursor_Close_leavesNoConnection(t *testing.T) {
	dsn := testkit.Account(t, withDigits(t), "SELECT")
	s := open(t, dsn, Options{})
	queryAll(t, s, Query{SQL: "SELECT 1"})
	if _, err := s.Prepare(t.Context(), "SELECT ?", 1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Query(t.Context(), Query{SQL: "SELECT * FROM nowhere"}); err == nil {
		t.Fatal("no error for a table that is not there")
	}
	root, err := testkit.Server(t).OpenRoot("")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	testkit.Eventually(t, "the account has no connection", func() bool {
		var n int
		const q = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = ?"
		if err := root.QueryRowContext(t.Context(), q, s.dsns[0].user).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == 0
	})
}
