package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

func TestEncoder_send_next_sheet(t *testing.T) {
	for _, rows := range []int{9, 10, 18, 19, 40} {
		for _, size := range []int{1, 100, 1 << 20} {
			cols := orderColumns()
			same(t, cols, format.Options{SheetName: "Orders", Workers: 3}, 10, orders(1, rows, size)...)
			file, _ := writeLimited(t, cols, format.Options{SheetName: "Orders"}, 10, orders(1, rows, size)...)
			b := readBook(t, file)
			if want := (rows + 8) / 9; len(b.Names) != want {
				t.Fatalf("%d rows: sheets %q, want %d", rows, b.Names, want)
			}
			for i := range b.Names {
				if got := b.Cells[i]["A1"]; got.Value != "id" {
					t.Errorf("sheet %d: header %+v", i+1, got)
				}
			}
		}
	}
}

func TestEncoder_send_row_limit(t *testing.T) {
	b := new(row.Batch)
	for range 1 << 16 {
		b.Append([]byte("1"))
	}
	batches := []*row.Batch{}
	for range 16 {
		batches = append(batches, b)
	}
	file, sum := write(t, []format.Column{single(row.Int, -1)}, format.Options{}, batches...) // 1,048,576 rows and the header
	if sum.Rows != 1<<20 {
		t.Errorf("rows %d, want %d", sum.Rows, 1<<20)
	}
	parts := readParts(t, file)
	first, second := parts[sheetPath(1)], parts[sheetPath(2)]
	if !strings.Contains(first, `r="1048576"><c`) || strings.Contains(first, `r="1048577"><c`) {
		t.Error("the first sheet does not end at row 1048576")
	}
	if got, want := second[strings.Index(second, "<sheetData>"):], `<row ht="15.0" r="2"><c s="1" r="A2"><v>1</v></c></row></sheetData>`; !strings.Contains(got, want) || strings.Contains(got, `r="3"><c`) {
		t.Errorf("the second sheet: %.300s", got)
	}
}

func TestEncoder_Close_without_rows(t *testing.T) {
	file, sum := write(t, orderColumns(), format.Options{})
	b := readBook(t, file)
	if len(b.Cells) != 1 || len(b.Cells[0]) != 10 || b.Cells[0]["J1"].Value != "remark" {
		t.Errorf("cells %v", b.Cells)
	}
	if d := cmp.Diff(format.Summary{}, sum); d != "" {
		t.Errorf("summary (-want +got):\n%s", d)
	}
}

func TestEncoder_Close_sheet_properties(t *testing.T) {
	batches := func() []*row.Batch { return orders(1, 5, 1<<20) }
	t.Run("frozen header, filter, widths", func(t *testing.T) {
		cols := orderColumns()
		cols[1].Width = 33.5
		file, _ := write(t, cols, format.Options{SheetName: "O'Neil & Co"}, batches()...)
		b := readBook(t, file)
		sheet := b.Parts[sheetPath(1)]
		for _, want := range []string{
			`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>`, `<autoFilter ref="A1:J6"/>`,
			`<col min="2" max="2" width="33.5" customWidth="1"/>`, `<col min="1" max="1" width="14" customWidth="1"/>`,
			`sqref="A1:J6" numberStoredAsText="1"`,
		} {
			if !strings.Contains(sheet, want) {
				t.Errorf("no %s", want)
			}
		}
		if want := `<dimension ref="A1:J6"/><sheetViews>`; !strings.Contains(sheet, want) {
			t.Errorf("no %s", want)
		}
		file, _ = write(t, orderColumns(), format.Options{}, orders(1, 20000, 100000)...)
		if first := readParts(t, file)[sheetPath(1)][:400]; strings.Contains(first, "<dimension") {
			t.Errorf("a dimension although the sheet began before the last row: %s", first)
		}
		if want := `hidden="1">'O''Neil &amp; Co'!$A$1:$J$6</definedName>`; !strings.Contains(b.Parts["xl/workbook.xml"], want) {
			t.Errorf("workbook: %s", b.Parts["xl/workbook.xml"])
		}
	})
	t.Run("none of it", func(t *testing.T) {
		file, _ := write(t, orderColumns(), format.Options{NoFilter: true, NoFreeze: true}, batches()...)
		b := readBook(t, file)
		if s := b.Parts[sheetPath(1)] + b.Parts["xl/workbook.xml"]; strings.Contains(s, "autoFilter") || strings.Contains(s, "pane") || strings.Contains(s, "_FilterDatabase") {
			t.Errorf("sheet: %.600s", s)
		}
	})
	t.Run("print setup", func(t *testing.T) {
		file, _ := write(t, orderColumns(), format.Options{}, batches()...)
		b := readBook(t, file)
		for _, want := range []string{`<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>`, `<pageSetup paperSize="9" fitToHeight="0" orientation="landscape"/>`} {
			if !strings.Contains(b.Parts[sheetPath(1)], want) {
				t.Errorf("no %s", want)
			}
		}
		if want := `<definedName name="_xlnm.Print_Titles" localSheetId="0">'Sheet1'!$1:$1</definedName>`; !strings.Contains(b.Parts["xl/workbook.xml"], want) {
			t.Errorf("no %s", want)
		}
		file, _ = write(t, []format.Column{single(row.Int, -1)}, format.Options{NoHeader: true}, one("1"))
		if b := readBook(t, file); !strings.Contains(b.Parts[sheetPath(1)], `orientation="portrait"`) || strings.Contains(b.Parts["xl/workbook.xml"], "Print_Titles") {
			t.Error("a narrow sheet without a header: want portrait without print titles")
		}
	})
	t.Run("no header", func(t *testing.T) {
		file, _ := write(t, orderColumns(), format.Options{NoHeader: true}, batches()...)
		b := readBook(t, file)
		if got := b.Cells[0]["A1"].Value; got != "900000000001" {
			t.Errorf("A1: %q", got)
		}
		if s := b.Parts[sheetPath(1)]; strings.Contains(s, "autoFilter") || strings.Contains(s, "pane") {
			t.Errorf("sheet: %.600s", s)
		}
	})
	t.Run("awkward header", func(t *testing.T) {
		c := single(row.Int, -1)
		c.Label = " <a>\x01_x0041_ "
		file, sum := write(t, []format.Column{c}, format.Options{})
		if got, want := readBook(t, file).Cells[0]["A1"].Value, " <a>\uFFFD_x0041_ "; got != want {
			t.Errorf("header %q, want %q", got, want)
		}
		if d := cmp.Diff([]format.Warning{{Code: format.IllegalChar, Count: 1}}, sum.Warnings); d != "" {
			t.Errorf("warnings (-want +got):\n%s", d)
		}
	})
}

