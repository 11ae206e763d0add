package xls

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// one is a column of its own for tables of cases.
func one(kind row.Kind, declared format.Type) []format.Column {
	return []format.Column{{Label: "c", Source: row.Column{Name: "c", Kind: kind, Scale: -1}, Type: declared}}
}

// rowsOf is a batch of one column; a nil is NULL.
func rowsOf(cells ...string) *row.Batch {
	b := &row.Batch{}
	for _, c := range cells {
		b.Append([]byte(c))
	}
	return b
}

// check encodes the batches, reads the file back and holds the sheets against
// what they should be.
func check(t *testing.T, cols []format.Column, opt format.Options, batches ...*row.Batch) (book, format.Summary) {
	t.Helper()
	file, sum := encodeAll(t, cols, opt, batches...)
	b := read(t, file)
	sheets := wantGrid(cols, opt, batches...)
	if len(b.sheets) != len(sheets) {
		t.Fatalf("%d sheets, want %d", len(b.sheets), len(sheets))
	}
	for i, want := range sheets {
		if d := cmp.Diff(want, b.sheets[i].grid(len(cols))); d != "" {
			t.Fatalf("sheet %d (-want +got):\n%s", i, d)
		}
	}
	return b, sum
}

func TestEncoder_Encode(t *testing.T) {
	_, sum := check(t, orderColumns(), format.Options{}, orders(1, 3000)...)
	if d := cmp.Diff(format.Summary{Rows: 3000}, sum); d != "" {
		t.Errorf("summary (-want +got):\n%s", d)
	}
}

func TestEncoder_Close_deterministic(t *testing.T) {
	a, _ := encodeAll(t, orderColumns(), format.Options{}, orders(1, 2000)...)
	b, _ := encodeAll(t, orderColumns(), format.Options{}, orders(1, 2000)...)
	if !bytes.Equal(a, b) {
		t.Error("two encodings of the same rows differ")
	}
}

