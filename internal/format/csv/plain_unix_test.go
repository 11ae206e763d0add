//go:build unix

package csv

import (
	"io"
	"os"
	"syscall"
	"testing"

	"exporttask/internal/format"
	"exporttask/internal/format/formattest"
	"exporttask/internal/format/row"
)

// guarded is a page of memory that ends where nothing may be read.
func guarded(t *testing.T) []byte {
	t.Helper()
	page := os.Getpagesize()
	mem, err := syscall.Mmap(-1, 0, 2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mprotect(mem[page:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return mem[:page:page]
}

func TestCopyCounting_reads_within_overhang(t *testing.T) {
	mem, specials := guarded(t), specialsOf(t, ',')
	for n := 1; n <= 300; n++ {
		src := mem[len(mem)-(n+31)/32*32:]
		src[n-1] = '"'
		if got := copyCounting(make([]byte, n+overhang), src, n, specials); got != 1 {
			t.Errorf("%d bytes: got %d special ones, want 1", n, got)
		}
		src[n-1] = 0
	}
}

func TestEncoder_plainRows_reads_within_batch(t *testing.T) {
	mem := guarded(t)
	e := newEncoder(t, io.Discard, formattest.Columns(row.Column{Name: "a"}, row.Column{Name: "b"}), format.Options{}, true)
	for n := range 100 {
		for behind := range 2 * overhang {
			b := &row.Batch{Data: mem[len(mem)-n-behind:], Rows: []row.Span{{End: int32(n)}}, Cols: 2}
			e.plain.wait = 0
			plain := n == 2 && behind >= overhang // two empty texts
			if got := e.plainRows(b, 0); (got == 1) != plain {
				t.Errorf("%d bytes of row, %d behind it: got %d plain rows", n, behind, got)
			}
		}
	}
}
