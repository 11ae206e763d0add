package csv

import (
	"bytes"
	stdcsv "encoding/csv"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"

	"exporttask/internal/format"
	"exporttask/internal/format/formattest"
	"exporttask/internal/format/row"
)

var update = flag.Bool("update", false, "write the golden files anew")

// awkward is a table with everything that a cell can be.
func awkward(t *testing.T) ([]format.Column, [][][]byte) {
	t.Helper()
	source := []row.Column{
		{Name: "id", Type: "BIGINT UNSIGNED", Kind: row.Int, Unsigned: true, Zerofill: true},
		{Name: "name", Type: "VARCHAR", Kind: row.Text},
		{Name: "amount", Type: "DECIMAL", Kind: row.Decimal, Scale: 2},
		{Name: "paid", Type: "BIT", Kind: row.Bit},
		{Name: "pic", Type: "BLOB", Kind: row.Binary},
		{Name: "at", Type: "DATETIME", Kind: row.DateTime, Scale: 6},
		{Name: "status", Type: "TINYINT", Kind: row.Int},
		{Name: "place", Type: "GEOMETRY", Kind: row.Geometry},
	}
	specs, err := format.ParseColumns(`[{"name":"id","label":"编号"},"name",{"name":"amount","label":"=金额"},"paid",{"name":"pic","binary":"base64"},
		{"name":"at","zone":"Asia/Shanghai"},{"name":"status","map":{"1":"已付, 全额","2":"=A1","3":""}},"place",{"name":"name","label":"raw name","guard":false}]`)
	if err != nil {
		t.Fatal(err)
	}
	cols, err := format.Resolve(specs, source)
	if err != nil {
		t.Fatal(err)
	}
	line := append(make([]byte, 4), "\x01\x02\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\x08\x40"...)
	one := func(name, amount, at, status string) [][]byte {
		return [][]byte{[]byte("00000042"), []byte(name), []byte(amount), {1}, []byte("\x00\xff="), []byte(at), []byte(status), line}
	}
	rows := [][][]byte{
		one("plain", "-12.50", "2026-01-31 23:59:59.000001", "0"),
		one("comma, quote \" and\r\nlines\n", "0.00", "0000-00-00 00:00:00.000000", "1"),
		one(" blanks ", "1", "2026-01-31 00:00:00", "2"),
		one("=1+1", "-1", "2026-01-31 00:00:00", "3"),
		one("+86 138 0000 0000", "-1", "2026-01-31 00:00:00", "4"),
		one("@SUM(\"A1\")", "-1", "2026-01-31 00:00:00", "4"),
		one("", "-1", "2026-01-31 00:00:00", "4"),
		{nil, nil, nil, nil, nil, nil, nil, nil},
		{{}, {}, {}, {}, {}, {}, {}, {}},
	}
	return cols, rows
}

func TestEncoder_Encode_golden(t *testing.T) {
	cols, rows := awkward(t)
	var bench [][][]byte
	for seq := 1; seq <= 60; seq++ {
		bench = append(bench, formattest.Order(seq))
	}
	tests := []struct {
		name string
		cols []format.Column
		opt  format.Options
		rows [][][]byte
	}{
		{"default", cols, format.Options{}, rows},
		{"excel", cols, format.Options{BOM: true}, rows},
		{"semicolon_lf_null", cols, format.Options{Delimiter: ';', LF: true, NullText: `\N`}, rows},
		{"tab_quote_all", cols, format.Options{Delimiter: '\t', QuoteAll: true}, rows},
		{"no_header_no_guard", cols, format.Options{NoHeader: true, NoGuard: true}, rows},
		{"gb18030", cols, format.Options{GB18030: true}, rows},
		{"header_only", cols, format.Options{}, nil},
		{"orders", formattest.OrderColumns(), format.Options{}, bench},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := encode(t, tt.cols, tt.opt, tt.rows, 4)
			path := filepath.Join("testdata", tt.name+".csv")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("-want +got\n%s", cmp.Diff(string(want), got))
			}
		})
	}
}

