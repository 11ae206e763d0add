package format

import (
	"testing"

	"exporttask/internal/format/row"
)

func TestColumn_ValueWidth(t *testing.T) {
	for _, tt := range []struct {
		kind         row.Kind
		format, text string
		shown        string // the longest value that the format shows
		atMost       int    // more than the shown width
	}{
		{row.Date, "", "2026-01-31", "2026-01-31", 0},
		{row.DateTime, "dddd, d mmmm yyyy", "2026-09-30 00:00:00", "Wednesday, 30 September 2026", 0},
		{row.DateTime, `yyyy"年"m"月"d"日"`, "2026-01-31 00:00:00", "2026年12月31日", 0},
		{row.Decimal, `#,##0.00 "EUR"`, "1234567.5", "1,234,567.50 EUR", 4},
		{row.Decimal, "0.00%", "12.5", "1250.00%", 4},
		{row.Text, "", "小明", "小明", 0},
	} {
		c := Column{Source: row.Column{Kind: tt.kind}, Format: tt.format}
		got, want := c.ValueWidth([]byte(tt.text)), TextWidth([]byte(tt.shown))
		if longer := max(want, TextWidth([]byte(tt.text))); got < want || got > longer+tt.atMost {
			t.Errorf("%q: got %d, want %d (at most %d more)", tt.format, got, want, tt.atMost)
		}
	}
}
