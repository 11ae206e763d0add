package xlsx

import (
	"strconv"

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
		e.endSheet()
	}
	e.beginSheet(b, from, to)
	return &e.sheets[len(e.sheets)-1]
}

// beginSheet sends the XML before the first row of data. The column widths are
// measured on the first rows of the first sheet and used for all sheets.
func (e *Encoder) beginSheet(b *row.Batch, from, to int) {
	if e.widths == "" {
		e.widths, e.width = columnWidths(e.cols, b, from, to)
	}
	n := len(e.sheets) + 1
	s := sheet{name: format.SheetName(e.opt.SheetName, n), next: 1}
	j := e.pipe.job()
	j.begin = &entry{name: sheetPath(n)}
	j.xml = []byte(e.sheetHead(n, to-from))
	if !e.opt.NoHeader {
		j.xml = e.appendHeader(j.xml)
		s.next = 2
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
		head += `<dimension ref="` + e.area(max(rows+e.headerRows(), 1)) + `"/>`
	}
	head += `<sheetViews><sheetView`
	if n == 1 {
		head += ` tabSelected="1"`
	}
	head += ` workbookViewId="0">`
	if !e.opt.NoFreeze && !e.opt.NoHeader {
		head += `<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>` +
			`<selection pane="bottomLeft" activeCell="A2" sqref="A2"/>`
	}
	return head + `</sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/>` + e.widths + `<sheetData>`
}

// headerRows returns the number of header rows of a sheet.
func (e *Encoder) headerRows() int {
	if e.opt.NoHeader {
		return 0
	}
	return 1
}

// appendHeader appends the header row.
func (e *Encoder) appendHeader(xml []byte) []byte {
	xml = append(xml, `<row r="1">`...)
	for i := range e.cols {
		label, cut := format.CutUTF16([]byte(e.cols[i].src.Label), format.MaxCellText)
		xml = append(xml, `<c s="`+strconv.Itoa(styleHeader)+`" t="inlineStr" r="`+columnName(i)+`1"><is><t`...)
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

// endSheet sends the XML behind the last row.
func (e *Encoder) endSheet() {
	s := &e.sheets[len(e.sheets)-1]
	tail := `</sheetData>`
	last := max(s.next-1, 1)
	if e.filtered() {
		tail += `<autoFilter ref="` + e.area(last) + `"/>`
	}
	// No green triangles in cells with digits stored as text.
	tail += e.pageSetup() + `<ignoredErrors><ignoredError sqref="` + e.area(last) + `" numberStoredAsText="1"/></ignoredErrors></worksheet>`
	j := e.pipe.job()
	j.xml = []byte(tail)
	j.end = true
	e.open = false
	e.pipe.send(j)
}

// pageSetup returns the print settings: one page wide, as many pages high as
// needed, landscape if the columns are wider than an upright page.
func (e *Encoder) pageSetup() string {
	const upright = 90 // characters
	orientation := "portrait"
	if e.width > upright {
		orientation = "landscape"
	}
	return `<pageSetup paperSize="9" fitToHeight="0" orientation="` + orientation + `"/>`
}

func (e *Encoder) filtered() bool { return !e.opt.NoFilter && !e.opt.NoHeader }

// area returns the reference of all cells up to the row last.
func (e *Encoder) area(last int) string {
	return "A1:" + columnName(len(e.cols)-1) + strconv.Itoa(last)
}

// columnName returns the letters of column i, from 0: A, Z, AA, XFD.
func columnName(i int) string {
	name := ""
	for i++; i > 0; i = (i - 1) / 26 {
		name = string(rune('A'+(i-1)%26)) + name
	}
	return name
}
