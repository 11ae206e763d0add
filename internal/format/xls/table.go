package xls

import (
	"encoding/binary"
	"math"
)

const (
	maxRows    = 65536 // rows of a sheet including the header (MS-XLS, Rw)
	maxColumns = 256   // columns of a sheet (MS-XLS, ColU)
	blockRows  = 32    // rows of a row block (MS-XLS 2.4.78)

	rowHeight    = 255 // of a line of the default font in twentieths of a point
	headerHeight = 400
	maxLines     = 8190 / rowHeight // of the highest row

	rowRecord   = 20 // size of a Row record including its header
	cellMost    = 18 // maximum size of a cell record including its header
	sheetBlocks = maxRows / blockRows
)

// table writes the cell table of a sheet (CELLTABLE of MS-XLS, Worksheet
// Substream ABNF): blocks of up to 32 rows, each with its Row records, the
// cells, and a DBCell record with which Excel finds the cells of a row. All
// sheets share one spill.
type table struct {
	out *spill

	start int64  // offset of the first block of the sheet in the spill
	row   uint16 // index of the current row
	rows  int    // rows of the sheet including the current one
	used  int    // index of the last row with a cell, plus 1

	block  int // offset of the block in out.buf
	filled []filledRow
	places []uint32 // offsets of the DBCell records from start

	first, last int    // first and last column of the current row with a cell
	height      uint16 // of the current row in twentieths of a point
	cells       int    // offset of its cells in out.buf

	runAt, runEnd, runCol int // begin, end and last column of an RK or MulRk record that the next cell can extend
}

// filledRow is a row of the block that has cells.
type filledRow struct {
	row         uint16
	first, last uint16
	cells       int // offset of its cells in out.buf
	height      uint16
}

// begin starts a sheet.
func (t *table) begin() {
	t.start = t.out.size()
	t.rows, t.used = 0, 0
	t.places = t.places[:0]
}

// beginRow starts the next row; it must be ended by endRow.
func (t *table) beginRow(columns int) {
	if t.rows%blockRows == 0 {
		t.block = len(t.out.buf)
		t.filled = t.filled[:0]
		t.out.buf = append(t.out.buf, make([]byte, blockRows*rowRecord)...)
	}
	t.row = uint16(t.rows)
	t.rows++
	t.first, t.last = -1, -1
	t.height = rowHeight
	t.runEnd = -1
	t.cells = len(t.out.buf)
	if need := len(t.out.buf) + columns*cellMost; need > cap(t.out.buf) {
		grown := make([]byte, len(t.out.buf), max(need, 2*cap(t.out.buf)))
		copy(grown, t.out.buf)
		t.out.buf = grown
	}
}

// heighten makes room for a text of a number of lines in the current row.
func (t *table) heighten(lines int) {
	t.height = max(t.height, uint16(rowHeight*min(lines, maxLines)))
}

// endRow ends the row, and the block after its 32nd row.
func (t *table) endRow() error {
	if t.first >= 0 {
		t.used = t.rows
		t.filled = append(t.filled, filledRow{
			row:    t.row,
			first:  uint16(t.first),
			last:   uint16(t.last),
			cells:  t.cells,
			height: t.height,
		})
	}
	if t.rows%blockRows != 0 {
		return nil
	}
	t.endBlock()
	return t.out.flushIfFull()
}

// endBlock writes the Row records and appends the DBCell record. Rows without a
// cell have no Row record; the space reserved for it is removed.
func (t *table) endBlock() {
	b := t.out.buf
	heads := len(t.filled) * rowRecord
	if spare := blockRows*rowRecord - heads; spare > 0 {
		copy(b[t.block+heads:], b[t.block+blockRows*rowRecord:])
		b = b[:len(b)-spare]
		for i := range t.filled {
			t.filled[i].cells -= spare
		}
	}
	for i, f := range t.filled {
		putRow(b[t.block+i*rowRecord:], f)
	}
	t.places = append(t.places, uint32(t.out.flushed+int64(len(b))-t.start))
	t.out.buf = t.appendDBCell(b)
}

// putRow writes a Row record (MS-XLS 2.4.221) with the default format.
func putRow(b []byte, f filledRow) {
	binary.LittleEndian.PutUint16(b[0:], recRow)
	binary.LittleEndian.PutUint16(b[2:], rowRecord-headSize)
	binary.LittleEndian.PutUint16(b[4:], f.row)
	binary.LittleEndian.PutUint16(b[6:], f.first)
	binary.LittleEndian.PutUint16(b[8:], f.last+1)
	binary.LittleEndian.PutUint16(b[10:], f.height)
	binary.LittleEndian.PutUint32(b[12:], 0)
	binary.LittleEndian.PutUint32(b[16:], 0x0f<<16|0x0100) // fixed bit, default XF
}

