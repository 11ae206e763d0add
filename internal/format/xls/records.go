package xls

import (
	"encoding/binary"
	"math"
)

// The record types in use (MS-XLS 2.3.2). Section 2.4 of the specification
// describes the records by name.
const (
	recFormula        = 0x0006 // 2.4.127
	recEOF            = 0x000a
	recCalcCount      = 0x000c
	recCalcMode       = 0x000d
	recCalcPrecision  = 0x000e
	recCalcRefMode    = 0x000f
	recCalcDelta      = 0x0010
	recCalcIter       = 0x0011
	recProtect        = 0x0012
	recPassword       = 0x0013
	recHeader         = 0x0014
	recFooter         = 0x0015
	recExternSheet    = 0x0017 // 2.4.106
	recLbl            = 0x0018 // 2.4.150
	recWinProtect     = 0x0019
	recSelection      = 0x001d
	recDate1904       = 0x0022
	recPrintRowCol    = 0x002a
	recPrintGrid      = 0x002b
	recFont           = 0x0031 // 2.4.122
	recContinue       = 0x003c // 2.4.58
	recWindow1        = 0x003d // 2.4.345
	recBackup         = 0x0040
	recPane           = 0x0041 // 2.4.189
	recCodePage       = 0x0042
	recDefColWidth    = 0x0055
	recWriteAccess    = 0x005c // 2.4.349
	recObj            = 0x005d // 2.4.181
	recCalcSaveRecalc = 0x005f
	recColInfo        = 0x007d // 2.4.53
	recGuts           = 0x0080 // 2.4.134
	recWsBool         = 0x0081 // 2.4.351
	recGridSet        = 0x0082
	recHCenter        = 0x0083
	recVCenter        = 0x0084
	recBoundSheet8    = 0x0085 // 2.4.28
	recCountry        = 0x008c // 2.4.63
	recPalette        = 0x0092 // 2.4.188
	recHideObj        = 0x008d
	recFnGroupCount   = 0x009c // BuiltInFnGroupCount
	recAutoFilterInfo = 0x009d // 2.4.8
	recSetup          = 0x00a1 // 2.4.257
	recMulRk          = 0x00bd // 2.4.175
	recMms            = 0x00c1
	recDBCell         = 0x00d7 // 2.4.78
	recBookBool       = 0x00da
	recXF             = 0x00e0 // 2.4.353
	recInterfaceHdr   = 0x00e1 // 2.4.146
	recInterfaceEnd   = 0x00e2
	recMergeCells     = 0x00e5 // 2.4.168
	recDrawingGroup   = 0x00eb // MsoDrawingGroup
	recDrawing        = 0x00ec // MsoDrawing
	recSST            = 0x00fc // 2.4.265
	recLabelSst       = 0x00fd // 2.4.149
	recExtSST         = 0x00ff // 2.4.107
	recRRTabID        = 0x013d // 2.4.241
	recUsesELFs       = 0x0160
	recDSF            = 0x0161
	recSupBook        = 0x01ae // 2.4.271
	recProt4Rev       = 0x01af
	recCondFmt        = 0x01b0 // 2.4.56
	recCF             = 0x01b1 // 2.4.42
	recRefreshAll     = 0x01b7
	recProt4RevPass   = 0x01bc
	recDimensions     = 0x0200 // 2.4.90
	recBlank          = 0x0201 // 2.4.20
	recNumber         = 0x0203 // 2.4.180
	recBoolErr        = 0x0205 // 2.4.24
	recRow            = 0x0208 // 2.4.221
	recIndex          = 0x020b // 2.4.144
	recDefRowHeight   = 0x0225 // 2.4.87
	recWindow2        = 0x023e // 2.4.346
	recRK             = 0x027e // 2.4.220
	recStyle          = 0x0293
	recFormat         = 0x041e // 2.4.126
	recBOF            = 0x0809 // 2.4.21
)

const (
	// maxRecord is the maximum size of a record's body in bytes (MS-XLS 2.1.4).
	// Longer bodies continue in Continue records.
	maxRecord = 8224
	// headSize is the size of a record's header: its type and its length.
	headSize = 4
)

// records builds a sequence of records in memory with begin, field methods and
// end. It is used for the few hundred records around the cells.
type records struct {
	b     []byte
	start int // offset of the header of the current record
}

func (r *records) begin(id uint16) {
	r.start = len(r.b)
	r.u16(id)
	r.u16(0)
}

// end closes the record and splits a body longer than maxRecord into Continue
// records.
func (r *records) end() {
	body := r.start + headSize
	if n := len(r.b) - body; n <= maxRecord {
		binary.LittleEndian.PutUint16(r.b[r.start+2:], uint16(n))
		return
	}
	rest := append([]byte(nil), r.b[body+maxRecord:]...)
	r.b = r.b[:body+maxRecord]
	r.end()
	r.begin(recContinue)
	r.raw(rest)
	r.end()
}

// words appends a record of 16-bit fields.
func (r *records) words(id uint16, fields ...uint16) {
	r.begin(id)
	for _, f := range fields {
		r.u16(f)
	}
	r.end()
}

func (r *records) u8(v uint8)   { r.b = append(r.b, v) }
func (r *records) u16(v uint16) { r.b = binary.LittleEndian.AppendUint16(r.b, v) }
func (r *records) u32(v uint32) { r.b = binary.LittleEndian.AppendUint32(r.b, v) }
func (r *records) f64(v float64) {
	r.b = binary.LittleEndian.AppendUint64(r.b, math.Float64bits(v))
}
func (r *records) raw(p []byte) { r.b = append(r.b, p...) }
func (r *records) zero(n int) {
	for range n {
		r.u8(0)
	}
}

// short appends a ShortXLUnicodeString (MS-XLS 2.5.240). s must have at most
// 255 UTF-16 code units.
func (r *records) short(s string) {
	units, wide := encodeName(s)
	r.u8(uint8(units.count))
	r.u8(wide)
	r.raw(units.bytes)
}

// long appends an XLUnicodeString (MS-XLS 2.5.294) of at most 255 code units.
func (r *records) long(s string) {
	units, wide := encodeName(s)
	r.u16(uint16(units.count))
	r.u8(wide)
	r.raw(units.bytes)
}
