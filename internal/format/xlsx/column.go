package xlsx

import (
	"strconv"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// class is the class of a cell by the markup behind its value: text, or number
// for all other values including dates and truth values.
type class uint8

const (
	number class = iota
	text
	rowTag  // no cell in this row so far
	nothing // no row in this block so far
	empty   // a cell without a value
	classes = iota
)

// kind is the kind of a cell by its tag, which has the style.
type kind uint8

const (
	value             kind   = iota // a number, a date or a truth value
	plainText                       // a text
	quotedText                      // a text that needs the quote prefix, see format.NeedsQuotePrefix
	wrappedText                     // a text with a line break
	wrappedQuotedText               // both
	blank                           // NULL in a column with a background
	kinds             = iota        // number of kinds
)

// piece is markup in an array of fixed size. The array is copied as a whole,
// which takes a few instructions; what follows the n bytes is overwritten by
// the next piece.
type piece struct {
	b [40]byte
	n int
}

func newPiece(s string) (p piece) {
	p.n = copy(p.b[:], s)
	return p
}

// column is the information about an output column that the row writer needs
// for each cell.
type column struct {
	plain  bool // the server's bytes are the text, and there is no total
	fills  bool // a NULL has a cell, which shows the background
	stored format.Type
	looks  [kinds]look
	index  int // index in the rows of the source

	serialPrecision int64 // see format.Column.SerialPrecision
	src             *format.Column
}

// look is a kind of cells of a column.
type look struct {
	place       // of the last one in the block
	open  piece // the cell's tag up to the row number in its reference
}

// planColumns prepares the markup that all cells of a column share. The
// reference is the last attribute of a cell, so that the markup behind the row
// number is the same in all columns.
func planColumns(cols []format.Column, st *styles) []column {
	planned := make([]column, len(cols))
	for i := range cols {
		c := &planned[i]
		c.src = &cols[i]
		c.index = c.src.Index
		c.plain = c.src.Plain() && c.src.Total == format.NoTotal
		c.stored = c.src.Stored()
		c.serialPrecision = c.src.SerialPrecision()
		style := func(look xf) string {
			look.Style = c.src.Style
			if c.src.Align != format.ByType {
				look.align = c.src.Align
			}
			if s := st.of(look); s != styleGeneral {
				return ` s="` + strconv.Itoa(s) + `"`
			}
			return ""
		}
		ref := ` r="` + columnName(i)
		// The format of a column of numbers or dates does not apply to texts in it, but
		// they are below its header.
		textFormat, quotedFormat, textAlign := "", formatText, c.src.HeaderAlign()
		if c.stored == format.AsText {
			textAlign = format.ByType
			if c.src.Format != "" {
				textFormat, quotedFormat = c.src.Format, c.src.Format
			}
		}
		switch c.stored {
		case format.AsBool:
			c.looks[value].open = newPiece(`<c t="b"` + style(xf{format: numberFormat(c.src)}) + ref)
		case format.AsText, format.Auto:
			// The column has texts only.
		case format.AsNumber, format.AsDate, format.AsDateTime:
			c.looks[value].open = newPiece(`<c` + style(xf{format: numberFormat(c.src), shrink: numberFormat(c.src) != ""}) + ref)
		}
		for n, look := range []xf{
			{format: textFormat, align: textAlign},
			{format: quotedFormat, align: textAlign, quoted: true},
			{format: textFormat, align: textAlign, wrapped: true},
			{format: quotedFormat, align: textAlign, quoted: true, wrapped: true},
		} {
			c.looks[plainText+kind(n)].open = newPiece(`<c t="inlineStr"` + style(look) + ref)
		}
		c.fills = c.src.Fill != ""
		c.looks[blank].open = newPiece(`<c` + style(xf{}) + ref)
	}
	return planned
}

// numberFormat returns the number format of the column. Integers of up to 11
// digits have the format General, which shows them unchanged and needs no style
// attribute.
func numberFormat(c *format.Column) string {
	if c.Format == "" && c.Stored() == format.AsNumber {
		switch {
		case c.Source.Kind == row.Year, c.Source.Kind == row.Int && c.Source.Length > 0 && c.Source.Length <= 11:
			return ""
		}
	}
	return c.NumberFormat()
}
