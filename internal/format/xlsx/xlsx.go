package xlsx

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// The number of rows and columns of a sheet (ECMA-376 part 1, section 18.3.1.73
// and ST_CellRef).
const (
	maxRows = 1 << 20
	maxCols = 1 << 14
)

// maxWorkers limits the memory: a worker and its jobs have about 1.5 MiB.
const maxWorkers = 8

// Encoder writes one workbook. It implements format.Encoder.
type Encoder struct {
	opt       format.Options
	declared  []format.Column
	groups    []format.Group
	cols      []column
	styles    styles
	maxRows   int   // rows of a sheet; lower in tests
	sheetSize int64 // bytes of a sheet, see maxSheetSize; lower in tests
	mapped    int   // maximum size of the XML of a row's mapped values

	pipe *pipeline
	pace pace
	zip  *archive // used by pipe until it is closed

	pending *job // collects small batches; nil = none
	sheets  []sheet
	open    bool      // the last sheet was begun and not ended
	widths  []float64 // of the columns in characters; nil before the first sheet
	rows    int64
	counts  format.WarningCounts
	closed  bool
	err     error
}

// sheet is a worksheet of the workbook.
type sheet struct {
	name    string
	next    int   // number of the next row, from 1
	last    int   // number of the last row of the header and data, once it has ended
	maxSize int64 // upper bound of its size so far, see Encoder.maxSize
}

// errClosed is the error of Encode after Close.
var errClosed = errors.New("xlsx: encode after close")

// New returns an encoder that writes a workbook with the given columns to w.
// Nothing is written before the first Encode or Close. No columns, more than
// 16,384 columns, and a number format that Excel would refuse are errors.
func New(w io.Writer, cols []format.Column, opt format.Options) (format.Encoder, error) {
	return newEncoder(w, cols, opt, maxRows)
}

func newEncoder(w io.Writer, cols []format.Column, opt format.Options, rowLimit int) (*Encoder, error) {
	if len(cols) == 0 {
		return nil, errors.New("xlsx: no columns, want at least 1")
	}
	if len(cols) > maxCols {
		return nil, fmt.Errorf("xlsx: %d columns, want at most %d", len(cols), maxCols)
	}
	for i := range cols {
		if err := format.CheckFormat(cols[i].Format); err != nil {
			return nil, fmt.Errorf("xlsx: column %q: %w", cols[i].Label, err)
		}
	}
	cols = slices.Clone(cols)
	if opt.Thousands {
		cols = format.Thousands(cols)
	}
	e := &Encoder{opt: opt, declared: cols, maxRows: rowLimit, sheetSize: maxSheetSize}
	if format.HasTotals(cols) {
		e.maxRows-- // for the totals
	}
	if !opt.NoHeader {
		e.groups = format.Groups(cols)
	}
	e.cols = planColumns(cols, &e.styles)
	for i := range cols {
		longest := 0
		for _, text := range cols[i].Map {
			longest = max(longest, textRoom(len(text)))
		}
		e.mapped += longest
	}
	e.zip = &archive{w: w}
	workers := opt.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	e.pipe = newPipeline(e.zip, e.cols, min(workers, maxWorkers), opt.Small)
	e.pipe.parallel = opt.Workers > 0
	e.pipe.core = coreProperties(&opt)
	return e, nil
}

// Encode takes ownership of the batch and writes its rows, most of them later.
func (e *Encoder) Encode(b *row.Batch) error {
	if e.closed {
		b.Release()
		return errors.Join(errClosed, e.err)
	}
	if err := e.pipe.failed(); err != nil {
		b.Release()
		return err
	}
	if b.Len() == 0 {
		b.Release()
		return nil
	}
	e.rows += int64(b.Len())
	e.pace.begin(time.Now())
	if size := e.estimate(b.Len(), len(b.Data)); size < blockGoal/2 {
		e.gather(b)
	} else {
		e.flush()
		e.cut(b, size)
	}
	if e.pace.end(time.Now()) {
		e.pipe.parallel = true
	}
	return e.pipe.failed()
}

// estimate returns about the number of bytes of XML for rows with raw bytes of
// values.
func (e *Encoder) estimate(rows, raw int) int {
	return rows*(24+40*len(e.cols)) + raw
}

// gather copies a small batch to the rows collected for a block.
func (e *Encoder) gather(b *row.Batch) {
	if e.pending == nil {
		e.pending = e.pipe.job()
	}
	own := &e.pending.own
	own.Cols = b.Cols
	for i := range b.Rows {
		off := len(own.Data)
		own.Data = append(own.Data, b.Row(i)...)
		own.Rows = append(own.Rows, row.Span{Off: int32(off), End: int32(len(own.Data))})
	}
	b.Release()
	if e.estimate(len(own.Rows), len(own.Data)) >= blockGoal*3/4 {
		e.flush()
	}
}

// flush sends the collected rows.
func (e *Encoder) flush() {
	j := e.pending
	if j == nil {
		return
	}
	e.pending = nil
	j.batch, j.from, j.to = &j.own, 0, len(j.own.Rows)
	e.send(j)
}

// cut divides a batch into jobs of about one block.
func (e *Encoder) cut(b *row.Batch, size int) {
	blocks := (size + blockGoal - 1) / blockGoal
	step := (b.Len() + blocks - 1) / blocks // evenly, since the cost of a block hardly depends on its size
	for from := 0; from < b.Len(); from += step {
		j := e.pipe.job()
		j.batch, j.from, j.to = b, from, min(from+step, b.Len())
		if j.to == b.Len() {
			j.release = b // all other jobs of the batch are written before this one
		}
		e.send(j)
	}
}

// send assigns the rows of a job to sheets. A job that does not fit the current
// sheet is divided.
func (e *Encoder) send(j *job) {
	for {
		s := e.sheet(j.batch, j.from, j.to)
		n := min(j.to-j.from, e.maxRows-s.next+1)
		head := j
		if n < j.to-j.from {
			// j owns the collected rows, so it must be the last one written.
			head = e.pipe.job()
			head.batch, head.from, head.to = j.batch, j.from, j.from+n
			j.from += n
		}
		head.row = s.next
		s.next += n
		s.maxSize += e.maxSize(head.batch, head.from, head.to)
		e.pipe.send(head)
		if head == j {
			return
		}
	}
}

// rawBytes returns the size of the rows from..to.
func rawBytes(b *row.Batch, from, to int) int {
	n := 0
	for _, s := range b.Rows[from:to] {
		n += int(s.End - s.Off)
	}
	return n
}

// Close writes the remaining rows, the end of the sheet and the other parts of
// the workbook, and waits for all goroutines of the encoder.
func (e *Encoder) Close() error {
	if e.closed {
		return e.err
	}
	e.closed = true
	e.flush()
	if !e.open {
		e.beginSheet(nil, 0, 0)
	}
	e.endSheet(true)
	cells := e.pipe.close()
	e.counts.Add(&cells)
	e.err = e.pipe.failed()
	if e.err == nil {
		e.err = e.writeParts()
	}
	return e.err
}

// Summary returns the number of rows passed to Encode and, after Close, the
// warnings.
func (e *Encoder) Summary() format.Summary {
	return format.Summary{Rows: e.rows, Warnings: e.counts.Warnings()}
}
