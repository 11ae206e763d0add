package model

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestExpand(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 29, 8, 9, 10, 123456789, time.FixedZone("+08:00", 8*3600))
	cases := map[string]struct {
		query string
		args  []any
		want  string
	}{
		"no_arguments": {"SELECT 1", nil, "SELECT 1"},
		"numbers":      {"? ? ?", []any{int32(-1), uint16(2), StateRunning}, "-1 2 3"},
		"null":         {"?, ?", []any{nil, sql.NullTime{}}, "NULL, NULL"},
		"empty_text":   {"?", []any{""}, "''"},
		"text":         {"?", []any{"a'?\\"}, "_utf8mb4 x'61273f5c'"},
		"binary":       {"?", []any{UID{1}}, "x'01000000000000000000000000000000'"},
		"time":         {"?", []any{at}, "'2026-11-29 00:09:10.123456'"},
		"list":         {"IN (?)", []any{[]int64{1, 2}}, "IN (1, 2)"},
		"rows":         {"VALUES ?", []any{[]tuple{{1, "a"}, {2, utcNow}}}, "VALUES (1, _utf8mb4 x'61'), (2, UTC_TIMESTAMP(6))"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := expand(c.query, c.args)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	refused := map[string]struct {
		query string
		args  []any
		want  string
	}{
		"too_few_arguments":  {"? ?", []any{1}, "more placeholders than the 1 arguments"},
		"too_many_arguments": {"?", []any{1, 2}, "2 arguments for 1 placeholders"},
		"empty_list":         {"IN (?)", []any{[]int64{}}, "empty []int64"},
		"float":              {"?", []any{1.5}, "type float64 has no literal"},
		"year_zero":          {"?", []any{time.Time{}}, "not between the years 1000 and 9999"},
	}
	for name, c := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := expand(c.query, c.args); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

// TestExpand_round_trip stores values and reads them back from a real server.
func TestExpand_round_trip(t *testing.T) {
	t.Parallel()
	d := setup(t)
	var all strings.Builder
	for r := rune(1); r < 0x3000; r++ {
		all.WriteRune(r)
	}
	texts := []string{"", "a", "'", `\`, `\'`, "?", "\x00", "\n\r\x1a\"`", "备注 😀", `%_`, all.String(), strings.Repeat("é'\\", 400), strings.Repeat("x", base64From)}
	run(t, d, `CREATE TABLE round_trip (id INT PRIMARY KEY, t MEDIUMTEXT COLLATE utf8mb4_bin, b MEDIUMBLOB)`)
	for i, text := range texts {
		run(t, d, `INSERT INTO round_trip VALUES (?, ?, ?)`, i, text, []byte("\xff"+text))
		var got struct {
			T string `db:"t"`
			B []byte `db:"b"`
		}
		if err := d.db.GetContext(t.Context(), &got, `SELECT t, b FROM round_trip WHERE id = ? AND t = ?`, i, text); err != nil {
			t.Errorf("text %d: %v", i, err)
			continue
		}
		if got.T != text || string(got.B) != "\xff"+text {
			t.Errorf("text %d came back as %q and %q", i, got.T, got.B)
		}
	}
}
