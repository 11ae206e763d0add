package xlsx

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
)

// The records and numbers of PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 and 4.4.
const (
	sigLocal      = 0x04034b50
	sigDescriptor = 0x08074b50
	sigCentral    = 0x02014b50
	sigEnd        = 0x06054b50
	sigEnd64      = 0x06064b50
	sigLocator64  = 0x07064b50

	version20      = 20 // deflate
	version45      = 45 // ZIP64, in the end record of the central directory only
	flagDescriptor = 1 << 3
	methodDeflate  = 8
	extraZip64     = 1
	dosDate        = 1<<5 | 1 // 1980-01-01, so that equal exports are equal files
)

// maxEntry is the maximum size of an entry, packed or not: 0xffffffff stands for
// a size in a ZIP64 field.
const maxEntry = math.MaxUint32 - 1

// errEntrySize is the error of an entry larger than maxEntry.
var errEntrySize = errors.New("xlsx: a sheet is larger than 4 GiB")

// entry is one file of the archive. Its size is at most maxEntry, so that it is an
// entry of ZIP version 2.0 with sizes of 4 bytes. Readers of streams (Java's
// ZipInputStream, Archive::Zip, libarchive, exceljs) refuse 8-byte sizes in a data
// descriptor, and Excel derives the width of the sizes from the version.
type entry struct {
	name   string
	stored bool // not compressed; the sizes are in the local header

	offset, packed, size uint64
	sum                  uint32
}

// archive writes a ZIP file as a stream: the sizes and the checksum of a compressed
// entry follow its data. Entries are compressed by the caller, which archive/zip
// does not support together with data descriptors of 4-byte sizes.
type archive struct {
	w       io.Writer
	written uint64
	entries []*entry
	buf     []byte
}

func (a *archive) write(p []byte) error {
	n, err := a.w.Write(p)
	a.written += uint64(n)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return err
}

// begin writes the local header of e, which the entry's data follow.
func (a *archive) begin(e *entry) error {
	e.offset = a.written
	a.entries = append(a.entries, e)
	p := le(a.buf[:0])
	p.u32(sigLocal)
	p.u16(version20)
	p.u16(e.method()...)
	p.u16(0, dosDate)
	p.u32(e.sum, uint32(e.packed), uint32(e.size)) // 0 if a data descriptor follows
	p.u16(uint16(len(e.name)), 0)
	p = append(p, e.name...)
	a.buf = p
	return a.write(p)
}

// add writes deflated data of the last entry. size and sum are the length and the
// checksum of the uncompressed data.
func (a *archive) add(packed []byte, sum uint32, size int64) error {
	e := a.entries[len(a.entries)-1]
	e.packed += uint64(len(packed))
	if size > 0 {
		e.sum = combineCRC(e.sum, sum, size)
		e.size += uint64(size)
	}
	if e.packed > maxEntry || e.size > maxEntry {
		return errEntrySize
	}
	return a.write(packed)
}

// end writes the data descriptor of the last entry.
func (a *archive) end() error {
	e := a.entries[len(a.entries)-1]
	p := le(a.buf[:0])
	p.u32(sigDescriptor, e.sum, uint32(e.packed), uint32(e.size))
	a.buf = p
	return a.write(p)
}

// store writes a small uncompressed entry. Its sizes are in the local header, where
// programs that detect file types read them.
func (a *archive) store(name string, data []byte) error {
	n := uint64(len(data))
	e := &entry{name: name, stored: true, packed: n, size: n, sum: crc32.ChecksumIEEE(data)}
	if err := a.begin(e); err != nil {
		return err
	}
	return a.write(data)
}

// close writes the central directory.
func (a *archive) close() error {
	start := a.written
	p := le(a.buf[:0])
	for _, e := range a.entries {
		p.central(e)
	}
	size := uint64(len(p))
	if start > math.MaxUint32 || size > math.MaxUint32 || len(a.entries) >= math.MaxUint16 {
		p.u32(sigEnd64)
		p.u64(44) // size of the rest of this record
		p.u16(version45, version45)
		p.u32(0, 0)
		p.u64(uint64(len(a.entries)), uint64(len(a.entries)), size, start)
		p.u32(sigLocator64, 0)
		p.u64(start + size)
		p.u32(1)
	}
	n := uint16(min(len(a.entries), math.MaxUint16))
	p.u32(sigEnd)
	p.u16(0, 0, n, n)
	p.u32(low(size), low(start))
	p.u16(0)
	return a.write(p)
}

// method returns the flags and the compression method.
func (e *entry) method() []uint16 {
	if e.stored {
		return []uint16{0, 0}
	}
	return []uint16{flagDescriptor, methodDeflate}
}

// low returns the value of a 32-bit field; 0xffffffff refers to a ZIP64 field.
func low(v uint64) uint32 {
	return uint32(min(v, math.MaxUint32))
}

// le is a buffer that little-endian numbers are appended to.
type le []byte

func (p *le) u16(v ...uint16) {
	for _, x := range v {
		*p = binary.LittleEndian.AppendUint16(*p, x)
	}
}

func (p *le) u32(v ...uint32) {
	for _, x := range v {
		*p = binary.LittleEndian.AppendUint32(*p, x)
	}
}

func (p *le) u64(v ...uint64) {
	for _, x := range v {
		*p = binary.LittleEndian.AppendUint64(*p, x)
	}
}

// central appends the record of the entry in the central directory. An offset
// past 4 GiB is in a ZIP64 field (APPNOTE, section 4.5.3). The version stays that
// of the local header, because Excel refuses files in which they differ.
func (p *le) central(e *entry) {
	var extra le
	if e.offset >= math.MaxUint32 {
		extra.u16(extraZip64, 8)
		extra.u64(e.offset)
	}
	p.u32(sigCentral)
	p.u16(version20, version20)
	p.u16(e.method()...)
	p.u16(0, dosDate)
	p.u32(e.sum, uint32(e.packed), uint32(e.size))
	p.u16(uint16(len(e.name)), uint16(len(extra)), 0, 0, 0)
	p.u32(0, low(e.offset))
	*p = append(append(*p, e.name...), extra...)
}
