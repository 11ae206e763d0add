package sqlcheck

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// nested returns f applied n times to s.
func nested(n int, s string, f func(i int, s string) string) string {
	for i := range n {
		s = f(i, s)
	}
	return s
}

// ctes returns a chain of common table expressions: each of levels refers to the
// one before it refs times.
func ctes(levels, refs int) string {
	var b strings.Builder
	b.WriteString("WITH c0 AS (SELECT 1 AS a)")
	for i := 1; i <= levels; i++ {
		fmt.Fprintf(&b, ", c%d AS (SELECT 1 AS a FROM ", i)
		for r := range refs {
			if r > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, "c%d r%d", i-1, r)
		}
		b.WriteByte(')')
	}
	fmt.Fprintf(&b, " SELECT a FROM c%d", levels)
	return b.String()
}

// TestCheck_Bounds holds each limit of what multiplies: the largest statement below
// it is accepted, the next is refused with what was counted and the limit.
func TestCheck_Bounds(t *testing.T) {
	t.Parallel()
	doubled := func(n int, ref string) string {
		return nested(n, "SELECT id AS x FROM orders", func(i int, s string) string {
			return fmt.Sprintf("SELECT %s AS x FROM (%s) t%d", ref, s, i)
		})
	}
	nullif := func(n int) string {
		return "SELECT " + nested(n, "id", func(_ int, s string) string { return "NULLIF(" + s + ", 2)" }) + " FROM orders"
	}
	cases := func(n int) string {
		return "SELECT " + nested(n, "id", func(_ int, s string) string { return "CASE " + s + " WHEN 1 THEN 2 WHEN 'a' THEN 3 END" }) + " FROM orders"
	}
	unions := func(n int) string { return "SELECT 1" + strings.Repeat(" UNION ALL SELECT 1", n-1) }
	selects := func(n int) string {
		return nested(n-1, "SELECT 1", func(_ int, s string) string { return "SELECT (" + s + ")" })
	}
	derived := func(n int) string {
		return nested(n-1, "SELECT 1 AS a", func(i int, s string) string { return fmt.Sprintf("SELECT a FROM (%s) t%d", s, i) })
	}
	for name, c := range map[string]struct{ accepted, refused, reason string }{
		"doubling CTEs":            {ctes(8, 2), ctes(9, 2), "1023 SELECTs, common table expressions counted at each reference"},
		"15 levels of doubling":    {"", ctes(15, 2), "SELECTs, common table expressions counted at each reference"},
		"3 levels of 25":           {ctes(1, 25), ctes(3, 25), "SELECTs, common table expressions counted at each reference"},
		"100 levels of doubling":   {"", ctes(100, 2), "SELECTs, common table expressions counted at each reference"},
		"chain of CTEs":            {ctes(48, 1), ctes(50, 1), "51 SELECTs inside one another, common table expressions included"},
		"CTEs in a subquery":       {"", "SELECT (" + ctes(12, 2) + ")", "SELECTs"},
		"CTEs in ORDER BY":         {"", "SELECT 1 ORDER BY (" + ctes(12, 2) + ")", "SELECTs"},
		"CTEs in a join condition": {"", "SELECT 1 FROM orders a JOIN orders b ON a.id IN (" + ctes(12, 2) + ")", "SELECTs"},
		"CTEs in JSON_TABLE":       {"", "SELECT 1 FROM JSON_TABLE((" + ctes(12, 2) + "), '$' COLUMNS (a INT PATH '$')) j", "SELECTs"},
		"CTEs in a union":          {"", "SELECT 1 UNION (" + ctes(12, 2) + ")", "SELECTs"},
		"CTEs that are not used":   {"", strings.Replace(ctes(12, 2), " SELECT a FROM c12", " SELECT 1", 1), "SELECTs"},
		"CTEs in another case":     {"", strings.ReplaceAll(ctes(12, 2), "FROM c", "FROM C"), "SELECTs"},
		"CTEs in back-quotes":      {"", strings.ReplaceAll(ctes(9, 2), "c8 r", "`c8` r"), "SELECTs"},
		"recursive CTEs":           {"WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT * FROM n, n AS m", "WITH RECURSIVE " + strings.TrimPrefix(ctes(12, 2), "WITH "), "SELECTs"},
		"written SELECTs":          {unions(maxSelects), unions(maxSelects + 1), "1001 SELECTs"},
		"nested SELECTs":           {selects(maxNesting), selects(maxNesting + 1), "51 SELECTs inside one another"},
		"nested derived tables":    {derived(maxNesting), derived(maxNesting + 1), "51 SELECTs inside one another"},
		"brackets":                 {"SELECT " + strings.Repeat("(", maxDepth) + "1" + strings.Repeat(")", maxDepth), "SELECT " + strings.Repeat("(", maxDepth+1) + "1" + strings.Repeat(")", maxDepth+1), "101 brackets"},
		"brackets of tables":       {"SELECT 1 FROM " + strings.Repeat("(", maxDepth) + "orders" + strings.Repeat(")", maxDepth), "SELECT 1 FROM " + strings.Repeat("(", maxDepth+1) + "orders" + strings.Repeat(")", maxDepth+1), "101 brackets"},
		"calls":                    {"", "SELECT " + nested(maxDepth+1, "1", func(_ int, s string) string { return "ABS(" + s + ")" }), "101 brackets"},
		"CASE without brackets":    {"", "SELECT " + strings.Repeat("CASE WHEN 1 THEN ", maxDepth+1) + "1" + strings.Repeat(" END", maxDepth+1), "101 brackets"},
		"joins":                    {"SELECT 1 FROM orders" + strings.Repeat(" CROSS JOIN orders", maxJoin-1), "SELECT 1 FROM orders" + strings.Repeat(", orders", maxJoin), "62 tables in one FROM"},
		"joins in brackets":        {"", "SELECT 1 FROM (orders" + strings.Repeat(", orders", 30) + ") JOIN (orders" + strings.Repeat(", orders", 30) + ")", "62 tables in one FROM"},
		"tables of subqueries":     {"", "SELECT 1" + strings.Repeat(" UNION ALL SELECT 1 FROM orders"+strings.Repeat(", orders", 50), 20), "tables, common table expressions"},
		"columns":                  {"SELECT 1" + strings.Repeat(",1", maxColumns-1), "SELECT 1" + strings.Repeat(",1", maxColumns), "4097 columns in one SELECT list"},
		"wildcards":                {"SELECT *" + strings.Repeat(",t.*", maxWildcards-1) + " FROM t", "SELECT *" + strings.Repeat(",*", maxWildcards) + " FROM t", "51 wildcards in one SELECT list"},
		"doubled columns":          {doubled(16, "x + x"), doubled(17, "x + x"), "evaluations of a column for each row"},
		"columns by 31":            {doubled(3, "x"+strings.Repeat(" + x", 30)), doubled(4, "x"+strings.Repeat(" + x", 30)), "evaluations of a column for each row"},
		"columns in subqueries":    {"", doubled(18, "(SELECT x) + (SELECT x)"), "evaluations of a column for each row"},
		"columns with a table": {"", nested(18, "SELECT id AS x FROM orders", func(i int, s string) string {
			return fmt.Sprintf("SELECT t%d.x * `T%d`.`X` AS x FROM (%s) t%d", i, i, s, i)
		}), "evaluations of a column for each row"},
		"columns through a CTE": {"", "WITH " + nested(18, "c0 AS (SELECT id AS x FROM orders)", func(i int, s string) string {
			return fmt.Sprintf("%s, c%d AS (SELECT x + x AS x FROM c%d)", s, i+1, i)
		}) + " SELECT x FROM c18", "evaluations of a column for each row"},
		"columns of stored tables": {nested(18, "SELECT id AS x FROM orders", func(i int, s string) string {
			return fmt.Sprintf("SELECT DISTINCT x + x AS x FROM (%s) t%d", s, i)
		}), "", ""},
		"NULLIF":                 {nullif(8), nullif(9), "512 evaluations of the operand of nested NULLIF and CASE"},
		"CASE with an operand":   {cases(4), cases(5), "1024 evaluations of the operand of nested NULLIF and CASE"},
		"NULLIF and CASE":        {"", "SELECT " + nested(3, "id", func(_ int, s string) string { return "CASE NULLIF(" + s + ", 1) WHEN 2 THEN 3 END" }), "evaluations of the operand"},
		"REPEAT":                 {"SELECT REPEAT('x', 1073741824)", "SELECT REPEAT('x', 1073741825)", "text of 1073741825 characters made by REPEAT"},
		"REPEAT inside REPEAT":   {"SELECT REPEAT(REPEAT('x', 1000), 1000)", "SELECT REPEAT(CONCAT(REPEAT('x', 100000), 'y'), 100000)", "text of 10000000000 characters made by REPEAT"},
		"SPACE, LPAD, RPAD":      {"SELECT SPACE(10), LPAD('a', 10, ' ')", "SELECT RPAD('', 99999999999999999999999, 'x')", "characters made by RPAD"},
		"text":                   {"", "SELECT '" + strings.Repeat("x", MaxSQL) + "'", "text of"},
		"parameters":             {"SELECT " + strings.Repeat(":a,", MaxParams-1) + ":a", "SELECT " + strings.Repeat(":a,", MaxParams) + ":a", "201 parameters"},
		"an expression of 65 KB": {"SELECT 1" + strings.Repeat("+1", 30_000), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.accepted != "" {
				if _, err := Check(c.accepted, Options{}); err != nil {
					t.Errorf("refused: %v", err)
				}
			}
			if c.refused == "" {
				return
			}
			_, err := Check(c.refused, Options{})
			r, ok := errors.AsType[*Refused](err)
			if !ok || !strings.Contains(r.Reason, c.reason) || r.Allowed == "" {
				t.Errorf("got %v, want %q", err, c.reason)
			}
		})
	}
}
