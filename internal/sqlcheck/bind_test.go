package sqlcheck

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func mustCheck(tb testing.TB, sql string) *Statement {
	tb.Helper()
	st, err := Check(sql, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return st
}

func one(s string) Value     { return Value{Text: s} }
func list(s ...string) Value { return Value{Texts: s} }

func TestBind_Types(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		decl Decl
		in   Value
		want string
		bad  string // a piece of the error
	}{
		{Decl{}, one("x"), "'x'", ""},
		{Decl{}, one(""), "''", ""},
		{Decl{}, one(`'; DROP TABLE t; -- \' " ? :x`), `CONCAT('''; DROP TABLE t; -- ',SUBSTR(QUOTE(''''),2,1),''' " ? :x')`, ""},
		{Decl{}, one(`\\a`), `CONCAT(SUBSTR(QUOTE(''''),2,1),SUBSTR(QUOTE(''''),2,1),'a')`, ""},
		{Decl{}, one(strings.Repeat(`\`, maxBackslashes+1)), "_utf8mb4 X'" + strings.Repeat("5c", maxBackslashes+1) + "'", ""},
		{Decl{}, one("a\x00b\n"), "'a\x00b\n'", ""},
		{Decl{}, one("\xff"), "", "UTF-8"},
		{Decl{MaxLength: 2}, one("金额"), "'金额'", ""},
		{Decl{MaxLength: 2}, one("abc"), "", "at most 2 characters"},
		{Decl{}, one(strings.Repeat("x", MaxLength+1)), "", "at most 65535 characters"},
		{Decl{}, Value{Null: true}, "NULL", ""},
		{Decl{Required: true}, Value{Null: true}, "", "NULL, but required"},
		{Decl{}, Value{Null: true, Text: "x"}, "", "NULL and a value"},
		{Decl{}, list("x"), "", "list of 1 values"},

		{Decl{Type: Int}, one("-9223372036854775808"), "(-9223372036854775808)", ""},
		{Decl{Type: Int}, one("18446744073709551615"), "18446744073709551615", ""},
		{Decl{Type: Int}, one("007"), "7", ""},
		{Decl{Type: Int}, one("-0"), "0", ""},
		{Decl{Type: Int}, one("-9223372036854775809"), "", "an integer from"},
		{Decl{Type: Int}, one("18446744073709551616"), "", "an integer from"},
		{Decl{Type: Int}, one(""), "", "an integer from"},
		{Decl{Type: Int}, one("-"), "", "an integer from"},
		{Decl{Type: Int}, one("+1"), "", "an integer from"},
		{Decl{Type: Int}, one("1 OR 1=1"), "", `got "1 OR 1=1"`},
		{Decl{Type: Int}, one("1_000"), "", "an integer from"},
		{Decl{Type: Int}, one("0x10"), "", "an integer from"},
		{Decl{Type: Int}, one(" 1"), "", "an integer from"},
		{Decl{Type: Int}, one("1.0"), "", "an integer from"},
		{Decl{Type: Int}, one("１"), "", "an integer from"},

		{Decl{Type: Decimal}, one("-12.50"), "(-12.50)", ""},
		{Decl{Type: Decimal}, one(strings.Repeat("9", 65)), strings.Repeat("9", 65), ""},
		{Decl{Type: Decimal}, one("0." + strings.Repeat("9", 30)), "0." + strings.Repeat("9", 30), ""},
		{Decl{Type: Decimal}, one(strings.Repeat("9", 66)), "", "a decimal"},
		{Decl{Type: Decimal}, one("0." + strings.Repeat("9", 31)), "", "a decimal"},
		{Decl{Type: Decimal}, one("1e5"), "", "a decimal"},
		{Decl{Type: Decimal}, one("1."), "", "a decimal"},
		{Decl{Type: Decimal}, one(".5"), "", "a decimal"},
		{Decl{Type: Decimal}, one("1,5"), "", "a decimal"},
		{Decl{Type: Decimal}, one("NaN"), "", "a decimal"},
		{Decl{Type: Decimal}, one("--1"), "", "a decimal"},

		{Decl{Type: Date}, one("2024-02-29"), "DATE'2024-02-29'", ""},
		{Decl{Type: Date}, one("2026-02-29"), "", "a day that exists"},
		{Decl{Type: Date}, one("2026-02-30"), "", "a day that exists"},
		{Decl{Type: Date}, one("2026-1-31"), "", "a day that exists"},
		{Decl{Type: Date}, one("0000-00-00"), "", "a day that exists"},
		{Decl{Type: Date}, one("0999-12-31"), "", "a day that exists"},
		{Decl{Type: Date}, one("10000-01-01"), "", "a day that exists"},
		{Decl{Type: Date}, one("2026-01-31 "), "", "a day that exists"},
		{Decl{Type: Date}, one("2026-01-31 00:00:00"), "", "a day that exists"},
		{Decl{Type: Date}, one("31.01.2026"), "", "a day that exists"},

		{Decl{Type: DateTime}, one("2026-01-31 23:59:59"), "TIMESTAMP'2026-01-31 23:59:59'", ""},
		{Decl{Type: DateTime}, one("2026-01-31T23:59:59.123456"), "TIMESTAMP'2026-01-31 23:59:59.123456'", ""},
		{Decl{Type: DateTime}, one("2026-01-31 23:59:59.1234567"), "", "a date and time"},
		{Decl{Type: DateTime}, one("2026-01-31 23:59:59."), "", "a date and time"},
		{Decl{Type: DateTime}, one("2026-01-31 23:59:60"), "", "a date and time"},
		{Decl{Type: DateTime}, one("2026-01-31 24:00:00"), "", "a date and time"},
		{Decl{Type: DateTime}, one("2026-01-31 3:59:59"), "", "a date and time"},
		{Decl{Type: DateTime}, one("2026-01-31 23:59:59,5"), "", "a date and time"},
		{Decl{Type: DateTime}, one("2026-01-31T23:59:59Z"), "", "no zone"},
		{Decl{Type: DateTime}, one("2026-01-31"), "", "a date and time"},

		{Decl{Type: Bool}, one("true"), "1", ""},
		{Decl{Type: Bool}, one("0"), "0", ""},
		{Decl{Type: Bool}, one("yes"), "", "true, false, 1 or 0"},
	} {
		t.Run(string(c.decl.Type)+" "+shorten(c.in.Text, 20), func(t *testing.T) {
			t.Parallel()
			c.decl.Name = "p"
			got, err := Bind(mustCheck(t, "SELECT :p"), []Decl{c.decl}, []Param{{"p", c.in}})
			if c.bad != "" {
				var pe *ParamError
				if !errors.As(err, &pe) || pe.Name != "p" || !strings.Contains(err.Error(), c.bad) {
					t.Fatalf("got %v, want a *ParamError with %q", err, c.bad)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff("SELECT "+c.want+" AS `:p`", got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBind_Lists(t *testing.T) {
	t.Parallel()
	st := mustCheck(t, "SELECT 1 FROM t WHERE a IN (:l) AND b = :b AND c NOT IN ( :l )")
	decls := []Decl{{Name: "l", Type: "int[]", Empty: EmptyIsNone}, {Name: "b"}}
	for name, c := range map[string]struct {
		l    Value
		want string
	}{
		"three":   {list("1", "-2", "3"), "SELECT 1 FROM t WHERE a IN (1,(-2),3) AND b = 'x' AND c NOT IN ( 1,(-2),3 )"},
		"one":     {list("1"), "SELECT 1 FROM t WHERE a IN (1) AND b = 'x' AND c NOT IN ( 1 )"},
		"nothing": {list(), "SELECT 1 FROM t WHERE a IN (" + emptySet + ") AND b = 'x' AND c NOT IN ( " + emptySet + " )"},
		"NULL":    {Value{Null: true}, "SELECT 1 FROM t WHERE a IN (" + emptySet + ") AND b = 'x' AND c NOT IN ( " + emptySet + " )"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Bind(st, decls, []Param{{"l", c.l}, {"b", one("x")}})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("sql (-want +got):\n%s", diff)
			}
			if _, err := Check(got, Options{}); err != nil {
				t.Errorf("the bound statement is not a plain read: %v", err)
			}
		})
	}
}

// A literal must not run into the text beside it, and a date is typed except in
// a comparison.
func TestBind_Positions(t *testing.T) {
	t.Parallel()
	decls := map[string]Decl{"n": {Name: "n", Type: Int}, "d": {Name: "d", Type: Date}, "at": {Name: "at", Type: DateTime}, "s": {Name: "s"}}
	params := map[string]Param{"n": {"n", one("-5")}, "d": {"d", one("2026-01-31")}, "at": {"at", one("2026-01-31 10:00:00")}, "s": {"s", one("it's")}}
	for name, c := range map[string]struct{ sql, want string }{
		"minus":               {"SELECT a-:n AS x FROM t", "SELECT a- (-5) AS x FROM t"},
		"keyword":             {"SELECT 1 FROM t WHERE a BETWEEN:n AND:n", "SELECT 1 FROM t WHERE a BETWEEN (-5) AND (-5)"},
		"word behind":         {"SELECT 1 FROM t WHERE a>:n/**/AND 1", "SELECT 1 FROM t WHERE a>(-5) AND 1"},
		"quote":               {"SELECT 1 FROM t WHERE a LIKE:s", "SELECT 1 FROM t WHERE a LIKE 'it''s'"},
		"date":                {"SELECT DATE_ADD(:d, INTERVAL :n DAY) AS x", "SELECT DATE_ADD(DATE'2026-01-31', INTERVAL (-5) DAY) AS x"},
		"datetime":            {"SELECT IFNULL(a, :at) AS x FROM t", "SELECT IFNULL(a, TIMESTAMP'2026-01-31 10:00:00') AS x FROM t"},
		"date compared":       {"SELECT 1 FROM t WHERE a >= :d AND :d <= b", "SELECT 1 FROM t WHERE a >= '2026-01-31' AND '2026-01-31' <= b"},
		"dates compared":      {"SELECT 1 FROM t WHERE :d = :at", "SELECT 1 FROM t WHERE DATE'2026-01-31' = TIMESTAMP'2026-01-31 10:00:00'"},
		"date between":        {"SELECT 1 FROM t WHERE a BETWEEN :d AND :d", "SELECT 1 FROM t WHERE a BETWEEN '2026-01-31' AND '2026-01-31'"},
		"date in a list":      {"SELECT 1 FROM t WHERE a IN (:d)", "SELECT 1 FROM t WHERE a IN ('2026-01-31')"},
		"date compared later": {"SELECT 1 FROM t WHERE a = DATE(:d)", "SELECT 1 FROM t WHERE a = DATE(DATE'2026-01-31')"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := mustCheck(t, c.sql)
			var d []Decl
			var p []Param
			for _, name := range slices.Compact(slices.Sorted(slices.Values(st.Names))) {
				d, p = append(d, decls[name]), append(p, params[name])
			}
			got, err := Bind(st, d, p)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBind_Limits(t *testing.T) {
	t.Parallel()
	numbers := func(n int) Value {
		v := Value{Texts: make([]string, n)}
		for i := range v.Texts {
			v.Texts[i] = strconv.Itoa(i)
		}
		return v
	}
	in := func(n int) string {
		return "SELECT 1 FROM t WHERE " + strings.Repeat("a IN (:l) OR ", n-1) + "a IN (:l)"
	}
	ints := []Decl{{Name: "l", Type: "int[]"}}
	for name, c := range map[string]struct {
		sql   string
		decls []Decl
		in    Value
		bad   string
	}{
		"a full list":            {in(6), ints, numbers(MaxList), ""},
		"one value more":         {in(1), ints, numbers(MaxList + 1), "10001 values; allowed: 10000 values"},
		"too many placeholders":  {in(7), ints, numbers(MaxList), "70000 values in one statement; allowed: 65535 in all"},
		"empty list":             {in(1), ints, list(), "empty list"},
		"single value":           {in(1), ints, one("1"), "single value"},
		"wrong element":          {in(1), ints, list("1", "x"), `value 2 of the list: got "x"`},
		"too many bytes":         {in(1), []Decl{{Name: "l", Type: "string[]"}}, list(slicesRepeat(strings.Repeat("x", MaxLength), 65)...), "bytes of values"},
		"negative LIMIT":         {"SELECT 1 LIMIT :l", []Decl{{Name: "l", Type: Int}}, one("-1"), "negative in LIMIT"},
		"NULL LIMIT":             {"SELECT 1 LIMIT :l", []Decl{{Name: "l", Type: Int}}, Value{Null: true}, "NULL or negative in LIMIT"},
		"long value in an error": {"SELECT :l", []Decl{{Name: "l", Type: Int}}, one(strings.Repeat("x", 9999)), strings.Repeat("x", 40) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Bind(mustCheck(t, c.sql), c.decls, []Param{{"l", c.in}})
			wantParamError(t, err, "l", c.bad)
		})
	}
}

func slicesRepeat(s string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = s
	}
	return all
}

// wantParamError wants an error about name that holds bad, or none where bad
// is empty.
func wantParamError(t *testing.T, err error, name, bad string) {
	t.Helper()
	if bad == "" {
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	var pe *ParamError
	if !errors.As(err, &pe) || pe.Name != name || !strings.Contains(err.Error(), bad) {
		t.Errorf("got %v, want a *ParamError about %s with %q", err, name, bad)
	}
	if len(err.Error()) > 400 {
		t.Errorf("error of %d bytes", len(err.Error()))
	}
}

func TestStatement_Declare(t *testing.T) {
	t.Parallel()
	const sql = "SELECT :a FROM t WHERE b IN (:l) AND c > :today AND d IN (:b, :a) AND (e, f) IN (:r) LIMIT :n"
	for name, c := range map[string]struct {
		decl Decl
		bad  string
	}{
		"good":                     {Decl{Name: "a", Type: Decimal, Default: &Value{Text: "1.5"}}, ""},
		"list":                     {Decl{Name: "l", Type: "date[]"}, ""},
		"not in the SQL":           {Decl{Name: "x"}, "parameters of the SQL: a, b, l, n, r, today"},
		"reserved":                 {Decl{Name: "today", Type: Date}, "reserved name"},
		"reserved in capitals":     {Decl{Name: "Window_Start", Type: Date}, "reserved name"},
		"unknown type":             {Decl{Name: "a", Type: "float"}, `type "float"; allowed: ` + typeNames},
		"list of lists":            {Decl{Name: "l", Type: "int[][]"}, `type "int[][]"`},
		"bad name":                 {Decl{Name: "a b"}, "invalid name"},
		"list outside IN":          {Decl{Name: "a", Type: "int[]"}, "list outside IN"},
		"list beside another":      {Decl{Name: "b", Type: "int[]"}, "list outside IN"},
		"list for rows":            {Decl{Name: "r", Type: "int[]"}, "list outside IN"},
		"string in LIMIT":          {Decl{Name: "n", Type: String}, "type string in LIMIT"},
		"required with default":    {Decl{Name: "a", Required: true, Default: &Value{}}, "required, and with a default"},
		"bad default":              {Decl{Name: "a", Type: Int, Default: &Value{Text: "x"}}, `default: got "x"`},
		"built-in default":         {Decl{Name: "a", Type: DateTime, Default: &Value{Text: ":month_start"}}, ""},
		"built-in of other type":   {Decl{Name: "a", Type: Date, Default: &Value{Text: ":now"}}, `default: got ":now"`},
		"length of an int":         {Decl{Name: "a", Type: Int, MaxLength: 3}, "maximum length 3"},
		"length beyond the bound":  {Decl{Name: "a", MaxLength: MaxLength + 1}, "maximum length"},
		"empty meaning of a value": {Decl{Name: "a", Empty: EmptyIsNone}, "empty list meaning"},
		"unknown empty meaning":    {Decl{Name: "l", Type: "int[]", Empty: "all"}, "empty list meaning"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := mustCheck(t, sql).Declare([]Decl{c.decl})
			wantParamError(t, err, c.decl.Name, c.bad)
		})
	}
	t.Run("infers the rest", func(t *testing.T) {
		t.Parallel()
		got, err := mustCheck(t, sql).Declare([]Decl{{Name: "l", Type: "int[]"}})
		if err != nil {
			t.Fatal(err)
		}
		want := []Decl{
			{Name: "a", Type: String, Required: true},
			{Name: "l", Type: "int[]"},
			{Name: "today", Type: Date, Required: true},
			{Name: "b", Type: String, Required: true},
			{Name: "r", Type: String, Required: true},
			{Name: "n", Type: Int, Required: true},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("wants one declaration each", func(t *testing.T) {
		t.Parallel()
		_, err := mustCheck(t, sql).Declare([]Decl{{Name: "a"}, {Name: "a"}})
		wantParamError(t, err, "a", "declared twice")
	})
	t.Run("wants one spelling", func(t *testing.T) {
		t.Parallel()
		_, err := mustCheck(t, "SELECT :a, :A").Declare(nil)
		wantParamError(t, err, "A", "also written :a")
	})
	t.Run("wants built-ins in lower case", func(t *testing.T) {
		t.Parallel()
		_, err := mustCheck(t, "SELECT :Today").Declare(nil)
		wantParamError(t, err, "Today", ":today")
	})
}

func TestFreeze(t *testing.T) {
	t.Parallel()
	st := mustCheck(t, "SELECT :req, :opt, :def, :since, :today FROM t WHERE a IN (:l)")
	decls := []Decl{
		{Name: "req", Required: true},
		{Name: "opt", Type: Int},
		{Name: "def", Type: Int, Default: &Value{Text: "5"}},
		{Name: "since", Type: DateTime, Default: &Value{Text: ":month_start"}},
		{Name: "l", Type: "int[]", Empty: EmptyIsNone},
	}
	system := Builtins(time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC), time.UTC)
	frozen, err := Freeze(st, decls, []Param{{"req", one("x")}}, system)
	if err != nil {
		t.Fatal(err)
	}
	want := []Param{
		{"req", one("x")},
		{"opt", Value{Null: true}},
		{"def", one("5")},
		{"since", one("2026-03-01 00:00:00")},
		{"today", one("2026-03-15")},
		{"l", Value{Null: true}},
	}
	if diff := cmp.Diff(want, frozen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, c := range map[string]struct {
		given     []Param
		who, what string
	}{
		"missing":  {nil, "req", "not given; allowed: a value of type string"},
		"extra":    {[]Param{{"req", one("x")}, {"nope", one("y")}}, "nope", "not a parameter of the SQL; allowed: def, l, opt, req, since, today"},
		"twice":    {[]Param{{"req", one("x")}, {"req", one("y")}}, "req", "given twice"},
		"reserved": {[]Param{{"req", one("x")}, {"today", one("2026-01-01")}}, "today", "filled in by the service"},
		"mistyped": {[]Param{{"req", one("x")}, {"opt", one("y")}}, "opt", "an integer from"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Freeze(st, decls, c.given, system)
			wantParamError(t, err, c.who, c.what)
		})
	}
	t.Run("a schedule's window outside a schedule", func(t *testing.T) {
		t.Parallel()
		_, err := Freeze(mustCheck(t, "SELECT :window_start"), nil, nil, system)
		wantParamError(t, err, "window_start", "instances that a schedule creates")
	})
	t.Run("a schedule's window", func(t *testing.T) {
		t.Parallel()
		got, err := Freeze(mustCheck(t, "SELECT :window_start"), nil, nil, append(system, Param{"window_start", one("2026-03-14 00:00:00")}))
		if diff := cmp.Diff([]Param{{"window_start", one("2026-03-14 00:00:00")}}, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
	t.Run("a list that must not be empty", func(t *testing.T) {
		t.Parallel()
		_, err := Freeze(mustCheck(t, "SELECT 1 FROM t WHERE a IN (:l)"), []Decl{{Name: "l", Type: "int[]"}}, nil, nil)
		wantParamError(t, err, "l", "not given")
	})
}

// boundOnServer shows that values stay values, and what an empty list means.
func (s *shop) boundOnServer(t *testing.T) {
	hostile := []string{
		`' OR '1'='1`, `"; DROP TABLE orders; --`, `\`, `\'`, `''`, "?", ":x", "/*! */", "a\x00b", "%_", "金额😀", "\u202e", "1\r\n2", "'", "",
	}
	st := mustCheck(t, "SELECT COUNT(*), :v FROM orders WHERE CONCAT(:v) = :v")
	for _, v := range hostile {
		for _, mode := range []string{"", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES,PIPES_AS_CONCAT"} {
			query, err := Bind(st, nil, []Param{{"v", one(v)}})
			if err != nil {
				t.Fatal(err)
			}
			conn := s.session(t, s.root).conn
			if _, err := conn.ExecContext(t.Context(), "SET SESSION sql_mode = '"+mode+"'"); err != nil {
				t.Fatal(err)
			}
			var n int
			var got string
			if err := conn.QueryRowContext(t.Context(), query).Scan(&n, &got); err != nil {
				t.Fatalf("%q: %v", v, err)
			}
			if got != v || n != 3 {
				t.Errorf("sent %q with sql_mode %q, got %q and %d rows", v, mode, got, n)
			}
			if _, err := conn.ExecContext(t.Context(), "SET SESSION sql_mode = DEFAULT"); err != nil {
				t.Fatal(err)
			}
			conn.Close()
		}
	}
	st = mustCheck(t, "SELECT SUM(id IN (:l)), SUM(id NOT IN (:l)) FROM orders")
	decls := []Decl{{Name: "l", Type: "int[]", Empty: EmptyIsNone}}
	for _, c := range []struct {
		l       Value
		in, out int
	}{{list("1", "2"), 2, 1}, {list(), 0, 3}} {
		query, err := Bind(st, decls, []Param{{"l", c.l}})
		if err != nil {
			t.Fatal(err)
		}
		var in, out int
		if err := s.root.QueryRowContext(t.Context(), query).Scan(&in, &out); err != nil {
			t.Fatal(err)
		}
		if in != c.in || out != c.out {
			t.Errorf("%v: %d in, %d not in, want %d and %d", c.l.Texts, in, out, c.in, c.out)
		}
	}
}
