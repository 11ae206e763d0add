package parquet

import (
	"io"
	"testing"

	"exporttask/internal/format"
	"exporttask/internal/format/formattest"
)

// benchRows is enough not to fit into the cache of one core.
const benchRows = 20_000

func BenchmarkOrders(b *testing.B) {
	batch := formattest.Orders(1, benchRows)
	e, err := New(io.Discard, formattest.OrderColumns(), format.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(batch.Data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Encode(batch); err != nil {
			b.Fatal(err)
		}
	}
}