// TestEncoder_Close_file_size holds the size, which is the same everywhere: a hint
// that is lost loses no cell and would go unseen.
func TestEncoder_Close_file_size(t *testing.T) {
	const rows = 20000
	for small, most := range map[bool]int{false: 94, true: 91} {
		file, _ := write(t, orderColumns(), format.Options{Small: small}, orders(1, rows, 100000)...)
		if n := len(file) / rows; n > most {
			t.Errorf("small %t: %d bytes a row, want at most %d", small, n, most)
		}
	}
}

func TestRowWriter_room_wide_rows(t *testing.T) {
	cols := make([]format.Column, 40)
	for i := range cols {
		cols[i] = single(row.Text, -1)
		cols[i].Index = i
	}
	b := new(row.Batch)
	for r := range 3 {
		cells := make([][]byte, len(cols))
		for i := range cells {
			cells[i] = bytes.Repeat([]byte{byte('a' + r), '&', '_'}, 5000+i)
		}
		b.Append(cells...)
	}
	same(t, cols, format.Options{}, maxRows, b)
}

func TestEncoder_Encode_releases_batches(t *testing.T) {
	for name, size := range map[string]int{"small ones": 100, "large ones": 300000} {
		t.Run(name, func(t *testing.T) {
			var made, freed atomic.Int64
			twice := make(chan *row.Batch, 100)
			batches := orders(1, 5000, size)
			for _, b := range batches {
				made.Add(1)
				var done atomic.Bool
				b.Free = func(b *row.Batch) {
					if done.Swap(true) {
						twice <- b
					}
					freed.Add(1)
				}
			}
			writeLimited(t, orderColumns(), format.Options{}, 700, batches...)
			if made.Load() != freed.Load() || len(twice) > 0 {
				t.Errorf("%d batches, %d released, %d of them twice", made.Load(), freed.Load(), len(twice))
			}
		})
	}
}

var errDisk = errors.New("disk full")

// full fails after n bytes.
type full struct{ n, failed int }

func (f *full) Write(p []byte) (int, error) {
	if f.n -= len(p); f.n < 0 {
		f.failed++
		return 0, errDisk
	}
	return len(p), nil
}

func TestEncoder_Close_write_error(t *testing.T) {
	file, _ := write(t, orderColumns(), format.Options{}, orders(1, 5000, 20000)...)
	before := runtime.NumGoroutine()
	for at := 0; at < len(file); at += 1 + len(file)/20 {
		var freed int64
		disk := &full{n: at}
		e, err := New(disk, orderColumns(), format.Options{Workers: 3})
		if err != nil {
			t.Fatal(err)
		}
		var failed error
		n := int64(0)
		for _, b := range orders(1, 5000, 20000) {
			n++
			b.Free = func(*row.Batch) { atomic.AddInt64(&freed, 1) }
			if err := e.Encode(b); err != nil {
				failed = err
			} else if failed != nil {
				t.Fatal("Encode went on after an error")
			}
		}
		if err := e.Close(); !errors.Is(err, errDisk) {
			t.Errorf("failing at byte %d: Close gave %v", at, err)
		}
		if err := e.Close(); !errors.Is(err, errDisk) {
			t.Errorf("failing at byte %d: the second Close gave %v", at, err)
		}
		if failed != nil && !errors.Is(failed, errDisk) {
			t.Errorf("failing at byte %d: Encode gave %v", at, failed)
		}
		if disk.failed != 1 {
			t.Errorf("failing at byte %d: %d writes after the first error", at, disk.failed-1)
		}
		if freed != n {
			t.Errorf("failing at byte %d: %d of %d batches released", at, freed, n)
		}
	}
	waitForGoroutines(t, before)
}

