package parquet

import (
	"bytes"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
)

// table is a file as arrow-go reads it: the value of each cell, and nil for NULL.
type table struct {
	reader *file.Reader
	rows   [][]any
}

// read reads a file with arrow-go.
func read(t testing.TB, data []byte) table {
	t.Helper()
	props := parquet.NewReaderProperties(nil)
	r, err := file.NewParquetReader(bytes.NewReader(data), file.WithReadProps(props))
	if err != nil {
		t.Fatal(err)
	}
	out := table{reader: r}
	for g := range r.NumRowGroups() {
		group := r.RowGroup(g)
		first := len(out.rows)
		for range group.NumRows() {
			out.rows = append(out.rows, make([]any, group.NumColumns()))
		}
		for i := range group.NumColumns() {
			column, err := group.Column(i)
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range values(t, column, int(group.NumRows())) {
				out.rows[first+k][i] = v
			}
		}
	}
	return out
}

// values reads the column chunk of n rows.
func values(t testing.TB, column file.ColumnChunkReader, n int) []any {
	t.Helper()
	out := make([]any, 0, n)
	levels := make([]int16, n)
	add := func(total int64, err error, value func(i int) any) {
		if err != nil || total != int64(n) {
			t.Fatalf("got %d of %d rows: %v", total, n, err)
		}
		at := 0
		for _, level := range levels {
			if level == 0 {
				out = append(out, nil)
				continue
			}
			out = append(out, value(at))
			at++
		}
	}
	switch c := column.(type) {
	case *file.BooleanColumnChunkReader:
		v := make([]bool, n)
		total, _, err := readAll(c.ReadBatch, v, levels)
		add(total, err, func(i int) any { return v[i] })
	case *file.Int32ColumnChunkReader:
		v := make([]int32, n)
		total, _, err := readAll(c.ReadBatch, v, levels)
		add(total, err, func(i int) any { return v[i] })
	case *file.Int64ColumnChunkReader:
		v := make([]int64, n)
		total, _, err := readAll(c.ReadBatch, v, levels)
		add(total, err, func(i int) any { return v[i] })
	case *file.Float32ColumnChunkReader:
		v := make([]float32, n)
		total, _, err := readAll(c.ReadBatch, v, levels)
		add(total, err, func(i int) any { return v[i] })
	case *file.Float64ColumnChunkReader:
		v := make([]float64, n)
		total, _, err := readAll(c.ReadBatch, v, levels)
		add(total, err, func(i int) any { return v[i] })
	case *file.ByteArrayColumnChunkReader:
		v := make([]parquet.ByteArray, n)
		total, _, err := readAll(c.ReadBatch, v, levels)
		add(total, err, func(i int) any { return string(v[i]) })
	case *file.FixedLenByteArrayColumnChunkReader:
		v := make([]parquet.FixedLenByteArray, n)
		total, _, err := readAll(c.ReadBatch, v, levels)
		add(total, err, func(i int) any { return string(v[i]) })
	default:
		t.Fatalf("a column of type %T", column)
	}
	return out
}

// readAll calls a ReadBatch until it has read all rows.
func readAll[T any](batch func(n int64, values []T, def, rep []int16) (int64, int, error), values []T, levels []int16) (total int64, n int, err error) {
	for total < int64(len(levels)) {
		rows, got, err := batch(int64(len(levels))-total, values[n:], levels[total:], nil)
		if err != nil || rows == 0 {
			return total, n, err
		}
		for i := n; i < n+got; i++ { // the memory is that of the page
			switch v := any(&values[i]).(type) {
			case *parquet.ByteArray:
				*v = bytes.Clone(*v)
			case *parquet.FixedLenByteArray:
				*v = bytes.Clone(*v)
			}
		}
		total += rows
		n += got
	}
	return total, n, nil
}
