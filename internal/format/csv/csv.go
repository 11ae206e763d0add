package csv

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
var errClosed = errors.New("csv: encode after close")

// Encoder writes one CSV file; it is a format.Encoder.
type Encoder struct {
	w       io.Writer
	buf     []byte // bytes that were not flushed; its capacity never changes
	cols    []column
	inOrder bool // the output columns are the first ones of the row and few of them are converted
	// maxSeparate is the number of cells of an inOrder row that appendCell may
	// write before the rest of the row is written cell by cell.
	maxSeparate int

	first, last [256]uint8 // flags of the first and the last byte of a text
	marks       []uint8    // by column: the flags that apply to it; 0 = its text never needs quotes
	delim       byte
	delims      uint64 // the delimiter in each of eight bytes
	plain       plain
	eol         string
	null        []byte
	quoteAll    bool

	cells   [][]byte // cells of a row whose columns are selected or reordered
	scratch []byte   // text of a converted cell
	gb      *gb18030 // nil = UTF-8

	rows   int64
	counts format.WarningCounts
	err    error
	closed bool
}

// column is the information about an output column that the encoder needs for
// each cell.
type column struct {
	index   int
	scan    bool           // its text may contain any character
	guard   bool           // the formula guard applies
	convert *format.Column // not nil: the text is that of AppendText
	chunked bool           // binary values that may be converted in chunks
}

// The flags of a first or last byte. A cell with a flag that its column's mark
// contains is written by appendCell.
const (
	flagBlank   = 1 << iota // a blank or TAB
	flagFormula             // may begin a formula
	flagNull                // begins the text of NULL
	flagAny                 // set for every byte: all cells of the column are written by appendCell
)

// delimiters are the allowed delimiters.
const delimiters = format.Delimiters

// New returns an encoder that writes to w. The header is buffered; w receives
// nothing before the buffer is full or Close is called. An option that CSV does
// not support is an error.
func New(w io.Writer, cols []format.Column, opt format.Options) (format.Encoder, error) {
	if len(cols) == 0 {
		return nil, errors.New("csv: no columns")
	}
	if err := format.CheckOptions(opt); err != nil {
		return nil, err
	}
	e := &Encoder{w: w, buf: make([]byte, 0, bufSize), delim: ',', eol: "\r\n", null: []byte(opt.NullText), quoteAll: opt.QuoteAll}
	if opt.Delimiter != 0 {
		e.delim = opt.Delimiter
	}
	if opt.LF {
		e.eol = "\n"
	}
	if opt.GB18030 {
		e.gb = newGB18030()
	}
	e.delims = ones * uint64(e.delim)
	e.setFlags()
	e.setColumns(cols, opt)
	if len(e.null) == 0 && len(cols) == 1 {
		e.null = []byte(`""`)
	}
	e.plain = e.newPlain()
	e.begin(cols, opt)
	if e.err != nil { // the header was longer than the buffer
		return nil, e.err
	}
	return e, nil
}

func (e *Encoder) setFlags() {
	for c := range e.first {
		e.first[c] = flagAny
	}
	for _, c := range []byte{' ', '\t'} {
		e.first[c] |= flagBlank
		e.last[c] |= flagBlank
	}
	for _, c := range []byte{'=', '+', '-', '@', '\t', '\r', '\n', 0, 0xef} {
		e.first[c] |= flagFormula
	}
	if len(e.null) > 0 {
		e.first[e.null[0]] |= flagNull
	}
}

func (e *Encoder) setColumns(cols []format.Column, opt format.Options) {
	e.cols, e.marks = make([]column, len(cols)), make([]uint8, len(cols))
	e.inOrder = !e.quoteAll && !opt.GB18030 // both look at every cell
	last, convert := 0, 0
	for i := range cols {
		c := &cols[i]
		out := column{index: c.Index, guard: c.Guarded() && !opt.NoGuard, scan: e.mayNeedQuotes(c)}
		if !c.Plain() {
			copied := *c
			out.convert = &copied
			out.chunked = c.Source.Kind == row.Binary && c.Binary.Divisible() && c.Map == nil && c.Type != format.AsBool
		}
		e.cols[i], e.marks[i] = out, e.mark(&out)
		e.inOrder = e.inOrder && c.Index == i
		last = max(last, c.Index)
		if out.convert != nil {
			convert++
		}
	}
	e.inOrder = e.inOrder && convert <= baseSeparate
	e.maxSeparate = baseSeparate + convert
	e.cells = make([][]byte, last+1)
}

