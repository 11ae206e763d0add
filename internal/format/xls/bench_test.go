package xls

import (
	"io"
	"testing"

	"exporttask/internal/format"
)

// BenchmarkOrders writes a full sheet of the benchmark's order table: 65,535
// rows of 10 columns.
func BenchmarkOrders(b *testing.B) {
	cols, batches := orderColumns(), orders(1, maxRows-1)
	opt := format.Options{TempDir: b.TempDir()}
	b.ReportAllocs()
	for b.Loop() {
		e, err := New(io.Discard, cols, opt)
		if err != nil {
			b.Fatal(err)
		}
		for _, batch := range batches {
			if err := e.Encode(batch); err != nil {
				b.Fatal(err)
			}
		}
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/(maxRows-1), "ns/row")
}
