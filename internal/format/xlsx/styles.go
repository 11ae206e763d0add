package xlsx

import (
	"slices"
	"strconv"
	"strings"
)

// The cell styles of every workbook: General, and the header.
const (
	styleGeneral = 0
	styleHeader  = 1
)

// firstFormat is the identifier of the first custom number format (ECMA-376
// part 1, section 18.8.30).
const firstFormat = 164

// styles collects the number formats of the columns; each is one cell style.
type styles struct{ formats []string }

// of is the cell style of a number format; "" is General.
func (s *styles) of(format string) int {
	if format == "" {
		return styleGeneral
	}
	i := slices.Index(s.formats, format)
	if i < 0 {
		i = len(s.formats)
		s.formats = append(s.formats, format)
	}
	return styleHeader + 1 + i
}

// formatID is the number of format i and whether it must be declared.
func formatID(i int, format string) (id int, custom bool) {
	switch format {
	case "0":
		return 1, false
	case "0.00":
		return 2, false
	case "@":
		return 49, false
	}
	return firstFormat + i, true
}

// xml is the stylesheet part (ECMA-376 part 1, section 18.8.39). The two fills
// are required as they are: Excel reserves both places.
func (s *styles) xml() string {
	var formats, xfs strings.Builder
	custom := 0
	for i, f := range s.formats {
		id, own := formatID(i, f)
		if own {
			custom++
			formats.WriteString(`<numFmt numFmtId="` + strconv.Itoa(id) + `" formatCode="` + escape(f) + `"/>`)
		}
		xfs.WriteString(`<xf numFmtId="` + strconv.Itoa(id) + `" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>`)
	}
	xml := xmlHead + `<styleSheet xmlns="` + nsMain + `">`
	if custom > 0 {
		xml += `<numFmts count="` + strconv.Itoa(custom) + `">` + formats.String() + `</numFmts>`
	}
	const font = `<sz val="11"/><name val="Calibri"/><family val="2"/>`
	return xml +
		`<fonts count="2"><font>` + font + `</font><font><b/>` + font + `</font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="` + strconv.Itoa(2+len(s.formats)) + `">` +
		`<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		`<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>` +
		xfs.String() + `</cellXfs>` +
		`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
}
