package xls

import "exporttask/internal/format"

const (
	widthLeast = 6
	widthMost  = 60
	widthArrow = 3 // width of the filter button beside a label
	widthExtra = 1
)

// widths returns the widths of the columns: declared, or those of the header and of
// all values.
func (e *encoder) widths() []float64 {
	w := make([]float64, len(e.columns))
	for i := range e.columns {
		c := &e.columns[i]
		if w[i] = c.Width; w[i] > 0 {
			continue
		}
		n := widthLeast
		if e.layout.header {
			n = max(n, format.LabelWidth(c.Label)+widthArrow)
		}
		if values := c.widest.Width(c.Column, int(e.rows)); values > 0 {
			n = max(n, values+widthExtra)
		}
		w[i] = float64(min(n, widthMost))
	}
	return w
}
