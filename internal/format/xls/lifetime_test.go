package xls

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

var errBroken = errors.New("broken")

// limitedWriter fails after n bytes.
type limitedWriter struct{ n int }

func (w *limitedWriter) Write(p []byte) (int, error) {
	if len(p) > w.n {
		n := w.n
		w.n = 0
		return n, errBroken
	}
	w.n -= len(p)
	return len(p), nil
}

func start(tb testing.TB, w io.Writer, dir string) *encoder {
	tb.Helper()
	e, err := New(w, orderColumns(), format.Options{TempDir: dir})
	if err != nil {
		tb.Fatal(err)
	}
	return e.(*encoder)
}

func encodeOrders(tb testing.TB, e *encoder, n int) {
	tb.Helper()
	for _, b := range orders(1, n) {
		if err := e.Encode(b); err != nil {
			tb.Fatal(err)
		}
	}
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		t.Errorf("%s is left behind", f.Name())
	}
}

func TestEncoder_Close_write_error(t *testing.T) {
	whole := &bytes.Buffer{}
	e := start(t, whole, t.TempDir())
	encodeOrders(t, e, 6000)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < whole.Len(); n += whole.Len()/11 + 1 {
		dir := t.TempDir()
		e := start(t, &limitedWriter{n}, dir)
		encodeOrders(t, e, 6000)
		for range 2 {
			if err := e.Close(); !errors.Is(err, errBroken) {
				t.Fatalf("close after %d bytes: %v, want %v", n, err, errBroken)
			}
		}
		wantEmpty(t, dir)
	}
}

func TestEncoder_Encode_spill_error(t *testing.T) {
	t.Run("no folder", func(t *testing.T) {
		dir := t.TempDir()
		e := start(t, io.Discard, dir+"/none")
		var first error
		for _, b := range orders(1, 20000) {
			if err := e.Encode(b); first == nil {
				first = err
			} else if !errors.Is(err, first) {
				t.Fatalf("encode: %v after %v", err, first)
			}
		}
		if !errors.Is(first, os.ErrNotExist) {
			t.Fatalf("encode: %v, want %v", first, os.ErrNotExist)
		}
		if err := e.Close(); !errors.Is(err, first) {
			t.Errorf("close: %v, want %v", err, first)
		}
	})
	t.Run("a file that takes no more", func(t *testing.T) {
		for _, which := range []func(*encoder) *spill{
			func(e *encoder) *spill { return &e.cells },
			func(e *encoder) *spill { return &e.strings.out },
		} {
			dir := t.TempDir()
			e := start(t, io.Discard, dir)
			encodeOrders(t, e, 20000)
			s := which(e)
			if s.file == nil {
				t.Fatal("20,000 rows did not spill")
			}
			if err := s.file.Close(); err != nil {
				t.Fatal(err)
			}
			if err := e.Close(); !errors.Is(err, os.ErrClosed) {
				t.Errorf("close: %v, want %v", err, os.ErrClosed)
			}
			wantEmpty(t, dir)
		}
	})
}

func TestEncoder_Encode_size_limit(t *testing.T) {
	dir := t.TempDir()
	out := &bytes.Buffer{}
	e := start(t, out, dir)
	e.limit = slack + 1<<20
	var err error
	for _, b := range orders(1, 20000) {
		err = e.Encode(b)
	}
	if !errors.Is(err, errTooLarge) || !strings.Contains(err.Error(), "2 GiB") {
		t.Errorf("encode: %v", err)
	}
	if err := e.Close(); !errors.Is(err, errTooLarge) {
		t.Errorf("close: %v", err)
	}
	if out.Len() != 0 {
		t.Errorf("%d bytes written", out.Len())
	}
	wantEmpty(t, dir)
}

func TestEncoder_Close_temporary_files(t *testing.T) {
	dir := t.TempDir()
	e := start(t, io.Discard, dir)
	encodeOrders(t, e, 20000)
	if e.cells.file == nil || e.strings.out.file == nil {
		t.Fatal("20,000 rows did not spill")
	}
	wantEmpty(t, dir) // the names are gone while the files are in use
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if e.cells.file != nil || e.strings.out.file != nil {
		t.Error("a file is still open")
	}
}

// Where an open file cannot lose its name, it loses it at the end.
func TestSpill_close_named_file(t *testing.T) {
	dir := t.TempDir()
	f, err := os.CreateTemp(dir, "x")
	if err != nil {
		t.Fatal(err)
	}
	s := &spill{dir: dir, file: f, name: f.Name()}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	wantEmpty(t, dir)
	if err := s.close(); err != nil {
		t.Errorf("a second close: %v", err)
	}
}

func TestEncoder_Encode_releases_batches(t *testing.T) {
	released := 0
	batch := func() *row.Batch {
		b := orders(1, 10)[0]
		b.Free = func(*row.Batch) { released++ }
		return b
	}
	e := start(t, &limitedWriter{}, t.TempDir())
	if err := e.Encode(batch()); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err == nil {
		t.Fatal("no error")
	}
	if err := e.Encode(batch()); !errors.Is(err, errBroken) {
		t.Errorf("encode after an error: %v", err)
	}
	e = start(t, io.Discard, t.TempDir())
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Encode(batch()); !errors.Is(err, errClosed) {
		t.Errorf("encode after close: %v", err)
	}
	if released != 3 {
		t.Errorf("%d batches released, want 3", released)
	}
}

func TestSpill_open_small_file(t *testing.T) {
	e := start(t, io.Discard, t.TempDir()+"/none")
	encodeOrders(t, e, 1000)
	if err := e.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestEncoder_Encode_allocations(t *testing.T) {
	e := start(t, io.Discard, t.TempDir())
	encodeOrders(t, e, 50000)
	batches := orders(50001, 60500)
	perBatch := testing.AllocsPerRun(20, func() {
		if err := e.Encode(batches[0]); err != nil {
			t.Fatal(err)
		}
		batches = batches[1:]
	})
	if perBatch != 0 {
		t.Errorf("%v allocations for 500 rows, want 0", perBatch)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// Memory on large exports is bounded: what lives while 300,000 rows of
// ever new strings go through is far below 32 MiB.
func TestEncoder_Encode_memory(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse
	}
	batches := orders(1, 5000)
	before := heap()
	e := start(t, io.Discard, t.TempDir())
	for range 60 {
		for _, b := range batches {
			// A letter of each order number is another one, so that no string
			// is found that was there thousands of rows before.
			for i := range b.Rows {
				b.Data[b.Rows[i].Off+24] ^= byte(e.rows>>12) & 0x1f
			}
			if err := e.Encode(b); err != nil {
				t.Fatal(err)
			}
		}
	}
	if used := int64(heap()) - int64(before); used > 12<<20 {
		t.Errorf("%d bytes live after %d rows", used, e.rows)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}
