package xls

import (
	"encoding/binary"
	"math"

	"exporttask/internal/format"
)

// maxArguments is the number of references that SUBTOTAL takes in an XLS file.
const maxArguments = 29

// appendTotals appends the row of totals to the last sheet, whose cells are complete:
// formulas over the rows of all sheets, with their values.
func (e *encoder) appendTotals() error {
	label := format.TotalLabelAt(e.layout.declared)
	e.table.beginRow(len(e.columns))
	for i := range e.columns {
		c := &e.columns[i]
		look := xf{Style: format.Style{Bold: true}, border: lineAbove, align: c.HeaderAlign()}
		switch {
		case i == label:
			look.align = format.Left
			if err := e.putText(i, e.layout.styles.add(look), []byte(e.layout.label)); err != nil {
				return err
			}
		case c.Total == format.NoTotal:
			e.table.blank(i, e.layout.styles.add(look))
		default:
			look.format, look.shrink = c.TotalFormat(), true
			e.putTotal(i, e.layout.styles.add(look))
		}
	}
	return e.table.endRow()
}

// putTotal appends the total of column i. It is a number without a formula if there
// are no rows or more sheets than the formula takes.
func (e *encoder) putTotal(i int, xf uint16) {
	v, ok := e.columns[i].tally.Value()
	if e.rows == 0 || len(e.sheets)+1 > maxArguments {
		if ok {
			e.table.number(i, xf, v)
		} else {
			e.table.blank(i, xf)
		}
		return
	}
	value := math.Float64bits(v)
	if !ok {
		value = 0xffff<<48 | 0x07<<16 | 2 // the error #DIV/0! (FormulaValue, MS-XLS 2.5.133)
	}
	e.table.formula(i, xf, value, e.subtotal(i))
}

// subtotal returns the tokens of the formula of column i's total.
func (e *encoder) subtotal(i int) []byte {
	f := &records{}
	f.u8(ptgInt)
	f.u16(uint16(e.columns[i].Total.Subtotal()))
	const relative = 0xc000
	col := uint16(i) | relative
	header := e.layout.headerRows()
	for n, s := range e.sheets {
		f.u8(ptgArea3d)
		f.u16(uint16(n))
		f.u16(uint16(header))
		f.u16(uint16(s.rows - 1))
		f.u16(col)
		f.u16(col)
	}
	f.u8(ptgArea)
	f.u16(uint16(header))
	f.u16(uint16(e.table.rows - 2)) // above this row
	f.u16(col)
	f.u16(col)
	f.callVar(ftabSubtotal, len(e.sheets)+2)
	return f.b
}

// formula appends a formula with its value (Formula, MS-XLS 2.4.127).
func (t *table) formula(col int, xf uint16, value uint64, tokens []byte) {
	t.cell(recFormula, uint16(6+8+6+2+len(tokens)), col, xf)
	b := binary.LittleEndian.AppendUint64(t.out.buf, value)
	b = append(b, 0, 0, 0, 0, 0, 0) // flags, and a cache of the application
	b = binary.LittleEndian.AppendUint16(b, uint16(len(tokens)))
	t.out.buf = append(b, tokens...)
}

// blank appends a cell without a value (Blank, MS-XLS 2.4.20).
func (t *table) blank(col int, xf uint16) { t.cell(recBlank, 6, col, xf) }
