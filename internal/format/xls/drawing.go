package xls

// The drop-down buttons of an auto filter are drawing objects; Excel shows a
// button only for a column that has one (OBJECTS of MS-XLS, Worksheet Substream
// ABNF). This file writes them as records of [MS-ODRAW].
//
// [MS-ODRAW]: https://learn.microsoft.com/openspecs/office_file_formats/ms-odraw

const (
	artDggContainer  = 0xf000 // OfficeArtDggContainer
	artDgContainer   = 0xf002 // OfficeArtDgContainer
	artSpgrContainer = 0xf003 // OfficeArtSpgrContainer
	artSpContainer   = 0xf004 // OfficeArtSpContainer
	artFDGGBlock     = 0xf006 // OfficeArtFDGGBlock
	artFDG           = 0xf008 // OfficeArtFDG
	artFSPGR         = 0xf009 // OfficeArtFSPGR
	artFSP           = 0xf00a // OfficeArtFSP
	artFOPT          = 0xf00b // OfficeArtFOPT
	artClientAnchor  = 0xf010 // OfficeArtClientAnchorSheet of MS-XLS
	artClientData    = 0xf011 // OfficeArtClientData of MS-XLS
	artColors        = 0xf11e // OfficeArtSplitMenuColorContainer

	artHead      = 8    // bytes of a record's header
	shapeCluster = 1024 // shape identifiers reserved for each drawing

	anchorSize = 18
	// arrowSize is the size of the container of a button's shape: the shape, 5
	// properties, the anchor, and the empty record that refers to the Obj.
	arrowSize = (artHead + 8) + (artHead + 5*6) + (artHead + anchorSize) + artHead
	// rootSize is the size of the container of a drawing's group shape.
	rootSize = (artHead + 16) + (artHead + 8)
)

// art appends the header of a drawing record (MS-ODRAW 2.2.1).
func (r *records) art(version, instance, kind uint16, size int) {
	r.u16(version | instance<<4)
	r.u16(kind)
	r.u32(uint32(size))
}

// appendDrawingGroup writes the OfficeArtDggContainer of the workbook: the
// number of shapes and the shape identifiers of each sheet.
func appendDrawingGroup(r *records, sheets, columns int) {
	shapes := uint32(columns + 1)
	count := uint32(sheets)
	fdgg := 16 + 8*sheets
	const props, colors = 3 * 6, 4 * 4
	r.begin(recDrawingGroup)
	r.art(0xf, 0, artDggContainer, artHead+fdgg+artHead+props+artHead+colors)
	r.art(0, 0, artFDGGBlock, fdgg)
	r.u32(count*shapeCluster + shapes) // greater than every identifier in use
	r.u32(count + 1)
	r.u32(count * shapes)
	r.u32(count)
	for i := range count {
		r.u32(i + 1)
		r.u32(shapes)
	}
	r.art(3, 3, artFOPT, props)
	r.property(0x00bf, 0x00080008) // text fits its shape
	r.property(0x0181, 0x08000041) // fill colour
	r.property(0x01c0, 0x08000040) // line colour
	r.art(0, 4, artColors, colors)
	r.u32(0x0800000d)
	r.u32(0x0800000c)
	r.u32(0x08000017)
	r.u32(0x100000f7)
	r.end()
}

func (r *records) property(id uint16, value uint32) {
	r.u16(id)
	r.u32(value)
}

// appendArrows writes the drawing of the n-th sheet, from 0: a button in the
// first cell of every column. The containers of the drawing span all MsoDrawing
// records of the sheet, each of which is followed by its Obj record.
func appendArrows(r *records, n, columns int) {
	base := uint32(n+1) * shapeCluster
	group := artHead + rootSize + columns*(artHead+arrowSize)
	for col := range columns {
		r.begin(recDrawing)
		if col == 0 {
			r.art(0xf, 0, artDgContainer, artHead+8+artHead+group)
			r.art(0, uint16(n+1), artFDG, 8)
			r.u32(uint32(columns + 1))
			r.u32(base + uint32(columns))
			r.art(0xf, 0, artSpgrContainer, group)
			r.art(0xf, 0, artSpContainer, rootSize)
			r.art(1, 0, artFSPGR, 16)
			r.zero(16)
			r.art(2, 0, artFSP, 8)
			r.u32(base)
			r.u32(0x0005) // a group, the topmost
		}
		appendArrow(r, base, col)
		r.end()
		appendArrowObj(r, col)
	}
}

// appendArrow writes the shape of one button: a host control (shape type 201)
// over the first cell of the column.
func appendArrow(r *records, base uint32, col int) {
	r.art(0xf, 0, artSpContainer, arrowSize)
	r.art(2, 201, artFSP, 8)
	r.u32(base + uint32(col) + 1)
	r.u32(0x0a00) // has an anchor and a type
	r.art(3, 5, artFOPT, 5*6)
	r.property(0x007f, 0x01040104) // locked against grouping
	r.property(0x00bf, 0x00080008) // text fits the shape
	r.property(0x01bf, 0x00010000) // not filled
	r.property(0x01ff, 0x00080000) // no line
	r.property(0x03bf, 0x000a0000) // not printed
	right, inside := uint16(col+1), uint16(0)
	if right == maxColumns {
		right, inside = maxColumns-1, 1023 // of 1,024 parts of the last column
	}
	r.art(0, 0, artClientAnchor, anchorSize)
	r.u16(1) // moves with the cells
	r.u16(uint16(col))
	r.u16(0)
	r.u16(0)
	r.u16(0)
	r.u16(right)
	r.u16(inside)
	r.u16(1)
	r.u16(0)
	r.art(0, 0, artClientData, 0)
}

// appendArrowObj writes the Obj record (MS-XLS 2.4.181) of a button: a
// drop-down list created by the application.
func appendArrowObj(r *records, col int) {
	r.begin(recObj)
	r.u16(0x0015) // FtCmo, 2.5.143
	r.u16(18)
	r.u16(0x0014) // a drop-down list
	r.u16(uint16(col + 1))
	r.u16(0x2101) // locked, of the application's making, filled
	r.zero(12)
	r.u16(0x000c) // FtSbs: the list's scroll bar
	r.u16(20)
	r.zero(4)
	r.u16(0) // value
	r.u16(0) // least
	r.u16(100)
	r.u16(1)  // step
	r.u16(10) // page
	r.u16(0)
	r.u16(16) // width
	r.u16(1)
	r.u16(0x0013) // FtLbsData, 2.5.147
	r.u16(0x1fee) // no part of it in a Continue record
	r.u16(0)      // no formula
	r.u16(0)      // no lines
	r.u16(0)      // none selected
	r.u16(0x0301) // the list of an auto filter
	r.u16(0)      // no edit box
	r.u16(0x0002) // LbsDropData: a simple drop-down
	r.u16(8)      // lines shown
	r.u16(0x0057) // width
	r.u32(0)      // FtEnd
	r.end()
}
