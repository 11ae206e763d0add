package source

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/testkit"
)

// numbers returns a query of n rows with one INT and one text of width bytes.
func numbers(n, width int) string {
	return fmt.Sprintf("SELECT a.d*1000+b.d*100+c.d*10+e.d+1 AS i, REPEAT('x', %d) AS s FROM digits a, digits b, digits c, digits e ORDER BY i LIMIT %d", width, n)
}

func withDigits(tb testing.TB) string {
	tb.Helper()
	return setup(tb, "CREATE TABLE digits (d INT PRIMARY KEY)", "INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)")
}

func TestCursor_Next_limits(t *testing.T) {
	s := open(t, withDigits(t), Options{BatchBytes: minBatchBytes})
	const rows = 1000
	sql := numbers(rows, 50)
	size := int64(rows*(51+1)) + 9 + 2*90 + 3*900 + 4 // cells with their length bytes; i is 1 … 1000
	for name, c := range map[string]struct {
		limits Limits
		want   *LimitError
	}{
		"rows above":     {Limits{Rows: rows + 1}, nil},
		"rows at":        {Limits{Rows: rows}, nil},
		"rows below":     {Limits{Rows: rows - 1}, &LimitError{Limit: LimitRows, Max: rows - 1}},
		"bytes at":       {Limits{Bytes: size}, nil},
		"bytes below":    {Limits{Bytes: size - 1}, &LimitError{Limit: LimitBytes, Max: size - 1}},
		"row bytes at":   {Limits{RowBytes: 56}, nil},
		"row bytes less": {Limits{RowBytes: 55}, &LimitError{Limit: LimitRowBytes, Max: 55}},
	} {
		t.Run(name, func(t *testing.T) {
			cur, err := s.Query(t.Context(), Query{SQL: sql, Limits: c.limits})
			if err != nil {
				t.Fatal(err)
			}
			got, err := drain(cur)
			if c.want == nil {
				if err != nil || len(got) != rows {
					t.Errorf("got %d rows and %v, want %d and no error", len(got), err, rows)
				}
				return
			}
			var le *LimitError
			if !errors.As(err, &le) {
				t.Fatalf("got %v, want a *LimitError", err)
			}
			if diff := cmp.Diff(*c.want, *le); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if Transient(err) {
				t.Error("a passed limit counts as transient")
			}
		})
	}
}

func TestCursor_Next_firstRows(t *testing.T) {
	s := open(t, withDigits(t), Options{BatchBytes: minBatchBytes})
	for _, sql := range []string{numbers(5000, 100), "SELECT a.d FROM digits a, digits b, digits c, digits e"} {
		for _, first := range []int64{1, 20, 100} {
			got := queryAll(t, s, Query{SQL: sql, FirstRows: first})
			if int64(len(got)) != first {
				t.Errorf("%.20s: got %d rows, want %d", sql, len(got), first)
			}
		}
	}
	if got := queryAll(t, s, Query{SQL: numbers(3, 1), FirstRows: 20}); len(got) != 3 {
		t.Errorf("a short result: got %d rows, want 3", len(got))
	}
}

// busy runs far longer than any test.
const busy = "SELECT COUNT(*), ''" + thirteenTables

const thirteenTables = " FROM digits a, digits b, digits c, digits d, digits e, digits f, digits g, digits h, digits i, digits j, digits k, digits l, digits m WHERE SQRT(a.d+b.d+c.d+d.d+e.d+f.d+g.d+h.d+i.d+j.d+k.d+l.d+m.d) < 0"

func TestSource_Query_statementTimeout(t *testing.T) {
	s := open(t, withDigits(t), Options{})
	const limit = 150 * time.Millisecond
	for name, q := range map[string]Query{
		"plain": {SQL: busy, Limits: Limits{StatementTime: limit}},
	} {
		t.Run(name, func(t *testing.T) {
			cur, err := s.Query(t.Context(), q)
			if err == nil {
				_, err = drain(cur)
			}
			var le *LimitError
			if !errors.Is(err, ErrStatementTimeout) || !errors.As(err, &le) || le.Max != int64(limit) {
				t.Fatalf("got %v, want ErrStatementTimeout of %s", err, limit)
			}
			if _, ok := errors.AsType[*ServerError](err); !ok {
				t.Errorf("got %v, want the server's own error inside: its limit was not in force", err)
			}
			if Transient(err) {
				t.Error("a statement timeout counts as transient")
			}
		})
	}
}

func TestSource_Query_liftedStatementTimeout(t *testing.T) {
	if os.Getenv(testkit.ServerEnv) == "mysql" {
		t.Skip("SET STATEMENT is MariaDB's")
	}
	s := open(t, withDigits(t), Options{})
	cur, err := s.Query(t.Context(), Query{SQL: "SET STATEMENT max_statement_time=0 FOR " + busy, Limits: Limits{StatementTime: 50 * time.Millisecond}})
	if err == nil {
		_, err = drain(cur)
	}
	if !errors.Is(err, ErrStatementTimeout) {
		t.Errorf("got %v, want ErrStatementTimeout", err)
	}
	testkit.Eventually(t, "the statement is gone", func() bool { return !serverRuns(t, "SQRT(a.d+b.d") })
}

