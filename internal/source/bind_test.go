package source

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format/row"
	"exporttask/internal/testkit"
)

// hostile are texts that could end a literal, hide a quote in another character
// set, or take more than one byte, character or row.
var hostile = []string{
	"'", `"`, "`", `\`, `\'`, `\\`, "''", "\x00", "\x1a", "\r", "\n", "\t", "%", "_", ";", "--", "-- ", "#", "/*", "*/", "?", ":x", "@a", "@@version",
	"\u00bf'", "縗'", "誠", "\u5c5c", "é", "中", "😀", "👩‍👩‍👧", "\u200b", "\ufeff", "\U0010ffff", "\u0080", "\x7f", "x", "0", " ",
	"' OR 1=1 -- ", "X'41'", "_binary'", "NULL", "0x41", "1e5",
}

func TestSource_Query_boundText(t *testing.T) {
	s := open(t, testkit.Database(t), Options{})
	rng := rand.New(rand.NewPCG(1, 2))
	const values, perQuery = 10_000, 250
	for done := 0; done < values; done += perQuery {
		args := make([]row.Arg, perQuery)
		want := make([]string, perQuery)
		for i := range want {
			var b strings.Builder
			for range rng.IntN(12) {
				b.WriteString(hostile[rng.IntN(len(hostile))])
			}
			want[i] = b.String()
			args[i] = text(want[i])
		}
		sql := "SELECT " + strings.Repeat("?, ", perQuery-1) + "?"
		got := queryAll(t, s, Query{SQL: sql, Args: args})
		if diff := cmp.Diff([][]string{want}, got); diff != "" {
			t.Fatalf("values (-want +got):\n%s", diff)
		}
	}
}

func TestSource_Query_boundTextOfOneMegabyte(t *testing.T) {
	s := open(t, testkit.Database(t), Options{})
	want := strings.Repeat("中'\\\x00😀", 100_000)
	got := queryAll(t, s, Query{SQL: "SELECT ?, LENGTH(?)", Args: []row.Arg{text(want), text(want)}})
	if len(got) != 1 || got[0][0] != want || got[0][1] != strconv.Itoa(len(want)) {
		t.Errorf("got %d bytes, want %d", len(got[0][0]), len(want))
	}
}

func TestSource_Query_boundValues(t *testing.T) {
	dsn := setup(t, `CREATE TABLE p (i BIGINT, m DECIMAL(20,4), d DATE, dt DATETIME(3), s VARCHAR(20), b VARCHAR(20) COLLATE utf8mb4_bin,
		l VARCHAR(20) CHARACTER SET latin1, u BIGINT UNSIGNED, KEY (s), KEY (l))`,
		"INSERT INTO p VALUES (-5, 12.5, '2026-01-31', '2026-01-31 12:00:00.125', '中', 'A', 'Größe', 18446744073709551615)")
	s := open(t, dsn, Options{})
	for _, c := range []struct {
		where string
		arg   row.Arg
		want  int
	}{
		{"i = ?", row.Arg{Kind: row.Int, Text: "-5"}, 1},
		{"i = ?", row.Arg{Kind: row.Int, Text: "+0005"}, 0},
		{"u = ?", row.Arg{Kind: row.Int, Text: "18446744073709551615"}, 1},
		{"m = ?", row.Arg{Kind: row.Decimal, Text: "12.50"}, 1},
		{"m < ?", row.Arg{Kind: row.Decimal, Text: "12.5000000000000000000001"}, 1},
		{"d = ?", row.Arg{Kind: row.Date, Text: "2026-01-31"}, 1},
		{"dt = ?", row.Arg{Kind: row.DateTime, Text: "2026-01-31 12:00:00.125"}, 1},
		{"dt < ?", row.Arg{Kind: row.DateTime, Text: "2026-01-31 12:00:00.125"}, 0},
		{"s = ?", text("中"), 1},
		{"b = ?", text("a"), 0},
		{"b = ?", text("A"), 1},
		{"l = ?", text("größe"), 1},
		{"s IS NULL OR s = ?", row.Arg{Kind: row.Text, Text: "中", Null: true}, 0},
		{"? IS NULL", row.Arg{Kind: row.Int, Null: true}, 1},
		{"1 LIMIT ?", row.Arg{Kind: row.Int, Text: "0"}, 0},
		{"1 LIMIT ?", row.Arg{Kind: row.Int, Text: "1"}, 1},
	} {
		t.Run(c.where+" "+c.arg.Text, func(t *testing.T) {
			got := queryAll(t, s, Query{SQL: "SELECT i FROM p WHERE " + c.where, Args: []row.Arg{c.arg}})
			if len(got) != c.want {
				t.Errorf("got %d rows, want %d", len(got), c.want)
			}
		})
	}
}

func TestBind_refused(t *testing.T) {
	digits := strings.Repeat("9", 66)
	for name, arg := range map[string]row.Arg{
		"text that is not UTF-8":         text("\xff\xfe"),
		"half a character":               text("\xe4\xb8"),
		"a number that is none":          {Kind: row.Int, Text: "1 OR 1=1"},
		"a number with a point as int":   {Kind: row.Int, Text: "1.5"},
		"an empty number":                {Kind: row.Int, Text: ""},
		"a lone sign":                    {Kind: row.Int, Text: "-"},
		"two signs":                      {Kind: row.Int, Text: "-+5"},
		"hexadecimal":                    {Kind: row.Int, Text: "0x10"},
		"an exponent":                    {Kind: row.Decimal, Text: "1e5"},
		"a point without digits":         {Kind: row.Decimal, Text: "1."},
		"more digits than are kept":      {Kind: row.Decimal, Text: digits},
		"more digits after the point":    {Kind: row.Decimal, Text: "0." + digits[:31]},
		"digits of another script":       {Kind: row.Int, Text: "١٢"},
		"a kind that no parameter has":   {Kind: row.Geometry, Text: "x"},
		"a number with a trailing break": {Kind: row.Int, Text: "5\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if b, err := bind("SELECT ?", []row.Arg{arg}); err == nil {
				t.Errorf("got %q, want an error", b.before)
			}
		})
	}
}

func TestBind_valuesStayOutOfSQL(t *testing.T) {
	b, err := bind("SELECT ?", []row.Arg{text("' OR 1=1"), {Kind: row.Int, Text: "7"}, {Kind: row.Text, Null: true}})
	if err != nil {
		t.Fatal(err)
	}
	want := binding{
		before: []string{
			"SET @exportd_sql = _utf8mb4 X'53454c454354203f', @exportd_1 = _utf8mb4 X'27204f5220313d31', @exportd_2 = 7, @exportd_3 = NULL",
			"PREPARE exportd_stmt FROM @exportd_sql",
		},
		run: "EXECUTE exportd_stmt USING @exportd_1, @exportd_2, @exportd_3",
	}
	if diff := cmp.Diff(want, b, cmp.AllowUnexported(binding{})); diff != "" {
		t.Errorf("binding (-want +got):\n%s", diff)
	}
}
