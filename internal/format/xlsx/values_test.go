package xlsx

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// wantColumn writes values in one column and compares what a reader finds.
// Values and wanted cells take turns: value, type, format, shown value.
func wantColumn(t *testing.T, c format.Column, turns ...string) {
	t.Helper()
	b := new(row.Batch)
	var want []shown
	for i := 0; i < len(turns); i += 4 {
		b.Append([]byte(turns[i]))
		s := shown{Type: turns[i+1], Format: turns[i+2], Value: turns[i+3]}
		if text := []byte(turns[i+3]); s.Type == "inlineStr" && format.NeedsQuotePrefix(text) {
			s.Look = "quoted"
			if s.Format == "" {
				s.Format = "@"
			}
		}
		if strings.Contains(turns[i+3], "\n") {
			s.Look += "wrapped"
		}
		want = append(want, s)
	}
	file, _ := write(t, []format.Column{c}, format.Options{}, b)
	got := columnOf(readBook(t, file), len(want))
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("cells (-want +got):\n%s", d)
	}
}

func TestRowWriter_cell_big_integers(t *testing.T) {
	wantColumn(t, single(row.Int, -1),
		"999999999999999", "", "0", "999999999999999",
		"-999999999999999", "", "0", "-999999999999999",
		"1000000000000000", "inlineStr", "", "1000000000000000",
		"18446744073709551615", "inlineStr", "", "18446744073709551615",
		"-9223372036854775808", "inlineStr", "", "-9223372036854775808",
		"0", "", "0", "0",
	)
}

func TestRowWriter_cell_decimals(t *testing.T) {
	wantColumn(t, single(row.Decimal, 2),
		"100.00", "", "0.00", "100.00",
		"-12.50", "", "0.00", "-12.50",
		"1234567890123.45", "", "0.00", "1234567890123.45",
		"12345678901234.56", "inlineStr", "", "12345678901234.56",
		"1234567890123456.00", "inlineStr", "", "1234567890123456.00",
	)
}

func TestRowWriter_cell_leading_zeros(t *testing.T) {
	t.Run("text", func(t *testing.T) {
		wantColumn(t, single(row.Text, -1), "00123", "inlineStr", "", "00123", "123", "inlineStr", "", "123")
	})
	t.Run("zerofill", func(t *testing.T) {
		c := single(row.Int, -1)
		c.Source.Zerofill = true
		wantColumn(t, c, "00000042", "inlineStr", "", "00000042", "12345678", "inlineStr", "", "12345678")
	})
	t.Run("year", func(t *testing.T) {
		wantColumn(t, single(row.Year, -1), "0000", "inlineStr", "", "0000", "2026", "", "", "2026")
	})
}

func TestRowWriter_cell_doubles(t *testing.T) {
	wantColumn(t, single(row.Float, -1),
		"0.06553680338958984", "", "", "0.06553680338958984",
		"1e-7", "", "", "1e-7",
		"1.7976931348623157e308", "", "", "1.7976931348623157e308",
	)
}

func TestRowWriter_cell_text(t *testing.T) {
	wantColumn(t, single(row.Text, -1),
		"=1+1", "inlineStr", "", "=1+1",
		"-12.5", "inlineStr", "", "-12.5",
		"@SUM(A1)", "inlineStr", "", "@SUM(A1)",
		"2026-01-31", "inlineStr", "", "2026-01-31",
		"_x0041_", "inlineStr", "", "_x0041_",
		"a\r\nb\rc\nd", "inlineStr", "", "a\r\nb\rc\nd",
		" <b>&\t", "inlineStr", "", " <b>&\t",
	)
}

