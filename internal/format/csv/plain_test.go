package csv

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"exporttask/internal/format"
	"exporttask/internal/format/formattest"
	"exporttask/internal/format/row"
)

// specialsOf is the table for copyCounting with a delimiter.
func specialsOf(t *testing.T, delim byte) *[16]byte {
	t.Helper()
	return &newEncoder(t, io.Discard, formattest.Columns(row.Column{Name: "a"}), format.Options{Delimiter: delim}, true).plain.specials
}

func TestCopyCounting(t *testing.T) {
	for _, delim := range []byte(delimiters) {
		specials := specialsOf(t, delim)
		for c := range 256 {
			for _, n := range []int{1, 31, 32, 33, 70} {
				dst, src := make([]byte, n+overhang), bytes.Repeat([]byte{byte(c)}, n+overhang)
				want := 0
				if strings.IndexByte("\"\r\n", byte(c)) >= 0 || byte(c) == delim {
					want = n
				}
				if got := copyCounting(dst, src, n, specials); got != want {
					t.Errorf("delimiter %q: %d times %#x: got %d, want %d", delim, n, c, got, want)
				}
			}
		}
	}
}

// What lies around the place that copyCounting may write to must stay.
func TestCopyCounting_writes_within_overhang(t *testing.T) {
	const guard = 0xa5
	specials := specialsOf(t, ',')
	random := rand.New(rand.NewPCG(1, 2))
	src := make([]byte, 512)
	for i := range src {
		src[i] = "ab,\"\r\n\x00\x8c\xff"[random.IntN(9)]
	}
	for n := 1; n <= 300; n++ {
		for from := range 35 {
			to := (from*7 + n) % 33
			dst := bytes.Repeat([]byte{guard}, 512)
			got := copyCounting(dst[to:to+n+overhang], src[from:from+n+overhang], n, specials)
			want := 0
			for _, c := range src[from : from+n] {
				if strings.IndexByte(",\"\r\n", c) >= 0 {
					want++
				}
			}
			if got != want || !bytes.Equal(dst[to:to+n], src[from:from+n]) {
				t.Fatalf("%d bytes from %d to %d: got %d special ones, want %d and the same bytes", n, from, to, got, want)
			}
			around := append(dst[:to:to], dst[to+(n+31)/32*32:]...)
			if bytes.Count(around, []byte{guard}) != len(around) {
				t.Fatalf("%d bytes from %d to %d: something around them was overwritten", n, from, to)
			}
		}
	}
}

// between puts a plain row before each of rows, so that every one is tried as a
// plain row.
func between(rows [][][]byte, plain ...[]byte) [][][]byte {
	var all [][][]byte
	for _, r := range rows {
		all = append(all, plain, r)
	}
	return append(all, plain)
}

func TestEncoder_plainRows_special_bytes(t *testing.T) {
	cols := formattest.Columns(row.Column{Name: "a"}, row.Column{Name: "b"})
	opts := []format.Options{{}, {LF: true}, {Delimiter: ';', NullText: "NULL"}, {Delimiter: '\t', NoGuard: true}, {Delimiter: '|', LF: true, NullText: `\N`}, {Delimiter: 1}, {Delimiter: 0x1f}, {Delimiter: '^'}, {Delimiter: '~', LF: true}}
	for k, opt := range opts {
		delim := byte(',')
		if opt.Delimiter != 0 {
			delim = opt.Delimiter
		}
		var rows [][][]byte
		for n := 2; n <= 400; n++ {
			for at := -1; at < n; at++ {
				if n > 70 && at > 3 && at < n-3 && (at+n+k)%11 != 0 {
					continue
				}
				text := bytes.Repeat([]byte("x"), n)
				if at >= 0 {
					text[at] = []byte{delim, '"', '\r', '\n'}[(n+at+k)%4]
				}
				rows = append(rows, [][]byte{text[:n/2], text[n/2:]})
			}
		}
		rows = between(rows, []byte("p"), []byte("q"))
		want, _ := reference(cols, opt, rows)
		if got, _ := encode(t, cols, opt, rows, 500); got != want {
			t.Errorf("%+v: the file differs", opt)
		}
	}
}