// short writes less than it is given and says nothing.
type short struct{}

func (short) Write(p []byte) (int, error) { return len(p) / 2, nil }

func TestEncoder_Close_short_write(t *testing.T) {
	e, err := New(short{}, orderColumns(), format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("Close gave %v", err)
	}
}

func TestEncoder_Encode_after_Close(t *testing.T) {
	e, err := New(io.Discard, orderColumns(), format.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	b := orders(1, 1, 1)[0]
	freed := false
	b.Free = func(*row.Batch) { freed = true }
	if err := e.Encode(b); err == nil || !freed {
		t.Errorf("error %v, released %t", err, freed)
	}
}

func TestEncoder_goroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	e, err := New(io.Discard, orderColumns(), format.Options{Workers: 4})
	if err != nil {
		t.Fatal(err)
	}
	if n := runtime.NumGoroutine(); n != before {
		t.Errorf("New started %d goroutines", n-before)
	}
	for _, b := range orders(1, 3000, 50000) {
		if err := e.Encode(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	waitForGoroutines(t, before)
}

// waitForGoroutines gives goroutines that have told their end a moment to be
// gone.
func waitForGoroutines(t *testing.T, want int) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 2000 {
		if runtime.NumGoroutine() <= want {
			return
		}
		<-tick.C
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), want)
}

func TestEncoder_Encode_allocations(t *testing.T) {
	for _, opt := range []format.Options{{}, {Workers: 2}, {Workers: 2, Small: true}} {
		batches := orders(1, 8000, 128<<10)
		e, err := New(io.Discard, orderColumns(), opt)
		if err != nil {
			t.Fatal(err)
		}
		pass := func() {
			for _, b := range batches {
				if err := e.Encode(b); err != nil {
					t.Fatal(err)
				}
			}
		}
		pass() // the buffers grow to their size
		pass()
		// A pass is 8,000 rows. The runtime itself allocates a little, for example
		// when workers start.
		if n := testing.AllocsPerRun(3, pass); n > 200 {
			t.Errorf("%+v: %v allocations for 8,000 rows", opt, n)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEncoder_Encode_memory(t *testing.T) {
	batches := orders(1, 20000, 128<<10)
	var idle, now, most runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&idle)
	e, err := New(io.Discard, orderColumns(), format.Options{Workers: 4})
	if err != nil {
		t.Fatal(err)
	}
	for range 8 { // 160,000 rows, 15 MB of text
		for _, b := range batches {
			if err := e.Encode(b); err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&now)
		if now.HeapInuse > most.HeapInuse {
			most = now
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if grown := int64(most.HeapInuse) - int64(idle.HeapInuse); grown > 24<<20 {
		t.Errorf("%d KiB above idle, want at most 24 MiB", grown>>10)
	}
}

func ExampleNew() {
	var file bytes.Buffer
	e, err := New(&file, []format.Column{{Source: row.Column{Name: "id", Kind: row.Int}, Label: "id"}}, format.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	b := new(row.Batch)
	b.Append([]byte("42"))
	if err := e.Encode(b); err != nil {
		fmt.Println(err)
	}
	if err := e.Close(); err != nil {
		fmt.Println(err)
	}
	fmt.Println(e.Summary().Rows, "row")
	// Output: 1 row
}

func TestEncoder_Encode_malformed_row(t *testing.T) {
	inOrder := []format.Column{single(row.Int, -1), single(row.Text, -1)}
	inOrder[1].Index = 1
	for name, cols := range map[string][]format.Column{
		"in order": inOrder, "the first column": inOrder[:1], "reordered": {inOrder[1], inOrder[0]}, "the second column": inOrder[1:],
	} {
		for _, broken := range []string{"", "\x011", "\x011\x02a", "\x011\x01a\x01b", "\x091\x01a", "\x011\xfc\xff\xffa", "\x011\xff"} {
			for at := range 300 { // rows before it, enough for the widths to be known
				if at > 2 && at < 298 {
					continue
				}
				b := new(row.Batch)
				for range at {
					b.Append([]byte("1"), []byte("a"))
				}
				b.Append(nil, nil)
				b.Data = append(b.Data[:b.Rows[at].Off], broken...)
				b.Rows[at].End = int32(len(b.Data))
				b.Data = append(b.Data, make([]byte, 100)...)
				e, err := New(io.Discard, cols, format.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if err := errors.Join(e.Encode(b), e.Close()); !errors.Is(err, row.ErrBroken) {
					t.Errorf("%s, %q as row %d: got %v, want %v", name, broken, at, err, row.ErrBroken)
				}
			}
		}
	}
}
