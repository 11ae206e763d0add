package xlsx

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The cell styles of every workbook: General, and the header (bold, filled, with
// a line below, wrapped).
const (
	styleGeneral = 0
	styleHeader  = 1
	firstStyle   = 2 // the first style of a column
)

// firstFormat is the identifier of the first custom number format (ECMA-376
// part 1, section 18.8.30).
const firstFormat = 164

// formatText is the number format of texts.
const formatText = "@"

// xf is the look of cells; the zero value is General.
type xf struct {
	format  string // number format; "" = General
	quoted  bool   // with quote prefix
	wrapped bool   // with line breaks
}

// styles collects the looks of the columns; each is one cell style.
type styles struct{ xfs []xf }

// of returns the cell style of a look.
func (s *styles) of(look xf) int {
	if look == (xf{}) {
		return styleGeneral
	}
	i := slices.Index(s.xfs, look)
	if i < 0 {
		i = len(s.xfs)
		s.xfs = append(s.xfs, look)
	}
	return firstStyle + i
}

// builtinFormats are the identifiers of built-in number formats (ECMA-376 part 1,
// section 18.8.30).
var builtinFormats = map[string]int{"": 0, "General": 0, "0": 1, "0.00": 2, formatText: 49}

// xml returns the stylesheet part (ECMA-376 part 1, section 18.8.39). Excel
// reserves the first two fills for these patterns.
func (s *styles) xml() string {
	var formats, xfs strings.Builder
	ids := maps.Clone(builtinFormats)
	custom := 0
	for _, look := range s.xfs {
		id, known := ids[look.format]
		if !known {
			id = firstFormat + custom
			ids[look.format] = id
			custom++
			formats.WriteString(`<numFmt numFmtId="` + strconv.Itoa(id) + `" formatCode="` + escape(look.format) + `"/>`)
		}
		look.append(&xfs, id)
	}
	xml := xmlHead + `<styleSheet xmlns="` + nsMain + `">`
	if custom > 0 {
		xml += `<numFmts count="` + strconv.Itoa(custom) + `">` + formats.String() + `</numFmts>`
	}
	const font = `<sz val="11"/><name val="Calibri"/><family val="2"/>`
	return xml +
		`<fonts count="2"><font>` + font + `</font><font><b/>` + font + `</font></fonts>` +
		`<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>` +
		`<fill><patternFill patternType="solid"><fgColor rgb="FFD9E1F2"/><bgColor indexed="64"/></patternFill></fill></fills>` +
		`<borders count="2"><border><left/><right/><top/><bottom/><diagonal/></border>` +
		`<border><left/><right/><top/><bottom style="thin"><color rgb="FF8EA9DB"/></bottom><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="` + strconv.Itoa(firstStyle+len(s.xfs)) + `">` +
		`<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		`<xf numFmtId="0" fontId="1" fillId="2" borderId="1" xfId="0" applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1"><alignment vertical="center" wrapText="1"/></xf>` +
		xfs.String() + `</cellXfs>` +
		`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
}

// append appends the xf element of a cell style (ECMA-376 part 1, section
// 18.8.45) with a number format's identifier.
func (x xf) append(xml *strings.Builder, format int) {
	xml.WriteString(`<xf numFmtId="` + strconv.Itoa(format) + `" fontId="0" fillId="0" borderId="0" xfId="0"`)
	if format != 0 {
		xml.WriteString(` applyNumberFormat="1"`)
	}
	if x.quoted {
		xml.WriteString(` quotePrefix="1"`)
	}
	if x.wrapped {
		xml.WriteString(` applyAlignment="1"><alignment wrapText="1"/></xf>`)
		return
	}
	xml.WriteString(`/>`)
}
