package term

import (
	"io"
	"strings"
)

// Table is a table of texts, aligned by their width on a terminal. A header that
// begins with ">" aligns its column to the right.
type Table struct {
	headers []string
	right   []bool
	rows    [][]string
}

// NewTable returns a table without rows.
func NewTable(headers ...string) *Table {
	t := &Table{}
	for _, h := range headers {
		name, right := strings.CutPrefix(h, ">")
		t.headers, t.right = append(t.headers, name), append(t.right, right)
	}
	return t
}

// Row adds a row.
func (t *Table) Row(cells ...string) {
	for i := range cells {
		cells[i] = Plain(cells[i])
	}
	t.rows = append(t.rows, cells)
}

// Len returns the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// Lines returns the header and the rows as lines.
func (t *Table) Lines() []string {
	all := append([][]string{t.headers}, t.rows...)
	widths := make([]int, len(t.headers))
	for _, row := range all {
		for i, cell := range row {
			widths[i] = max(widths[i], Width(cell))
		}
	}
	lines := make([]string, len(all))
	for n, row := range all {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = pad(cell, widths[i], t.right[i])
		}
		lines[n] = strings.TrimRight(strings.Join(cells, "  "), " ")
	}
	return lines
}

// WriteTo implements io.WriterTo.
func (t *Table) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, strings.Join(t.Lines(), "\n")+"\n")
	return int64(n), err
}
