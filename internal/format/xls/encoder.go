package xls

import (
	"errors"
	"io"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// errClosed is what Encode answers after Close.
var errClosed = errors.New("xls: encode after close")

// errTooLarge ends an export that no XLS file can hold.
var errTooLarge = errors.New("xls: the workbook passes 2 GiB, the most that an XLS file can hold")

// slack is room kept below maxStream for what Close puts around the cells.
const slack = 64 << 20

// encoder implements format.Encoder.
type encoder struct {
	w       io.Writer
	columns []column
	layout  layout
	source  int // columns of the result that are looked at

	cells   spill
	table   table
	strings *sst
	sheets  []sheet

	row    [][]byte // the cells of the row at hand
	text   []byte
	counts format.WarningCounts
	rows   int64
	limit  int64 // bytes of the workbook stream
	closed bool
	err    error
}

// New begins an XLS file of the columns on w, which gets its first byte at
// Close. More than 256 columns are an error. The writer is used by Close alone
// and need not seek; opt.TempDir gets temporary files without a name, which go
// away with the encoder. Of opt, Small and Workers make no difference here.
func New(w io.Writer, cols []format.Column, opt format.Options) (format.Encoder, error) {
	if err := checkColumns(cols); err != nil {
		return nil, err
	}
	e := &encoder{
		w:       w,
		cells:   spill{dir: opt.TempDir},
		strings: newSST(opt.TempDir),
		limit:   maxStream,
		layout: layout{
			base:    opt.SheetName,
			columns: len(cols),
			freeze:  !opt.NoFreeze,
			filter:  !opt.NoFilter,
		},
	}
	e.table.out = &e.cells
	cols = append([]format.Column(nil), cols...)
	for i := range cols {
		e.columns = append(e.columns, newColumn(&cols[i], &e.layout.styles, opt))
		e.source = max(e.source, cols[i].Index+1)
	}
	e.row = make([][]byte, e.source)
	e.layout.widths = firstWidths(cols)
	return e, e.beginSheet()
}

// Encode implements format.Encoder.
func (e *encoder) Encode(b *row.Batch) error {
	if e.closed && e.err == nil {
		e.err = errClosed
	}
	if e.err == nil {
		e.err = b.Check()
	}
	for i := 0; i < b.Len() && e.err == nil; i++ {
		e.err = e.encodeRow(b.Row(i))
	}
	b.Release()
	return e.err
}

// encodeRow writes one row of the result.
func (e *encoder) encodeRow(p []byte) error {
	if e.table.rows == maxRows {
		if err := e.nextSheet(); err != nil {
			return err
		}
	}
	for i := range e.row {
		e.row[i], p = row.Cell(p)
	}
	if e.rows < widthRows {
		e.measure()
	}
	e.table.beginRow(len(e.columns))
	for i := range e.columns {
		c := &e.columns[i]
		raw := e.row[c.Index]
		if raw == nil {
			continue
		}
		if !c.plain {
			e.text = c.AppendText(e.text[:0], raw)
			raw = e.text
		}
		if c.stored != format.AsText && c.put(&e.table, i, raw) {
			continue
		}
		if err := e.putText(i, c.textXF(raw), raw); err != nil {
			return err
		}
	}
	e.rows++
	if e.cells.size()+e.strings.out.size() > e.limit-slack {
		return errTooLarge
	}
	return e.table.endRow()
}

// putText appends a cell with a string.
func (e *encoder) putText(col int, xf uint16, text []byte) error {
	i, err := e.strings.add(text, &e.counts)
	if err != nil {
		return err
	}
	e.table.label(col, xf, i)
	return nil
}

// beginSheet starts a sheet with its header row, in bold.
func (e *encoder) beginSheet() error {
	bold := e.layout.styles.add("", fontBold, false)
	e.table.begin()
	e.table.beginRow(len(e.columns))
	for i := range e.columns {
		if err := e.putText(i, bold, []byte(e.columns[i].Label)); err != nil {
			return err
		}
	}
	return e.table.endRow()
}

func (e *encoder) endSheet() error {
	s, err := e.table.end()
	e.sheets = append(e.sheets, s)
	return err
}

func (e *encoder) nextSheet() error {
	if err := e.endSheet(); err != nil {
		return err
	}
	return e.beginSheet()
}

// Close implements format.Encoder: it writes the whole file.
func (e *encoder) Close() error {
	if e.closed {
		return e.err
	}
	e.closed = true
	if e.err == nil {
		e.err = e.write()
	}
	for _, s := range []*spill{&e.cells, &e.strings.out} {
		if err := s.close(); e.err == nil {
			e.err = err
		}
	}
	e.strings.recent = recent{}
	return e.err
}

// Summary implements format.Encoder.
func (e *encoder) Summary() format.Summary {
	return format.Summary{Rows: e.rows, Warnings: e.counts.Warnings()}
}
