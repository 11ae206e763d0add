package sqlcheck

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestCheck_Documented holds docs/parameters.md to Check: what the page lists as
// refused is refused, and the alternative that it names is accepted.
func TestCheck_Documented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/parameters.md")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(page)), " ")
	for _, c := range []struct{ listed, refused, alternative string }{
		{"`EXPLAIN`", "EXPLAIN SELECT 1", "SELECT 1"},
		{"`SHOW`", "SHOW TABLES", "SELECT 1"},
		{"`TABLE`", "TABLE orders", "SELECT * FROM orders"},
		{"`VALUES`", "VALUES (1), (2)", "SELECT * FROM (VALUES (1), (2)) AS t"},
		{"a second statement", "SELECT 1; SELECT 2", "SELECT 1;"},
		{"`FOR UPDATE`", "SELECT * FROM orders FOR UPDATE", "SELECT * FROM orders"},
		{"`FOR SHARE`", "SELECT * FROM orders FOR SHARE", "SELECT * FROM orders"},
		{"`LOCK IN SHARE MODE`", "SELECT * FROM orders LOCK IN SHARE MODE", "SELECT * FROM orders"},
		{"`INTO OUTFILE`", "SELECT 1 INTO OUTFILE '/tmp/x'", "SELECT 1"},
		{"`INTO @v`", "SELECT 1 INTO @v", "SELECT 1"},
		{"`PROCEDURE`", "SELECT 1 PROCEDURE ANALYSE()", "SELECT 1"},
		{"`@v`, `@@v`, `:=`", "SELECT @r := @r + amount FROM orders", "SELECT SUM(amount) OVER (ORDER BY id) FROM orders"},
		{"`@v`, `@@v`, `:=`", "SELECT @@version", "SELECT VERSION()"},
		{"`SQL_CALC_FOUND_ROWS`, `HIGH_PRIORITY`", "SELECT SQL_CALC_FOUND_ROWS id FROM orders", "SELECT id FROM orders"},
		{"`SQL_CALC_FOUND_ROWS`, `HIGH_PRIORITY`", "SELECT HIGH_PRIORITY id FROM orders", "SELECT id FROM orders"},
		{"| `?` |", "SELECT ?", "SELECT :name"},
		{"`/*! */`, `/*M! */`", "SELECT /*! 1 */", "SELECT /* one */ 1"},
		{"nested comments", "SELECT 1 /* a /* b */", "SELECT 1 /* a */ /* b */"},
		{"`--` without a following blank", "SELECT 1--1", "SELECT 1- -1"},
		{"`SET_VAR`", "SELECT /*+ SET_VAR(sort_buffer_size = 1) */ 1", "SELECT /*+ NO_MERGE(t) */ 1"},
		{"`RESOURCE_GROUP`", "SELECT /*+ RESOURCE_GROUP(a) */ 1", "SELECT /*+ BKA(t) */ 1"},
		{"`MAX_EXECUTION_TIME(0)`", "SELECT /*+ MAX_EXECUTION_TIME(0) */ 1", "SELECT /*+ MAX_EXECUTION_TIME(1000) */ 1"},
		{"`SLEEP`, `BENCHMARK`, `GET_LOCK`, `LOAD_FILE`, `LAST_INSERT_ID`, `UUID_SHORT`, `NEXTVAL`, `DEFAULT(column)`", "SELECT DEFAULT(id) FROM orders", ""},
		{"stored functions", "SELECT tax(1)", "SELECT ROUND(1)"},
		{"`count (x)`", "SELECT count (x) FROM t", "SELECT count(x) FROM t"},
		{"`` `concat`(x) ``", "SELECT `concat`(x) FROM t", "SELECT concat(x) FROM t"},
		{"`schema.concat(x)`", "SELECT s.concat(x) FROM t", "SELECT concat(x) FROM t"},
		{"`information_schema`", "SELECT * FROM information_schema.tables", "SELECT * FROM orders"},
		{"`AS key` on both", "SELECT 1 AS key", "SELECT 1 AS `key`"},
		{"begin with `$`", "SELECT $a FROM t", "SELECT `$a` FROM t"},
		{"contain an emoji", "SELECT 1 AS 😀", "SELECT 1 AS `😀`"},
		{"(`1e5x`)", "SELECT 1 AS 1e5x", "SELECT 1 AS `1e5x`"},
		{"`1月` and `30d_total`", "", "SELECT 1 AS 1月, 2 AS 30d_total"},
		{"`a::type`", "SELECT a::char FROM t", "SELECT CAST(a AS char) FROM t"},
		{"`{x …}`", "SELECT {x 1}", "SELECT {d '2026-01-31'}, {t '10:00:00'}, {ts '2026-01-31 10:00:00'}, {fn NOW()} FROM {oj a LEFT JOIN b ON 1}"},
		{"`.t`", "SELECT a FROM .t", "SELECT a FROM t"},
		{"`FOR SYSTEM_TIME`", "SELECT * FROM t FOR SYSTEM_TIME ALL", "SELECT * FROM t_history"},
		{"`LIMIT … ROWS EXAMINED`", "SELECT 1 FROM t LIMIT 1 ROWS EXAMINED 5", "SELECT 1 FROM t LIMIT 1"},
		{"`CASE :sort WHEN 'amount' THEN amount ELSE id END`", "SELECT 1 FROM t ORDER BY :sort", "SELECT 1 FROM t ORDER BY CASE :sort WHEN 'amount' THEN amount ELSE id END"},
		{"control characters", "SELECT 'a\x01'", "SELECT CHAR(1)"},
		{"`JSON_TABLE`", "", "SELECT * FROM JSON_TABLE('[]', '$[*]' COLUMNS (a INT PATH '$')) AS j"},
		{"`LATERAL`", "", "SELECT * FROM t, LATERAL (SELECT t.a) AS l"},
	} {
		if !strings.Contains(text, c.listed) {
			t.Errorf("docs/parameters.md does not hold %s", c.listed)
		}
		if c.refused != "" {
			if _, err := Check(c.refused, Options{}); err == nil {
				t.Errorf("%s was accepted", c.refused)
			}
		}
		if c.alternative != "" {
			if _, err := Check(c.alternative, Options{}); err != nil {
				t.Errorf("%s: %v", c.alternative, err)
			}
		}
	}
	for _, limit := range []int{maxSelects, maxTables, maxNesting, maxDepth, maxJoin, maxColumns, maxWildcards, maxEvaluations, maxWeight, maxRepeat} {
		if !strings.Contains(text, "| "+grouped(limit)+" |") && !strings.Contains(text, grouped(limit)+" and ") && !strings.Contains(text, " and "+grouped(limit)+" |") {
			t.Errorf("docs/parameters.md does not name the limit %s", grouped(limit))
		}
	}
}

// grouped writes n with a comma between thousands.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