// randomRows are rows of which most are plain, with a NULL or an empty text here
// and there and cells of lengths that are special bytes themselves.
func randomRows(random *rand.Rand, cols, n int) [][][]byte {
	const asking = "\r\n\" =+" + delimiters
	rows := make([][][]byte, n)
	for i := range rows {
		for range cols {
			length := random.IntN(20)
			switch random.IntN(12) {
			case 0:
				length = 0
			case 1, 2:
				length = int(asking[random.IntN(len(asking))])
			case 3:
				length = 240 + random.IntN(20)
			}
			text := bytes.Repeat([]byte("y"), length)
			switch random.IntN(60) {
			case 0, 1, 2, 3, 4:
				text = nil
			case 5:
				if length > 0 {
					text[random.IntN(length)] = asking[random.IntN(len(asking))]
				}
			}
			rows[i] = append(rows[i], text)
		}
	}
	return rows
}

func TestEncoder_plainRows_null_and_empty(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, null := range []string{"", "NULL", `\N`, "y", "0", strings.Repeat("n", 32)} {
		for n := 1; n <= 12; n++ {
			var source []row.Column
			for i := range n {
				source = append(source, row.Column{Name: strconv.Itoa(i)})
			}
			opt := format.Options{NullText: null, LF: n%2 == 0, Delimiter: delimiters[n%len(delimiters)]}
			rows := randomRows(random, n, 300)
			want, _ := reference(formattest.Columns(source...), opt, rows)
			if got, _ := encode(t, formattest.Columns(source...), opt, rows, 97); got != want {
				t.Errorf("%d columns, %+v: the file differs", n, opt)
			}
		}
	}
}

func TestEncoder_plainRows_end_of_buffer(t *testing.T) {
	const perRow = 12 * (32 + 1)
	source := make([]row.Column, 12)
	nothing := make([][]byte, 12)
	rows := [][][]byte{}
	for range bufSize/perRow + 10 {
		rows = append(rows, nothing)
	}
	for i := range 67 {
		source[0].Name = strings.Repeat("x", i+1) // moves all rows by one byte
		opt := format.Options{NullText: strings.Repeat("n", 32), LF: i%2 == 0}
		want, _ := reference(formattest.Columns(source...), opt, rows)
		if got, _ := encode(t, formattest.Columns(source...), opt, rows, 200); got != want {
			t.Errorf("header of %d bytes more: the file differs", i)
		}
	}
}

func TestEncoder_plainRows_end_of_batch(t *testing.T) {
	cols := formattest.Columns(row.Column{Name: "a"}, row.Column{Name: "b"})
	rows := [][][]byte{{[]byte("1"), []byte("one")}, {[]byte("2"), []byte("two")}, {[]byte("3"), nil}}
	want, _ := reference(cols, format.Options{}, rows)
	for n := range 2*overhang + 1 {
		for _, behind := range []string{",", "\"", "\x01x", "\xff"} {
			if got, _ := encodeAs(t, cols, format.Options{}, rows, 3, true, strings.Repeat(behind, n)); got != want {
				t.Errorf("%d times %q behind the rows: got %q, want %q", n, behind, got, want)
			}
		}
	}
}