func TestEncoder_Encode_values(t *testing.T) {
	for name, tc := range map[string]struct {
		kind     row.Kind
		declared format.Type
		text     string
		want     any
	}{
		"an integer":                           {row.Int, format.Auto, "42", 42.0},
		"a negative integer":                   {row.Int, format.Auto, "-536870913", -536870913.0},
		"the largest RK":                       {row.Int, format.Auto, "536870911", 536870911.0},
		"15 digits":                            {row.Int, format.Auto, "999999999999999", 999999999999999.0},
		"big integers keep their digits":       {row.Int, format.Auto, "1234567890123456", "1234567890123456"},
		"an unsigned 64-bit key":               {row.Int, format.Auto, "18446744073709551615", "18446744073709551615"},
		"leading zeros stay":                   {row.Int, format.Auto, "00000042", "00000042"},
		"leading zeros stay in a text":         {row.Text, format.Auto, "007", "007"},
		"leading zeros of a declared number":   {row.Text, format.AsNumber, "007", 7.0},
		"a text declared a number":             {row.Text, format.AsNumber, "12.5", 12.5},
		"an integer declared a text":           {row.Int, format.AsText, "42", "42"},
		"a decimal":                            {row.Decimal, format.Auto, "-12.50", -12.5},
		"a decimal of one place":               {row.Decimal, format.Auto, "0.1", 0.1},
		"a decimal of hundredths":              {row.Decimal, format.Auto, "1047.29", 1047.29},
		"tenths past an RK":                    {row.Decimal, format.Auto, "9999999.9", 9999999.9},
		"decimals past an RK":                  {row.Decimal, format.Auto, "9999999999.99", 9999999999.99},
		"a decimal with 15 digits":             {row.Decimal, format.Auto, "1234567890.12345", 1234567890.12345},
		"decimals are not rounded":             {row.Decimal, format.Auto, "1234567890123.4567", "1234567890123.4567"},
		"zeros at the end need no digits":      {row.Decimal, format.Auto, "12345678.9000000000", 12345678.9},
		"a double":                             {row.Float, format.Auto, "0.06553680338958984", 0.06553680338958984},
		"a small double":                       {row.Float, format.Auto, "1e-7", 1e-7},
		"the largest double":                   {row.Float, format.Auto, "1.7976931348623157e308", 1.7976931348623157e308},
		"no double is so large":                {row.Float, format.Auto, "1e400", "1e400"},
		"a double of few bits":                 {row.Float, format.Auto, "0.5", 0.5},
		"a double with an RK's flag, 32":       {row.Float, format.Auto, "1.0000009536743164", 1 + 0x1p-20},
		"a double with an RK's flag, 33":       {row.Float, format.Auto, "1.0000019073486328", 1 + 0x1p-19},
		"a double that just fits an RK":        {row.Float, format.Auto, "1.0000038146972656", 1 + 0x1p-18},
		"infinity is a text":                   {row.Float, format.Auto, "inf", "inf"},
		"a year":                               {row.Year, format.Auto, "2026", 2026.0},
		"the year zero":                        {row.Year, format.Auto, "0000", "0000"},
		"a date":                               {row.Date, format.Auto, "2026-01-31", 46053.0},
		"the first sure date":                  {row.Date, format.Auto, "1900-03-01", 61.0},
		"a date that readers disagree about":   {row.Date, format.Auto, "1900-02-28", "1900-02-28"},
		"a zero date":                          {row.Date, format.Auto, "0000-00-00", "0000-00-00"},
		"a date before spreadsheets":           {row.Date, format.Auto, "1899-12-31", "1899-12-31"},
		"the last date":                        {row.Date, format.Auto, "9999-12-31", 2958465.0},
		"a day that is not":                    {row.Date, format.Auto, "2026-02-30", "2026-02-30"},
		"a time of day":                        {row.DateTime, format.Auto, "2026-01-31 12:00:00", 46053.5},
		"a time of day with a fraction":        {row.DateTime, format.Auto, "2026-01-31 18:00:00.000000", 46053.75},
		"a zero time":                          {row.DateTime, format.Auto, "0000-00-00 00:00:00", "0000-00-00 00:00:00"},
		"a time declared a date loses its day": {row.DateTime, format.AsDate, "2026-01-31 12:00:00", 46053.0},
		"a text declared a date":               {row.Text, format.AsDate, "2026-01-31", 46053.0},
		"a text that is no date":               {row.Text, format.AsDate, "tomorrow", "tomorrow"},
		"a span stays a text":                  {row.Time, format.Auto, "-838:59:59", "-838:59:59"},
		"true":                                 {row.Int, format.AsBool, "1", true},
		"false":                                {row.Int, format.AsBool, "0", false},
		"a bit":                                {row.Bit, format.Auto, "\x01\x00", 256.0},
		"a bit declared a truth value":         {row.Bit, format.AsBool, "\x01", true},
		"no truth value":                       {row.Text, format.AsBool, "perhaps", "perhaps"},
		"bytes":                                {row.Binary, format.Auto, "\x00\xff", "00FF"},
		"an empty text is no NULL":             {row.Text, format.Auto, "", ""},
		"a formula is a text":                  {row.Text, format.Auto, "=1+1", "=1+1"},
		"narrow letters":                       {row.Text, format.Auto, "café", "café"},
		"the first wide letter":                {row.Text, format.Auto, "Ā", "Ā"},
		"wide letters":                         {row.Text, format.Auto, "中文 😀", "中文 😀"},
	} {
		t.Run(name, func(t *testing.T) {
			b, sum := check(t, one(tc.kind, tc.declared), format.Options{}, rowsOf(tc.text))
			if d := cmp.Diff(tc.want, b.sheets[0].cells[[2]int{1, 0}].value); d != "" {
				t.Errorf("cell (-want +got):\n%s", d)
			}
			var warnings []format.Warning
			if _, text := tc.want.(string); text && one(tc.kind, tc.declared)[0].Stored() == format.AsNumber {
				warnings = []format.Warning{{Code: format.NumberText, Count: 1}}
			}
			if d := cmp.Diff(warnings, sum.Warnings); d != "" {
				t.Errorf("warnings (-want +got):\n%s", d)
			}
		})
	}
}

