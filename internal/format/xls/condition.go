package xls

import (
	"strconv"

	"exporttask/internal/format"
)

// maxConditions is the maximum number of conditions of a cell (ccf of CondFmt,
// MS-XLS 2.4.42).
const maxConditions = 3

// appendConditions writes the conditional formats (CONDFMTS of MS-XLS, Worksheet
// Substream ABNF) of the columns for the rows first..last, from 0.
func (l *layout) appendConditions(r *records, first, last int) {
	if first > last {
		return
	}
	for i := range l.declared {
		list := l.declared[i].Conditions
		if len(list) == 0 {
			continue
		}
		r.begin(recCondFmt)
		r.u16(uint16(len(list)))
		r.u16(uint16(i+1) << 1) // an identifier, with fToughRecalc off
		r.ref(first, last, i, i)
		r.u16(1)
		r.ref(first, last, i, i)
		r.end()
		for n := range list {
			formula := conditionFormula(&list[n], i)
			r.begin(recCF) // 2.4.42
			r.u8(2)        // by a formula
			r.u8(0)
			r.u16(uint16(len(formula)))
			r.u16(0)
			l.styles.appendDifferential(r, list[n].Style)
			r.raw(formula)
			r.end()
		}
	}
}

// appendDifferential writes a DXFN (MS-XLS 2.5.92): the flags of what does not
// change, the font and the pattern.
func (s *styles) appendDifferential(r *records, style format.Style) {
	const (
		nothing        = 0x003fffff
		fontBlock      = 1 << 26
		patternBlock   = 1 << 29
		patternChanges = 1<<16 | 1<<17 | 1<<18
	)
	flags := uint32(nothing)
	if style.Bold || style.Color != "" {
		flags |= fontBlock
	}
	if style.Fill != "" {
		flags = flags&^patternChanges | patternBlock
	}
	r.u32(flags)
	r.u16(0x8002)
	if flags&fontBlock != 0 {
		s.appendDifferentialFont(r, style)
	}
	if flags&patternBlock != 0 { // DXFPat, 2.5.93
		fill := s.color(style.Fill)
		r.u16(1 << 10) // solid
		r.u16(fill | fill<<7)
	}
}

// appendDifferentialFont writes a DXFFntD (MS-XLS 2.5.91).
func (s *styles) appendDifferentialFont(r *records, style format.Style) {
	const same = 0xffffffff
	r.zero(64)  // no name
	r.u32(same) // height
	r.u32(0)    // neither italic nor struck out
	weight, keepWeight := uint16(400), uint32(1)
	if style.Bold {
		weight, keepWeight = 700, 0
	}
	r.u16(weight)
	r.u16(0) // neither raised nor lowered
	r.u8(0)  // not underlined
	r.u8(0)
	r.u8(0)
	r.u8(0)
	if style.Color != "" {
		r.u32(uint32(s.color(style.Color)))
	} else {
		r.u32(same)
	}
	r.u32(0)
	r.u32(0x9a) // italic, struck out and the like are not changed
	r.u32(1)    // nor raised or lowered
	r.u32(1)    // nor underlined
	r.u32(keepWeight)
	r.u32(0)
	r.u32(0)
	r.u32(0x7fffffff)
	r.u16(1)
}

// The tokens of formulas (MS-XLS 2.5.198).
const (
	ptgLess    = 0x09
	ptgStr     = 0x17
	ptgBool    = 0x1d
	ptgInt     = 0x1e
	ptgNum     = 0x1f
	ptgFunc    = 0x41 // with a value
	ptgFuncVar = 0x42
	ptgRefN    = 0x4c
	ptgArea    = 0x25
	ptgArea3d  = 0x3b

	ftabLen      = 32
	ftabAnd      = 36
	ftabNot      = 38
	ftabExact    = 117
	ftabFind     = 124
	ftabIsNumber = 128
	ftabSubtotal = 344
)

// comparisons are the tokens of the comparisons of numbers.
var comparisons = map[format.Op]uint8{
	format.Less: ptgLess, format.LessEqual: 0x0a, format.Equal: 0x0b, format.GreaterEqual: 0x0c, format.Greater: 0x0d, format.NotEqual: 0x0e,
}

// conditionFormula returns the tokens of a condition for the cells of column col. The
// empty cell and the text are neither less nor greater than a number.
func conditionFormula(c *format.Condition, col int) []byte {
	f := &records{}
	cell := func() { // in the row of the cell (PtgRefN, MS-XLS 2.5.198.88)
		f.u8(ptgRefN)
		f.u16(0)
		f.u16(uint16(col) | 0x8000)
	}
	length := func(comparison uint8) { // LEN(cell)>0 or =0
		cell()
		f.call(ftabLen)
		f.u8(ptgInt)
		f.u16(0)
		f.u8(comparison)
	}
	text := func() {
		f.u8(ptgStr)
		f.short(c.Value)
	}
	switch {
	case c.Op == format.Empty:
		length(comparisons[format.Equal])
	case c.Op == format.Contains:
		text()
		cell()
		f.callVar(ftabFind, 2)
		f.call(ftabIsNumber)
	case c.Number == "TRUE" || c.Number == "FALSE":
		length(comparisons[format.Greater])
		cell()
		f.u8(ptgBool)
		f.u8(map[string]uint8{"TRUE": 1}[c.Number])
		f.u8(comparisons[c.Op])
		f.callVar(ftabAnd, 2)
	case c.Number != "":
		cell()
		f.call(ftabIsNumber)
		cell()
		v, _ := strconv.ParseFloat(c.Number, 64) // a number, see format.Condition
		f.u8(ptgNum)
		f.f64(v)
		f.u8(comparisons[c.Op])
		f.callVar(ftabAnd, 2)
	case c.Op == format.NotEqual:
		length(comparisons[format.Greater])
		cell()
		text()
		f.call(ftabExact)
		f.call(ftabNot)
		f.callVar(ftabAnd, 2)
	default:
		cell()
		text()
		f.call(ftabExact)
	}
	return f.b
}

// call appends a call of a function with a fixed number of arguments (PtgFunc,
// MS-XLS 2.5.198.62).
func (r *records) call(function uint16) {
	r.u8(ptgFunc)
	r.u16(function)
}

// callVar appends a call of a function with n arguments (PtgFuncVar, MS-XLS
// 2.5.198.63).
func (r *records) callVar(function uint16, n int) {
	r.u8(ptgFuncVar)
	r.u8(uint8(n))
	r.u16(function)
}

// ref appends the rows and columns of a range (Ref8U, MS-XLS 2.5.211).
func (r *records) ref(firstRow, lastRow, firstCol, lastCol int) {
	for _, n := range []int{firstRow, lastRow, firstCol, lastCol} {
		r.u16(uint16(n))
	}
}