func TestEncoder_Encode_reference(t *testing.T) {
	cols, rows := awkward(t)
	var bench [][][]byte
	for seq := 1; seq <= 2000; seq++ {
		bench = append(bench, formattest.Order(seq))
	}
	reversed := formattest.OrderColumns()
	for i := range reversed {
		reversed[i].Index = len(reversed) - 1 - i
		reversed[i].Source.Kind = row.Text
	}
	long := [][][]byte{}
	for _, n := range []int{249, 250, 251, 252, 65535, 65536, 150_000} {
		long = append(long, [][]byte{bytes.Repeat([]byte("a"), n), bytes.Repeat([]byte("\""), n), []byte("1"), append([]byte("="), bytes.Repeat([]byte("é,"), n/2)...), bytes.Repeat([]byte{0xab}, n)})
	}
	wide := formattest.Columns(row.Column{Name: "a"}, row.Column{Name: "b"}, row.Column{Name: "n", Kind: row.Int}, row.Column{Name: "c"}, row.Column{Name: "d", Kind: row.Binary})
	texts := wide[:4]
	base64 := slices.Clone(wide)
	base64[4].Binary = format.Base64
	tables := []struct {
		name string
		cols []format.Column
		rows [][][]byte
	}{
		{"awkward cells", cols, rows},
		{"the benchmark's orders", formattest.OrderColumns(), bench},
		{"the first columns of more", formattest.OrderColumns()[:3], bench},
		{"columns picked and reordered", reversed[2:7], bench},
		{"one column", formattest.Columns(row.Column{Name: "x"}), [][][]byte{{nil}, {{}}, {[]byte("a")}, {[]byte("NULL")}, {[]byte(`""`)}}},
		{"cells of every length encoding", texts, long},
		{"long bytes", wide, long},
		{"long bytes as base64", base64, long},
	}
	options := []format.Options{
		{}, {BOM: true, LF: true}, {Delimiter: ';', NullText: "NULL"}, {Delimiter: '\t', QuoteAll: true}, {NoHeader: true, NoGuard: true, NullText: "1"}, {Delimiter: '|', NullText: "-"}, {QuoteAll: true, NullText: "-1"},
	}
	for _, tt := range tables {
		t.Run(tt.name, func(t *testing.T) {
			for _, opt := range options {
				want, counts := reference(tt.cols, opt, tt.rows)
				for _, per := range []int{1, 7, 10_000} {
					got, sum := encode(t, tt.cols, opt, tt.rows, per)
					if got != want {
						at := 0
						for at < min(len(got), len(want)) && got[at] == want[at] {
							at++
						}
						t.Fatalf("%+v: differs from byte %d of %d: got %.80q, want %.80q", opt, at, len(want), got[at:], want[at:])
					}
					if diff := cmp.Diff(format.Summary{Rows: int64(len(tt.rows)), Warnings: counts.Warnings()}, sum); diff != "" {
						t.Errorf("%+v: summary: -want +got\n%s", opt, diff)
					}
				}
			}
		})
	}
}

func TestEncoder_Encode_quoted_bytes(t *testing.T) {
	cols := formattest.Columns(row.Column{Name: "n", Kind: row.Int}, row.Column{Name: "a"}, row.Column{Name: "b"})
	var rows [][][]byte
	for n := 1; n <= 40; n++ {
		for at := range n {
			for _, c := range []byte("\",;\r\n\t !\x00\x7f\xff") {
				text := bytes.Repeat([]byte("x"), n)
				text[at] = c
				rows = append(rows, [][]byte{[]byte("1"), text, []byte("y")}, [][]byte{[]byte("12345678"), []byte("z"), text})
			}
		}
	}
	picked := []format.Column{cols[2], cols[1]}
	for _, cols := range [][]format.Column{cols, picked, cols[1:2]} {
		for _, delim := range []byte(delimiters) {
			opt := format.Options{Delimiter: delim}
			want, _ := reference(cols, opt, rows)
			if got, _ := encode(t, cols, opt, rows, 10_000); got != want {
				t.Errorf("delimiter %q, %d columns: the file differs", delim, len(cols))
			}
		}
	}
}

func TestEncoder_Encode_long_cell(t *testing.T) {
	cols := formattest.Columns(row.Column{Name: "text"}, row.Column{Name: "bytes", Kind: row.Binary})
	rows := [][][]byte{{bytes.Repeat([]byte("é\"x"), 1<<22), bytes.Repeat([]byte{0xab}, 1<<24)}}
	want, _ := reference(cols, format.Options{}, rows)
	if got, _ := encode(t, cols, format.Options{}, rows, 1); got != want {
		t.Errorf("got %d bytes, want %d others", len(got), len(want))
	}
}

