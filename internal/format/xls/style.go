package xls

const (
	fontName   = "Arial" // default font of Excel 97-2003
	fontHeight = 200     // in twentieths of a point
	rowHeight  = 255     // row height for that font in twentieths of a point

	styleXFs   = 15 // number of XFs of cell styles, which precede those of cells
	defaultXF  = styleXFs
	firstOwnXF = styleXFs + 1

	greyIndex   = 22  // light grey in the palette (Icv, MS-XLS 2.5.161)
	formatText  = 49  // the built-in format "@"
	firstFormat = 164 // identifier of the first custom format (MS-XLS 2.4.126)

	fontPlain = 0
	fontBold  = 1
)

// xf is the format of a cell (XF, MS-XLS 2.4.353).
type xf struct {
	format string // number format; "" = General
	// quoted is the quote prefix (f123Prefix): like an apostrophe typed before a
	// text it prevents Excel from converting the text to a number or a formula
	// when the cell is edited. It is not part of the text.
	quoted  bool
	wrapped bool // with line breaks
	header  bool // of the header row
}

// styles collects the number formats and XFs of a workbook.
type styles struct {
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

// append writes fonts, formats, XFs and the style "Normal" (FORMATTING of
// MS-XLS, Globals Substream ABNF).
func (s *styles) append(r *records) {
	// Font 4 does not exist; files written by Excel have five fonts at least.
	for _, weight := range []uint16{fontPlain: 400, fontBold: 700, 400, 400, 400} {
		appendFont(r, weight)
	}
	for _, x := range s.xfs {
		s.format(x.format)
	}
	for i, f := range s.formats {
		r.begin(recFormat)
		r.u16(uint16(firstFormat + i))
		r.long(f)
		r.end()
	}
	for range styleXFs {
		r.begin(recXF)
		r.u16(fontPlain)
		r.u16(0)
		r.u16(0xfff5) // locked, a style without a parent
		appendLook(r, 0xf4, false, false)
	}
	r.begin(recXF)
	r.u16(fontPlain)
	r.u16(0)
	r.u16(0x0001) // locked, of style 0
	appendLook(r, 0, false, false)
	for _, x := range s.xfs {
		x.append(r, s.format(x.format))
	}
	r.words(recStyle, 0x8000, 0xff00) // built-in style "Normal" on XF 0 (Style)
}

// append appends the XF record of a cell (MS-XLS 2.4.353).
func (x xf) append(r *records, format uint16) {
	font, flags, own := uint16(fontPlain), uint16(0x0001), uint8(0x04) // locked; the format is not the style's
	if x.quoted {
		flags |= 0x0008
	}
	if x.header {
		font = fontBold
		own |= 0x08 | 0x20 | 0x40 // font, border and pattern are not the style's
	}
	if x.wrapped || x.header {
		own |= 0x10
	}
	r.begin(recXF)
	r.u16(font)
	r.u16(format)
	r.u16(flags)
	appendLook(r, own, x.wrapped || x.header, x.header)
}

// appendFont writes a Font record (MS-XLS 2.4.122).
func appendFont(r *records, weight uint16) {
	r.begin(recFont)
	r.u16(fontHeight)
	r.u16(0)
	r.u16(0x7fff) // the window's text colour
	r.u16(weight)
	r.u16(0) // neither raised nor lowered
	r.u8(0)  // not underlined
	r.u8(0)  // family
	r.u8(0)  // character set
	r.u8(0)
	r.short(fontName)
	r.end()
}

// appendLook writes the rest of an XF record. own has the flags of the properties
// that differ from the style's; wrapped cells show line breaks; a header has a
// grey pattern and a line at the bottom.
func appendLook(r *records, own uint8, wrapped, header bool) {
	align := uint8(0x20) // general, bottom
	if wrapped {
		align |= 0x08
	}
	r.u8(align)
	r.u8(0) // not rotated
	r.u8(0) // not indented
	r.u8(own)
	if header {
		r.u32(1 << 12)           // a thin line at the bottom
		r.u32(64<<7 | 1<<26)     // in the automatic color; a solid pattern
		r.u16(greyIndex | 65<<7) // in grey
	} else {
		r.u32(0)
		r.u32(0)
		r.u16(0x20c0) // automatic colors
	}
	r.end()
}