func TestColumn_putNumber(t *testing.T) {
	b, sum := check(t, one(row.Decimal, format.AsNumber), format.Options{}, rowsOf("0.333333333333333333", "1234567890123456789", "-0.1", "x"))
	got := []any{}
	for r := 1; r <= 4; r++ {
		got = append(got, b.sheets[0].cells[[2]int{r, 0}].value)
	}
	if d := cmp.Diff([]any{0.333333333333333, 1234567890123460000.0, -0.1, "x"}, got); d != "" {
		t.Errorf("cells (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]format.Warning{{Code: format.RoundedNumber, Count: 2}, {Code: format.NotNumber, Count: 1}}, sum.Warnings); d != "" {
		t.Errorf("warnings (-want +got):\n%s", d)
	}
}

func TestEncoder_beginSheet_noHeader(t *testing.T) {
	b, _ := check(t, one(row.Int, format.Auto), format.Options{NoHeader: true}, rowsOf("1", "2"))
	s := b.sheets[0]
	if got := s.cells[[2]int{0, 0}].value; got != 1.0 || len(s.cells) != 2 {
		t.Errorf("first cell %v of %d, want 1 of 2", got, len(s.cells))
	}
	if n := len(s.find(recPane)) + len(s.find(recAutoFilterInfo)) + len(s.find(recObj)); n != 0 {
		t.Errorf("%d records of panes and filters, want none", n)
	}
	check(t, one(row.Int, format.Auto), format.Options{NoHeader: true}) // no rows at all
}

func TestEncoder_Encode_null(t *testing.T) {
	cols := []format.Column{one(row.Text, format.Auto)[0], one(row.Int, format.Auto)[0]}
	cols[1].Index = 1
	b := &row.Batch{}
	for range 100 { // among them blocks without a cell
		b.Append(nil, nil)
	}
	b.Append(nil, []byte("1"))
	b.Append([]byte("x"), nil)
	b.Append(nil, nil)
	got, _ := check(t, cols, format.Options{}, b)
	if n := len(got.sheets[0].cells); n != 4 {
		t.Errorf("%d cells, want the two labels and two", n)
	}
}

func TestEncoder_Encode_selected_columns(t *testing.T) {
	cols := orderColumns()
	picked := []format.Column{cols[9], cols[2], cols[2]}
	picked[0].Map = map[string]string{"备注 3": "三"}
	check(t, picked, format.Options{}, orders(1, 200)...)
}

func TestTable_rk_MulRk(t *testing.T) {
	var cols []format.Column
	for i := range 5 {
		c := one(row.Int, format.Auto)[0]
		c.Index = i
		cols = append(cols, c)
	}
	b := &row.Batch{}
	b.Append([]byte("1"), []byte("2"), []byte("3"), nil, []byte("5"))
	got, _ := check(t, cols, format.Options{}, b)
	if n := len(got.sheets[0].find(recMulRk)); n != 1 {
		t.Errorf("%d MulRk records, want 1", n)
	}
	if n := len(got.sheets[0].find(recRK)); n != 1 {
		t.Errorf("%d RK records, want 1", n)
	}
}

func TestTable_rk_two_rows(t *testing.T) {
	cols := []format.Column{one(row.Int, format.Auto)[0], one(row.Int, format.Auto)[0]}
	cols[1].Index = 1
	b := &row.Batch{}
	b.Append([]byte("1"), nil)
	b.Append(nil, []byte("2"))
	check(t, cols, format.Options{}, b)
}

func TestEncoder_Encode_cut_text(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want int // UTF-16 units
		cut  bool
	}{
		"at the limit":          {strings.Repeat("a", 32767), 32767, false},
		"one past it":           {strings.Repeat("a", 32768), 32767, true},
		"wide at the limit":     {strings.Repeat("中", 32767), 32767, false},
		"wide past it":          {strings.Repeat("中", 32768), 32767, true},
		"not within a pair":     {strings.Repeat("😀", 16384), 32766, true},
		"narrow letters":        {strings.Repeat("é", 32768), 32767, true},
		"a pair that just fits": {"a" + strings.Repeat("😀", 16383), 32767, false},
	} {
		t.Run(name, func(t *testing.T) {
			// Twice: a cell counts although its string was there before.
			b, sum := check(t, one(row.Text, format.Auto), format.Options{}, rowsOf(tc.text, tc.text))
			got := b.sheets[0].cells[[2]int{2, 0}].value.(string)
			if n := format.UTF16Len([]byte(got)); n != tc.want {
				t.Errorf("%d units, want %d", n, tc.want)
			}
			var want []format.Warning
			if tc.cut {
				want = []format.Warning{{Code: format.CutText, Count: 2}}
			}
			if d := cmp.Diff(want, sum.Warnings); d != "" {
				t.Errorf("warnings (-want +got):\n%s", d)
			}
		})
	}
}

