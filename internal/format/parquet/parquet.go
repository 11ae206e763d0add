package parquet

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// magic begins and ends a file.
const magic = "PAR1"

// MaxColumns is the most columns that a file has, as many as a result of MySQL: each
// has an open page in memory and an entry in the metadata of each row group.
const MaxColumns = 4096

// errClosed is the error of Encode after Close.
var errClosed = errors.New("parquet: encode after close")

// Encoder writes one Parquet file; it is a format.Encoder.
type Encoder struct {
	out    *bufio.Writer
	offset int64 // bytes written
	cols   []column
	// inOrder is true if the output columns are the columns of the row.
	inOrder bool
	cells   [][]byte // cells of a row whose columns are selected or reordered

	codec        *codec
	arena        arena
	body, packed []byte // of the page that is being completed
	thrift       thrift

	rows       int64  // of complete row groups
	groupRows  int64  // of the open row group
	groupCount int    // complete row groups
	groups     []byte // encoded RowGroups of the footer

	createdBy string
	metadata  []format.KeyValue
	counts    format.WarningCounts
	err       error
	closed    bool
}

// outBuffer is about the size of one Write.
const outBuffer = 256 << 10

// New returns an encoder that writes to w. The error is a *format.DeclError if the
// declared type of a column does not fit it.
func New(w io.Writer, cols []format.Column, opt format.Options) (format.Encoder, error) {
	if len(cols) == 0 {
		return nil, errors.New("parquet: no columns")
	}
	if err := format.CheckOptions(opt); err != nil {
		return nil, err
	}
	codec, err := newCodec(opt)
	if err != nil {
		return nil, fmt.Errorf("parquet: %w", err)
	}
	e := &Encoder{
		out: bufio.NewWriterSize(w, outBuffer), codec: codec, inOrder: true,
		createdBy: opt.CreatedBy, metadata: opt.Metadata,
	}
	if e.createdBy == "" {
		e.createdBy = "exportd"
	}
	if e.cols, err = newColumns(cols); err != nil {
		return nil, err
	}
	last := 0
	for i := range e.cols {
		e.inOrder = e.inOrder && e.cols[i].index == i
		last = max(last, e.cols[i].index)
	}
	e.cells = make([][]byte, last+1)
	e.write([]byte(magic))
	return e, nil
}

// Check returns a *format.DeclError if the declared type of a column does not fit
// it.
func Check(cols []format.Column) error {
	_, err := newColumns(cols)
	return err
}

func newColumns(cols []format.Column) ([]column, error) {
	names := format.UniqueNames(cols, true)
	out := make([]column, len(cols))
	for i := range cols {
		var reason string
		if out[i], reason = newColumn(&cols[i], names[i]); reason != "" {
			return nil, &format.DeclError{Item: i + 1, Column: cols[i].Source.Name, Key: "type", Reason: reason}
		}
	}
	return out, nil
}

// Encode adds the rows of the batch and releases it before it returns. The error
// of a malformed row is that of row.Batch.Check, that of a cell that does not fit
// its column a *format.ValueError.
func (e *Encoder) Encode(b *row.Batch) error {
	defer b.Release()
	if e.err == nil && e.closed {
		e.err = errClosed
	}
	inOrder := e.inOrder && b.Cols == len(e.cols)
	for i := 0; i < b.Len() && e.err == nil; i++ {
		p := b.Row(i)
		if !row.Whole(p, b.Cols) {
			e.err = b.CheckRow(i)
			break
		}
		if !inOrder {
			e.picked(p)
		} else {
			for k := range e.cols {
				var cell []byte
				cell, p = row.Cell(p)
				e.cell(&e.cols[k], cell)
			}
		}
		e.groupRows++
	}
	e.endPages()
	return e.err
}

// picked adds a row whose columns are selected or reordered.
func (e *Encoder) picked(p []byte) {
	for i := range e.cells {
		e.cells[i], p = row.Cell(p)
	}
	for k := range e.cols {
		e.cell(&e.cols[k], e.cells[e.cols[k].index])
	}
}

func (e *Encoder) cell(c *column, cell []byte) {
	if cell == nil {
		c.addNull()
		return
	}
	if f := c.add(cell, &e.counts); f != "" && e.err == nil {
		e.err = &format.ValueError{Column: c.name, Row: e.rows + e.groupRows + 1, Kind: string(f), Want: c.schema.want()}
	}
}

// endPages completes the pages that are full, and the row group if it is.
func (e *Encoder) endPages() {
	size := e.arena.used
	for i := range e.cols {
		c := &e.cols[i]
		if c.full() {
			e.flush(c)
		}
		size += c.size() + c.chunk.dictionary.size()
	}
	if size >= groupBytes || e.groupRows >= groupRows {
		e.endGroup()
	}
}

// write writes to the file. The encoder keeps the first error.
func (e *Encoder) write(p []byte) {
	if e.err != nil {
		return
	}
	n, err := e.out.Write(p)
	e.offset += int64(n)
	if err != nil {
		e.err = fmt.Errorf("parquet: write: %w", err)
	}
}

// Close writes the last row group and the footer. It does not close the writer.
func (e *Encoder) Close() error {
	if e.closed {
		return e.err
	}
	e.closed = true
	e.endGroup()
	if e.err == nil {
		e.writeFooter()
	}
	if e.err == nil {
		if err := e.out.Flush(); err != nil {
			e.err = fmt.Errorf("parquet: write: %w", err)
		}
	}
	rows := e.rows + e.groupRows
	*e = Encoder{rows: rows, counts: e.counts, err: e.err, closed: true} // frees the memory
	return e.err
}

// Summary returns the counts of rows and warnings.
func (e *Encoder) Summary() format.Summary {
	return format.Summary{Rows: e.rows + e.groupRows, Warnings: e.counts.Warnings()}
}
