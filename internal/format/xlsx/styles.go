package xlsx

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"exporttask/internal/format"
)

// styleGeneral is the cell style of a look without any property.
const styleGeneral = 0

// firstFormat is the identifier of the first custom number format (ECMA-376
// part 1, section 18.8.30).
const firstFormat = 164

// formatText is the number format of texts.
const formatText = "@"

// headerFill is the background of headers.
const headerFill = "D9E1F2"

// xf is the look of cells; the zero value is General.
type xf struct {
	format string // number format; "" = General
	quoted bool   // with quote prefix
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

// headerLook returns the look of a header cell or, centered, of a group's title.
func headerLook(align format.Align) xf {
	return xf{align: align, Style: format.Style{Bold: true, Fill: headerFill}, wrapped: true, middle: true, border: lineBelow}
}

// styles collects the looks of a workbook's cells, each of which is one cell style,
// and of its conditions.
type styles struct {
	xfs  []xf
	dxfs []format.Style
}

// add returns the index of v in list and appends it if it is not there.
func add[T comparable](list *[]T, v T) int {
	i := slices.Index(*list, v)
	if i < 0 {
		i = len(*list)
		*list = append(*list, v)
	}
	return i
}

// of returns the cell style of a look.
func (s *styles) of(look xf) int {
	if look == (xf{}) {
		return styleGeneral
	}
	return 1 + add(&s.xfs, look)
}

// differential returns the index of the style of a condition.
func (s *styles) differential(style format.Style) int { return add(&s.dxfs, style) }

// builtinFormats are the identifiers of built-in number formats (ECMA-376 part 1,
// section 18.8.30).
var builtinFormats = map[string]int{"": 0, "General": 0, "0": 1, "0.00": 2, "#,##0": 3, "#,##0.00": 4, formatText: 49}

// font is a font of the workbook: its color and whether it is bold.
type font struct {
	bold  bool
	color format.Color
}

// xml returns the stylesheet part (ECMA-376 part 1, section 18.8.39). Excel
// reserves the first two fills for these patterns.
func (s *styles) xml() string {
	var formats, xfs strings.Builder
	ids := maps.Clone(builtinFormats)
	custom := 0
	fonts, fills := []font{{}}, []format.Color{"none", "gray125"}
	for _, look := range append([]xf{{}}, s.xfs...) {
		id, known := ids[look.format]
		if !known {
			id = firstFormat + custom
			ids[look.format] = id
			custom++
			formats.WriteString(`<numFmt numFmtId="` + strconv.Itoa(id) + `" formatCode="` + escape(look.format) + `"/>`)
		}
		fill := 0
		if look.Fill != "" {
			fill = add(&fills, look.Fill)
		}
		look.append(&xfs, id, add(&fonts, font{look.Bold, look.Color}), fill)
	}
	xml := xmlHead + `<styleSheet xmlns="` + nsMain + `">`
	if custom > 0 {
		xml += `<numFmts count="` + strconv.Itoa(custom) + `">` + formats.String() + `</numFmts>`
	}
	return xml + fontsXML(fonts) + fillsXML(fills) + bordersXML +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="` + strconv.Itoa(1+len(s.xfs)) + `">` + xfs.String() + `</cellXfs>` +
		`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>` +
		s.differentials() + `</styleSheet>`
}

func fontsXML(fonts []font) string {
	var xml strings.Builder
	xml.WriteString(`<fonts count="` + strconv.Itoa(len(fonts)) + `">`)
	for _, f := range fonts {
		xml.WriteString(`<font>` + f.properties() + `<name val="Calibri"/><family val="2"/></font>`)
	}
	return xml.String() + `</fonts>`
}

// properties returns the elements before the name of the font.
func (f font) properties() string {
	xml := ""
	if f.bold {
		xml = `<b/>`
	}
	xml += `<sz val="11"/>`
	if f.color != "" {
		xml += `<color rgb="FF` + string(f.color) + `"/>`
	}
	return xml
}

func fillsXML(fills []format.Color) string {
	var xml strings.Builder
	xml.WriteString(`<fills count="` + strconv.Itoa(len(fills)) + `">`)
	for i, f := range fills {
		if i < 2 {
			xml.WriteString(`<fill><patternFill patternType="` + string(f) + `"/></fill>`)
			continue
		}
		xml.WriteString(`<fill><patternFill patternType="solid"><fgColor rgb="FF` + string(f) + `"/><bgColor indexed="64"/></patternFill></fill>`)
	}
	return xml.String() + `</fills>`
}

// bordersXML are the borders in the order of the constants.
const bordersXML = `<borders count="4"><border><left/><right/><top/><bottom/><diagonal/></border>` +
	`<border><left/><right/><top/><bottom style="thin"><color rgb="FF8EA9DB"/></bottom><diagonal/></border>` +
	`<border><left/><right/><top style="thin"><color rgb="FF8EA9DB"/></top><bottom/><diagonal/></border>` +
	`<border><left style="thin"><color rgb="FF8EA9DB"/></left><right style="thin"><color rgb="FF8EA9DB"/></right>` +
	`<top/><bottom style="thin"><color rgb="FF8EA9DB"/></bottom><diagonal/></border></borders>`

// append appends the xf element of a cell style (ECMA-376 part 1, section
// 18.8.45) with the identifiers of its parts.
func (x xf) append(xml *strings.Builder, format, font, fill int) {
	attribute := func(name string, id int, apply string) {
		xml.WriteString(` ` + name + `="` + strconv.Itoa(id) + `"`)
		if id != 0 {
			apply = ` apply` + apply + `="1"`
			defer xml.WriteString(apply)
		}
	}
	xml.WriteString(`<xf`)
	attribute("numFmtId", format, "NumberFormat")
	attribute("fontId", font, "Font")
	attribute("fillId", fill, "Fill")
	attribute("borderId", int(x.border), "Border")
	xml.WriteString(` xfId="0"`)
	if x.quoted {
		xml.WriteString(` quotePrefix="1"`)
	}
	if align := x.alignment(); align != "" {
		xml.WriteString(` applyAlignment="1"><alignment` + align + `/></xf>`)
		return
	}
	xml.WriteString(`/>`)
}

// alignment returns the attributes of the alignment element.
func (x xf) alignment() string {
	xml := ""
	if x.align != format.ByType {
		xml += ` horizontal="` + map[format.Align]string{format.Left: "left", format.Center: "center", format.Right: "right"}[x.align] + `"`
	}
	if x.middle {
		xml += ` vertical="center"`
	}
	if x.wrapped {
		xml += ` wrapText="1"`
	}
	if x.shrink {
		xml += ` shrinkToFit="1"`
	}
	return xml
}

// differentials returns the styles of conditions (ECMA-376 part 1, section
// 18.8.14), whose background is the color of the pattern's back.
func (s *styles) differentials() string {
	if len(s.dxfs) == 0 {
		return ""
	}
	var xml strings.Builder
	xml.WriteString(`<dxfs count="` + strconv.Itoa(len(s.dxfs)) + `">`)
	for _, d := range s.dxfs {
		xml.WriteString(`<dxf>`)
		if d.Bold || d.Color != "" {
			xml.WriteString(`<font>`)
			if d.Bold {
				xml.WriteString(`<b/>`)
			}
			if d.Color != "" {
				xml.WriteString(`<color rgb="FF` + string(d.Color) + `"/>`)
			}
			xml.WriteString(`</font>`)
		}
		if d.Fill != "" {
			xml.WriteString(`<fill><patternFill patternType="solid"><fgColor rgb="FF` + string(d.Fill) + `"/><bgColor rgb="FF` + string(d.Fill) + `"/></patternFill></fill>`)
		}
		xml.WriteString(`</dxf>`)
	}
	return xml.String() + `</dxfs>`
}
