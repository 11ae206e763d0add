package jsonl

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// bufSize is the size of the output buffer in bytes and about the size of one
// Write.
const bufSize = 256 << 10

// errClosed is the error of Encode after Close.
var errClosed = errors.New("json lines: encode after close")

// Encoder writes one JSON Lines file; it is a format.Encoder.
type Encoder struct {
	w       io.Writer
	buf     []byte // bytes that were not flushed; its capacity never changes
	cols    []column
	inOrder bool     // the output columns are the columns of the row
	fixed   int      // the most bytes of a line above those of its row, if no cell needs escapes
	cells   [][]byte // cells of a row whose columns are selected or reordered

	scratch []byte       // text of a converted cell
	compact bytes.Buffer // a cell of JSON on one line

	rows   int64
	counts format.WarningCounts
	err    error
	closed bool
}

// New returns an encoder that writes to w, which receives nothing before the
// buffer is full or Close is called. A file without rows is empty.
func New(w io.Writer, cols []format.Column, opt format.Options) (format.Encoder, error) {
	if len(cols) == 0 {
		return nil, errors.New("json lines: no columns")
	}
	if err := format.CheckOptions(opt); err != nil {
		return nil, err
	}
	e := &Encoder{w: w, buf: make([]byte, 0, bufSize), cols: newColumns(cols, opt), inOrder: true}
	last := 0
	e.fixed = 3 * slack
	for i := range e.cols {
		e.fixed += len(e.cols[i].null) + len(`""`)
		e.inOrder = e.inOrder && e.cols[i].index == i
		last = max(last, e.cols[i].index)
	}
	e.cells = make([][]byte, last+1)
	return e, nil
}

// Encode writes the rows of the batch and releases it before it returns. The
// error of a malformed row is that of row.Batch.Check.
func (e *Encoder) Encode(b *row.Batch) error {
	defer b.Release()
	if e.err == nil && e.closed {
		e.err = errClosed
	}
	inOrder := e.inOrder && b.Cols == len(e.cols)
	for i := range b.Rows {
		if e.err != nil {
			return e.err
		}
		var ok bool
		if s := b.Rows[i]; inOrder {
			ok = e.row(b.Data, int(s.Off), int(s.End))
		} else if ok = row.Whole(b.Row(i), b.Cols); ok {
			e.picked(b.Row(i))
		}
		if !ok {
			e.err = b.CheckRow(i)
			return e.err
		}
		e.rows++
	}
	return e.err
}

// slowRow writes the cells from column i on, p being the rest of the row. It
// reports false for a malformed row.
func (e *Encoder) slowRow(p []byte, i int) bool {
	if !row.Whole(p, len(e.cols)-i) {
		return false
	}
	for ; i < len(e.cols); i++ {
		var cell []byte
		cell, p = row.Cell(p)
		e.cell(&e.cols[i], cell)
	}
	e.endLine()
	return true
}

// picked writes a row whose columns are selected or reordered.
func (e *Encoder) picked(p []byte) {
	for i := range e.cells {
		e.cells[i], p = row.Cell(p)
	}
	for i := range e.cols {
		e.cell(&e.cols[i], e.cells[e.cols[i].index])
	}
	e.endLine()
}

// cell writes a key and its value.
func (e *Encoder) cell(c *column, raw []byte) {
	if raw == nil {
		e.raw(c.null)
		return
	}
	e.raw(c.key)
	e.value(c, raw)
}

func (e *Encoder) endLine() {
	e.room(2)
	e.buf = append(e.buf, '}', '\n')
}

func (e *Encoder) quote() {
	e.room(1)
	e.buf = append(e.buf, '"')
}

// raw writes p as it is.
func (e *Encoder) raw(p []byte) {
	for len(p) > 0 && e.err == nil {
		n := min(len(p), bufSize/2)
		e.room(n)
		e.buf = append(e.buf, p[:n]...)
		p = p[n:]
	}
}

// room flushes the buffer unless n more bytes fit. n must be below bufSize.
func (e *Encoder) room(n int) {
	if cap(e.buf)-len(e.buf) < n {
		e.flush()
	}
}

// flush writes the buffer and empties it. The encoder keeps the first error.
func (e *Encoder) flush() {
	if e.err == nil && len(e.buf) > 0 {
		n, err := e.w.Write(e.buf)
		if err == nil && n < len(e.buf) {
			err = io.ErrShortWrite
		}
		if err != nil {
			e.err = fmt.Errorf("json lines: write: %w", err)
		}
	}
	e.buf = e.buf[:0]
}

// Close writes the rest of the file. It does not close the writer.
func (e *Encoder) Close() error {
	if e.closed {
		return e.err
	}
	e.closed = true
	if e.err == nil {
		e.flush()
	}
	e.buf, e.scratch, e.cells, e.compact = nil, nil, nil, bytes.Buffer{}
	return e.err
}

// Summary returns the counts of rows and warnings.
func (e *Encoder) Summary() format.Summary {
	return format.Summary{Rows: e.rows, Warnings: e.counts.Warnings()}
}
