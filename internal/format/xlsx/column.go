package xlsx

import (
	"strconv"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// class is how a cell is closed: what stands behind its value. What is not a
// text is a number here, a date or a bool too.
type class uint8

const (
	number class = iota
	text
	rowTag  // no cell yet in this row
	nothing // no row yet in this block
)

// piece is a bit of markup in a field of fixed size: it is copied whole, which
// takes a few instructions instead of a call, and the next piece overwrites
// what was too much.
type piece struct {
	b [40]byte
	n int
}

func newPiece(s string) (p piece) {
	p.n = copy(p.b[:], s)
	return p
}

// column is what the hot loop must know of an output column.
type column struct {
	src    format.Column
	index  int  // its place in the source's rows
	plain  bool // the server's bytes are the text
	stored format.Type
	open   [2]piece // what stands between the previous cell and the row's number
}

// planColumns works out once what every cell of a column has in common. In a
// cell's tag the reference comes last, so that everything behind the row's
// number is the same in all columns.
func planColumns(cols []format.Column, st *styles) []column {
	planned := make([]column, len(cols))
	for i := range cols {
		c := &planned[i]
		c.src = cols[i]
		c.index = c.src.Index
		c.plain = c.src.Plain()
		c.stored = c.src.Stored()
		style := func(format string) string {
			if s := st.of(format); s != styleGeneral {
				return ` s="` + strconv.Itoa(s) + `"`
			}
			return ""
		}
		ref := ` r="` + columnName(i)
		// A text in a column of numbers or dates has no use for their format.
		textStyle := ""
		if c.stored == format.AsText {
			textStyle = style(c.src.Format)
		}
		c.open[text] = newPiece(`<c t="inlineStr"` + textStyle + ref)
		switch c.stored {
		case format.AsBool:
			c.open[number] = newPiece(`<c t="b"` + ref)
		case format.AsText, format.Auto:
			c.open[number] = c.open[text] // never used
		case format.AsNumber, format.AsDate, format.AsDateTime:
			c.open[number] = newPiece(`<c` + style(numberFormat(&c.src)) + ref)
		}
	}
	return planned
}

// numberFormat is the column's number format. General does for integers of up
// to 11 digits: it shows them as they are, and a cell without a style is
// smaller.
func numberFormat(c *format.Column) string {
	if c.Format == "" && c.Stored() == format.AsNumber {
		switch {
		case c.Source.Kind == row.Year, c.Source.Kind == row.Int && c.Source.Length > 0 && c.Source.Length <= 11:
			return ""
		}
	}
	return c.NumberFormat()
}
