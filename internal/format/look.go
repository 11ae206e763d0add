package format

// Look is how the cells of a column look in a spreadsheet. Other formats ignore it.
type Look struct {
	Align Align
	Style
	Conditions []Condition // the first that holds for a cell applies
	Total      Total       // a formula in a row behind the data
	Group      string      // title above the headers of neighboring columns with the same title; "" = none
}

// Style is a font and a background.
type Style struct {
	Bold  bool
	Color Color // of the text
	Fill  Color // of the background
}

// Color is an RGB color as six upper-case hexadecimal digits; "" = not set.
type Color string

// Align is the horizontal alignment of a column and its header.
type Align uint8

// The alignments. ByType means right for numbers and dates, center for truth values
// and left for texts.
const (
	ByType Align = iota
	Left
	Center
	Right
)

// HeaderAlign returns the alignment of the column's header, never ByType.
func (c *Column) HeaderAlign() Align {
	if c.Align != ByType {
		return c.Align
	}
	switch c.Stored() {
	case AsNumber, AsDate, AsDateTime:
		return Right
	case AsBool:
		return Center
	case Auto, AsText:
	}
	return Left
}

// Total is the function of a column in the row of totals.
type Total uint8

// The functions. They ignore NULL.
const (
	NoTotal Total = iota
	Sum
	Count
	Average
)

// Subtotal returns the number of the function of SUBTOTAL that ignores hidden rows
// (ECMA-376 part 1, section 18.17.7.308).
func (t Total) Subtotal() int {
	switch t {
	case Average:
		return 101
	case Count:
		return 103
	case Sum, NoTotal:
	}
	return 109
}

// TotalFormat returns the number format of the column's total; "" = General.
func (c *Column) TotalFormat() string {
	format := c.NumberFormat()
	switch {
	case c.Total == Count:
		return "0"
	case c.Total == Average && c.Format == "" && format == "0":
		return "0.00"
	}
	return format
}

// HasTotals reports whether a column has a total.
func HasTotals(cols []Column) bool {
	for i := range cols {
		if cols[i].Total != NoTotal {
			return true
		}
	}
	return false
}

// TotalLabelAt returns the index of the column for the label of the row of totals,
// the first one without a total, or -1.
func TotalLabelAt(cols []Column) int {
	for i := range cols {
		if cols[i].Total == NoTotal {
			return i
		}
	}
	return -1
}

// Group is a title above the headers of the columns from First to Last.
type Group struct {
	Title       string
	First, Last int
}

// Groups returns the titles above the headers of the columns.
func Groups(cols []Column) []Group {
	var list []Group
	for i := range cols {
		title := cols[i].Group
		if title == "" {
			continue
		}
		if n := len(list); n > 0 && list[n-1].Title == title && list[n-1].Last == i-1 {
			list[n-1].Last = i
			continue
		}
		list = append(list, Group{title, i, i})
	}
	return list
}

// Thousands returns the columns with thousands separators in the default formats of
// decimal numbers and of integers that are not part of a key.
func Thousands(cols []Column) []Column {
	cols = append([]Column(nil), cols...)
	for i := range cols {
		c := &cols[i]
		format := c.NumberFormat()
		if c.Format != "" || c.Stored() != AsNumber || format == "" || c.Source.Key || !c.Source.Kind.Measures() {
			continue
		}
		c.Format = "#,##" + format
	}
	return cols
}