func TestRowWriter_date(t *testing.T) {
	t.Run("date", func(t *testing.T) {
		const f = "yyyy-mm-dd"
		wantColumn(t, single(row.Date, -1),
			"2026-01-31", "", f, "46053",
			"1900-03-01", "", f, "61",
			"9999-12-31", "", f, "2958465",
			"1900-02-28", "inlineStr", "", "1900-02-28",
			"0000-00-00", "inlineStr", "", "0000-00-00",
			"2026-02-30", "inlineStr", "", "2026-02-30",
		)
	})
	t.Run("datetime", func(t *testing.T) {
		const f = "yyyy-mm-dd hh:mm:ss"
		wantColumn(t, single(row.DateTime, 0),
			"2026-01-31 00:00:00", "", f, "46053",
			"2026-01-31 12:00:00", "", f, "46053.5",
			"2026-01-31 23:59:59", "", f, "46053.999988425926",
			"0000-00-00 00:00:00", "inlineStr", "", "0000-00-00 00:00:00",
			"1899-12-31 12:00:00", "inlineStr", "", "1899-12-31 12:00:00",
		)
	})
	t.Run("parts of a second", func(t *testing.T) {
		wantColumn(t, single(row.DateTime, 6),
			"2026-01-31 00:00:00.000001", "", "yyyy-mm-dd hh:mm:ss.000", "46053",
			"2026-01-31 12:00:00.500000", "", "yyyy-mm-dd hh:mm:ss.000", "46053.500005787037",
		)
	})
	t.Run("shifted into another zone", func(t *testing.T) {
		c := single(row.DateTime, 0)
		c.Zone = format.Zone{From: time.UTC, To: time.FixedZone("", 8*3600)}
		wantColumn(t, c, "2026-01-31 18:00:00", "", "yyyy-mm-dd hh:mm:ss", "46054.083333333333")
	})
	t.Run("time is a span", func(t *testing.T) {
		wantColumn(t, single(row.Time, 0), "-838:59:59", "inlineStr", "", "-838:59:59", "12:00:00", "inlineStr", "", "12:00:00")
	})
}

func (s words) String() string {
	var p []byte
	for _, x := range []uint64{s.a, s.b, s.c} {
		p = binary.LittleEndian.AppendUint64(p, x)
	}
	return string(p[:s.n])
}

func TestDateCache_serialOf_every_second(t *testing.T) {
	var d dateCache
	for s := range 86400 {
		v := time.Date(2026, 1, 31, 0, 0, s, 0, time.UTC).AppendFormat(nil, time.DateTime)
		got, ok := d.serialOf(v)
		serial, _ := format.ParseSerial(v)
		if want := string(serial.Append(nil)); !ok || got.String() != want {
			t.Fatalf("%s: got %q (%t), want %q", v, got, ok, want)
		}
	}
}

func TestRowWriter_bool(t *testing.T) {
	c := single(row.Int, -1)
	c.Type = format.AsBool
	shows := `"TRUE";"TRUE";"FALSE"`
	wantColumn(t, c, "1", "b", shows, "1", "0", "b", shows, "0", "2", "b", shows, "1")
	c = single(row.Bit, -1)
	c.Type = format.AsBool
	wantColumn(t, c, "\x01", "b", shows, "1", "\x00", "b", shows, "0")
	c = single(row.Text, -1)
	c.Type = format.AsBool
	wantColumn(t, c, "maybe", "inlineStr", "", "maybe")
}

func TestRowWriter_cell_value_map(t *testing.T) {
	c := single(row.Int, -1)
	c.Map = map[string]string{"1": "已付"}
	wantColumn(t, c, "1", "inlineStr", "", "已付", "2", "inlineStr", "", "2")
	c = single(row.Decimal, 2)
	c.Format = `#,##0.00 "元"`
	wantColumn(t, c, "1.50", "", `#,##0.00 "元"`, "1.50")
}

