package xls

import "exporttask/internal/format"

const (
	widthRows  = 100 // number of rows that column widths are measured on
	widthLeast = 6
	widthMost  = 60
	widthArrow = 3 // width of the filter button beside a label
)

// firstWidths returns the declared widths, or those of the labels.
func firstWidths(cols []format.Column) []float64 {
	w := make([]float64, len(cols))
	for i := range cols {
		w[i] = cols[i].Width
		if w[i] <= 0 {
			w[i] = fitWidth(format.TextWidth([]byte(cols[i].Label)) + widthArrow)
		}
	}
	return w
}

// measure widens columns without a declared width to the values of the current
// row.
func (e *encoder) measure() {
	for i := range e.columns {
		c := &e.columns[i]
		raw := e.row[c.Index]
		if c.Width > 0 || raw == nil {
			continue
		}
		if !c.plain {
			e.text = c.AppendText(e.text[:0], raw)
			raw = e.text
		}
		e.layout.widths[i] = max(e.layout.widths[i], fitWidth(c.ValueWidth(raw[:min(len(raw), 4*widthMost)])))
	}
}

func fitWidth(n int) float64 { return float64(min(max(n, widthLeast), widthMost)) }
