package csv

import (
	stdcsv "encoding/csv"
	"io"
	"testing"

	"exporttask/internal/format"
	"exporttask/internal/format/formattest"
	"exporttask/internal/format/row"
)

// benchRows is enough not to fit into the cache of one core.
const benchRows = 20_000

func benchmark(b *testing.B, cols []format.Column, opt format.Options) {
	batch := formattest.Orders(1, benchRows)
	e, err := New(io.Discard, cols, opt)
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

func BenchmarkOrders(b *testing.B) { benchmark(b, formattest.OrderColumns(), format.Options{}) }

func BenchmarkOrdersSemicolon(b *testing.B) {
	benchmark(b, formattest.OrderColumns(), format.Options{Delimiter: ';', NullText: `\N`})
}

func BenchmarkOrdersReordered(b *testing.B) {
	cols := formattest.OrderColumns()
	cols[0], cols[9] = cols[9], cols[0]
	benchmark(b, cols, format.Options{})
}

func BenchmarkOrdersMapped(b *testing.B) {
	cols := formattest.OrderColumns()
	cols[7].Map = map[string]string{"1": "已付", "2": "已发货"}
	benchmark(b, cols, format.Options{})
}

func BenchmarkOrdersQuoteAll(b *testing.B) {
	benchmark(b, formattest.OrderColumns(), format.Options{QuoteAll: true})
}

func BenchmarkOrdersGB18030(b *testing.B) {
	benchmark(b, formattest.OrderColumns(), format.Options{GB18030: true})
}

// BenchmarkEncodingCSV writes the same batch by the standard library, which
// takes strings.
func BenchmarkEncodingCSV(b *testing.B) {
	batch := formattest.Orders(1, benchRows)
	w := stdcsv.NewWriter(io.Discard)
	w.UseCRLF = true
	record := make([]string, len(formattest.OrderColumns()))
	b.SetBytes(int64(len(batch.Data)))
	b.ReportAllocs()
	for b.Loop() {
		for i := range batch.Rows {
			p := batch.Row(i)
			for j := range record {
				var c []byte
				c, p = row.Cell(p)
				record[j] = string(c)
			}
			if err := w.Write(record); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkEncodingCSVStringsReady leaves the making of the strings out.
func BenchmarkEncodingCSVStringsReady(b *testing.B) {
	batch := formattest.Orders(1, benchRows)
	records := make([][]string, batch.Len())
	for i := range records {
		for p := batch.Row(i); len(p) > 0; {
			var c []byte
			c, p = row.Cell(p)
			records[i] = append(records[i], string(c))
		}
	}
	w := stdcsv.NewWriter(io.Discard)
	w.UseCRLF = true
	b.SetBytes(int64(len(batch.Data)))
	b.ReportAllocs()
	for b.Loop() {
		for _, r := range records {
			if err := w.Write(r); err != nil {
				b.Fatal(err)
			}
		}
	}
}