func TestEncoder_Encode_illegal_characters(t *testing.T) {
	b, sum := check(t, one(row.Text, format.Auto), format.Options{}, rowsOf("a\x00b", "a\x00b", "\xff\xfe", "a\x01b", "\xed\xa0\x80"))
	if d := cmp.Diff([]format.Warning{{Code: format.IllegalChar, Count: 4}}, sum.Warnings); d != "" {
		t.Errorf("warnings (-want +got):\n%s", d)
	}
	if got := b.sheets[0].cells[[2]int{1, 0}].value; got != "a\uFFFDb" {
		t.Errorf("a NUL reads %q", got)
	}
	if got := b.sheets[0].cells[[2]int{4, 0}].value; got != "a\x01b" {
		t.Errorf("a control character reads %q", got)
	}
}

// The letters of a string may be torn apart between records in every place;
// what leads them may not.
func TestSST_write_record_boundaries(t *testing.T) {
	for _, letter := range []string{"a", "中", "é"} {
		t.Run(letter, func(t *testing.T) {
			for first := maxRecord - 40; first < maxRecord; first++ {
				b := &row.Batch{}
				b.Append([]byte(strings.Repeat("x", first-sstHead)))
				for _, n := range []int{1, 2, 0, 9, 5000, 3, 20000} {
					b.Append([]byte(strconv.Itoa(n) + strings.Repeat(letter, n)))
				}
				check(t, one(row.Text, format.Auto), format.Options{}, b)
			}
		})
	}
}

// A record of 8,224 bytes never ends inside a surrogate pair, wherever the pairs lie.
func TestSST_write_surrogate_pairs(t *testing.T) {
	for n := range 8 {
		check(t, one(row.Text, format.Auto), format.Options{}, rowsOf(strings.Repeat("x", n)+strings.Repeat("😀", 2054), "😀"))
	}
	texts := make([]string, 330)
	for i := range texts {
		texts[i] = strings.Repeat("😀", 20) + strconv.Itoa(i)
	}
	check(t, one(row.Text, format.Auto), format.Options{}, rowsOf(texts...))
}

func TestSST_add_shared(t *testing.T) {
	b, _ := check(t, one(row.Text, format.Auto), format.Options{}, rowsOf("a", "b", "a", "c", "a"))
	if d := cmp.Diff([]string{"c", "a", "b"}, b.strings); d != "" {
		t.Errorf("string table (-want +got):\n%s", d)
	}
}

func TestNew_column_limit(t *testing.T) {
	cols := make([]format.Column, 257)
	_, err := New(&bytes.Buffer{}, cols, format.Options{})
	if err == nil || !strings.Contains(err.Error(), "257 columns") || !strings.Contains(err.Error(), "256") {
		t.Errorf("257 columns: %v", err)
	}
	if _, err := New(&bytes.Buffer{}, nil, format.Options{}); err == nil {
		t.Error("no columns: no error")
	}
	if _, err := New(&bytes.Buffer{}, []format.Column{{Type: format.AsNumber, Format: "\"open"}}, format.Options{}); err == nil {
		t.Error("a number format without an end: no error")
	}
}