func TestEncoder_Encode_read_by_encoding_csv(t *testing.T) {
	var want [][]string
	var rows [][][]byte
	for seq := 1; seq <= 300; seq++ {
		rows = append(rows, formattest.Order(seq))
		var cells []string
		for _, c := range formattest.Order(seq) {
			cells = append(cells, strings.ReplaceAll(string(c), "\r\n", "\n")) // as the reader does
		}
		want = append(want, cells)
	}
	text, _ := encode(t, formattest.OrderColumns(), format.Options{NoHeader: true}, rows, 64)
	got, err := stdcsv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestEncoder_Encode_null(t *testing.T) {
	cols := formattest.Columns(row.Column{Name: "a"}, row.Column{Name: "b"})
	rows := [][][]byte{{nil, {}}, {[]byte("NULL"), nil}}
	for _, tt := range []struct {
		opt  format.Options
		want string
	}{
		{format.Options{}, "a,b\r\n,\"\"\r\nNULL,\r\n"},
		{format.Options{NullText: "NULL"}, "a,b\r\nNULL,\r\n\"NULL\",NULL\r\n"},
		{format.Options{QuoteAll: true}, "\"a\",\"b\"\r\n,\"\"\r\n\"NULL\",\r\n"},
	} {
		if got, _ := encode(t, cols, tt.opt, rows, 10); got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.opt, got, tt.want)
		}
	}
	one, _ := encode(t, cols[:1], format.Options{NoHeader: true}, [][][]byte{{nil}, {[]byte("x")}}, 10)
	if want := "\"\"\r\nx\r\n"; one != want {
		t.Errorf("one column: got %q, want %q: an empty line is a row that readers skip", one, want)
	}
}

func TestEncoder_Encode_negative_numbers(t *testing.T) {
	cols := formattest.Columns(row.Column{Name: "n", Kind: row.Decimal}, row.Column{Name: "t"})
	got, sum := encode(t, cols, format.Options{}, [][][]byte{
		{[]byte("-12.50"), []byte("-12.50")}, {[]byte("-1"), []byte("+8613800000000")}, {[]byte("1"), []byte("-1+cmd|' /C calc'!A0")},
	}, 10)
	want := "n,t\r\n-12.50,-12.50\r\n-1,+8613800000000\r\n1,'-1+cmd|' /C calc'!A0\r\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if diff := cmp.Diff([]format.Warning{{Code: format.GuardedFormula, Count: 1}}, sum.Warnings); diff != "" {
		t.Errorf("warnings: -want +got\n%s", diff)
	}
}

func TestNew_SYLK(t *testing.T) {
	got, _ := encode(t, formattest.Columns(row.Column{Name: "ID"}, row.Column{Name: "ID"}), format.Options{}, nil, 1)
	if want := "\"ID\",ID\r\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got, _ = encode(t, formattest.Columns(row.Column{Name: "ID"}), format.Options{BOM: true}, nil, 1)
	if want := "\uFEFFID\r\n"; got != want {
		t.Errorf("with a BOM: got %q, want %q", got, want)
	}
}

func TestEncoder_Encode_GB18030(t *testing.T) {
	cols := formattest.Columns(row.Column{Name: "名"}, row.Column{Name: "备注"})
	long := bytes.Repeat([]byte("金额é😀,"), 40_000) // longer than the buffer, so that characters lie across its end
	rows := [][][]byte{{[]byte("王"), []byte("€ ü 𠮷")}, {[]byte("x"), long}, {[]byte("x"), append([]byte("y"), long...)}, {[]byte("x"), append([]byte("yz"), long...)}}
	got, sum := encode(t, cols, format.Options{GB18030: true}, rows, 2)
	text, err := simplifiedchinese.GB18030.NewDecoder().String(got)
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := reference(cols, format.Options{}, rows); text != want {
		t.Errorf("the decoded file differs from the UTF-8 one (%d and %d bytes)", len(text), len(want))
	}
	if sum.Warnings != nil {
		t.Errorf("got warnings %v, want none: GB18030 has all of Unicode", sum.Warnings)
	}
	t.Run("counts the cells that are no UTF-8", func(t *testing.T) {
		bad := bytes.Repeat([]byte{0xff}, bufSize)
		got, sum := encode(t, cols[:1], format.Options{GB18030: true, NoHeader: true}, [][][]byte{{bad}, {[]byte("a\xe4\xb8")}}, 2)
		if diff := cmp.Diff([]format.Warning{{Code: format.IllegalChar, Count: 2}}, sum.Warnings); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		text, err := simplifiedchinese.GB18030.NewDecoder().String(got)
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.Repeat("\uFFFD", bufSize) + "\r\na\uFFFD\uFFFD\r\n"; text != want {
			t.Errorf("got %d bytes, want %d", len(text), len(want))
		}
	})
}

