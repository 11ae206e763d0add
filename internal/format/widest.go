package format

import (
	"slices"
	"strconv"

	"exporttask/internal/format/row"
)

// maxMeasured is the number of bytes of a value that are measured.
const maxMeasured = 240

// measuredRows is the number of values that are measured whatever their length.
const measuredRows = 200

// Widest is the measured width of a column.
type Widest struct {
	width int // in characters
	long  int // bytes of the longest value
	rows  int
	text  []byte
}

// Measure measures a cell as the server sent it, which must not be NULL. After a
// number of rows only values that are longer than those before are measured.
func (w *Widest) Measure(c *Column, raw []byte) {
	w.rows++
	if w.rows > measuredRows && len(raw) <= w.long {
		return
	}
	w.long = max(w.long, len(raw))
	w.text = c.AppendText(w.text[:0], raw[:min(len(raw), maxMeasured)])
	w.width = max(w.width, c.ValueWidth(w.text))
}

// Width returns the width of the column in characters as far as known, 0 if nothing
// was measured. rows is the number of rows of the result, -1 if more follow than
// were measured: then numbers have room for usual values of their type.
func (w *Widest) Width(c *Column, rows int) int {
	n := w.width
	if rows < 0 {
		n = max(n, c.usualWidth())
	}
	switch {
	case c.Total == Count:
		n = max(n, 8)
	case c.Total != NoTotal && n > 0:
		more := 5
		if rows >= 0 {
			more = len(strconv.Itoa(rows))
		}
		n += more + more/3 + 1 // the total is bold
	}
	return n
}

// usualWidth returns the width of the longest usual value of a column of numbers; 0
// for other columns. Integers of a type of at most 11 digits have no longer ones.
func (c *Column) usualWidth() int {
	const usual, most = 9, 11
	if c.Stored() != AsNumber || c.Map != nil {
		return 0
	}
	length := int(c.Source.Length)
	text := []byte("-")
	switch c.Source.Kind {
	case row.Int:
		n := usual
		if length > 0 && length <= most {
			n = length - 1
		}
		return c.ValueWidth(append(text, slices.Repeat([]byte("9"), n)...))
	case row.Decimal:
		n := min(max(length-max(c.Source.Scale, 0), 1), usual)
		return c.ValueWidth(append(text, slices.Repeat([]byte("9"), n)...))
	case row.Text, row.Float, row.Date, row.Time, row.DateTime, row.Year, row.Bit, row.Binary, row.Geometry:
	}
	return 0
}

// LabelWidth returns the width of a header, whose lines are wrapped if they are
// long.
func LabelWidth(label string) int {
	const most = 24
	return min(TextWidth([]byte(label)), most)
}

// Landscape reports whether columns of these widths, in characters, are wider than
// an upright page.
func Landscape(widths []float64) bool {
	const upright = 90
	sum := 0.0
	for _, w := range widths {
		sum += w
	}
	return sum > upright
}
