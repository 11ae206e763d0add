package sqlcheck

import (
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"

	"exporttask/internal/testkit"
)

// reportParams are the parameters of the report corpus: a declaration, a value,
// and the literal that a person would write in its place.
var reportParams = []struct {
	decl    Decl
	value   Value
	literal string
}{
	{Decl{Name: "from", Type: Date}, one("2026-01-01"), "DATE'2026-01-01'"},
	{Decl{Name: "to", Type: Date}, one("2026-02-01"), "DATE'2026-02-01'"},
	{Decl{Name: "day", Type: Date}, one("2026-01-15"), "DATE'2026-01-15'"},
	{Decl{Name: "at", Type: DateTime}, one("2026-01-15 12:00:00"), "TIMESTAMP'2026-01-15 12:00:00'"},
	{Decl{Name: "fmt"}, one("%Y-%m"), "'%Y-%m'"},
	{Decl{Name: "word"}, one("it's\\a%"), "_utf8mb4 X'697427735c6125'"},
	{Decl{Name: "words", Type: "string[]"}, list("wechat", "it's"), "'wechat', 'it''s'"},
	{Decl{Name: "city"}, one("北京"), "'北京'"},
	{Decl{Name: "doc"}, one(`[{"id": 1}, {"id": 3}, {}]`), `'[{"id": 1}, {"id": 3}, {}]'`},
	{Decl{Name: "status", Type: "int[]"}, list("2", "3"), "2, 3"},
	{Decl{Name: "shops", Type: "int[]"}, list("1", "2", "3"), "1, 2, 3"},
	{Decl{Name: "shop", Type: Int}, one("1"), "1"},
	{Decl{Name: "level", Type: Int}, one("2"), "2"},
	{Decl{Name: "n", Type: Int}, one("2"), "2"},
	{Decl{Name: "active", Type: Bool}, one("true"), "1"},
	{Decl{Name: "rate", Type: Decimal}, one("0.06"), "0.06"},
	{Decl{Name: "lng", Type: Decimal}, one("116.4"), "116.4"},
	{Decl{Name: "lat", Type: Decimal}, one("39.9"), "39.9"},
}

// newMall makes the database of the report corpus and returns a connection to it.
func newMall(t *testing.T) (*sql.DB, Dialect) {
	t.Helper()
	dialect := MariaDB
	if os.Getenv(testkit.ServerEnv) == "mysql" {
		dialect = MySQL
	}
	cfg, err := mysql.ParseDSN(testkit.Account(t, testkit.Database(t), "ALL PRIVILEGES ON *.*"))
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Apply(mysql.Charset("utf8mb4", "")); err != nil { // SET NAMES, as a data source does
		t.Fatal(err)
	}
	cfg.MultiStatements = true
	cfg.Params = map[string]string{"time_zone": "'+08:00'"}
	schema, err := os.ReadFile("testdata/reports/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	admin := open(t, cfg)
	if _, err := admin.ExecContext(t.Context(), string(schema)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP DATABASE mall"); err != nil {
			t.Errorf("drop: %v", err)
		}
	})
	cfg.DBName, cfg.MultiStatements = "mall", false
	return open(t, cfg), dialect
}

