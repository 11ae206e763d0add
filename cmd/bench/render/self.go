package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"exporttask/internal/format"
	"exporttask/internal/format/encoder"
	"exporttask/internal/format/row"
)

// columns are those of the table, as the source would announce them.
var columns = []row.Column{
	{Name: "id", Type: "BIGINT", Kind: row.Int},
	{Name: "member_id", Type: "INT", Kind: row.Int},
	{Name: "order_no", Type: "VARCHAR"},
	{Name: "name", Type: "VARCHAR"},
	{Name: "phone", Type: "VARCHAR"},
	{Name: "amount", Type: "DECIMAL", Kind: row.Decimal, Scale: 2},
	{Name: "rate", Type: "DOUBLE", Kind: row.Float, Scale: -1},
	{Name: "status", Type: "TINYINT", Kind: row.Int},
	{Name: "created_at", Type: "DATETIME", Kind: row.DateTime},
	{Name: "remark", Type: "VARCHAR"},
}

// self writes rows from memory: FORMAT SAMPLE ROWS OUT SMALL. Like the peers it
// cycles the sample and gives each row an id and an order number of its own.
func self(args []string) error {
	if len(args) != 5 {
		return errors.New("want FORMAT SAMPLE ROWS OUT SMALL")
	}
	target := map[string]encoder.Format{"xls": encoder.XLS, "xlsx": encoder.XLSX}[args[0]]
	rows, err := readSample(args[1])
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	out, err := os.Create(args[3])
	if err != nil {
		return err
	}
	cols, err := format.Resolve(nil, columns)
	if err != nil {
		return err
	}
	enc, err := encoder.New(out, target, cols, format.Options{Small: args[4] == "true"})
	if err != nil {
		return err
	}
	if err := cycle(enc, rows, n); err != nil {
		return errors.Join(err, enc.Close())
	}
	return errors.Join(enc.Close(), out.Close())
}

// batchBytes is how much the source puts into one batch.
const batchBytes = 256 << 10

func cycle(enc format.Encoder, rows [][][]byte, n int) error {
	free := make(chan *row.Batch, 64)
	giveBack := func(b *row.Batch) {
		select {
		case free <- b:
		default:
		}
	}
	ready := encode(rows)
	var number []byte
	for i := 0; i < n; {
		var b *row.Batch
		select {
		case b = <-free:
			b.Data, b.Rows = b.Data[:0], b.Rows[:0]
		default:
			b = &row.Batch{Cols: len(columns), Free: giveBack}
		}
		for ; i < n && len(b.Data) < batchBytes; i++ {
			r := &ready[i%len(ready)]
			off := len(b.Data)
			number = strconv.AppendInt(number[:0], 900_000_000_001+int64(i), 10)
			b.Data = append(row.AppendCell(b.Data, number), r.member...)
			number = strconv.AppendInt(append(number[:0], r.orderDay...), int64(10_000+i), 10)
			b.Data = append(row.AppendCell(b.Data, number), r.rest...)
			b.Rows = append(b.Rows, row.Span{Off: int32(off), End: int32(len(b.Data))})
		}
		if err := enc.Encode(b); err != nil {
			return err
		}
	}
	return nil
}

// encoded is a row as it comes off the wire, in the pieces around the cells that
// differ from cycle to cycle.
type encoded struct{ member, orderDay, rest []byte }

func encode(rows [][][]byte) []encoded {
	all := make([]encoded, len(rows))
	for i, r := range rows {
		e := &all[i]
		e.member = row.AppendCell(nil, r[1])
		e.orderDay = r[2][:len(r[2])-5]
		for _, c := range r[3:] {
			e.rest = row.AppendCell(e.rest, c)
		}
	}
	return all
}

// readSample reads what `mariadb --batch` printed.
func readSample(name string) ([][][]byte, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	unescape := strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\\`, `\`)
	var rows [][][]byte
	for line := range bytes.SplitSeq(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
		cells := bytes.Split(line, []byte("\t"))
		if len(cells) != len(columns) {
			return nil, fmt.Errorf("%s: a line of %d cells, want %d", name, len(cells), len(columns))
		}
		for i, c := range cells {
			switch {
			case string(c) == "NULL":
				cells[i] = nil
			case bytes.IndexByte(c, '\\') >= 0:
				cells[i] = []byte(unescape.Replace(string(c)))
			}
		}
		rows = append(rows, cells)
	}
	return rows, nil
}

const (
	appendRows = 1_000_000
	warmUpRows = 20_000
)

// appender makes a writer of text ready for rows that are in memory, over which
// it goes again until there were n.
type appender func(rows [][][]byte) func(w io.Writer, n int) error

// appendSpeed is how many MB of text a writer makes in a second.
func appendSpeed(rows [][][]byte, ready appender) (float64, error) {
	write := ready(rows)
	if err := write(io.Discard, warmUpRows); err != nil {
		return 0, err
	}
	var size counter
	began := time.Now()
	err := write(&size, appendRows)
	return float64(size) / 1e6 / time.Since(began).Seconds(), err
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// ownCSV encodes batches as a cursor gives them.
func ownCSV(rows [][][]byte) func(io.Writer, int) error { return ownEncoder(encoder.CSV, rows) }

// encodingCSV writes the same batches with encoding/csv, which takes strings.
func encodingCSV(rows [][][]byte) func(io.Writer, int) error {
	batches := pack(rows)
	return func(w io.Writer, n int) error {
		enc := csv.NewWriter(w)
		record := make([]string, len(columns))
		for done, i := 0, 0; done < n; i++ {
			b := batches[i%len(batches)]
			for k := range b.Rows {
				p := b.Row(k)
				for j := range record {
					var c []byte
					c, p = row.Cell(p)
					record[j] = string(c)
				}
				if err := enc.Write(record); err != nil {
					return err
				}
			}
			done += b.Len()
		}
		enc.Flush()
		return enc.Error()
	}
}

// readyCSV is encodingCSV with all strings made beforehand.
func readyCSV(rows [][][]byte) func(io.Writer, int) error {
	records := make([][]string, len(rows))
	for i, r := range rows {
		for _, c := range r {
			records[i] = append(records[i], string(c))
		}
	}
	return func(w io.Writer, n int) error {
		enc := csv.NewWriter(w)
		for i := range n {
			if err := enc.Write(records[i%len(records)]); err != nil {
				return err
			}
		}
		enc.Flush()
		return enc.Error()
	}
}

// pack puts rows into batches of the size that a source makes.
func pack(rows [][][]byte) []*row.Batch {
	var batches []*row.Batch
	for i := 0; i < len(rows); {
		b := &row.Batch{}
		for ; i < len(rows) && len(b.Data) < batchBytes; i++ {
			b.Append(rows[i]...)
		}
		b.Data = append(b.Data, make([]byte, 64)...) // as a source leaves room behind its rows
		batches = append(batches, b)
	}
	return batches
}
