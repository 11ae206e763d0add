package sqlcheck

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLex(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql  string
		want []string
	}{
		"plain":                       {"a = :x", []string{":x"}},
		"without blanks":              {"a=:x+:y", []string{":x", ":y"}},
		"twice":                       {":x :x", []string{":x", ":x"}},
		"at both ends":                {":first,:last", []string{":first", ":last"}},
		"underscore and digits":       {":_a1", []string{":_a1"}},
		"after a line feed":           {"a =\n:x", []string{":x"}},
		"directly after a string":     {"'a':x", []string{":x"}},
		"directly after a number":     {"1:x", []string{":x"}},
		"single quotes":               {"':x'", nil},
		"double quotes":               {`":x"`, nil},
		"doubled quote":               {"'a'':x'", nil},
		"escaped quote":               {`'a\':x'`, nil},
		"escaped backslash":           {`'a\\' :x`, []string{":x"}},
		"escaped backslash and quote": {`'a\\\':x' :y`, []string{":y"}},
		"other quote inside":          {`'"' :x '"'`, []string{":x"}},
		"back-quotes":                 {"`:x`", nil},
		"doubled back-quote":          {"`a``:x`", nil},
		"backslash in back-quotes":    {"`a\\` :x", []string{":x"}},
		"line comment":                {"-- :x\n:y", []string{":y"}},
		"line comment at the end":     {"1 --", nil},
		"hash comment":                {"# :x\n:y", []string{":y"}},
		"block comment":               {"/* :x */ :y", []string{":y"}},
		"quote in a comment":          {"/* ' */ :x /* ' */", []string{":x"}},
		"comment in a string":         {"'/*' :x '*/'", []string{":x"}},
		"cast of another product":     {"a::b", nil},
		"assignment":                  {"@v:=1", nil},
		"assignment of a parameter":   {"@v:=:x", []string{":x"}},
		"user variable":               {"@v", nil},
		"system variable":             {"@@v", nil},
		"national string":             {"N':x'", nil},
		"introducer":                  {"_utf8mb4':x'", nil},
		"time in a string":            {"'10:30:00'", nil},
		"JSON path":                   {`'$.a' "{\"k\": :x}"`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tokens, err := lex(c.sql)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, tok := range tokens {
				if tok.kind == param {
					got = append(got, tok.text)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.sql, diff)
			}
		})
	}
}

func TestRewrite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql, want string
		names     []string
	}{
		"parameters":           {"SELECT :a, :b, :a", "SELECT ? AS `:a`, ? AS `:b`, ? AS `:a`", []string{"a", "b", "a"}},
		"final semicolon":      {"SELECT 1 ; ", "SELECT 1", nil},
		"leading line feeds":   {"\n\nSELECT 1", "\n\nSELECT 1", nil},
		"comment in a line":    {"SELECT/* c */1", "SELECT 1", nil},
		"comment over lines":   {"SELECT 1 /* a\nb */ + -- c\n 2", "SELECT 1\n+\n2", nil},
		"escaped quotes":       {`SELECT 'a\'b', "a\"b", 'a\\', '\n\''`, `SELECT 'a''b', "a""b", 'a\\', '\n'''`, nil},
		"hint":                 {"SELECT /*+ NO_MERGE(d) */ 1", "SELECT /*+ NO_MERGE(d) */ 1", nil},
		"parameter in strings": {"SELECT ':a', `:b` FROM (SELECT 1 AS `:b`) AS t", "SELECT ':a', `:b` FROM (SELECT 1 AS `:b`) AS t", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, err := Check(c.sql, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, st.SQL); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.names, st.Names); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
			if st.Original != c.sql {
				t.Errorf("original: got %q", st.Original)
			}
		})
	}
}