// TestCheck_Reports runs 300 report queries on the server, as a person would write
// them with literals and as Bind writes them, and compares the rows.
func TestCheck_Reports(t *testing.T) {
	db, dialect := newMall(t)
	opt := Options{Dialect: dialect, Schemas: []string{"mall"}}
	files, err := filepath.Glob("testdata/reports/*_*.sql")
	if err != nil {
		t.Fatal(err)
	}
	total, ran, filled := 0, 0, 0
	for _, file := range files {
		for _, s := range samples(t, "reports/"+filepath.Base(file)) {
			total++
			if only := onlyOn(s.why); only != AnyServer && only != dialect {
				continue
			}
			ran++
			t.Run(s.why, func(t *testing.T) {
				st, err := Check(s.sql, opt)
				if err != nil {
					t.Fatalf("%s\n%v", s.sql, err)
				}
				if problem, _ := referee(st, opt); problem != "" {
					t.Errorf("another grammar reads %s in %s", problem, st.SQL)
				}
				bound := bindReport(t, st)
				own := withLiterals(s.sql)
				wantNames, want := result(t, db, own)
				gotNames, got := result(t, db, bound)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s\n%s\nrows (-literals +bound):\n%s", own, bound, diff)
				}
				if diff := cmp.Diff(wantNames, gotNames); diff != "" && len(st.Names) == 0 {
					t.Errorf("%s\nnames (-literals +bound):\n%s", bound, diff)
				}
				for _, name := range gotNames {
					if strings.Contains(name, "?") {
						t.Errorf("column %q", name)
					}
				}
				if len(got) > 0 {
					filled++
				}
				sample, err := st.Sample(reportDecls(st))
				if err != nil {
					t.Fatal(err)
				}
				if prepare(db, sample) != nil {
					if err := prepare(db, st.SQL); err != nil {
						t.Errorf("cannot be prepared: %v", err)
					}
				}
			})
		}
	}
	if total < 300 || ran < 270 || filled < ran*9/10 {
		t.Errorf("%d queries, %d ran, %d had rows; want 300, most of them running, nine in ten with rows", total, ran, filled)
	}
}

// onlyOn returns the server that a sample is for: its description ends with the
// server's name in square brackets.
func onlyOn(why string) Dialect {
	switch {
	case strings.HasSuffix(why, "[mariadb]"):
		return MariaDB
	case strings.HasSuffix(why, "[mysql]"):
		return MySQL
	}
	return AnyServer
}

func reportDecls(st *Statement) []Decl {
	var decls []Decl
	for _, p := range reportParams {
		if slices.Contains(st.Names, p.decl.Name) {
			decls = append(decls, p.decl)
		}
	}
	return decls
}

func bindReport(t *testing.T, st *Statement) string {
	t.Helper()
	var params []Param
	for _, p := range reportParams {
		if slices.Contains(st.Names, p.decl.Name) {
			params = append(params, Param{p.decl.Name, p.value})
		}
	}
	bound, err := Bind(st, reportDecls(st), params)
	if err != nil {
		t.Fatal(err)
	}
	return bound
}

var reportParam = regexp.MustCompile(`:([a-z]+)\b`)

// withLiterals returns a sample with literals in the place of its parameters. No
// sample has a colon and a letter in a string.
func withLiterals(sample string) string {
	return reportParam.ReplaceAllStringFunc(strings.TrimSuffix(strings.TrimSpace(sample), ";"), func(m string) string {
		for _, p := range reportParams {
			if p.decl.Name == m[1:] {
				return " " + p.literal + " "
			}
		}
		return m
	})
}

// result returns the names of a query's columns and its rows as text, NULL as
// "NULL". A query that fails ends the test.
func result(t *testing.T, db *sql.DB, query string) (names []string, rows [][]string) {
	t.Helper()
	res, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s\n%v", query, err)
	}
	defer res.Close()
	if names, err = res.Columns(); err != nil {
		t.Fatal(err)
	}
	for res.Next() {
		cells := make([]sql.NullString, len(names))
		into := make([]any, len(names))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := res.Scan(into...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(names))
		for i, c := range cells {
			row[i] = c.String
			if !c.Valid {
				row[i] = "NULL"
			}
		}
		rows = append(rows, row)
	}
	if err := res.Err(); err != nil {
		t.Fatalf("%s\n%v", query, err)
	}
	return names, rows
}

// prepare has the server prepare a statement and returns its error.
func prepare(db *sql.DB, query string) error {
	stmt, err := db.Prepare(query)
	if err != nil {
		return err
	}
	return stmt.Close()
}