func TestSource_Query_sqlSelectLimit(t *testing.T) {
	dsn := withDigits(t)
	run(t, fixtureRoot(t), "SET GLOBAL sql_select_limit = 3")
	t.Cleanup(func() { run(t, fixtureRoot(t), "SET GLOBAL sql_select_limit = DEFAULT") })
	if got := queryAll(t, open(t, dsn, Options{}), Query{SQL: "SELECT d FROM digits"}); len(got) != 10 {
		t.Errorf("got %d rows, want 10", len(got))
	}
}

func TestCursor_Next_damage(t *testing.T) {
	s := open(t, withDigits(t), Options{})
	run(t, fixtureRoot(t), "SET GLOBAL group_concat_max_len = 100")
	t.Cleanup(func() { run(t, fixtureRoot(t), "SET GLOBAL group_concat_max_len = DEFAULT") })
	cases := map[string]struct {
		sql  string
		code uint16
	}{
		"group_concat": {"SELECT GROUP_CONCAT(REPEAT('a', 50)) FROM digits", 1260},
		"repeat":       {"SELECT REPEAT('a', 4000000000)", 1301},
		"behind a hundred harmless ones": {
			"SELECT SUM(CAST(CONCAT(a.d, 'x') AS SIGNED)), GROUP_CONCAT(REPEAT('a', 50)) FROM digits a, digits b", 1260,
		},
	}
	if os.Getenv(testkit.ServerEnv) != "mysql" {
		cases["recursion"] = struct {
			sql  string
			code uint16
		}{"WITH RECURSIVE r AS (SELECT 1 n UNION ALL SELECT n+1 FROM r WHERE n < 5000) SELECT COUNT(*) FROM r", 1931}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			cur, err := s.Query(t.Context(), Query{SQL: c.sql})
			if err != nil {
				t.Fatal(err)
			}
			_, err = drain(cur)
			var de *DamageError
			if !errors.As(err, &de) || de.Warning.Code != c.code {
				t.Errorf("got %v, want a *DamageError of code %d", err, c.code)
			}
			if len(cur.Warnings()) == 0 {
				t.Error("no warnings after a cut result")
			}
		})
	}
}

func TestCursor_Warnings(t *testing.T) {
	s := open(t, withDigits(t), Options{})
	cur, err := s.Query(t.Context(), Query{SQL: "SELECT CAST(CONCAT(d, 'x') AS SIGNED) FROM digits WHERE d > 2"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := drain(cur); err != nil {
		t.Fatal(err)
	}
	w := cur.Warnings()
	if len(w) != 1 || w[0].Code != 1292 || w[0].Count != 7 || !strings.Contains(w[0].Message, "x") {
		t.Errorf("got %+v, want 7 of code 1292", w)
	}
}

func TestCursor_Warnings_hidden(t *testing.T) {
	s := open(t, withDigits(t), Options{})
	c, err := s.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if _, err := c.selectAll("SELECT CAST(CONCAT(d, 'x') AS SIGNED) FROM digits"); err != nil {
		t.Fatal(err)
	}
	got, err := c.showWarnings(2000)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Count != 10 || got[1].Code != HiddenWarnings || got[1].Count != 1990 {
		t.Errorf("got %+v, want 10 of code 1292 and 1,990 hidden", got)
	}
}

func TestCursor_Warnings_ofOtherStatement(t *testing.T) {
	s := open(t, withDigits(t), Options{})
	cur, err := s.Query(t.Context(), Query{SQL: "SELECT 1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := drain(cur); err != nil || len(cur.Warnings()) != 0 {
		t.Errorf("got %v and %v, want neither", cur.Warnings(), err)
	}
}

// group_concat_max_len of the source decides whether a long list is cut.
func TestSource_Query_groupConcatMaxLen(t *testing.T) {
	dsn := withDigits(t)
	q := Query{SQL: "SELECT GROUP_CONCAT(REPEAT('x', 100) SEPARATOR '') AS l FROM digits"}
	cur, err := open(t, dsn, Options{GroupConcatMaxLen: 999}).Query(t.Context(), q)
	if err == nil {
		_, err = drain(cur)
	}
	var damage *DamageError
	if !errors.As(err, &damage) || damage.Warning.Code != codeCutGroupConcat {
		t.Errorf("one byte too few: got %v, want a *DamageError", err)
	}
	if got := queryAll(t, open(t, dsn, Options{GroupConcatMaxLen: 1000}), q); len(got) != 1 || len(got[0][0]) != 1000 {
		t.Errorf("enough: got %v, want one text of 1000", got)
	}
}
