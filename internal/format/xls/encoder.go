package xls

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// errClosed is the error of Encode after Close.
var errClosed = errors.New("xls: encode after close")

// errTooLarge is the error of an export whose workbook exceeds the limit of an
// XLS file.
var errTooLarge = errors.New("xls: the workbook is larger than 2 GiB, the limit of an XLS file")

// slack is the part of maxStream reserved for what Close writes around the
// cells, in bytes.
const slack = 64 << 20

// encoder implements format.Encoder.
type encoder struct {
	w       io.Writer
	columns []column
	layout  layout
	source  int // number of leading columns of the result that are used

	cells   spill
	table   table
	strings *sst
	sheets  []sheet

	row      [][]byte // the cells of the current row
	text     []byte
	digits   []byte // a rounded number
	counts   format.WarningCounts
	rows     int64
	perSheet int   // rows of a sheet
	limit    int64 // maximum size of the workbook stream in bytes
	closed   bool
	err      error
}

// New returns an encoder of an XLS file with the columns on w, which receives
// its first byte at Close. More than 256 columns are an error. Temporary files
// are created in opt.TempDir without a name and removed at the latest by Close.
// opt.Small and opt.Workers have no effect.
func New(w io.Writer, cols []format.Column, opt format.Options) (format.Encoder, error) {
	if opt.Thousands {
		cols = format.Thousands(cols)
	}
	if err := checkColumns(cols); err != nil {
		return nil, err
	}
	cols = append([]format.Column(nil), cols...)
	e := &encoder{
		w:       w,
		cells:   spill{dir: opt.TempDir},
		strings: newSST(opt.TempDir),
		limit:   maxStream,
		layout: layout{
			opt:      opt,
			label:    opt.Label(),
			declared: cols,
			columns:  len(cols),
			header:   !opt.NoHeader,
			freeze:   !opt.NoFreeze && !opt.NoHeader,
			filter:   !opt.NoFilter && !opt.NoHeader,
		},
	}
	e.table.out = &e.cells
	e.perSheet = maxRows
	if format.HasTotals(cols) {
		e.perSheet-- // for the totals
	}
	if !opt.NoHeader {
		e.layout.groups = format.Groups(cols)
	}
	for i := range cols {
		e.columns = append(e.columns, newColumn(&cols[i], &e.layout.styles))
		e.source = max(e.source, cols[i].Index+1)
	}
	e.row = make([][]byte, e.source)
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
	if e.table.rows == e.perSheet {
		if err := e.nextSheet(); err != nil {
			return err
		}
	}
	for i := range e.row {
		e.row[i], p = row.Cell(p)
	}
	e.table.beginRow(len(e.columns))
	for i := range e.columns {
		c := &e.columns[i]
		raw := e.row[c.Index]
		if raw == nil {
			if c.blank != 0 {
				e.table.blank(i, c.blank)
			}
			continue
		}
		if c.Width <= 0 {
			c.widest.Measure(c.Column, raw)
		}
		if !c.plain {
			e.text = c.AppendText(e.text[:0], raw)
			raw = e.text
		}
		if c.tally != nil {
			c.tally.Add(raw)
		}
		if c.stored != format.AsText && c.put(e, i, raw) {
			continue
		}
		lines := 1 + bytes.Count(raw, []byte("\n"))
		e.table.heighten(lines)
		if err := e.putText(i, c.textXF(raw, lines), raw); err != nil {
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

// beginSheet starts a sheet with its header row.
func (e *encoder) beginSheet() error {
	e.table.begin()
	if !e.layout.header {
		return nil
	}
	if err := e.appendGroups(); err != nil {
		return err
	}
	e.table.beginRow(len(e.columns))
	lines := 1
	for i := range e.columns {
		look := e.layout.styles.add(headerLook(e.columns[i].HeaderAlign()))
		label := e.columns[i].Label
		lines = max(lines, strings.Count(label, "\n")+1, (format.TextWidth([]byte(label))+format.LabelWidth(label)-1)/max(format.LabelWidth(label), 1))
		if err := e.putText(i, look, []byte(label)); err != nil {
			return err
		}
	}
	e.table.height = uint16(headerHeight + rowHeight*(min(lines, maxLines)-1))
	return e.table.endRow()
}

// appendGroups appends the row of the titles of groups.
func (e *encoder) appendGroups() error {
	if len(e.layout.groups) == 0 {
		return nil
	}
	e.table.beginRow(len(e.columns))
	next := 0
	for _, g := range append(e.layout.groups, format.Group{First: len(e.columns)}) {
		plain := headerLook(format.ByType)
		plain.border = noBorder
		for ; next < g.First; next++ {
			e.table.blank(next, e.layout.styles.add(plain))
		}
		if g.Title == "" {
			break
		}
		look := headerLook(format.Center)
		look.border = lineAround
		if err := e.putText(g.First, e.layout.styles.add(look), []byte(g.Title)); err != nil {
			return err
		}
		for next = g.First + 1; next <= g.Last; next++ {
			e.table.blank(next, e.layout.styles.add(look))
		}
	}
	e.table.height = headerHeight
	return e.table.endRow()
}

// endSheet ends a sheet, the last one with the totals.
func (e *encoder) endSheet(last bool) error {
	rows := e.table.rows
	if last && format.HasTotals(e.layout.declared) {
		if err := e.appendTotals(); err != nil {
			return err
		}
	}
	s, err := e.table.end()
	s.all, s.rows = s.rows, rows
	e.sheets = append(e.sheets, s)
	return err
}

func (e *encoder) nextSheet() error {
	if err := e.endSheet(false); err != nil {
		return err
	}
	return e.beginSheet()
}

// Close implements format.Encoder. It writes the whole file.
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