func TestRefused_Error(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sql, want string }{
		"function on a later line": {
			"SELECT 1,\n  SLEEP(5)",
			`sql 2:3: function SLEEP, which waits or burns time near "SLEEP"; allowed: ` + plainFunctions,
		},
		"column counted in characters": {
			"SELECT '金额', ?",
			`sql 1:14: placeholder ? near "?"; allowed: a named parameter, :name`,
		},
		"syntax error behind a parameter": {
			"SELECT :a\nFROM t\nWERE x = 1",
			`sql 3:6: syntax error near "x"; allowed: ` + sharedSyntax,
		},
		"syntax error in the first line": {
			"SELECT :parameter, 'y' FROM FROM t",
			`sql 1:29: syntax error near "FROM"; allowed: ` + sharedSyntax,
		},
		"schema": {
			"SELECT * FROM mysql.user",
			`sql 1:15: schema mysql, which is not allowed here near "mysql"; allowed: names without a schema`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Check(c.sql, Options{})
			if err == nil {
				t.Fatal("accepted")
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckText(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"NUL":                      "SELECT 1\x00",
		"NUL in a string":          "SELECT 'a\x00b'",
		"NUL in a comment":         "SELECT 1 /* \x00 */",
		"escape character":         "SELECT '\x1b[0m'",
		"form feed":                "SELECT\f1",
		"vertical tab":             "SELECT\v1",
		"delete":                   "SELECT 1\x7f",
		"C1 control":               "SELECT 1 AS a\u0085b",
		"lone carriage return":     "SELECT 1 -- x\rFROM t",
		"bare carriage return":     "SELECT\r1",
		"invalid UTF-8":            "SELECT '\xff'",
		"half a character":         "SELECT 'a\xe9'",
		"overlong slash":           "SELECT '\xc0\xaf'",
		"surrogate":                "SELECT '\xed\xa0\x80'",
		"GBK trick":                "SELECT '\xbf\\' OR 1=1 -- '",
		"no-break space":           "SELECT\u00a01",
		"ideographic space":        "SELECT\u30001",
		"zero-width space":         "SELECT a\u200bb FROM t",
		"right-to-left override":   "SELECT a\u202eb FROM t",
		"byte order mark":          "\ufeffSELECT 1",
		"line separator":           "SELECT 1 AS a\u2028b",
		"beyond the basic plane":   "SELECT 1 AS 😀",
		"private use":              "SELECT 1 AS \ue000",
		"too long":                 "SELECT '" + strings.Repeat("x", MaxSQL) + "'",
		"too many parameters":      "SELECT " + strings.Repeat(":a,", MaxParams) + ":a",
		"too deep":                 "SELECT " + strings.Repeat("(", maxDepth+1) + "1" + strings.Repeat(")", maxDepth+1),
		"bracket that never opens": "SELECT 1) UNION (SELECT 2",
		"empty":                    "",
		"blank":                    " \n\t",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st, err := Check(sql, Options{})
			if err == nil {
				t.Fatalf("accepted as %q", st.SQL)
			}
			if _, ok := errors.AsType[*Refused](err); !ok {
				t.Fatalf("got %T", err)
			}
		})
	}
}

func TestCheck_Limits(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"longest":         "SELECT '" + strings.Repeat("x", MaxSQL-9) + "'",
		"most parameters": "SELECT " + strings.Repeat(":a,", MaxParams-1) + ":a",
		"deepest":         "SELECT " + strings.Repeat("(", maxDepth) + "1" + strings.Repeat(")", maxDepth),
		"long sum":        "SELECT 1" + strings.Repeat("+1", 20_000),
		"many negations":  "SELECT " + strings.Repeat("NOT ", 10_000) + "1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Check(sql, Options{}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql string
		opt Options
	}{
		"schema":                        {"SELECT * FROM a.t, b.t", Options{Schemas: []string{"a", "b"}}},
		"system schema":                 {"SELECT * FROM information_schema.tables", Options{Schemas: []string{"information_schema"}}},
		"stored function":               {"SELECT F(1)", Options{Functions: []string{"f"}}},
		"stored function of schema":     {"SELECT s.f (1)", Options{Functions: []string{"s.f"}}},
		"function of MySQL":             {"SELECT ANY_VALUE(a), GROUPING(a) FROM t", Options{Dialect: MySQL}},
		"function of MariaDB":           {"SELECT NVL(a, 1) FROM t", Options{Dialect: MariaDB}},
		"JSON operators of MySQL":       {"SELECT a->'$.x', a->>'$.x', 1 MEMBER OF('[1]') FROM t", Options{}},
		"lateral join of MySQL":         {"SELECT * FROM t, LATERAL (SELECT t.a) AS d", Options{}},
		"partitions":                    {"SELECT * FROM t PARTITION (p0, p1)", Options{}},
		"column list of a lateral join": {"SELECT * FROM t, LATERAL (SELECT t.a) AS sleep (b)", Options{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Check(c.sql, c.opt); err != nil {
				t.Error(err)
			}
			if len(c.opt.Schemas)+len(c.opt.Functions)+int(c.opt.Dialect) == 0 {
				return
			}
			if _, err := Check(c.sql, Options{}); err == nil {
				t.Error("accepted without the option")
			}
		})
	}
}