// That a row is written as a plain one shows in nothing but the time it takes.
func TestEncoder_plainRows(t *testing.T) {
	cols := formattest.Columns(row.Column{Name: "n", Kind: row.Int}, row.Column{Name: "a"}, row.Column{Name: "b"})
	mapped := formattest.Columns(row.Column{Name: "n", Kind: row.Int}, row.Column{Name: "a"}, row.Column{Name: "b"})
	mapped[0].Map = map[string]string{"1": "one"}
	with := func(a, b []byte) [][]byte { return [][]byte{[]byte("-1"), a, b} }
	text := func(n int) []byte { return bytes.Repeat([]byte("z"), n) }
	for _, tt := range []struct {
		name string
		cols []format.Column
		opt  format.Options
		row  [][]byte
		want bool
	}{
		{"texts", cols, format.Options{}, with(text(5), text(6)), true},
		{"NULL that is nothing", cols, format.Options{}, with(nil, nil), true},
		{"NULL that is a text", cols, format.Options{NullText: "NULL"}, with(nil, nil), true},
		{"empty texts", cols, format.Options{}, with(text(0), text(0)), true},
		{"empty texts that are nothing", cols, format.Options{NullText: "NULL"}, with(text(0), text(0)), true},
		{"lengths that are special bytes", cols, format.Options{}, with(text('"'), text(',')), true},
		{"the longest short texts", cols, format.Options{}, with(text(250), text(250)), true},
		{"a long text", cols, format.Options{}, with(text(5), text(251)), false},
		{"a delimiter", cols, format.Options{}, with([]byte("a,b"), text(3)), false},
		{"a quote in the last text", cols, format.Options{}, with(text(3), []byte(`x"`)), false},
		{"a blank at the beginning", cols, format.Options{}, with([]byte(" a"), text(3)), false},
		{"a blank at the end", cols, format.Options{}, with(text(3), []byte("a ")), false},
		{"a formula", cols, format.Options{}, with([]byte("=a"), text(3)), false},
		{"a formula where there is no guard", cols, format.Options{NoGuard: true}, with([]byte("=a"), text(3)), true},
		{"the text for NULL", cols, format.Options{NullText: "zz"}, with(text(2), text(2)), false},
		{"all quoted", cols, format.Options{QuoteAll: true}, with(text(5), text(6)), false},
		{"GB18030", cols, format.Options{GB18030: true}, with(text(5), text(6)), false},
		{"a converted column", mapped, format.Options{}, with(text(5), text(6)), false},
		{"not all columns", cols[:2], format.Options{}, with(text(5), text(6)), false},
		{"another order", []format.Column{cols[1], cols[0], cols[2]}, format.Options{}, with(text(5), text(6)), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b row.Batch
			for range 3 {
				b.Append(tt.row...)
			}
			b.Data = append(b.Data, make([]byte, overhang)...)
			var want int
			if tt.want {
				want = 3
			}
			e := newEncoder(t, io.Discard, tt.cols, tt.opt, true)
			if got := e.plainRows(&b, 0); got != want || e.rows != int64(want) {
				t.Errorf("%d of 3 rows are plain, %d counted, want %d", got, e.rows, want)
			}
		})
	}
}