func TestEncoder_Encode_all_columns(t *testing.T) {
	cols := make([]format.Column, maxColumns)
	cells := make([][]byte, maxColumns)
	for i := range cols {
		cols[i] = format.Column{Index: i, Label: fmt.Sprint("c", i), Source: row.Column{Kind: row.Kind(i % 3)}}
		cells[i] = strconv.AppendInt(nil, int64(i), 10)
	}
	b := &row.Batch{}
	for range 100 {
		b.Append(cells...)
	}
	check(t, cols, format.Options{}, b)
}

// Excel's row limit neither corrupts nor cuts: the table goes on in a sheet
// of its own.
func TestEncoder_Encode_next_sheet(t *testing.T) {
	for _, n := range []int{maxRows - 1, maxRows, 2*maxRows - 1} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			batch := &row.Batch{}
			for i := range n {
				batch.Append(fmt.Appendf(nil, "row %d", i))
			}
			b, sum := check(t, one(row.Text, format.Auto), format.Options{SheetName: "Orders"}, batch)
			if sum.Rows != int64(n) {
				t.Errorf("%d rows counted, want %d", sum.Rows, n)
			}
			var names []string
			for _, s := range b.sheets {
				names = append(names, s.name)
			}
			want := []string{"Orders", "Orders (2)", "Orders (3)"}[:(n+maxRows-2)/(maxRows-1)]
			if d := cmp.Diff(want, names); d != "" {
				t.Errorf("sheets (-want +got):\n%s", d)
			}
		})
	}
}

func TestNew_sheet_name(t *testing.T) {
	for name, want := range map[string]string{
		"":                        "Sheet1",
		"订单":                      "订单",
		"a/b:c":                   "a_b_c",
		strings.Repeat("x", 40):   strings.Repeat("x", 31),
		"2026 [January] \\ * ? :": "2026 _January_ _ _ _ _",
	} {
		b, _ := check(t, one(row.Int, format.Auto), format.Options{SheetName: name})
		if got := b.sheets[0].name; got != want {
			t.Errorf("%q became %q, want %q", name, got, want)
		}
	}
}

func TestEncoder_Close_header(t *testing.T) {
	cols := orderColumns()
	b, _ := check(t, cols, format.Options{}, orders(1, 10)...)
	s := b.sheets[0]
	if font := b.xfs[s.cells[[2]int{0, 3}].xf].font; font != 1 {
		t.Errorf("a label has font %d", font)
	}
	if font := b.xfs[s.cells[[2]int{1, 3}].xf].font; font != 0 {
		t.Errorf("a cell has font %d", font)
	}
	if flags := le16(s.find(recWindow2)[0].body); flags&0x0108 != 0x0108 {
		t.Errorf("window flags %04x: not frozen", flags)
	}
	if d := cmp.Diff([]byte{0, 0, 1, 0, 1, 0, 0, 0, 2, 0}, s.find(recPane)[0].body); d != "" {
		t.Errorf("pane (-want +got):\n%s", d)
	}
	if n := le16(s.find(recAutoFilterInfo)[0].body); int(n) != len(cols) {
		t.Errorf("filter on %d columns, want %d", n, len(cols))
	}
	if n := len(s.find(recObj)); n != len(cols) {
		t.Errorf("%d arrows, want %d", n, len(cols))
	}
	b, _ = check(t, cols, format.Options{NoFreeze: true, NoFilter: true}, orders(1, 10)...)
	s = b.sheets[0]
	if n := len(s.find(recPane)) + len(s.find(recAutoFilterInfo)) + len(s.find(recObj)); n != 0 {
		t.Errorf("%d records of panes and filters, want none", n)
	}
}

// The sizes that the drawing's containers announce must add up over all of the
// sheet's records, or Excel repairs the file.
func TestAppendArrows(t *testing.T) {
	for _, columns := range []int{1, 2, maxColumns} {
		cols := make([]format.Column, columns)
		b, _ := check(t, cols, format.Options{})
		var all []byte
		for _, r := range b.sheets[0].find(recDrawing) {
			all = append(all, r.body...)
		}
		if n := int(le32(all[4:])); n != len(all)-artHead {
			t.Errorf("%d columns: the outer container announces %d bytes, has %d", columns, n, len(all)-artHead)
		}
		shapes := 0
		walkArt(t, all, func(kind uint16) {
			if kind == artFSP {
				shapes++
			}
		})
		if shapes != columns+1 {
			t.Errorf("%d columns: %d shapes", columns, shapes)
		}
	}
}

