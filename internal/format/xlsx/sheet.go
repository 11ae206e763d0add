package xlsx

import (
	"strconv"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// maxSheetBytes is where a sheet whose entry was begun without ZIP64 ends: by
// the rough count of its XML, with room up to the 4 GiB that such an entry can
// have.
const maxSheetBytes = 3 << 30

// sheet returns the sheet for the next rows, which are given, and begins a new
// one if the current one is full.
func (e *Encoder) sheet(b *row.Batch, from, to int) *sheet {
	if e.open {
		s := &e.sheets[len(e.sheets)-1]
		full := s.next > e.maxRows || s.bytes > maxSheetBytes && !s.zip64
		if !full {
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
		e.widths = columnWidths(e.cols, b, from, to)
	}
	n := len(e.sheets) + 1
	s := sheet{name: format.SheetName(e.opt.SheetName, n), next: 1}
	if to > from {
		perRow := e.estimate(to-from, rawBytes(b, from, to)) / (to - from)
		s.zip64 = int64(perRow)*int64(e.maxRows) > maxSheetBytes
	}
	if len(e.sheets) > 0 {
		// What filled one sheet may fill the next; its first rows may look small.
		s.zip64 = s.zip64 || e.sheets[n-2].zip64 || e.sheets[n-2].bytes > maxSheetBytes
	}
	j := e.pipe.job()
	j.begin = &entry{name: sheetPath(n), zip64: s.zip64}
	j.xml = []byte(e.sheetHead(n))
	if !e.opt.NoHeader {
		j.xml = e.appendHeader(j.xml)
		s.next = 2
	}
	e.sheets = append(e.sheets, s)
	e.open = true
	e.pipe.send(j)
}

func sheetPath(n int) string { return "xl/worksheets/sheet" + strconv.Itoa(n) + ".xml" }

// sheetHead is a worksheet up to its rows (ECMA-376 part 1, section 18.3.1.99).
// The dimension element is left out: nobody knows it yet.
func (e *Encoder) sheetHead(n int) string {
	head := xmlHead + `<worksheet xmlns="` + nsMain + `"><sheetViews><sheetView`
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
		n, illegal := putText(xml, n, label)
		xml = append(xml[:n], `</t></is></c>`...)
		if cut {
			e.counts.Cut++
		}
		if illegal {
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
	tail += `<ignoredErrors><ignoredError sqref="` + e.area(last) + `" numberStoredAsText="1"/></ignoredErrors></worksheet>`
	j := e.pipe.job()
	j.xml = []byte(tail)
	j.end = true
	e.open = false
	e.pipe.send(j)
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
