package xls

import (
	"strconv"

	"exporttask/internal/format"
)

const (
	fontName   = "Arial" // default font of Excel 97-2003
	fontHeight = 200     // in twentieths of a point

	styleXFs   = 15 // number of XFs of cell styles, which precede those of cells
	defaultXF  = styleXFs
	firstOwnXF = styleXFs + 1

	formatText  = 49  // the built-in format "@"
	firstFormat = 164 // identifier of the first custom format (MS-XLS 2.4.126)
	leastFonts  = 5   // files written by Excel have five fonts at least

	headerFill  = "D9E1F2"
	borderColor = "8EA9DB"
)

// xf is the format of a cell (XF, MS-XLS 2.4.353).
type xf struct {
	format string // number format; "" = General
	// quoted is the quote prefix (f123Prefix): like an apostrophe typed before a
	// text it prevents Excel from converting the text to a number or a formula
	// when the cell is edited. It is not part of the text.
	quoted bool
	align  format.Align
	format.Style
	wrapped bool // with line breaks
	shrink  bool // a number or date that does not fit is smaller instead of ###
	border  border
	middle  bool // vertically
}

// border is the line of a cell.
type border uint8

const (
	noBorder border = iota
	lineBelow
	lineAbove
	lineAround
)

// headerLook returns the look of a header cell.
func headerLook(align format.Align) xf {
	return xf{align: align, Style: format.Style{Bold: true, Fill: headerFill}, wrapped: true, middle: true, border: lineBelow}
}

// font is a font of the workbook: its color and whether it is bold.
type font struct {
	bold  bool
	color format.Color
}

// styles collects the fonts, colors, number formats and XFs of a workbook.
type styles struct {
	fonts   []font // without the plain one
	colors  []format.Color
	formats []string // from firstFormat on
	xfs     []xf     // from firstOwnXF on
}

// add returns the index of an XF and creates it if necessary.
func (s *styles) add(want xf) uint16 {
	if want == (xf{}) {
		return defaultXF
	}
	for i, x := range s.xfs {
		if x == want {
			return uint16(firstOwnXF + i)
		}
	}
	s.xfs = append(s.xfs, want)
	return uint16(firstOwnXF + len(s.xfs) - 1)
}

// format returns the identifier of a number format: that of a built-in format
// (MS-XLS 2.4.126) or of a custom one.
func (s *styles) format(f string) uint16 {
	switch f {
	case "", "General":
		return 0
	case "0":
		return 1
	case "0.00":
		return 2
	case "#,##0":
		return 3
	case "#,##0.00":
		return 4
	case "0%":
		return 9
	case "0.00%":
		return 10
	case "@":
		return formatText
	}
	for i, have := range s.formats {
		if have == f {
			return uint16(firstFormat + i)
		}
	}
	s.formats = append(s.formats, f)
	return uint16(firstFormat + len(s.formats) - 1)
}

// font returns the index of a font (FontIndex, MS-XLS 2.5.129), which is never 4.
func (s *styles) font(want font) uint16 {
	if want == (font{}) {
		return 0
	}
	at := len(s.fonts)
	for i, f := range s.fonts {
		if f == want {
			at = i
		}
	}
	if at == len(s.fonts) {
		s.fonts = append(s.fonts, want)
	}
	if at++; at >= 4 {
		at++
	}
	return uint16(at)
}

// The palette has 56 colors from index 8 on (Palette, MS-XLS 2.4.188). Colors of the
// columns replace its last ones.
const (
	firstColor = 8
	lastColor  = 63
	ownColors  = 48
)

// color returns the palette index of a color. If the palette is full, it is that of
// the nearest color.
func (s *styles) color(want format.Color) uint16 {
	nearest, distance := 0, 1<<30
	for i, c := range s.colors {
		if d := colorDistance(c, want); d < distance {
			nearest, distance = i, d
		}
	}
	if distance > 0 && len(s.colors) < ownColors {
		nearest = len(s.colors)
		s.colors = append(s.colors, want)
	}
	return uint16(lastColor - nearest)
}

// rgb returns the red, green and blue of a color.
func rgb(c format.Color) (parts [3]int) {
	n, _ := strconv.ParseUint(string(c), 16, 32) // valid, see format.Color
	return [3]int{int(n >> 16), int(n >> 8 & 0xff), int(n & 0xff)}
}

func colorDistance(a, b format.Color) int {
	sum := 0
	x, y := rgb(a), rgb(b)
	for i := range x {
		sum += (x[i] - y[i]) * (x[i] - y[i])
	}
	return sum
}

