package xls

import (
	"encoding/binary"
	"slices"
	"time"

	"exporttask/internal/format"
)

// summarySize is the size of the stream SummaryInformation: the smallest one that is
// not stored in the mini stream, as Excel does.
const summarySize = miniCutoff

// The properties of the stream (MS-OLEPS 3.1) and their types (MS-OLEPS 2.15).
const (
	propCodePage = 0x01
	propTitle    = 0x02
	propAuthor   = 0x04
	propCreated  = 0x0c
	propProgram  = 0x12

	typeI2       = 0x02
	typeLPSTR    = 0x1e
	typeFileTime = 0x40

	codeUTF8 = 65001
)

// summary returns the stream SummaryInformation (MS-OLEPS 2.21): title, author,
// program and time of creation.
func summary(opt *format.Options) []byte {
	type property struct {
		id   uint32
		body []byte
	}
	u32 := func(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }
	text := func(s string) []byte {
		const most = 255
		cut, _ := format.CutUTF16([]byte(s), most)
		cut = append(slices.Clip(cut), 0)
		b := append(u32(typeLPSTR), u32(uint32(len(cut)))...)
		b = append(b, cut...)
		return append(b, make([]byte, -len(b)&3)...)
	}
	list := []property{{propCodePage, append(u32(typeI2), u32(codeUTF8&0xffff)...)}}
	if opt.Title != "" {
		list = append(list, property{propTitle, text(opt.Title)})
	}
	list = append(list, property{propAuthor, text("exportd")})
	if !opt.Created.IsZero() {
		list = append(list, property{propCreated, binary.LittleEndian.AppendUint64(u32(typeFileTime), fileTime(opt.Created))})
	}
	list = append(list, property{propProgram, text("exportd")})

	r := &records{}
	r.u16(0xfffe) // little endian
	r.u16(0)
	r.u32(0x00020006) // Windows
	r.zero(16)
	r.u32(1)
	r.raw([]byte{0xe0, 0x85, 0x9f, 0xf2, 0xf9, 0x4f, 0x68, 0x10, 0xab, 0x91, 0x08, 0x00, 0x2b, 0x27, 0xb3, 0xd9}) // FMTID_SummaryInformation
	r.u32(48)
	offset := 8 + 8*len(list)
	size := offset
	for _, p := range list {
		size += len(p.body)
	}
	r.u32(uint32(size))
	r.u32(uint32(len(list)))
	for _, p := range list {
		r.u32(p.id)
		r.u32(uint32(offset))
		offset += len(p.body)
	}
	for _, p := range list {
		r.raw(p.body)
	}
	r.zero(summarySize - len(r.b))
	return r.b
}

// fileTime returns the number of 100 ns since 1601-01-01 (MS-DTYP 2.3.3).
func fileTime(t time.Time) uint64 {
	const to1970 = 11644473600
	return uint64(t.Unix()+to1970)*1e7 + uint64(t.Nanosecond()/100)
}
