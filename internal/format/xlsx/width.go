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
	sampleRows  = 200
	minWidth    = 6
	maxWidth    = 60
	headerExtra = 4
	cellExtra   = 2
)

// columnWidths returns the cols element and the sum of the widths. A column has its declared width or
// that of the widest of its header and first values.
func columnWidths(cols []column, b *row.Batch, from, to int) (element string, sum float64) {
	widths := make([]float64, len(cols))
	for i := range cols {
		widths[i] = float64(max(minWidth, format.TextWidth([]byte(cols[i].src.Label))+headerExtra))
	}
	var cells [][]byte
	var text []byte
	for r := from; r < min(to, from+sampleRows); r++ {
		if b.CheckRow(r) != nil {
			break // the row writer reports the error
		}
		cells = split(cells[:0], b.Row(r))
		for i := range cols {
			v := cells[cols[i].src.Index]
			if v == nil {
				continue
			}
			text = cols[i].src.AppendText(text[:0], v[:min(len(v), 4*maxWidth)])
			widths[i] = max(widths[i], float64(cols[i].src.ValueWidth(text)+cellExtra))
		}
	}
	var xml strings.Builder
	xml.WriteString(`<cols>`)
	for i := range cols {
		w := min(widths[i], maxWidth)
		if declared := cols[i].src.Width; declared > 0 {
			w = min(declared, 255) // the widest that Excel knows
		}
		sum += w
		n := strconv.Itoa(i + 1)
		xml.WriteString(`<col min="` + n + `" max="` + n + `" width="` + strconv.FormatFloat(w, 'f', -1, 64) + `" customWidth="1"/>`)
	}
	xml.WriteString(`</cols>`)
	return xml.String(), sum
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
