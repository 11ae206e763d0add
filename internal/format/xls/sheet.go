package xls

import (
	"encoding/binary"
	"fmt"
	"math"

	"exporttask/internal/format"
)

// sheet is the position of the cell table of a completed sheet in the spill.
type sheet struct {
	start, size int64
	rows        int // of the header and data
	all         int // with the totals
	used        int // index of the last row with a cell, plus 1
}

// blocks returns the number of row blocks up to the last cell.
func (s sheet) blocks() int { return (s.used + blockRows - 1) / blockRows }

// layout has the properties that all sheets of a workbook share.
type layout struct {
	opt      format.Options
	label    string // of the totals
	declared []format.Column
	groups   []format.Group
	columns  int
	widths   []float64 // in characters
	header   bool
	freeze   bool
	filter   bool
	styles   styles
}

func (l *layout) name(i int) string { return l.opt.Sheet(i + 1) }

// head appends the part of a worksheet substream (MS-XLS, Worksheet Substream
// ABNF) before its cells. base is the position of the sheet in the stream,
// places has the positions of its DBCell records relative to its first row
// block.
func (l *layout) head(r *records, s sheet, base int64, places []byte) {
	begin := len(r.b)
	appendBOF(r, bofSheet)
	index := len(r.b)
	appendIndex(r, s)
	appendCalc(r)
	r.words(recPrintRowCol, 0)
	r.words(recPrintGrid, 0)
	r.words(recGridSet, 1)
	r.words(recGuts, 0, 0, 0, 0)
	r.words(recDefRowHeight, 0, rowHeight)
	r.words(recWsBool, 0x05c1) // with fit to page
	appendPage(r, format.Landscape(l.widths))
	widths := len(r.b)
	r.words(recDefColWidth, 8)
	for i, w := range l.widths {
		r.words(recColInfo, uint16(i), uint16(i), columnWidth(w), defaultXF, 0, 0)
	}
	if l.filter {
		r.words(recAutoFilterInfo, uint16(l.columns))
	}
	r.begin(recDimensions) // 2.4.90
	r.u32(0)
	r.u32(uint32(s.all))
	r.u16(0)
	r.u16(uint16(l.columns))
	r.u16(0)
	r.end()

	binary.LittleEndian.PutUint32(r.b[index+16:], uint32(base)+uint32(widths-begin))
	cells := uint32(base) + uint32(len(r.b)-begin)
	for i := range s.blocks() {
		at := index + 20 + 4*i
		binary.LittleEndian.PutUint32(r.b[at:], cells+binary.LittleEndian.Uint32(places[4*i:]))
	}
}

// appendIndex writes the Index record (MS-XLS 2.4.144) with zeros for the
// positions of the DefColWidth record and of the DBCell records, which head
// fills in.
func appendIndex(r *records, s sheet) {
	r.begin(recIndex)
	r.u32(0)
	r.u32(0)
	r.u32(uint32(s.used))
	r.u32(0)
	r.zero(4 * s.blocks())
	r.end()
}

// appendCalc writes the settings of the calculation (GLOBALS of the ABNF):
// automatic, 100 iterations at most.
func appendCalc(r *records) {
	r.words(recCalcMode, 1)
	r.words(recCalcCount, 100)
	r.words(recCalcRefMode, 1)
	r.words(recCalcIter, 0)
	r.begin(recCalcDelta)
	r.f64(0.001)
	r.end()
	r.words(recCalcSaveRecalc, 1)
}

// appendPage writes the page setup (PAGESETUP of the ABNF): one page wide, as many
// pages high as needed.
func appendPage(r *records, landscape bool) {
	const halfAnInch = 0.5
	r.words(recHeader)
	r.words(recFooter)
	r.words(recHCenter, 0)
	r.words(recVCenter, 0)
	r.begin(recSetup) // 2.4.257
	r.u16(9)          // A4
	r.u16(100)        // per cent
	r.u16(1)          // first page
	r.u16(1)          // pages wide
	r.u16(0)          // any number of pages high
	if landscape {
		r.u16(0)
	} else {
		r.u16(0x0002) // portrait
	}
	r.u16(600)
	r.u16(600)
	r.f64(halfAnInch)
	r.f64(halfAnInch)
	r.u16(1)
	r.end()
}

