package source

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"testing"

	"exporttask/internal/format/row"
	"exporttask/internal/testkit"
)

// null is NULL in results that are compared as strings.
const null = "\x00NULL"

// open opens a source.
func open(tb testing.TB, dsn string, opts Options) *Source {
	tb.Helper()
	s, err := Open("test", dsn, opts)
	if err != nil {
		tb.Fatalf("Open: %v", err)
	}
	return s
}

// setup creates a database, runs stmts in it with an empty sql_mode, and returns
// its DSN.
func setup(tb testing.TB, stmts ...string) string {
	tb.Helper()
	dsn := testkit.Database(tb)
	run(tb, dsn, stmts...)
	return dsn
}

func run(tb testing.TB, dsn string, stmts ...string) {
	tb.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	ctx := context.Background() // cleanups run statements as well
	c, err := db.Conn(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close()
	for _, stmt := range append([]string{"SET sql_mode='', time_zone='+00:00'"}, stmts...) {
		if _, err := c.ExecContext(ctx, stmt); err != nil {
			tb.Fatalf("%.200s: %v", stmt, err)
		}
	}
}

// drain returns the remaining rows of the cursor as strings and closes it.
func drain(cur *Cursor) (rows [][]string, err error) {
	defer func() { err = errors.Join(err, cur.Close()) }()
	for {
		b, err := cur.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		for i := range b.Len() {
			rows = append(rows, cells(b.Row(i)))
		}
		b.Release()
	}
}

func cells(p []byte) []string {
	var all []string
	for len(p) > 0 {
		var c []byte
		if c, p = row.Cell(p); c == nil {
			all = append(all, null)
		} else {
			all = append(all, string(c))
		}
	}
	return all
}

// queryAll returns all rows of a query.
func queryAll(tb testing.TB, s *Source, q Query) [][]string {
	tb.Helper()
	cur, err := s.Query(tb.Context(), q)
	if err != nil {
		tb.Fatalf("Query: %v", err)
	}
	rows, err := drain(cur)
	if err != nil {
		tb.Fatalf("Next: %v", err)
	}
	return rows
}

// serverRuns reports whether a statement that contains marker runs on the server.
func serverRuns(tb testing.TB, marker string) bool {
	tb.Helper()
	db, err := testkit.Server(tb).OpenRoot("")
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	var n int
	const q = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE CONCAT('%', ?, '%') AND id <> CONNECTION_ID()"
	if err := db.QueryRowContext(context.Background(), q, marker).Scan(&n); err != nil {
		tb.Fatal(err)
	}
	return n > 0
}

// fixtureRoot returns the DSN of the server's root account.
func fixtureRoot(tb testing.TB) string {
	tb.Helper()
	return testkit.Server(tb).RootDSN("")
}

// isMySQL reports whether the test server is Oracle MySQL.
func isMySQL() bool { return os.Getenv(testkit.ServerEnv) == "mysql" }