// append writes fonts, formats, XFs, the style "Normal" and the palette (FORMATTING
// of MS-XLS, Globals Substream ABNF).
func (s *styles) append(r *records) {
	for _, x := range s.xfs {
		s.format(x.format)
		s.font(font{x.Bold, x.Color})
	}
	appendFont(r, s, font{})
	for _, f := range s.fonts {
		appendFont(r, s, f)
	}
	for i := 1 + len(s.fonts); i < leastFonts; i++ {
		appendFont(r, s, font{})
	}
	for i, f := range s.formats {
		r.begin(recFormat)
		r.u16(uint16(firstFormat + i))
		r.long(f)
		r.end()
	}
	for range styleXFs {
		appendXF(r, s, xf{}, 0xfff5, 0xf4) // locked, a style without a parent
	}
	appendXF(r, s, xf{}, 0x0001, 0) // locked, of style 0
	for _, x := range s.xfs {
		appendXF(r, s, x, 0x0001, x.own())
	}
	r.words(recStyle, 0x8000, 0xff00) // built-in style "Normal" on XF 0 (Style)
	s.appendPalette(r)
}

// own returns the flags of the properties that differ from the style's.
func (x xf) own() uint8 {
	own := uint8(0x04) // the number format
	if x.Bold || x.Color != "" {
		own |= 0x08
	}
	if x.wrapped || x.shrink || x.middle || x.align != format.ByType {
		own |= 0x10
	}
	if x.border != noBorder {
		own |= 0x20
	}
	if x.Fill != "" {
		own |= 0x40
	}
	return own
}

// appendFont writes a Font record (MS-XLS 2.4.122).
func appendFont(r *records, s *styles, f font) {
	color, weight := uint16(0x7fff), uint16(400) // the window's text color
	if f.color != "" {
		color = s.color(f.color)
	}
	if f.bold {
		weight = 700
	}
	r.begin(recFont)
	r.u16(fontHeight)
	r.u16(0)
	r.u16(color)
	r.u16(weight)
	r.u16(0) // neither raised nor lowered
	r.u8(0)  // not underlined
	r.u8(0)  // family
	r.u8(0)  // character set
	r.u8(0)
	r.short(fontName)
	r.end()
}

// appendXF writes an XF record (MS-XLS 2.4.353) with the flags of the cell or style
// and of its own properties (CellXF, 2.5.20).
func appendXF(r *records, s *styles, x xf, flags uint16, own uint8) {
	if x.quoted {
		flags |= 0x0008
	}
	r.begin(recXF)
	r.u16(s.font(font{x.Bold, x.Color}))
	r.u16(s.format(x.format))
	r.u16(flags)
	align := map[format.Align]uint8{format.ByType: 0, format.Left: 1, format.Center: 2, format.Right: 3}[x.align]
	if x.wrapped {
		align |= 0x08
	}
	if x.middle {
		align |= 0x10
	} else {
		align |= 0x20 // bottom
	}
	r.u8(align)
	r.u8(0) // not rotated
	if x.shrink {
		r.u8(0x10)
	} else {
		r.u8(0)
	}
	r.u8(own)
	lines, colors, pattern := uint32(0), uint32(0), uint16(0x20c0) // automatic colors
	if x.border != noBorder {
		line := uint32(s.color(borderColor))
		switch x.border {
		case lineBelow, noBorder:
			lines, colors = 1<<12, line<<7
		case lineAbove:
			lines, colors = 1<<8, line
		case lineAround:
			lines, colors = 1|1<<4|1<<12|line<<16|line<<23, line<<7
		}
	}
	if x.Fill != "" {
		colors |= 1 << 26 // a solid pattern
		pattern = s.color(x.Fill) | 65<<7
	}
	r.u32(lines)
	r.u32(colors)
	r.u16(pattern)
	r.end()
}

// appendPalette writes the colors (Palette, MS-XLS 2.4.188): the first ones of the
// default palette, and the workbook's own in their reverse order.
func (s *styles) appendPalette(r *records) {
	if len(s.colors) == 0 {
		return
	}
	usual := []uint32{0x000000, 0xffffff, 0xff0000, 0x00ff00, 0x0000ff, 0xffff00, 0xff00ff, 0x00ffff}
	r.begin(recPalette)
	r.u16(lastColor - firstColor + 1)
	for i := firstColor; i <= lastColor; i++ {
		parts := [3]int{0xc0, 0xc0, 0xc0}
		if own := lastColor - i; own < len(s.colors) {
			parts = rgb(s.colors[own])
		} else if n := i - firstColor; n < len(usual) {
			parts = [3]int{int(usual[n] >> 16), int(usual[n] >> 8 & 0xff), int(usual[n] & 0xff)}
		}
		r.raw([]byte{byte(parts[0]), byte(parts[1]), byte(parts[2]), 0})
	}
	r.end()
}
