package xlsx

import (
	"strconv"
	"strings"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// maxSheetSize is the maximum size of a sheet before its tail, in bytes of XML and
// of deflated XML.
const maxSheetSize = maxEntry - 1<<20

// sheet returns the sheet for the next rows, which are given, and begins a new
// one if the current one is full.
func (e *Encoder) sheet(b *row.Batch, from, to int) *sheet {
	if e.open {
		s := &e.sheets[len(e.sheets)-1]
		if s.next <= e.maxRows && e.hasRoom(s, e.maxSize(b, from, to)) {
			return s
		}
		e.endSheet(false)
	}
	e.beginSheet(b, from, to)
	return &e.sheets[len(e.sheets)-1]
}

// beginSheet sends the XML before the first row of data. The column widths are
// measured on the first rows of the first sheet and used for all sheets.
func (e *Encoder) beginSheet(b *row.Batch, from, to int) {
	if e.widths == nil {
		e.widths = e.columnWidths(b, from, to)
	}
	n := len(e.sheets) + 1
	s := sheet{name: e.opt.Sheet(n), next: 1 + e.headerRows()}
	j := e.pipe.job()
	j.begin = &entry{name: sheetPath(n)}
	j.xml = []byte(e.sheetHead(n, to-from))
	if !e.opt.NoHeader {
		j.xml = e.appendHeader(j.xml)
	}
	s.maxSize = 2 * int64(len(j.xml))
	e.sheets = append(e.sheets, s)
	e.open = true
	e.pipe.send(j)
}

// hasRoom reports whether a job of at most size bytes fits into the sheet. The
// maximum of the sheet is replaced by its exact size, for which the jobs sent so
// far must be written, only when it is too large; so the result does not depend
// on how many jobs are under way.
func (e *Encoder) hasRoom(s *sheet, size int64) bool {
	if s.maxSize+size > e.sheetSize {
		s.maxSize = e.pipe.entrySize()
	}
	return s.maxSize+size <= e.sheetSize
}

// maxSize returns an upper bound of the size of rows as XML and as deflated XML.
func (e *Encoder) maxSize(b *row.Batch, from, to int) int64 {
	const (
		rowMarkup  = 64
		cellMarkup = 128
		perByte    = 7                                // see textRoom
		cellText   = perByte * 3 * format.MaxCellText // 3 bytes a UTF-16 code unit
	)
	rows, cols := int64(to-from), int64(len(e.cols))
	text := min(perByte*int64(rawBytes(b, from, to)), rows*cols*cellText) + rows*int64(e.mapped)
	xml := rows*(rowMarkup+cols*cellMarkup) + text
	return xml + xml*(maxCodeBits-8)/8 // a byte takes at most maxCodeBits when deflated
}

// maxCodeBits is the maximum length of a literal's Huffman code in package
// deflate.
const maxCodeBits = 14

func sheetPath(n int) string { return "xl/worksheets/sheet" + strconv.Itoa(n) + ".xml" }

// sheetHead is a worksheet up to its rows (ECMA-376 part 1, section 18.3.1.99).
// It has a dimension element only if the number of rows of data is known, which
// is so for a result that fits into one block.
func (e *Encoder) sheetHead(n, rows int) string {
	head := xmlHead + `<worksheet xmlns="` + nsMain + `"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>`
	if e.closed && rows <= e.maxRows-e.headerRows() {
		last := rows + e.headerRows()
		if format.HasTotals(e.declared) {
			last++
		}
		head += `<dimension ref="` + e.area(1, max(last, 1)) + `"/>`
	}
	head += `<sheetViews><sheetView`
	if e.opt.RightToLeft {
		head += ` rightToLeft="1"`
	}
	if n == 1 {
		head += ` tabSelected="1"`
	}
	head += ` workbookViewId="0">`
	if rows := strconv.Itoa(e.headerRows()); !e.opt.NoFreeze && !e.opt.NoHeader {
		first := `A` + strconv.Itoa(e.headerRows()+1)
		head += `<pane ySplit="` + rows + `" topLeftCell="` + first + `" activePane="bottomLeft" state="frozen"/>` +
			`<selection pane="bottomLeft" activeCell="` + first + `" sqref="` + first + `"/>`
	}
	return head + `</sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/>` + e.colsXML() + `<sheetData>`
}

// headerRows returns the number of header rows of a sheet.
func (e *Encoder) headerRows() int {
	switch {
	case e.opt.NoHeader:
		return 0
	case len(e.groups) > 0:
		return 2
	}
	return 1
}

// appendHeader appends the header, below the titles of groups if there are any.
func (e *Encoder) appendHeader(xml []byte) []byte {
	if len(e.groups) > 0 {
		titles := make([]string, len(e.cols))
		looks := make([]xf, len(e.cols))
		for i := range looks {
			looks[i] = headerLook(format.ByType)
			looks[i].border = noBorder
		}
		for _, g := range e.groups {
			titles[g.First] = g.Title
			for i := g.First; i <= g.Last; i++ {
				looks[i] = headerLook(format.Center)
				looks[i].border = lineAround
			}
		}
		xml = e.appendTitles(xml, 1, headerHeight, titles, looks)
	}
	labels := make([]string, len(e.cols))
	looks := make([]xf, len(e.cols))
	lines := 1
	for i := range e.cols {
		labels[i] = e.cols[i].src.Label
		looks[i] = headerLook(e.cols[i].src.HeaderAlign())
		lines = max(lines, labelLines(labels[i], e.widths[i]))
	}
	return e.appendTitles(xml, e.headerRows(), headerHeight+lineHeight*(min(lines, maxLabelLines)-1), labels, looks)
}

// headerHeight is the height of a header of one line in points.
const (
	headerHeight  = 21
	maxLabelLines = 10
)

// labelLines returns about how many lines a label takes in a column of a width.
func labelLines(label string, width float64) int {
	lines := 0
	for line := range strings.SplitSeq(label, "\n") {
		room := max(int(width)-headerExtra+1, 1)
		lines += max((format.TextWidth([]byte(line))+room-1)/room, 1)
	}
	return lines
}

// appendTitles appends a row of texts in the given looks.
func (e *Encoder) appendTitles(xml []byte, n, height int, texts []string, looks []xf) []byte {
	num := strconv.Itoa(n)
	xml = append(xml, `<row r="`+num+`" ht="`+strconv.Itoa(height)+`" customHeight="1">`...)
	for i, text := range texts {
		xml = append(xml, `<c s="`+strconv.Itoa(e.styles.of(looks[i]))+`"`...)
		ref := ` r="` + columnName(i) + num + `"`
		if text == "" && n < e.headerRows() {
			xml = append(xml, ref+`/>`...)
			continue
		}
		label, cut := format.CutUTF16([]byte(text), format.MaxCellText)
		xml = append(xml, ` t="inlineStr"`+ref+`><is><t`...)
		if needsPreserve(label) {
			xml = append(xml, ` xml:space="preserve"`...)
		}
		xml = append(xml, '>')
		n := len(xml)
		xml = append(xml, make([]byte, textRoom(len(label)))...)
		n, found := putText(xml, n, label)
		xml = append(xml[:n], `</t></is></c>`...)
		if cut {
			e.counts.Cut++
		}
		if found&illegal != 0 {
			e.counts.Illegal++
		}
	}
	return append(xml, `</row>`...)
}

// endSheet sends the XML behind the last row of data.
func (e *Encoder) endSheet(last bool) {
	s := &e.sheets[len(e.sheets)-1]
	s.last = max(s.next-1, 1)
	tail, end := "", s.last
	if last && format.HasTotals(e.declared) {
		tail, end = e.totals(), s.next
	}
	tail += `</sheetData>`
	if e.filtered() {
		tail += `<autoFilter ref="` + e.area(e.headerRows(), s.last) + `"/>`
	}
	tail += e.merged() + e.conditions(e.headerRows()+1, s.next-1)
	// No green triangles in cells with digits stored as text.
	tail += e.pageSetup() + `<ignoredErrors><ignoredError sqref="` + e.area(1, end) + `" numberStoredAsText="1"/></ignoredErrors></worksheet>`
	j := e.pipe.job()
	j.xml = []byte(tail)
	j.end = true
	e.open = false
	e.pipe.send(j)
}

// merged returns the merged cells of the groups' titles.
func (e *Encoder) merged() string {
	var xml strings.Builder
	n := 0
	for _, g := range e.groups {
		if g.First < g.Last {
			xml.WriteString(`<mergeCell ref="` + columnName(g.First) + `1:` + columnName(g.Last) + `1"/>`)
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return `<mergeCells count="` + strconv.Itoa(n) + `">` + xml.String() + `</mergeCells>`
}

// pageSetup returns the print settings: one page wide, as many pages high as
// needed, landscape if the columns are wider than an upright page.
func (e *Encoder) pageSetup() string {
	orientation := "portrait"
	if format.Landscape(e.widths) {
		orientation = "landscape"
	}
	return `<pageSetup paperSize="9" fitToHeight="0" orientation="` + orientation + `"/>`
}

func (e *Encoder) filtered() bool { return !e.opt.NoFilter && !e.opt.NoHeader }

// area returns the reference of all cells in the rows first..last.
func (e *Encoder) area(first, last int) string {
	return "A" + strconv.Itoa(first) + ":" + columnName(len(e.cols)-1) + strconv.Itoa(last)
}

// columnName returns the letters of column i, from 0: A, Z, AA, XFD.
func columnName(i int) string {
	name := ""
	for i++; i > 0; i = (i - 1) / 26 {
		name = string(rune('A'+(i-1)%26)) + name
	}
	return name
}
