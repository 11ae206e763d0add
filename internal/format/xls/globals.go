package xls

import (
	"encoding/binary"

	"exporttask/internal/format"
)

const (
	bofGlobals = 0x0005 // MS-XLS 2.4.21, dt
	bofSheet   = 0x0010
	biff8      = 0x0600
	codeUTF16  = 1200
)

// appendBOF begins a substream (BOF, MS-XLS 2.4.21) with the values of Excel
// 97.
func appendBOF(r *records, kind uint16) {
	r.begin(recBOF)
	r.u16(biff8)
	r.u16(kind)
	r.u16(0x0dbb) // build
	r.u16(0x07cc) // year
	r.u32(0x0041) // last written on Windows
	r.u32(0x0006) // readable from this version of the format on
	r.end()
}

// globals returns the globals substream (MS-XLS, Globals Substream ABNF) up to
// the string table, which follows it. bounds are the offsets of the 32-bit
// fields for the positions of the sheets, see putBounds.
func (l *layout) globals(sheets []sheet) (head []byte, bounds []int) {
	r := &records{}
	appendBOF(r, bofGlobals)
	r.words(recInterfaceHdr, codeUTF16)
	r.words(recMms, 0)
	r.words(recInterfaceEnd)
	appendAuthor(r)
	r.words(recCodePage, codeUTF16)
	r.words(recDSF, 0)
	r.begin(recRRTabID)
	for i := range sheets {
		r.u16(uint16(i + 1))
	}
	r.end()
	r.words(recFnGroupCount, 14)
	r.words(recWinProtect, 0)
	r.words(recProtect, 0)
	r.words(recPassword, 0)
	r.words(recProt4Rev, 0)
	r.words(recProt4RevPass, 0)
	// Position and size of the window, scroll bars and tabs shown, first sheet
	// active and selected, tabs use 60 % of the width of the scroll bar.
	r.words(recWindow1, 0, 0, 0x4000, 0x2000, 0x0038, 0, 0, 1, 600)
	r.words(recBackup, 0)
	r.words(recHideObj, 0)
	r.words(recDate1904, 0)
	r.words(recCalcPrecision, 1)
	r.words(recRefreshAll, 0)
	r.words(recBookBool, 0)
	l.styles.append(r)
	r.words(recUsesELFs, 0)
	for i := range sheets {
		r.begin(recBoundSheet8)
		bounds = append(bounds, len(r.b))
		r.u32(0)
		r.u16(0) // visible, a worksheet
		r.short(l.name(i))
		r.end()
	}
	r.words(recCountry, 1, 1)
	if names := l.names(sheets); len(names) > 0 || format.HasTotals(l.declared) {
		appendSelf(r, len(sheets))
		for _, n := range names {
			n.append(r)
		}
	}
	if l.filter {
		appendDrawingGroup(r, len(sheets), l.columns)
	}
	return r.b, bounds
}

// appendAuthor writes the creator of the file (WriteAccess, MS-XLS 2.4.349):
// 112 bytes, padded with blanks.
func appendAuthor(r *records) {
	const size = 112
	r.begin(recWriteAccess)
	r.long("exportd")
	for len(r.b) < r.start+headSize+size {
		r.u8(' ')
	}
	r.end()
}

// putBounds stores the positions of the sheets in the stream at the offsets
// bounds of head.
func putBounds(head []byte, bounds []int, places []int64) {
	for i, at := range bounds {
		binary.LittleEndian.PutUint32(head[at:], uint32(places[i]))
	}
}

// appendSelf writes the references to the sheets of the workbook that formulas need
// (SupBook, MS-XLS 2.4.271, ExternSheet, 2.4.106).
func appendSelf(r *records, sheets int) {
	const self = 0x0401
	r.words(recSupBook, uint16(sheets), self)
	r.begin(recExternSheet)
	r.u16(uint16(sheets))
	for i := range sheets {
		r.u16(0) // the first SupBook
		r.u16(uint16(i))
		r.u16(uint16(i))
	}
	r.end()
}

// name is a built-in name of a range of a sheet (Lbl, MS-XLS 2.4.150).
type name struct {
	id             uint8
	hidden         bool
	sheet          int
	firstRow, last int
	lastCol        int
}

// The built-in names (MS-XLS 2.4.150).
const (
	namePrintTitles    = 0x07 // the rows repeated on each page
	nameFilterDatabase = 0x0d // the filtered cells
)

// names returns the names of the sheets.
func (l *layout) names(sheets []sheet) []name {
	var list []name
	for i, s := range sheets {
		if l.filter {
			list = append(list, name{nameFilterDatabase, true, i, l.headerRows() - 1, s.rows - 1, l.columns - 1})
		}
		if l.header {
			list = append(list, name{namePrintTitles, false, i, 0, l.headerRows() - 1, maxColumns - 1})
		}
	}
	return list
}

func (n name) append(r *records) {
	flags := uint16(0x0020) // built in
	if n.hidden {
		flags |= 0x0001
	}
	r.begin(recLbl)
	r.u16(flags)
	r.u8(0)   // no key
	r.u8(1)   // characters of the name
	r.u16(11) // bytes of the formula
	r.u16(0)
	r.u16(uint16(n.sheet + 1))
	r.zero(4)
	r.u8(0) // one byte a character
	r.u8(n.id)
	r.u8(ptgArea3d) // 2.5.198.28
	r.u16(uint16(n.sheet))
	r.u16(uint16(n.firstRow))
	r.u16(uint16(n.last))
	r.u16(0)
	r.u16(uint16(n.lastCol))
	r.end()
}