func TestNew_error(t *testing.T) {
	cols := formattest.Columns(row.Column{Name: "a"})
	for _, tt := range []struct {
		name string
		cols []format.Column
		opt  format.Options
		want string
	}{
		{"no columns", nil, format.Options{}, "no columns"},
		{"a delimiter inside numbers", cols, format.Options{Delimiter: '.'}, `csvDelimiter: '.', want one of`},
		{"a quote as delimiter", cols, format.Options{Delimiter: '"'}, "csvDelimiter"},
		{"a BOM for GB18030", cols, format.Options{BOM: true, GB18030: true}, "byte order mark"},
		{"a text for NULL with the delimiter", cols, format.Options{NullText: "a,b"}, "csvNullText"},
		{"a text for NULL with a line feed", cols, format.Options{NullText: "a\n"}, "csvNullText"},
		{"a formula for NULL", cols, format.Options{NullText: "=A1"}, "csvNullText"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(io.Discard, tt.cols, tt.opt)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestEncoder_Encode_after_Close(t *testing.T) {
	e, err := New(io.Discard, formattest.Columns(row.Column{Name: "a"}), format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	released := 0
	if err := e.Encode(&row.Batch{Free: func(*row.Batch) { released++ }}); !errors.Is(err, errClosed) {
		t.Errorf("got %v, want %v", err, errClosed)
	}
	if released != 1 {
		t.Errorf("the batch was released %d times, want once", released)
	}
}

func TestEncoder_Encode_allocations(t *testing.T) {
	cols, rows := awkward(t)
	cells := &row.Batch{}
	for range 100 {
		for _, r := range rows {
			cells.Append(r...)
		}
	}
	for _, tt := range []struct {
		name  string
		cols  []format.Column
		batch *row.Batch
		opt   format.Options
	}{
		{"in order", formattest.OrderColumns(), formattest.Orders(1, 1000), format.Options{}},
		{"with a text for NULL", formattest.OrderColumns(), formattest.Orders(1, 1000), format.Options{NullText: "NULL"}},
		{"converted", cols, cells, format.Options{}},
		{"GB18030", formattest.OrderColumns(), formattest.Orders(1, 1000), format.Options{GB18030: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, err := New(io.Discard, tt.cols, tt.opt)
			if err != nil {
				t.Fatal(err)
			}
			if n := testing.AllocsPerRun(20, func() {
				if err := e.Encode(tt.batch); err != nil {
					t.Fatal(err)
				}
			}); n != 0 {
				t.Errorf("%v allocations for %d rows, want 0", n, tt.batch.Len())
			}
		})
	}
}

// half writes half of what it gets and says nothing.
type half struct{}

func (half) Write(p []byte) (int, error) { return len(p) / 2, nil }

func TestEncoder_Close_short_write(t *testing.T) {
	e, err := New(half{}, formattest.Columns(row.Column{Name: "a"}), format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := e.Close(); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("got %v, want %v", err, io.ErrShortWrite)
		}
	}
}

// writes keeps the sizes of the writes.
type writes []int

func (w *writes) Write(p []byte) (int, error) {
	*w = append(*w, len(p))
	return len(p), nil
}

func TestEncoder_flush_size(t *testing.T) {
	var w writes
	e, err := New(&w, formattest.OrderColumns(), format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := e.Encode(formattest.Orders(1, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	for i, n := range w[:len(w)-1] {
		if n < bufSize*9/10 {
			t.Errorf("write %d of %d: %d bytes, want about %d", i, len(w), n, bufSize)
		}
	}
}

func TestNew_long_header(t *testing.T) {
	source := make([]row.Column, 16384)
	for i := range source {
		source[i].Name = strings.Repeat("列", 80)
	}
	cols := formattest.Columns(source...)
	want, _ := reference(cols, format.Options{}, nil)
	if got, _ := encode(t, cols, format.Options{}, nil, 1); got != want {
		t.Errorf("got %d bytes, want %d others", len(got), len(want))
	}
	if _, err := New(half{}, cols, format.Options{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("a writer that fails: got %v, want %v", err, io.ErrShortWrite)
	}
}
