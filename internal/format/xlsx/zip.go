package xlsx

import (
	"encoding/binary"
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
	version45      = 45 // ZIP64
	flagDescriptor = 1 << 3
	methodDeflate  = 8
	extraZip64     = 1
	dosDate        = 1<<5 | 1 // 1980-01-01: equal exports are equal files
)

// entry is one file of the archive.
type entry struct {
	name string
	// zip64 is to be set where the entry could pass 4 GiB. Excel takes the
	// local header's version for the width of the sizes in the descriptor
	// behind the data, and refuses a version that differs from the central
	// directory's.
	zip64  bool
	stored bool // the sizes are known before the data, which are not compressed

	offset, packed, size uint64
	sum                  uint32
}

// archive writes a ZIP file front to back: sizes and checksums follow the data.
// The package archive/zip is not used because it leaves no say in the local
// header's version, see entry.
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

// begin writes the local header of e; the data that follow are its own.
func (a *archive) begin(e *entry) error {
	e.offset = a.written
	e.zip64 = e.zip64 || e.offset >= math.MaxUint32
	a.entries = append(a.entries, e)
	p := le(a.buf[:0])
	p.u32(sigLocal)
	p.u16(e.version())
	p.u16(e.method()...)
	p.u16(0, dosDate)
	p.u32(e.sum, low(e.packed), low(e.size)) // 0 where a descriptor follows
	p.u16(uint16(len(e.name)), 0)
	p = append(p, e.name...)
	a.buf = p
	return a.write(p)
}

// add writes deflated data of the entry begun last, which are size bytes with
// the checksum sum when inflated.
func (a *archive) add(packed []byte, sum uint32, size int64) error {
	e := a.entries[len(a.entries)-1]
	e.packed += uint64(len(packed))
	if size > 0 {
		e.sum = combineCRC(e.sum, sum, size)
		e.size += uint64(size)
	}
	return a.write(packed)
}

// end writes the descriptor of the entry begun last.
func (a *archive) end() error {
	e := a.entries[len(a.entries)-1]
	p := le(a.buf[:0])
	p.u32(sigDescriptor, e.sum)
	if e.wide() {
		p.u64(e.packed, e.size)
	} else {
		p.u32(uint32(e.packed), uint32(e.size))
	}
	a.buf = p
	return a.write(p)
}

// store writes a whole small entry as it is. Its sizes are in the local header,
// where programs that guess a file's type by its first entries look for them.
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
		p.u64(44) // the rest of this record
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

// wide reports whether the descriptor has 64-bit sizes.
func (e *entry) wide() bool {
	return e.zip64 || e.packed > math.MaxUint32 || e.size > math.MaxUint32
}

func (e *entry) version() uint16 {
	if e.wide() {
		return version45
	}
	return version20
}

// method is the pair of flags and compression method.
func (e *entry) method() []uint16 {
	if e.stored {
		return []uint16{0, 0}
	}
	return []uint16{flagDescriptor, methodDeflate}
}

// low is a field that ZIP64 holds where 32 bits are not enough.
func low(v uint64) uint32 {
	return uint32(min(v, math.MaxUint32))
}

// le appends little-endian numbers.
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

// central appends the entry's record of the central directory. Its ZIP64 field
// holds what does not fit 32 bits, in this order (APPNOTE, section 4.5.3).
func (p *le) central(e *entry) {
	var extra le
	for _, v := range []uint64{e.size, e.packed, e.offset} {
		if v >= math.MaxUint32 {
			extra.u64(v)
		}
	}
	if len(extra) > 0 {
		var head le
		head.u16(extraZip64, uint16(len(extra)))
		extra = append(head, extra...)
	}
	version := e.version()
	if len(extra) > 0 {
		version = version45
	}
	p.u32(sigCentral)
	p.u16(version, version)
	p.u16(e.method()...)
	p.u16(0, dosDate)
	p.u32(e.sum, low(e.packed), low(e.size))
	p.u16(uint16(len(e.name)), uint16(len(extra)), 0, 0, 0)
	p.u32(0, low(e.offset))
	*p = append(append(*p, e.name...), extra...)
}
