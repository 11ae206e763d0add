package xlsx

import (
	"strconv"
	"strings"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// The measurement of column widths in characters. headerExtra has room for the
// filter button.
const (
	minWidth    = 6
	maxWidth    = 60
	headerExtra = 4
	cellExtra   = 2
)

// columnWidths returns the widths of the columns: declared, or those of the header
// and of the first values, which are the rows of the first block. If more rows
// follow, a column of numbers is as wide as usual values of its type.
func (e *Encoder) columnWidths(b *row.Batch, from, to int) []float64 {
	cols := e.cols
	widest := make([]format.Widest, len(cols))
	var cells [][]byte
	for r := from; r < to; r++ {
		if b.CheckRow(r) != nil {
			break // the row writer reports the error
		}
		cells = split(cells[:0], b.Row(r))
		for i := range cols {
			if v := cells[cols[i].index]; v != nil {
				widest[i].Measure(cols[i].src, v)
			}
		}
	}
	widths := make([]float64, len(cols))
	rows := to - from
	if !e.closed { // more rows follow
		rows = -1
	}
	for i := range cols {
		c := cols[i].src
		w := minWidth
		if !e.opt.NoHeader {
			w = max(w, format.LabelWidth(c.Label)+headerExtra)
		}
		if n := widest[i].Width(c, rows); n > 0 {
			w = max(w, n+cellExtra)
		}
		widths[i] = float64(min(w, maxWidth))
		if c.Width > 0 {
			widths[i] = min(c.Width, 255) // the widest that Excel knows
		}
	}
	return widths
}

// colsXML returns the cols element.
func (e *Encoder) colsXML() string {
	var xml strings.Builder
	xml.WriteString(`<cols>`)
	for i, w := range e.widths {
		n := strconv.Itoa(i + 1)
		xml.WriteString(`<col min="` + n + `" max="` + n + `" width="` + strconv.FormatFloat(w, 'f', -1, 64) + `" customWidth="1"/>`)
	}
	return xml.String() + `</cols>`
}

// split appends the cells of a row.
func split(cells [][]byte, p []byte) [][]byte {
	for len(p) > 0 {
		var c []byte
		c, p = row.Cell(p)
		cells = append(cells, c)
	}
	return cells
}