// columnWidth converts a width in characters to 1/256 of a character (ColInfo,
// MS-XLS 2.4.53) and adds the margins of Excel.
func columnWidth(characters float64) uint16 {
	const margin, most = 0.71, 255
	w := min(max(characters, 0)+margin, most)
	return uint16(math.Round(w * 256))
}

// tail appends the part of the substream of the n-th sheet behind its cells.
func (l *layout) tail(r *records, n int, s sheet) {
	if l.filter {
		appendArrows(r, n, l.columns)
	}
	flags := uint16(0x00b6) // grid, headings, zeros, default colour, outline symbols
	if l.freeze {
		flags |= 0x0108 // frozen, and without a split when it is unfrozen
	}
	if n == 0 {
		flags |= 0x0600 // selected and shown
	}
	if l.opt.RightToLeft {
		flags |= 0x0040
	}
	r.words(recWindow2, flags, 0, 0, 64, 0, 0, 0, 0, 0) // 2.4.346
	if l.freeze {
		rows := uint16(l.headerRows())
		r.words(recPane, 0, rows, rows, 0, bottomLeft) // 2.4.189: rows above the split, first row below it
		appendSelection(r, topLeft, 0)
		appendSelection(r, bottomLeft, rows)
	} else {
		appendSelection(r, topLeft, 0)
	}
	l.appendMerged(r)
	l.appendConditions(r, l.headerRows(), s.rows-1)
	r.words(recEOF)
}

// headerRows returns the number of rows above the data.
func (l *layout) headerRows() int {
	switch {
	case !l.header:
		return 0
	case len(l.groups) > 0:
		return 2
	}
	return 1
}

// appendMerged writes the merged cells of the titles of groups (MergeCells, MS-XLS
// 2.4.168).
func (l *layout) appendMerged(r *records) {
	var wide []format.Group
	for _, g := range l.groups {
		if g.First < g.Last {
			wide = append(wide, g)
		}
	}
	if len(wide) == 0 {
		return
	}
	r.begin(recMergeCells)
	r.u16(uint16(len(wide)))
	for _, g := range wide {
		r.ref(0, 0, g.First, g.Last)
	}
	r.end()
}

// prepareConditions adds the colors of the conditions to the palette, which precedes
// them in the file.
func (l *layout) prepareConditions() {
	for i := range l.declared {
		for _, c := range l.declared[i].Conditions {
			l.styles.appendDifferential(&records{}, c.Style)
		}
	}
}

// Panes of a window (PaneType of MS-XLS).
const (
	bottomLeft = 2
	topLeft    = 3
)

// appendSelection selects the first cell of a row in a pane (Selection).
func appendSelection(r *records, pane uint8, row uint16) {
	r.begin(recSelection)
	r.u8(pane)
	r.u16(row)
	r.u16(0)
	r.u16(0)
	r.u16(1)
	r.u16(row)
	r.u16(row)
	r.u8(0)
	r.u8(0)
	r.end()
}

// checkColumns returns an error for columns that a sheet cannot hold.
func checkColumns(cols []format.Column) error {
	switch n := len(cols); {
	case n == 0:
		return fmt.Errorf("xls: no columns, want 1..%d", maxColumns)
	case n > maxColumns:
		return fmt.Errorf("xls: %d columns, want 1..%d: a sheet of the XLS format has no more", n, maxColumns)
	}
	for i := range cols {
		if n := len(cols[i].Conditions); n > maxConditions {
			return fmt.Errorf("xls: column %d: %d conditions, want at most %d", i+1, n, maxConditions)
		}
		if err := format.CheckFormat(cols[i].NumberFormat()); err != nil {
			return fmt.Errorf("xls: column %d: %w", i+1, err)
		}
	}
	return nil
}