func TestRowWriter_cell_null(t *testing.T) {
	file, _ := write(t, []format.Column{single(row.Text, -1)}, format.Options{}, one(nil, "", "x"))
	got := columnOf(readBook(t, file), 3)
	want := []shown{{}, {Type: "inlineStr"}, {Type: "inlineStr", Value: "x"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("cells (-want +got):\n%s", d)
	}
}

func TestRowWriter_text_cut(t *testing.T) {
	exact := strings.Repeat("a", format.MaxCellText)
	pair := strings.Repeat("a", format.MaxCellText-1) + "😀" // two units, one too many
	far := strings.Repeat("李", 1<<20)
	file, sum := write(t, []format.Column{single(row.Text, -1)}, format.Options{}, one(exact, pair, exact+"b", far, "x"))
	got := columnOf(readBook(t, file), 5)
	want := []shown{
		{Type: "inlineStr", Value: exact},
		{Type: "inlineStr", Value: exact[:format.MaxCellText-1]},
		{Type: "inlineStr", Value: exact},
		{Type: "inlineStr", Value: strings.Repeat("李", format.MaxCellText)},
		{Type: "inlineStr", Value: "x"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("cells differ: %d bytes of difference", len(d))
	}
	if d := cmp.Diff(format.Summary{Rows: 5, Warnings: []format.Warning{{Code: format.CutText, Count: 3}}}, sum); d != "" {
		t.Errorf("summary (-want +got):\n%s", d)
	}
}

func TestRowWriter_text_cut_binary(t *testing.T) {
	blob := bytes.Repeat([]byte{0xab}, 1<<20)
	for _, how := range []format.BinaryText{format.Hex, format.Base64} {
		c := single(row.Binary, -1)
		c.Binary = how
		want := string(how.Append(nil, blob)[:format.MaxCellText])
		file, sum := write(t, []format.Column{c}, format.Options{}, one(blob))
		if got := columnOf(readBook(t, file), 1)[0].Value; got != want {
			t.Errorf("notation %d: %d characters, want %d", how, len(got), len(want))
		}
		if d := cmp.Diff([]format.Warning{{Code: format.CutText, Count: 1}}, sum.Warnings); d != "" {
			t.Errorf("warnings (-want +got):\n%s", d)
		}
	}
}

func TestRowWriter_text_illegal_characters(t *testing.T) {
	file, sum := write(t, []format.Column{single(row.Text, -1)}, format.Options{}, one("a\x00\x01b", "\xff", "\uffff", "fine\tthis\n", "12345678\x0b"))
	var got []string
	for _, c := range columnOf(readBook(t, file), 5) {
		got = append(got, c.Value)
	}
	if d := cmp.Diff([]string{"a\uFFFD\uFFFDb", "\uFFFD", "\uFFFD", "fine\tthis\n", "12345678\uFFFD"}, got); d != "" {
		t.Errorf("cells (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]format.Warning{{Code: format.IllegalChar, Count: 4}}, sum.Warnings); d != "" {
		t.Errorf("warnings (-want +got):\n%s", d)
	}
}

func TestShortNumber(t *testing.T) {
	for _, v := range odd {
		for _, v := range []string{v, "-" + v, v + "0", "1" + v, v + "." + v} {
			v := append([]byte(v), "9.9.9.9.9.9.9.9."...)[:len(v)]
			if s, ok := shortNumber(v); ok && (!format.SafeNumber(v) || s.String() != string(v)) {
				t.Errorf("%q passes the fast check only, as %q", v, s)
			}
		}
	}
}

func TestSpecial(t *testing.T) {
	for c := range 256 {
		for at := range 8 {
			p := []byte("abcdefgh")
			p[at] = byte(c)
			x := uint64(0)
			for i, b := range p {
				x |= uint64(b) << (8 * i)
			}
			if special(x) == 0 && !plain[c] {
				t.Errorf("byte %#x at %d was taken for plain", c, at)
			}
		}
	}
	if special(0x7e7d7c7b7a797877) != 0 || special(0x3736353433323130) != 0 {
		t.Error("letters or digits were taken for special: the fast path is never taken")
	}
}

func TestNew_invalid_format(t *testing.T) {
	c := single(row.Decimal, 2)
	c.Format = `0.00 "open`
	if _, err := New(new(bytes.Buffer), []format.Column{c}, format.Options{}); err == nil {
		t.Error("no error for a format with an open quote")
	}
}

func TestNew_column_limit(t *testing.T) {
	for _, n := range []int{0, 16384, 16385} {
		cols := make([]format.Column, n)
		var file bytes.Buffer
		e, err := New(&file, cols, format.Options{})
		if wantErr := n != 16384; (err != nil) != wantErr {
			t.Fatalf("%d columns: error %v", n, err)
		}
		if err != nil {
			continue
		}
		if err := e.Encode(one("last")); err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if got := readBook(t, file.Bytes()).Cells[0][fmt.Sprintf("%s2", "XFD")].Value; got != "last" {
			t.Errorf("XFD2: got %q", got)
		}
	}
}

// A cell with a line feed is written again with another tag.
func TestRowWriter_text_line_feeds(t *testing.T) {
	pieces := []string{"", "a", "ten bytes.", "b\nc", "\n", "a text of forty characters without any..", strings.Repeat("x", 300) + "\n", strings.Repeat("y", 300)}
	for name, order := range map[string][]int{"in order": {0, 1, 2}, "picked": {2, 1, 0}} {
		t.Run(name, func(t *testing.T) {
			cols := []format.Column{single(row.Text, -1), single(row.Date, -1), single(row.Text, -1)}
			for i := range cols {
				cols[i].Index = order[i]
			}
			rnd := rand.New(rand.NewPCG(1, 2))
			b := new(row.Batch)
			var want [][2]string
			for range 2000 {
				one, two := pieces[rnd.IntN(len(pieces))], pieces[rnd.IntN(len(pieces))]
				b.Append([]byte(one), []byte("2026-01-31"), []byte(two))
				want = append(want, [2]string{one, two})
			}
			b.Data = append(b.Data, "\n\n"...) // behind the rows
			file, _ := write(t, cols, format.Options{}, b)
			cells := readBook(t, file).Cells[0]
			for i, texts := range want {
				for k, text := range texts {
					look := ""
					if strings.Contains(text, "\n") {
						look = "wrapped"
					}
					ref := columnName(order[2*k]) + strconv.Itoa(i+2)
					if got := cells[ref]; got.Value != text || got.Look != look {
						t.Fatalf("%s: got %q, %q, want %q, %q", ref, got.Value, got.Look, text, look)
					}
				}
			}
		})
	}
}

func TestRowWriter_longNumber(t *testing.T) {
	values := func() *row.Batch { return one("1.5", "0.333333333333333333", "1234567890123456789", "007", "x") }
	t.Run("declared", func(t *testing.T) {
		c := single(row.Decimal, 18)
		c.Type = format.AsNumber
		file, sum := write(t, []format.Column{c}, format.Options{}, values())
		f := c.NumberFormat()
		want := []shown{
			{Format: f, Value: "1.5"},
			{Format: f, Value: "0.333333333333333"},
			{Format: f, Value: "1234567890123460000"},
			{Format: f, Value: "7"},
			{Type: "inlineStr", Value: "x"},
		}
		if d := cmp.Diff(want, columnOf(readBook(t, file), 5)); d != "" {
			t.Errorf("cells (-want +got):\n%s", d)
		}
		if d := cmp.Diff([]format.Warning{{Code: format.RoundedNumber, Count: 2}, {Code: format.NotNumber, Count: 1}}, sum.Warnings); d != "" {
			t.Errorf("warnings (-want +got):\n%s", d)
		}
	})
	t.Run("undeclared", func(t *testing.T) {
		file, sum := write(t, []format.Column{single(row.Decimal, 18)}, format.Options{}, values())
		quoted := func(text string) shown { return shown{Type: "inlineStr", Format: "@", Look: "quoted", Value: text} }
		want := []shown{quoted("0.333333333333333333"), quoted("1234567890123456789"), quoted("007")}
		if d := cmp.Diff(want, columnOf(readBook(t, file), 4)[1:]); d != "" {
			t.Errorf("cells (-want +got):\n%s", d)
		}
		if len(sum.Warnings) == 0 || sum.Warnings[0] != (format.Warning{Code: format.NumberText, Count: 4}) {
			t.Errorf("warnings: %v", sum.Warnings)
		}
	})
}

func TestRowWriter_date_precision(t *testing.T) {
	const last = "9999-12-31 23:59:59.999999"
	for _, tt := range []struct {
		format, want string
		scale        int
	}{
		{"", "2958465.999999988426", 6},
		{"yyyy-mm-dd hh:mm:ss.0", "2958465.999998842593", 6},
		{"yyyy-mm-dd hh:mm:ss", "2958465.999988425926", 6},
		{"yyyy-mm-dd", "2958465.999988425926", 6},
		{"", "2958465.999988425926", 0},
	} {
		c := single(row.DateTime, tt.scale)
		c.Format = tt.format
		wantColumn(t, c, last, "", c.NumberFormat(), tt.want)
	}
}

func TestTextKind(t *testing.T) {
	c := single(row.Text, -1)
	file, _ := write(t, []format.Column{c}, format.Options{}, one("a", "00123", "a\nb", "=1\n2", "8136E1", "true"))
	want := []shown{
		{Type: "inlineStr", Value: "a"},
		{Type: "inlineStr", Value: "00123", Format: "@", Look: "quoted"},
		{Type: "inlineStr", Value: "a\nb", Look: "wrapped"},
		{Type: "inlineStr", Value: "=1\n2", Format: "@", Look: "quotedwrapped"},
		{Type: "inlineStr", Value: "8136E1", Format: "@", Look: "quoted"},
		{Type: "inlineStr", Value: "true", Format: "@", Look: "quoted"},
	}
	if d := cmp.Diff(want, columnOf(readBook(t, file), 6)); d != "" {
		t.Errorf("cells (-want +got):\n%s", d)
	}
}