func TestEncoder_newPlain_vectors(t *testing.T) {
	e, err := New(io.Discard, formattest.OrderColumns(), format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := e.(*Encoder).plain.on; got != vectors() {
		t.Errorf("got %t, want %t", got, vectors())
	}
}

func TestEncoder_plainRows_back_off(t *testing.T) {
	var b row.Batch
	odd, plain := []byte("a,b"), []byte("ab")
	for _, text := range [][]byte{plain, odd, plain, odd, odd} {
		b.Append(text, text)
	}
	for range backOff + 1 {
		b.Append(plain, plain)
	}
	b.Data = append(b.Data, make([]byte, overhang)...)
	e := newEncoder(t, io.Discard, formattest.Columns(row.Column{Name: "a"}, row.Column{Name: "b"}), format.Options{}, true)
	for i, want := range []int{0: 1, 2: 3, 4: 4} { // the first that is not plain, from row i on
		if want > 0 {
			if got := e.plainRows(&b, i); got != want {
				t.Errorf("from row %d: got %d, want %d", i, got, want)
			}
		}
	}
	for range backOff {
		if got := e.plainRows(&b, 5); got != 5 {
			t.Fatal("tried after two rows in succession that were not plain")
		}
	}
	if got := e.plainRows(&b, 5); got != b.Len() {
		t.Errorf("after %d rows: got %d, want %d: it tries again", backOff, got, b.Len())
	}
}

// A row that is not its cells is told, wherever it lies and whatever lies behind
// it, and its file does not end well.
func TestEncoder_Encode_malformed_row(t *testing.T) {
	cols := formattest.Columns(row.Column{Name: "n", Kind: row.Int}, row.Column{Name: "a"}, row.Column{Name: "b"})
	good := "\x011\x01a\x01b"
	for name, bad := range map[string]string{
		"a cell too few":             "\x011\x01a",
		"a cell too many":            "\x011\x01a\x01b\x01c",
		"an empty row":               "",
		"a text past the end":        "\x011\x01a\x02b",
		"a text far past the end":    "\x011\x01a\xfab",
		"a number past the end":      "\xfa1\x01a\x01b",
		"no byte of the last cell":   "\x011\x03a\x01b",
		"NULL and nothing":           "\x011\xfb",
		"an empty text and nothing":  "\x011\x00",
		"the byte that is no length": "\x011\xff\x01b",
		"a huge length":              "\x011\x01a\xfe\xff\xff\xff\xff\xff\xff\xff\xff",
		"half a length":              "\x011\x01a\xfc\x01",
	} {
		t.Run(name, func(t *testing.T) {
			for _, null := range []string{"", "NULL"} {
				for _, behind := range []string{"", "\x00", "\x01", "\xfb", "\"", "\xff"} {
					for at := range 3 {
						for _, plain := range []bool{false, true} {
							b := &row.Batch{Cols: 3}
							for i := range 3 {
								text := good
								if i == at {
									text = bad
								}
								off := len(b.Data)
								b.Data = append(b.Data, text...)
								b.Rows = append(b.Rows, row.Span{Off: int32(off), End: int32(len(b.Data))})
							}
							b.Data = append(b.Data, strings.Repeat(behind, 300)...)
							e := newEncoder(t, io.Discard, cols, format.Options{NullText: null}, plain)
							err, closed := e.Encode(b), e.Close()
							if !errors.Is(err, row.ErrBroken) || !errors.Is(closed, row.ErrBroken) || e.rows != int64(at) {
								t.Errorf("row %d before %q, plain %t: got %v, then %v, after %d rows", at, behind, plain, err, closed, e.rows)
							}
						}
					}
				}
			}
		})
	}
}

// FuzzEncoder_Encode_any_bytes gives the encoder a row of any bytes between two good ones.
// It must never panic, must tell the rows that are not their cells, and must
// write the others as plain rows as it does cell by cell.
func FuzzEncoder_Encode_any_bytes(f *testing.F) {
	f.Add([]byte("\x01a\x02bc\xfb"), uint8(3), uint8(0))
	f.Add([]byte("\x01a\x00\xfb"), uint8(3), uint8(1))
	f.Add([]byte("\x01a\xff\x00"), uint8(2), uint8(2))
	f.Add([]byte("\x01a\x09b"), uint8(2), uint8(3))
	f.Add([]byte("\x00\xfe\xff\xff\xff\xff\xff\xff\xff\xff"), uint8(2), uint8(4))
	nulls := []string{"", "NULL", `\N`, strings.Repeat("-", 32)}
	f.Fuzz(func(t *testing.T, p []byte, width, bits uint8) {
		n := int(width%12) + 1
		source := make([]row.Column, n)
		good := make([][]byte, n)
		for i := range source {
			source[i].Name, good[i] = "c", []byte("good")
		}
		opt := format.Options{Delimiter: delimiters[int(bits>>4)%len(delimiters)], NullText: nulls[bits&3], LF: bits&4 != 0, QuoteAll: bits&8 != 0}
		write := func(plain bool, behind string) (string, error) {
			var out bytes.Buffer
			e := newEncoder(t, &out, formattest.Columns(source...), opt, plain)
			b := &row.Batch{}
			b.Append(good...)
			off := len(b.Data)
			b.Data = append(b.Data, p...)
			b.Rows = append(b.Rows, row.Span{Off: int32(off), End: int32(len(b.Data))})
			b.Append(good...)
			b.Data = append(b.Data, behind...)
			err := errors.Join(e.Encode(b), e.Close())
			return out.String(), err
		}
		want, wantErr := write(false, "")
		if errors.Is(wantErr, row.ErrBroken) == row.Whole(p, n) {
			t.Errorf("cell by cell: %v for a row of %d cells: %q", wantErr, n, p)
		}
		for _, c := range []string{"", "\x00", "\x01", "\xfb", "\""} {
			got, err := write(true, strings.Repeat(c, overhang))
			if (err == nil) != (wantErr == nil) || got != want {
				t.Errorf("as plain rows: got %v and %q, want %v and %q", err, got, wantErr, want)
			}
		}
	})
}
