package encoder

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// kinds are all the files that New can make.
var kinds = []struct {
	name   string
	format Format
	opt    format.Options
}{
	{"CSV", CSV, format.Options{}},
	{"CSV as GB18030", CSV, format.Options{GB18030: true}},
	{"CSV, gzip", CSV, format.Options{Gzip: true}},
	{"CSV, zstd", CSV, format.Options{Zstd: true}},
	{"CSV in parts", CSV, format.Options{PartRows: 7}},
	{"JSON Lines", JSONL, format.Options{}},
	{"JSON Lines, zstd", JSONL, format.Options{Zstd: true}},
	{"JSON Lines in parts", JSONL, format.Options{PartRows: 7}},
	{"Parquet", Parquet, format.Options{}},
	{"Parquet in parts", Parquet, format.Options{PartRows: 9}},
	{"XLSX", XLSX, format.Options{}},
	{"XLSX in parts", XLSX, format.Options{PartRows: 9}},
	{"XLS", XLS, format.Options{}},
	{"XLS in parts", XLS, format.Options{PartRows: 9}},
}

// someColumns are an integer, a text and a mapped column.
func someColumns(t testing.TB) []format.Column {
	t.Helper()
	source := []row.Column{{Name: "n", Type: "INT", Kind: row.Int, Scale: -1}, {Name: "t", Type: "VARCHAR", Kind: row.Text, Scale: -1}}
	specs, err := format.ParseColumns(`[{"name":"n"},{"name":"t","label":"文本"},{"name":"n","label":"mapped","map":{"1":"一"}}]`)
	if err != nil {
		t.Fatal(err)
	}
	cols, err := format.Resolve(specs, source)
	if err != nil {
		t.Fatal(err)
	}
	return cols
}

// someRows makes batches of at most per rows, and counts how many of them are
// not released.
func someRows(n, per int, held *atomic.Int64) []*row.Batch {
	var batches []*row.Batch
	for i := 0; i < n; {
		b := &row.Batch{Free: func(*row.Batch) { held.Add(-1) }}
		for ; i < n && b.Len() < per; i++ {
			b.Append(strconv.AppendInt(nil, int64(i), 10), fmt.Appendf(nil, "=row %d, 第 %d 行", i, i*2654435761%1000003))
		}
		held.Add(1)
		batches = append(batches, b)
	}
	return batches
}

// write makes one file of n rows and reports the first error.
func write(t testing.TB, w io.Writer, f Format, opt format.Options, n, per int) (format.Summary, error) {
	t.Helper()
	opt.TempDir = t.TempDir()
	var held atomic.Int64
	enc, err := New(w, f, someColumns(t), opt)
	if err != nil {
		return format.Summary{}, err
	}
	var first error
	for _, b := range someRows(n, per, &held) {
		err := enc.Encode(b)
		if first != nil && err == nil {
			t.Errorf("Encode after the error %q returned nil", first)
		}
		if first == nil {
			first = err
		}
	}
	closed := enc.Close()
	if first != nil && closed == nil {
		t.Errorf("Encode said %q, Close nil", first)
	}
	if again := enc.Close(); (again == nil) != (closed == nil) {
		t.Errorf("the second Close said %v, the first %v", again, closed)
	}
	if n := held.Load(); n != 0 {
		t.Errorf("%d batches were not released once", n)
	}
	return enc.Summary(), closed
}

// full is a disk that fails after so many bytes.
type full struct {
	room  int
	short bool // reports a short write without an error, as no writer should
}

var errFull = errors.New("no space left")

func (f *full) Write(p []byte) (int, error) {
	if len(p) <= f.room {
		f.room -= len(p)
		return len(p), nil
	}
	n := f.room
	f.room = 0
	if f.short {
		return n, nil
	}
	return n, errFull
}

func TestEncoder_Summary(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			for _, n := range []int{0, 1, 6, 7, 8, 63, 500} {
				for _, per := range []int{1, 5, 100} {
					var out bytes.Buffer
					sum, err := write(t, &out, k.format, k.opt, n, per)
					if err != nil {
						t.Fatalf("%d rows: %v", n, err)
					}
					if sum.Rows != int64(n) {
						t.Errorf("%d rows in batches of %d: got %d counted", n, per, sum.Rows)
					}
					if out.Len() == 0 && (n > 0 || k.name != "JSON Lines") {
						t.Errorf("%d rows: the file is empty", n)
					}
				}
			}
		})
	}
}

func TestEncoder_Encode_batch_sizes(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			k.opt.Workers = 1
			var want []byte
			for _, per := range []int{1000, 1, 13} {
				var out bytes.Buffer
				if _, err := write(t, &out, k.format, k.opt, 200, per); err != nil {
					t.Fatal(err)
				}
				if want == nil {
					want = out.Bytes()
				}
				if !bytes.Equal(out.Bytes(), want) {
					t.Errorf("batches of %d rows make another file", per)
				}
			}
		})
	}
}