// appendDBCell appends the DBCell record (MS-XLS 2.4.78): the distance back to
// the first Row record, and the distances from the end of that record to the
// cells of the first row, from there to the cells of the second row, and so on.
func (t *table) appendDBCell(b []byte) []byte {
	back := len(b) - t.block
	if len(t.filled) == 0 {
		back = 0
	}
	b = binary.LittleEndian.AppendUint16(b, recDBCell)
	b = binary.LittleEndian.AppendUint16(b, uint16(4+2*len(t.filled)))
	b = binary.LittleEndian.AppendUint32(b, uint32(back))
	from := t.block + rowRecord
	for _, f := range t.filled {
		b = binary.LittleEndian.AppendUint16(b, uint16(f.cells-from))
		from = f.cells
	}
	return b
}

// end ends the sheet and returns its position. The positions of its DBCell
// records are appended to the spill behind the cells.
func (t *table) end() (sheet, error) {
	if t.rows%blockRows != 0 {
		t.endBlock()
	}
	s := sheet{start: t.start, size: t.out.size() - t.start, rows: t.rows, used: t.used}
	for _, p := range t.places {
		t.out.buf = binary.LittleEndian.AppendUint32(t.out.buf, p)
	}
	return s, t.out.flushIfFull()
}

// cell appends the header of a cell record and the fields of Cell.
func (t *table) cell(id, size uint16, col int, xf uint16) {
	if t.first < 0 {
		t.first = col
	}
	t.last = col
	head := uint64(id) | uint64(size)<<16 | uint64(t.row)<<32 | uint64(col)<<48
	t.out.buf = binary.LittleEndian.AppendUint64(t.out.buf, head)
	t.out.buf = binary.LittleEndian.AppendUint16(t.out.buf, xf)
}

// label appends a string cell (LabelSst, MS-XLS 2.4.149).
func (t *table) label(col int, xf uint16, index uint32) {
	t.cell(recLabelSst, 10, col, xf)
	t.out.buf = binary.LittleEndian.AppendUint32(t.out.buf, index)
}

// boolean appends a truth value (BoolErr, MS-XLS 2.4.24).
func (t *table) boolean(col int, xf uint16, v bool) {
	t.cell(recBoolErr, 8, col, xf)
	b := byte(0)
	if v {
		b = 1
	}
	t.out.buf = append(t.out.buf, b, 0)
}

// integer appends a whole number, as an RK if 30 bits are enough.
func (t *table) integer(col int, xf uint16, v int64) {
	if fitsRK(v) {
		t.rk(col, xf, uint32(v)<<2|2)
		return
	}
	t.number(col, xf, float64(v))
}

// hundredths appends v/100 as an RK; fitsRK must hold for v.
func (t *table) hundredths(col int, xf uint16, v int64) {
	t.rk(col, xf, uint32(v)<<2|3)
}

// fitsRK reports whether v fits the 30 bits of an RK.
func fitsRK(v int64) bool { return v >= -1<<29 && v < 1<<29 }

// number appends a double (Number, MS-XLS 2.4.180), as an RK if its low 34 bits
// are zero.
func (t *table) number(col int, xf uint16, v float64) {
	bits := math.Float64bits(v)
	if bits<<30 == 0 {
		t.rk(col, xf, uint32(bits>>32))
		return
	}
	t.cell(recNumber, 14, col, xf)
	t.out.buf = binary.LittleEndian.AppendUint64(t.out.buf, bits)
}

// rk appends an RkNumber (MS-XLS 2.5.217) as an RK record (2.4.220) or, if the
// preceding cell is an RkNumber as well, to the MulRk record of that cell
// (2.4.175). Both records are the same up to the first XF.
func (t *table) rk(col int, xf uint16, v uint32) {
	if t.runEnd != len(t.out.buf) || t.runCol != col-1 {
		t.runAt = len(t.out.buf)
		t.cell(recRK, 10, col, xf)
		t.out.buf = binary.LittleEndian.AppendUint32(t.out.buf, v)
		t.runEnd, t.runCol = len(t.out.buf), col
		return
	}
	t.last = col
	b := t.out.buf
	if binary.LittleEndian.Uint16(b[t.runAt:]) == recMulRk {
		b = b[:len(b)-2] // the last column
	} else {
		binary.LittleEndian.PutUint16(b[t.runAt:], recMulRk)
	}
	b = binary.LittleEndian.AppendUint16(b, xf)
	b = binary.LittleEndian.AppendUint32(b, v)
	b = binary.LittleEndian.AppendUint16(b, uint16(col))
	binary.LittleEndian.PutUint16(b[t.runAt+2:], uint16(len(b)-t.runAt-headSize))
	t.out.buf = b
	t.runEnd, t.runCol = len(b), col
}