func walkArt(t *testing.T, p []byte, see func(kind uint16)) {
	t.Helper()
	for len(p) > 0 {
		n := int(le32(p[4:]))
		if artHead+n > len(p) {
			t.Fatalf("drawing record %04x of %d bytes in %d", le16(p[2:]), n, len(p))
		}
		see(le16(p[2:]))
		if le16(p)&0xf == 0xf {
			walkArt(t, p[artHead:artHead+n], see)
		}
		p = p[artHead+n:]
	}
}

func TestStyles_formats(t *testing.T) {
	for name, tc := range map[string]struct {
		col    format.Column
		text   string
		format uint16
		custom string
	}{
		"an integer":           {format.Column{Source: row.Column{Kind: row.Int}}, "1", 1, ""},
		"two places":           {format.Column{Source: row.Column{Kind: row.Decimal, Scale: 2}}, "1.50", 2, ""},
		"a date":               {format.Column{Source: row.Column{Kind: row.Date}}, "2026-01-31", 164, "yyyy-mm-dd"},
		"a time with a third":  {format.Column{Source: row.Column{Kind: row.DateTime, Scale: 6}}, "2026-01-31 01:02:03.456789", 164, "yyyy-mm-dd hh:mm:ss.000"},
		"one that is declared": {format.Column{Source: row.Column{Kind: row.Date}, Format: `yyyy"年"m"月"d"日"`}, "2026-01-31", 164, `yyyy"年"m"月"d"日"`},
		"a declared built-in":  {format.Column{Source: row.Column{Kind: row.Decimal, Scale: 2}, Format: "#,##0.00"}, "1.50", 4, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := check(t, []format.Column{tc.col}, format.Options{}, rowsOf(tc.text))
			got := b.xfs[b.sheets[0].cells[[2]int{1, 0}].xf].format
			if got != tc.format || b.formats[got] != tc.custom {
				t.Errorf("format %d %q, want %d %q", got, b.formats[got], tc.format, tc.custom)
			}
		})
	}
}

// A text that typing would turn into a number or a formula carries Excel's
// own mark for texts, and stays as it is.
func TestColumn_textXF(t *testing.T) {
	for text, want := range map[string]bool{
		"=1+1": true, "+86 10": true, "@x": true, "-": true, "007": true, "'x": true,
		"8136E1": true, "true": true, "(1)": true, "x": false, "": false, "中": false,
	} {
		for _, off := range []bool{false, true} {
			b, _ := check(t, one(row.Text, format.Auto), format.Options{NoGuard: off}, rowsOf(text))
			c := b.sheets[0].cells[[2]int{1, 0}]
			if got := b.xfs[c.xf].quoted; got != want {
				t.Errorf("%q (no guard %t): marked %t", text, off, got)
			}
		}
	}
	b, _ := check(t, one(row.Int, format.Auto), format.Options{}, rowsOf("12345678901234567"))
	if !b.xfs[b.sheets[0].cells[[2]int{1, 0}].xf].quoted {
		t.Error("a number that stays a text is not marked")
	}
}

func TestEncoder_widths(t *testing.T) {
	cols := []format.Column{one(row.Text, format.Auto)[0], one(row.Text, format.Auto)[0]}
	cols[1].Width = 30
	b, _ := check(t, cols, format.Options{}, rowsOf("中文中文中文"))
	var got []uint16
	for _, r := range b.sheets[0].find(recColInfo) {
		got = append(got, le16(r.body[4:]))
	}
	if d := cmp.Diff([]uint16{columnWidth(13), columnWidth(30)}, got); d != "" {
		t.Errorf("widths (-want +got):\n%s", d)
	}
}