func TestEncoder_Close_write_error(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			var whole bytes.Buffer
			if _, err := write(t, &whole, k.format, k.opt, 30, 4); err != nil {
				t.Fatal(err)
			}
			step := whole.Len()/60 + 1 // an encoder of a compressed format costs milliseconds
			if k.name == "CSV" {
				step = 1
			}
			for room := 0; room < whole.Len(); room += step {
				if _, err := write(t, &full{room: room}, k.format, k.opt, 30, 4); !errors.Is(err, errFull) {
					t.Fatalf("room for %d of %d bytes: got %v, want %v", room, whole.Len(), err, errFull)
				}
			}
			if _, err := write(t, &full{room: whole.Len()}, k.format, k.opt, 30, 4); err != nil {
				t.Errorf("room for the whole file: %v", err)
			}
		})
	}
}

func TestEncoder_Close_short_write(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			var whole bytes.Buffer
			if _, err := write(t, &whole, k.format, k.opt, 30, 4); err != nil {
				t.Fatal(err)
			}
			step := whole.Len()/20 + 1
			for room := 0; room < whole.Len(); room += step {
				if _, err := write(t, &full{room: room, short: true}, k.format, k.opt, 30, 4); err == nil {
					t.Fatalf("room for %d of %d bytes: got no error", room, whole.Len())
				}
			}
		})
	}
}

func TestEncoder_Close_without_rows(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			k.opt.NoHeader = true
			if _, err := write(t, io.Discard, k.format, k.opt, 0, 1); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEncoder_Encode_after_Close(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			k.opt.TempDir = t.TempDir()
			enc, err := New(io.Discard, k.format, someColumns(t), k.opt)
			if err != nil {
				t.Fatal(err)
			}
			if err := enc.Close(); err != nil {
				t.Fatal(err)
			}
			var held atomic.Int64
			if err := enc.Encode(someRows(1, 1, &held)[0]); err == nil {
				t.Error("got no error")
			}
			if held.Load() != 0 {
				t.Error("the batch was not released")
			}
		})
	}
}

func TestEncoder_Close_goroutines_after_error(t *testing.T) {
	for _, k := range kinds {
		if k.opt.PartRows > 0 {
			k.opt.PartRows = 1_000_000
		}
		t.Run(k.name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			for _, rows := range []int{30, 40_000} { // the disk is full at the end, and on the way
				if _, err := write(t, &full{}, k.format, k.opt, rows, 1000); !errors.Is(err, errFull) {
					t.Fatalf("%d rows: got %v, want %v", rows, err, errFull)
				}
			}
			// Close has waited for what it started; the last goroutines may
			// still be about to return.
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			limit := time.After(10 * time.Second)
			for runtime.NumGoroutine() > before {
				select {
				case <-tick.C:
				case <-limit:
					t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
				}
			}
		})
	}
}

// brokenRows are rows of someColumns' two cells that are not exactly those.
var brokenRows = map[string]string{
	"a cell too few":                   "\x011",
	"a cell too many":                  "\x011\x01a\x01b",
	"an empty row":                     "",
	"a length past the row":            "\x011\x02a",
	"a number's length past the row":   "\x091\x01a",
	"a length past the batch":          "\x011\xfc\xff\xffa",
	"a length of nine bytes, huge":     "\x011\xfe\xff\xff\xff\xff\xff\xff\xff\xffa",
	"a length of nine bytes, negative": "\x011\xfe\xf0\xff\xff\xff\xff\xff\xff\xffa",
	"half a length":                    "\x011\xfd\x01",
	"the byte that is no length":       "\xff\x01a",
	"the same at the end":              "\x011\xff",
}

func TestEncoder_Encode_malformed_row(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			k.opt.TempDir = t.TempDir()
			for name, broken := range brokenRows {
				for _, at := range []int{0, 6, 7, 19} { // the first of all, the last and the first of a part, the last of all
					var held atomic.Int64
					batches := someRows(20, 20, &held)
					b := batches[0]
					off := len(b.Data)
					b.Data = append(b.Data, broken...)
					b.Rows[at] = row.Span{Off: int32(off), End: int32(len(b.Data))}
					b.Data = append(b.Data, make([]byte, 100)...) // as a source leaves room behind its rows
					enc, err := New(io.Discard, k.format, someColumns(t), k.opt)
					if err != nil {
						t.Fatal(err)
					}
					if err := enc.Encode(b); !errors.Is(err, row.ErrBroken) && (err != nil || k.format != XLSX) { // whose workers see it later
						t.Errorf("%s in row %d: Encode said %v, want %v", name, at, err, row.ErrBroken)
					}
					if err := enc.Close(); !errors.Is(err, row.ErrBroken) {
						t.Errorf("%s in row %d: Close said %v, want %v", name, at, err, row.ErrBroken)
					}
					if held.Load() != 0 {
						t.Errorf("%s in row %d: the batch was not released", name, at)
					}
				}
			}
		})
	}
}

func TestTexts_malformed_row(t *testing.T) {
	for name, broken := range brokenRows {
		b := &row.Batch{Data: []byte(broken), Rows: []row.Span{{End: int32(len(broken))}}, Cols: 2}
		if _, err := Texts(CSV, someColumns(t), format.Options{}, b); !errors.Is(err, row.ErrBroken) {
			t.Errorf("%s: got %v, want %v", name, err, row.ErrBroken)
		}
	}
}