// mark returns the value of Encoder.marks for the column.
func (e *Encoder) mark(c *column) uint8 {
	switch {
	case c.convert != nil || e.quoteAll || e.gb != nil && c.scan:
		return flagAny
	case !c.scan:
		return 0
	case c.guard:
		return flagBlank | flagNull | flagFormula
	default:
		return flagBlank | flagNull
	}
}

// mayNeedQuotes reports whether a text of the column may need quotes. Numbers
// and dates of the server do not, unless they can be equal to the text of NULL.
func (e *Encoder) mayNeedQuotes(c *format.Column) bool {
	if c.Map != nil || c.Type == format.AsBool {
		return true
	}
	if len(e.null) > 0 && (e.null[0] == '-' || e.null[0] >= '0' && e.null[0] <= '9') {
		return true
	}
	switch c.Source.Kind {
	case row.Int, row.Decimal, row.Float, row.Date, row.Time, row.DateTime, row.Year, row.Bit:
		return false
	case row.Text, row.Binary, row.Geometry:
	}
	return true
}

// begin appends the byte order mark and the header to the buffer.
func (e *Encoder) begin(cols []format.Column, opt format.Options) {
	if opt.BOM {
		e.buf = append(e.buf, "\uFEFF"...)
	}
	if opt.NoHeader {
		return
	}
	for i := range cols {
		if i > 0 {
			e.byte(e.delim)
		}
		h := column{scan: true, guard: !opt.NoGuard && !cols[i].Unguard}
		label := []byte(cols[i].Label)
		if i == 0 && !opt.BOM && !e.quoteAll && bytes.HasPrefix(label, []byte("ID")) {
			// Excel takes a file that begins with ID for a SYLK workbook.
			e.buf = appendQuoted(e.buf, label)
			continue
		}
		e.appendCell(&h, label)
	}
	e.endLine()
}

// Encode writes the rows of the batch and releases it before it returns. The
// error of a malformed row is that of row.Batch.Check.
func (e *Encoder) Encode(b *row.Batch) error {
	defer b.Release()
	if e.err != nil {
		return e.err
	}
	if e.closed {
		return errClosed
	}
	for i := 0; i < len(b.Rows); i++ {
		if i = e.plainRows(b, i); i == len(b.Rows) {
			break
		}
		if e.err = b.CheckRow(i); e.err != nil {
			return e.err
		}
		p := b.Row(i)
		// Every byte of a row can become two, every cell can get two quotes
		// and a guard.
		most := 2*len(p) + (4+len(e.null))*len(e.cols) + 8
		if most > cap(e.buf)-len(e.buf) {
			e.flush(false)
		}
		switch {
		case e.inOrder && most <= cap(e.buf)-len(e.buf):
			e.row(p)
		case e.inOrder:
			e.rest(p, 0)
		default:
			e.picked(p)
		}
		if e.err != nil {
			return e.err
		}
		e.rows++
	}
	return nil
}

// Close writes the rest of the file. It does not close the writer.
func (e *Encoder) Close() error {
	if e.closed {
		return e.err
	}
	e.closed = true
	if e.err == nil {
		e.flush(true)
	}
	e.buf, e.gb, e.scratch, e.cells = nil, nil, nil, nil
	return e.err
}

// Summary returns the counts of rows and warnings.
func (e *Encoder) Summary() format.Summary {
	return format.Summary{Rows: e.rows, Warnings: e.counts.Warnings()}
}

// flush writes the buffer and empties it. In a GB18030 file that goes on, an
// incomplete character at the end stays in the buffer. The encoder keeps the
// first error.
func (e *Encoder) flush(end bool) {
	if e.err != nil || len(e.buf) == 0 {
		e.buf = e.buf[:0]
		return
	}
	out, left := e.buf, 0
	if e.gb != nil {
		var err error
		if out, left, err = e.gb.encode(e.buf, end); err != nil {
			e.err = err
			return
		}
	}
	n, err := e.w.Write(out)
	if err == nil && n < len(out) {
		err = io.ErrShortWrite
	}
	if err != nil {
		e.err = fmt.Errorf("csv: write: %w", err)
	}
	e.buf = e.buf[:copy(e.buf, e.buf[len(e.buf)-left:])]
}
