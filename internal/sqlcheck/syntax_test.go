package sqlcheck

import (
	"context"
	"database/sql"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// syntaxSetup are the objects that testdata/syntax.txt needs beside the report
// database. A server without sequences has no use for s1.
var syntaxSetup = []string{
	"CREATE SEQUENCE s1",
	"CREATE TABLE part (id INT, d DATE) PARTITION BY HASH (id) PARTITIONS 4",
}

// TestCheck_Syntax runs each query of testdata/syntax.txt on the server. What the
// server takes, Check takes, with the server's rows and names.
func TestCheck_Syntax(t *testing.T) {
	db, dialect := newMall(t)
	for _, s := range syntaxSetup {
		if _, err := db.ExecContext(t.Context(), s); err != nil && dialect == MariaDB {
			t.Fatal(err)
		}
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "SET timestamp = 1767225600"); err != nil { // NOW() stands still
		t.Fatal(err)
	}
	file, err := os.ReadFile("testdata/syntax.txt")
	if err != nil {
		t.Fatal(err)
	}
	opt := Options{Dialect: dialect, Schemas: []string{"mall"}}
	taken, refused := 0, 0
	for line := range strings.Lines(string(file)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		query, refuse := strings.CutPrefix(strings.ReplaceAll(line, "␤", "\n"), "! ")
		st, err := Check(query, opt)
		if refuse {
			refused++
			if err == nil {
				t.Errorf("accepted: %s", line)
			}
			continue
		}
		own, ownErr := ask(t.Context(), conn, query)
		if ownErr != nil {
			continue // not of this server
		}
		taken++
		if err != nil {
			t.Errorf("the server takes %s: %v", line, err)
			continue
		}
		sent, err := ask(t.Context(), conn, st.SQL)
		if err != nil {
			t.Errorf("%s: sent as %s: %v", line, st.SQL, err)
			continue
		}
		if diff := cmp.Diff(own, sent); diff != "" {
			if again, err := ask(t.Context(), conn, query); err == nil && cmp.Equal(own, again) { // not RAND() and the like
				t.Errorf("%s: sent as %s (-own +sent):\n%s", line, st.SQL, diff)
			}
		}
	}
	if taken < 550 || refused < 50 {
		t.Errorf("the server took %d queries, %d were refused", taken, refused)
	}
}

// ask returns the names of a query's columns and its rows, all as text, or the
// server's error.
func ask(ctx context.Context, conn *sql.Conn, query string) ([][]sql.NullString, error) {
	rows, err := conn.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	all := [][]sql.NullString{make([]sql.NullString, len(names))}
	for i, name := range names {
		all[0][i].String = name
	}
	for rows.Next() {
		row := make([]sql.NullString, len(names))
		into := make([]any, len(names))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

// TestCheck_Keywords puts each keyword of the server in the places of names. Where
// the server takes it without back-quotes, Check takes it.
func TestCheck_Keywords(t *testing.T) {
	db, dialect := newMall(t)
	_, words := result(t, db, "SELECT WORD FROM information_schema.KEYWORDS")
	opt := Options{Dialect: dialect}
	taken := 0
	for _, w := range words {
		word := strings.ToLower(w[0])
		for _, form := range []string{
			"SELECT 1 AS %s", "SELECT 1 %s FROM shop", "SELECT %s + 1 FROM (SELECT 1 AS `%s`) t WHERE %s = 1 GROUP BY %s ORDER BY %s DESC LIMIT 1",
			"SELECT t.%s, SUM(%s) FROM (SELECT 1 AS `%s`) t", "SELECT %s.id FROM shop AS `%s`", "SELECT 1 FROM shop %s WHERE 1", "SELECT 1 FROM shop AS %s",
			"SELECT 1 FROM shop %s JOIN orders o ON %s.id = o.id", "WITH %s AS (SELECT 1) SELECT * FROM %s", "SELECT * FROM (SELECT 1) %s", "SELECT ROW_NUMBER() OVER %s FROM shop WINDOW %s AS (ORDER BY id)",
		} {
			query := strings.ReplaceAll(form, "%s", word)
			if prepare(db, query) != nil {
				continue
			}
			taken++
			_, err := Check(query, opt)
			if deliberate := word == "of" && strings.Contains(query, "AS of") || word == "nextval"; err != nil && !deliberate {
				t.Errorf("the server takes %s: %v", query, err)
			}
		}
	}
	if taken < 3000 {
		t.Errorf("the server took %d queries of %d words", taken, len(words))
	}
}

// TestCheck_AnsiQuotes holds queries of data sources with sql_mode=ANSI_QUOTES,
// where "…" is a name.
func TestCheck_AnsiQuotes(t *testing.T) {
	db, dialect := newMall(t)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "SET sql_mode = 'ANSI_QUOTES'"); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		`SELECT "id" FROM "shop"`, `SELECT "s"."id", "s".* FROM "shop" AS "s"`, `SELECT "s"."id" FROM "mall"."shop" "s" WHERE "s"."id" = 1 GROUP BY "s"."id" ORDER BY "s"."id"`,
		`SELECT "mall"."shop"."id", COUNT("id") AS "n" FROM "shop" GROUP BY "id"`, `WITH "a b" AS (SELECT 1 AS "x""y") SELECT "a b"."x""y" FROM "a b"`, `SELECT CONCAT('x', "name") FROM shop s USE INDEX ("PRIMARY") ORDER BY s."id"`,
		`SELECT s.id FROM shop s JOIN orders USING ("id")`, `SELECT ROW_NUMBER() OVER "w" FROM shop WINDOW "w" AS (ORDER BY "id")`,
	} {
		st, err := Check(query, Options{Dialect: dialect, Schemas: []string{"mall"}})
		if err != nil {
			t.Error(err)
			continue
		}
		own, err := ask(t.Context(), conn, query)
		if err != nil {
			t.Fatal(err)
		}
		sent, err := ask(t.Context(), conn, st.SQL)
		if diff := cmp.Diff(own, sent); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", st.SQL, err, diff)
		}
	}
}
