package sqlcheck

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBind_LikeLiteral compares parameters with the literals in their place, on the
// server: the same values, and the same types of the result.
func TestBind_LikeLiteral(t *testing.T) {
	db, dialect := newMall(t)
	opt := Options{Dialect: dialect}
	decls := map[string]Decl{
		"n": {Name: "n", Type: Int}, "rate": {Name: "rate", Type: Decimal}, "s": {Name: "s"}, "l": {Name: "l", Type: "int[]"},
		"d": {Name: "d", Type: Date}, "at": {Name: "at", Type: DateTime}, "b": {Name: "b", Type: Bool}, "today": {},
	}
	for name, c := range map[string]struct {
		sql     string
		params  []Param
		literal string
	}{
		"minus int":             {"SELECT -:n AS v", []Param{{"n", one("9007199254740993")}}, "SELECT -9007199254740993 AS v"},
		"minus negative":        {"SELECT -:n AS v, 1-:n AS w", []Param{{"n", one("-5")}}, "SELECT -(-5) AS v, 1-(-5) AS w"},
		"largest int":           {"SELECT :n AS v, :n + 0 AS w", []Param{{"n", one("18446744073709551615")}}, "SELECT 18446744073709551615 AS v, 18446744073709551615 + 0 AS w"},
		"smallest int":          {"SELECT :n AS v", []Param{{"n", one("-9223372036854775808")}}, "SELECT (-9223372036854775808) AS v"},
		"decimal product":       {"SELECT total * :rate AS v FROM orders ORDER BY id", []Param{{"rate", one("0.06")}}, "SELECT total * 0.06 AS v FROM orders ORDER BY id"},
		"decimal sum":           {"SELECT SUM(total + :rate) AS v, AVG(:rate) AS w FROM orders", []Param{{"rate", one("-1.50")}}, "SELECT SUM(total + (-1.50)) AS v, AVG((-1.50)) AS w FROM orders"},
		"decimal quotient":      {"SELECT total / :rate AS v, total DIV :rate AS w FROM orders ORDER BY id", []Param{{"rate", one("3")}}, "SELECT total / 3 AS v, total DIV 3 AS w FROM orders ORDER BY id"},
		"time or int":           {"SELECT IFNULL(paid_at, :n) AS v FROM orders ORDER BY id", []Param{{"n", one("0")}}, "SELECT IFNULL(paid_at, 0) AS v FROM orders ORDER BY id"},
		"time or text":          {"SELECT COALESCE(paid_at, :s) AS v FROM orders ORDER BY id", []Param{{"s", one("-")}}, "SELECT COALESCE(paid_at, '-') AS v FROM orders ORDER BY id"},
		"text or int":           {"SELECT IF(remark IS NULL, :n, remark) AS v FROM orders ORDER BY id", []Param{{"n", one("7")}}, "SELECT IF(remark IS NULL, 7, remark) AS v FROM orders ORDER BY id"},
		"case":                  {"SELECT CASE WHEN total > :n THEN :rate ELSE :n END AS v FROM orders ORDER BY id", []Param{{"n", one("100")}, {"rate", one("1.5")}}, "SELECT CASE WHEN total > 100 THEN 1.5 ELSE 100 END AS v FROM orders ORDER BY id"},
		"round":                 {"SELECT ROUND(total, :n) AS v, TRUNCATE(total, :n) AS w FROM orders ORDER BY id", []Param{{"n", one("1")}}, "SELECT ROUND(total, 1) AS v, TRUNCATE(total, 1) AS w FROM orders ORDER BY id"},
		"bits":                  {"SELECT ~:n AS v, :n << 2 AS w, :n | 1 AS x", []Param{{"n", one("6")}}, "SELECT ~6 AS v, 6 << 2 AS w, 6 | 1 AS x"},
		"not":                   {"SELECT NOT :b AS v, !:b AS w", []Param{{"b", one("true")}}, "SELECT NOT 1 AS v, !1 AS w"},
		"date":                  {"SELECT :d AS v", []Param{{"d", one("2026-01-31")}}, "SELECT DATE'2026-01-31' AS v"},
		"built-in date":         {"SELECT :today AS d, MAX(:today) AS m FROM orders", []Param{{"today", one("2026-01-31")}}, "SELECT DATE'2026-01-31' AS d, MAX(DATE'2026-01-31') AS m FROM orders"},
		"date and interval":     {"SELECT :d - INTERVAL 1 DAY AS v, DATE_ADD(:d, INTERVAL :n HOUR) AS w", []Param{{"d", one("2026-01-31")}, {"n", one("5")}}, "SELECT DATE'2026-01-31' - INTERVAL 1 DAY AS v, DATE_ADD(DATE'2026-01-31', INTERVAL 5 HOUR) AS w"},
		"date in case":          {"SELECT CASE WHEN id = 1 THEN :d END AS v, COALESCE(NULL, :d) AS w FROM shop ORDER BY id", []Param{{"d", one("2026-01-31")}}, "SELECT CASE WHEN id = 1 THEN DATE'2026-01-31' END AS v, COALESCE(NULL, DATE'2026-01-31') AS w FROM shop ORDER BY id"},
		"datetime":              {"SELECT :at AS v, IFNULL(paid_at, :at) AS w FROM orders ORDER BY id", []Param{{"at", one("2026-01-31 10:00:00.25")}}, "SELECT TIMESTAMP'2026-01-31 10:00:00.25' AS v, IFNULL(paid_at, TIMESTAMP'2026-01-31 10:00:00.25') AS w FROM orders ORDER BY id"},
		"group by":              {"SELECT DATE_FORMAT(made, :s) AS m, COUNT(*) AS c FROM orders GROUP BY DATE_FORMAT(made, :s) ORDER BY m", []Param{{"s", one("%Y-%m")}}, "SELECT DATE_FORMAT(made, '%Y-%m') AS m, COUNT(*) AS c FROM orders GROUP BY DATE_FORMAT(made, '%Y-%m') ORDER BY m"},
		"group by and order by": {"SELECT FLOOR(total / :n) AS m, SUM(total) AS c FROM orders GROUP BY FLOOR(total / :n) ORDER BY FLOOR(total / :n)", []Param{{"n", one("50")}}, "SELECT FLOOR(total / 50) AS m, SUM(total) AS c FROM orders GROUP BY FLOOR(total / 50) ORDER BY FLOOR(total / 50)"},
		"null":                  {"SELECT :n AS v, IFNULL(:s, 'x') AS w, :d IS NULL AS x", []Param{{"n", Value{Null: true}}, {"s", Value{Null: true}}, {"d", Value{Null: true}}}, "SELECT NULL AS v, IFNULL(NULL, 'x') AS w, NULL IS NULL AS x"},
		"text with backslash":   {`SELECT :s AS v, CHAR_LENGTH(:s) AS w`, []Param{{"s", one(`a\n'\`)}}, `SELECT 'a\\n''\\' AS v, CHAR_LENGTH('a\\n''\\') AS w`},
		"window frame":          {"SELECT SUM(total) OVER (ORDER BY id ROWS :n PRECEDING) AS v, NTILE(:n) OVER (ORDER BY id) AS w FROM orders ORDER BY id", []Param{{"n", one("2")}}, "SELECT SUM(total) OVER (ORDER BY id ROWS 2 PRECEDING) AS v, NTILE(2) OVER (ORDER BY id) AS w FROM orders ORDER BY id"},
	} {
		t.Run(name, func(t *testing.T) {
			st, err := Check(c.sql, opt)
			if err != nil {
				t.Fatal(err)
			}
			var declared []Decl
			for _, p := range c.params {
				if d := decls[p.Name]; d.Name != "" {
					declared = append(declared, d)
				}
			}
			bound, err := Bind(st, declared, c.params)
			if err != nil {
				t.Fatal(err)
			}
			type answer struct {
				Types []string
				Rows  [][]string
			}
			ask := func(query string) answer {
				_, rows := result(t, db, query)
				return answer{columnTypes(t, db, query), rows}
			}
			if diff := cmp.Diff(ask(c.literal), ask(bound)); diff != "" {
				t.Errorf("%s (-literal +bound):\n%s", bound, diff)
			}
		})
	}
}

func columnTypes(t *testing.T, db querier, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, typ := range types {
		names = append(names, typ.DatabaseTypeName())
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return names
}

// TestStatement_ColumnNames shows that a result column keeps its name whatever
// values its parameters have, and that no name holds "?".
func TestStatement_ColumnNames(t *testing.T) {
	db, dialect := newMall(t)
	decls := []Decl{{Name: "l", Type: "int[]", Empty: EmptyIsNone}, {Name: "n", Type: Int}}
	for sql, want := range map[string][]string{
		"SELECT shop_id, SUM(status IN (:l)) FROM orders WHERE id > :n GROUP BY shop_id": {"shop_id", "SUM(status IN (:l))"},
		"SELECT :n, :n + 1, id IN (:l) AS x FROM orders":                                 {":n", ":n + 1", "x"},
		"SELECT SUM( status\n IN /* paid */ (:l) ), :n FROM orders":                      {"SUM( status IN (:l) )", ":n"},
		"SELECT * FROM (SELECT MAX(id IN (:l)), :n FROM orders) t":                       {"MAX(id IN (:l))", ":n"},
		"SELECT CONCAT(`name`, :n, id IN (:l)) FROM shop":                                {"CONCAT(`name`, :n, id IN (:l))"},
		"SELECT '?', :n, SUM(id IN (:l)) FROM shop":                                      {"?", ":n", "SUM(id IN (:l))"},
		"SELECT :n UNION SELECT SUM(id IN (:l)) FROM shop":                               {":n"},
	} {
		st, err := Check(sql, Options{Dialect: dialect})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range []Value{list(), list("1"), list("1", "2", "3")} {
			bound, err := Bind(st, decls, []Param{{"l", l}, {"n", one("-1")}})
			if err != nil {
				t.Fatal(err)
			}
			names, _ := result(t, db, bound)
			if diff := cmp.Diff(want, names); diff != "" {
				t.Errorf("%s (-want +got):\n%s", bound, diff)
			}
		}
	}
}

// TestCheck_Charsets asks the server for all of its character sets and collations.
// Check must take each of them.
func TestCheck_Charsets(t *testing.T) {
	db, dialect := newMall(t)
	_, charsets := result(t, db, "SELECT CHARACTER_SET_NAME FROM information_schema.CHARACTER_SETS")
	for _, c := range charsets {
		query := "SELECT name FROM shop ORDER BY CONVERT(name USING " + c[0] + "), CAST(name AS CHAR(5) CHARACTER SET " + c[0] + "), id"
		st, err := Check(query, Options{Dialect: dialect})
		if err != nil {
			t.Errorf("%s: %v", c[0], err)
			continue
		}
		if err := prepare(db, st.SQL); err != nil && !strings.Contains(err.Error(), "1115") { // not for a client
			t.Errorf("%s: %v", c[0], err)
		}
	}
	_, collations := result(t, db, "SELECT COLLATION_NAME FROM information_schema.COLLATIONS WHERE CHARACTER_SET_NAME = 'utf8mb4' OR COLLATION_NAME LIKE 'uca%'")
	for _, c := range collations {
		name := c[0]
		if !strings.HasPrefix(name, "utf8mb4_") {
			name = "utf8mb4_" + name
		}
		for _, form := range []string{name, "'" + name + "'", "`" + name + "`"} {
			st, err := Check("SELECT name FROM shop WHERE name COLLATE "+form+" = 'x' ORDER BY name COLLATE "+form, Options{Dialect: dialect})
			if err != nil {
				t.Errorf("%s: %v", form, err)
				continue
			}
			result(t, db, st.SQL)
		}
	}
	if len(charsets) < 30 || len(collations) < 50 {
		t.Errorf("%d character sets and %d collations", len(charsets), len(collations))
	}
}

// TestReservedWord asks the server about each word that Check does not take as a
// name without back-quotes: the server must not take it either.
func TestReservedWord(t *testing.T) {
	db, dialect := newMall(t)
	source, err := os.ReadFile("words.go")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, m := range regexp.MustCompile(`"([a-z0-9_]+)"`).FindAllStringSubmatch(string(source), -1) {
		w := m[1]
		if !reservedWord(w, dialect) {
			continue
		}
		asked++
		if err := prepare(db, "SELECT 1 AS "+w); err == nil {
			t.Errorf("the server takes %s as a name", w)
		}
		for _, query := range []string{"SELECT 1 AS ", "SELECT 1 FROM t AS "} {
			if _, err := Check(query+w, Options{Dialect: dialect}); err == nil {
				t.Errorf("%s%s was accepted", query, w)
			}
		}
		if _, err := Check("SELECT 1 AS `"+w+"`, t."+w+" FROM t", Options{Dialect: dialect}); err != nil {
			t.Error(err)
		}
	}
	if asked < 220 {
		t.Errorf("asked about %d words", asked)
	}
	for _, w := range []string{"rank", "groups", "system", "window", "row", "function", "lead", "lag", "of_day", "1月", "30d_amt", "7d", "date", "status", "count", "value", "offset"} {
		_, err := Check("SELECT 1 AS "+w, Options{Dialect: dialect})
		taken := prepare(db, "SELECT 1 AS "+w) == nil
		if taken && err != nil {
			t.Errorf("the server takes AS %s: %v", w, err)
		}
		if !taken && (err == nil || !strings.Contains(err.Error(), "back-quotes")) {
			t.Errorf("AS %s: got %v, want an error that names back-quotes", w, err)
		}
	}
}

// TestCheck_FieldSyntax holds the syntax that reports in the field use: what the
// server takes, Check must take.
func TestCheck_FieldSyntax(t *testing.T) {
	db, dialect := newMall(t)
	opt := Options{Dialect: dialect, Schemas: []string{"mall"}}
	var taken []string
	for name, queries := range map[string][]string{
		"interval in brackets": {
			"SELECT CURDATE() - INTERVAL (WEEKDAY(CURDATE())) DAY", "SELECT NOW() + INTERVAL (1 + 1) * 2 HOUR", "SELECT DATE_ADD(NOW(), INTERVAL (SELECT 1) DAY)",
			"SELECT INTERVAL (1) DAY + NOW()", "SELECT INTERVAL(5, 1, 10)", "SELECT NOW() - INTERVAL -(1) DAY", "SELECT NOW() - INTERVAL '1:1' DAY_HOUR", "SELECT NOW() - INTERVAL IF(1, 2, 3) DAY",
		},
		"match compared": {
			"SELECT MATCH(title) AGAINST('x') > 0.5 FROM article", "SELECT 1 FROM article WHERE 0.5 < MATCH(title, body) AGAINST('x' IN BOOLEAN MODE)",
			"SELECT MATCH(title) AGAINST('x') + MATCH(title) AGAINST('y') AS s FROM article ORDER BY s", "SELECT MATCH title AGAINST ('x') FROM article", "SELECT IF(MATCH(title) AGAINST('x'), 1, 0) FROM article",
		},
		"trim and modifiers before brackets": {
			"SELECT TRIM(BOTH ('x') FROM title) FROM article", "SELECT TRIM(LEADING (CONCAT('x')) FROM title) FROM article", "SELECT TRIM(TRAILING FROM title) FROM article", "SELECT TRIM((title)) FROM article",
			"SELECT SQL_NO_CACHE (1)", "SELECT DISTINCT (id) FROM shop", "SELECT ALL (id) FROM shop", "SELECT SQL_BIG_RESULT (id) FROM shop GROUP BY id", "SELECT STRAIGHT_JOIN (s.id) FROM shop s JOIN orders o", "SELECT SQL_SMALL_RESULT SQL_BUFFER_RESULT DISTINCT (1)",
		},
		"functions and types": {
			"SELECT ST_AsText(POINT(121.5, 31.2))", "SELECT LINESTRING(POINT(1, 1), POINT(2, 2)) IS NULL", "SELECT CAST(id AS INT) FROM shop", "SELECT CAST(id AS INTEGER), CAST(id AS SIGNED INT) FROM shop", "SELECT CAST(id AS DOUBLE), CAST(id AS FLOAT), CAST(id AS REAL) FROM shop",
			"SELECT name SOUNDS LIKE 'x' FROM shop", "SELECT MEDIAN(id) OVER () FROM shop", "SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY id) OVER () FROM shop", "SELECT PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY id DESC) OVER (PARTITION BY city) FROM shop",
			"SELECT id FROM shop ORDER BY id OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY", "SELECT id FROM shop ORDER BY id FETCH FIRST ROW ONLY", "SELECT id FROM shop ORDER BY id OFFSET 1 ROW",
			"SELECT GROUP_CONCAT(id ORDER BY id LIMIT 1) FROM shop", "SELECT JSON_ARRAYAGG(id ORDER BY id) FROM shop", "SELECT WEIGHT_STRING('a' AS CHAR(3))", "SELECT GET_FORMAT(DATE, 'EUR')", "SELECT CHAR(77 USING latin1)",
			"SELECT CONVERT('1', INTEGER)", "SELECT CONVERT('x' USING `gbk`)", "SELECT 1. + .5", "SELECT CAST('2026-01-01 00:00:00' AS DATETIME(6))", "SELECT COUNT(DISTINCT id, name) FROM shop", "SELECT 'a' COLLATE utf8mb4_bin LIKE 'A' ESCAPE '|'",
		},
		"tables": {
			"SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a INT PATH '$')) AS j", "SELECT * FROM shop, JSON_TABLE('{}', '$' COLUMNS (NESTED PATH '$.a' COLUMNS (b JSON PATH '$'), o FOR ORDINALITY)) j",
			"SELECT * FROM (VALUES (1), (2)) AS t", "SELECT * FROM (VALUES (1), (2)) AS t(a)", "SELECT * FROM (VALUES ROW(1), ROW(2)) AS t(a)", "WITH t(a) AS (VALUES (1)) SELECT a FROM t", "WITH RECURSIVE t(a) AS (VALUES (1) UNION ALL SELECT a + 1 FROM t WHERE a < 3) SELECT a FROM t",
			"SELECT * FROM (SELECT 1, 2) AS t(a, b)", "SELECT * FROM (SELECT 1, 2) t (a, b)", "SELECT 1 IN (VALUES (1))", "SELECT * FROM (SELECT 1 UNION VALUES (2)) t", "SELECT * FROM shop s, LATERAL (SELECT s.id AS x) AS l(y)",
			"SELECT * FROM ((SELECT 1 AS a) UNION (SELECT 2)) AS t", "SELECT * FROM (((shop)))", "SELECT * FROM (shop s JOIN orders o ON o.shop_id = s.id), member LIMIT 1",
		},
		"hints": {
			"SELECT /*+ MAX_EXECUTION_TIME(1000) */ id FROM shop", "SELECT /*+ max_execution_time ( 1000 ) NO_ICP(shop) */ id FROM shop", "SELECT /*+ BKA(shop) */ id FROM shop", "SELECT /*+ QB_NAME(q) */ id FROM shop", "SELECT /*+ INDEX(shop `PRIMARY`) */ id FROM shop",
		},
	} {
		for _, query := range queries {
			st, err := Check(query, opt)
			own := prepare(db, query)
			if own != nil {
				continue // not of this server
			}
			taken = append(taken, query)
			if err != nil {
				t.Errorf("%s: the server takes %s: %v", name, query, err)
				continue
			}
			if err := prepare(db, st.SQL); err != nil {
				t.Errorf("%s: %s: %v", name, st.SQL, err)
			}
		}
	}
	if len(taken) < 40 {
		t.Errorf("the server took %d queries: %v", len(taken), slices.Sorted(slices.Values(taken)))
	}
}

// TestBind_collation shows that a value with a backslash has the collation of the
// connection, like the literal that a person writes, and so takes part in
// expressions with literals and columns of any collation.
func TestBind_collation(t *testing.T) {
	db, dialect := newMall(t)
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, mode := range []string{"", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES"} {
		if _, err := conn.ExecContext(t.Context(), "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_520_ci, sql_mode = '"+mode+"'"); err != nil {
			t.Fatal(err)
		}
		for sql, want := range map[string]string{
			`SELECT CONCAT('x', :s, 'y')`: `xa\b\y`, `SELECT IF(1, :s, 'y')`: `a\b\`, `SELECT 'y' IN ('x', :s)`: "0", `SELECT COLLATION(:s)`: "utf8mb4_unicode_520_ci",
			`SELECT COALESCE(NULL, :s) = 'A' || name COLLATE utf8mb4_bin = :s FROM shop LIMIT 1`: "0", `SELECT COUNT(*) FROM shop WHERE name > :s OR name <= :s`: "4",
			`SELECT 'y' UNION SELECT :s ORDER BY 1 LIMIT 1`: `a\b\`, `SELECT 'xa\\b\\y' LIKE CONCAT('%', REPLACE(:s, 'b', '_'), '%')`: "0", `SELECT COERCIBILITY(:s)`: "4",
		} {
			if mode == "NO_BACKSLASH_ESCAPES" && strings.Contains(sql, "LIKE") {
				continue
			}
			st, err := Check(sql, Options{Dialect: dialect})
			if err != nil {
				t.Fatal(err)
			}
			bound, err := Bind(st, nil, []Param{{"s", one(`a\b\`)}})
			if err != nil {
				t.Fatal(err)
			}
			var got string
			if err := conn.QueryRowContext(t.Context(), bound).Scan(&got); err != nil || got != want {
				t.Errorf("%s: %s: got %q, %v, want %q", mode, bound, got, err, want)
			}
		}
	}
}
