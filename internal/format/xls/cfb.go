package xls

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// The constants of a compound file of version 3 (MS-CFB 2.1, 2.2).
const (
	sectorSize   = 512
	fatPerSector = sectorSize / 4
	headerFATs   = 109              // FAT sectors listed in the header
	difPerSector = fatPerSector - 1 // the last entry is the next DIFAT sector
	miniCutoff   = 4096             // shorter streams are stored in the mini stream

	// maxStream limits the workbook stream so that the file including its FAT is
	// smaller than 2 GiB, the limit of version 3 (MS-CFB 2.6.1).
	maxStream = 2<<30 - 32<<20

	endOfChain = 0xfffffffe
	freeSector = 0xffffffff
	fatSector  = 0xfffffffd
	difSector  = 0xfffffffc
	noStream   = 0xffffffff
)

// container writes a compound file with one stream, "Workbook", to a writer
// that cannot seek. The size of the stream is known in advance, so all sector
// numbers are: header, stream, directory, FAT, DIFAT in this order.
type container struct {
	w       *bufio.Writer
	summary []byte // the stream SummaryInformation, whole sectors
	size    int64  // announced size of the stream
	written int64  // bytes of the stream written so far

	stream uint32 // number of sectors of the stream
	fats   uint32 // number of sectors of the FAT
	difs   uint32 // number of sectors of the DIFAT
}

// newContainer writes the header. The caller must write exactly size bytes. A
// stream shorter than 4,096 bytes is padded with zeros so that no mini stream
// is needed; readers stop at the last EOF record of the workbook.
func newContainer(w io.Writer, size int64, summary []byte) *container {
	size = max(size, miniCutoff)
	c := &container{w: bufio.NewWriterSize(w, 64<<10), size: size, summary: summary}
	c.stream = uint32((size + sectorSize - 1) / sectorSize)
	c.fats, c.difs = tables(c.stream + c.summaries())
	_, _ = c.w.Write(c.header()) // the bufio.Writer keeps the error for finish
	return c
}

// tables returns the number of FAT and DIFAT sectors for a stream of that many
// sectors. Both tables have entries for their own sectors as well.
func tables(stream uint32) (fats, difs uint32) {
	for {
		all := stream + 1 + fats + difs
		f := (all + fatPerSector - 1) / fatPerSector
		d := uint32(0)
		if f > headerFATs {
			d = (f - headerFATs + difPerSector - 1) / difPerSector
		}
		if f == fats && d == difs {
			return fats, difs
		}
		fats, difs = f, d
	}
}

func (c *container) summaries() uint32      { return uint32(len(c.summary) / sectorSize) }
func (c *container) firstDirectory() uint32 { return c.stream + c.summaries() }
func (c *container) firstFAT() uint32       { return c.firstDirectory() + 1 }
func (c *container) firstDIFAT() uint32     { return c.firstFAT() + c.fats }

// header returns the Compound File Header (MS-CFB 2.2).
func (c *container) header() []byte {
	h := records{}
	h.raw([]byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}) // signature
	h.zero(16)                                                    // class
	h.u16(0x003e)                                                 // minor version
	h.u16(3)                                                      // major version
	h.u16(0xfffe)                                                 // little endian
	h.u16(9)                                                      // sectors of 2^9 bytes
	h.u16(6)                                                      // mini sectors of 2^6 bytes
	h.zero(6)
	h.u32(0) // number of directory sectors: always 0 in version 3
	h.u32(c.fats)
	h.u32(c.firstDirectory())
	h.u32(0) // transaction
	h.u32(miniCutoff)
	h.u32(endOfChain) // mini FAT: none
	h.u32(0)
	if c.difs > 0 {
		h.u32(c.firstDIFAT())
	} else {
		h.u32(endOfChain)
	}
	h.u32(c.difs)
	for i := range uint32(headerFATs) {
		if i < c.fats {
			h.u32(c.firstFAT() + i)
		} else {
			h.u32(freeSector)
		}
	}
	return h.b
}

// Write writes the next bytes of the stream.
func (c *container) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.written += int64(n)
	if err != nil {
		return n, fmt.Errorf("xls: write: %w", err)
	}
	return n, nil
}

// finish writes the sectors that follow the stream.
func (c *container) finish() error {
	c.pad(int64(c.stream)*sectorSize - c.written)
	_, _ = c.w.Write(c.summary)
	c.directory()
	c.fat()
	c.difat()
	if err := c.w.Flush(); err != nil { // a bufio.Writer keeps its first error
		return fmt.Errorf("xls: write: %w", err)
	}
	return nil
}

func (c *container) pad(n int64) {
	for range n {
		_ = c.w.WriteByte(0)
	}
}

func (c *container) u32(v uint32) {
	_, _ = c.w.Write(binary.LittleEndian.AppendUint32(c.w.AvailableBuffer(), v))
}

// directory writes one sector of four directory entries: the root storage, the two
// streams, of which the one with the shorter name is the root of the tree, and an
// unused entry (MS-CFB 2.6).
func (c *container) directory() {
	const unused, stream, root = 0, 2, 5
	_, _ = c.w.Write(directoryEntry("Root Entry", root, noStream, 1, endOfChain, 0))
	_, _ = c.w.Write(directoryEntry("Workbook", stream, 2, noStream, 0, c.size))
	_, _ = c.w.Write(directoryEntry("\x05SummaryInformation", stream, noStream, noStream, c.stream, int64(len(c.summary))))
	_, _ = c.w.Write(directoryEntry("", unused, noStream, noStream, 0, 0))
}

// directoryEntry returns one directory entry (MS-CFB 2.6.1). The root has the
// class identifier of Excel workbooks, by which some programs recognize the
// file.
func directoryEntry(name string, kind uint8, right, child, first uint32, size int64) []byte {
	d := records{}
	for _, r := range name {
		d.u16(uint16(r))
	}
	d.zero(64 - len(d.b))
	if name == "" {
		d.u16(0)
	} else {
		d.u16(uint16(2*len(name) + 2))
	}
	d.u8(kind)
	d.u8(1)         // black
	d.u32(noStream) // left
	d.u32(right)
	d.u32(child)
	if child != noStream {
		d.raw([]byte{0x20, 0x08, 0x02, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46})
	} else {
		d.zero(16)
	}
	d.u32(0)   // state
	d.zero(16) // no times of creation and change, so that equal rows make equal files
	d.u32(first)
	d.u32(uint32(size))
	d.u32(0)
	return d.b
}

// fat writes the sector chains (MS-CFB 2.3).
func (c *container) fat() {
	for i := uint32(1); i < c.stream; i++ {
		c.u32(i)
	}
	c.u32(endOfChain) // last sector of the stream
	for i := uint32(1); i < c.summaries(); i++ {
		c.u32(c.stream + i)
	}
	if c.summaries() > 0 {
		c.u32(endOfChain)
	}
	c.u32(endOfChain) // directory
	for range c.fats {
		c.u32(fatSector)
	}
	for range c.difs {
		c.u32(difSector)
	}
	for i := c.firstDIFAT() + c.difs; i%fatPerSector != 0; i++ {
		c.u32(freeSector)
	}
}

// difat lists the FAT sectors beyond those listed in the header (MS-CFB 2.5).
func (c *container) difat() {
	next := uint32(headerFATs)
	for d := range c.difs {
		for range difPerSector {
			if next < c.fats {
				c.u32(c.firstFAT() + next)
			} else {
				c.u32(freeSector)
			}
			next++
		}
		if d+1 < c.difs {
			c.u32(c.firstDIFAT() + d + 1)
		} else {
			c.u32(endOfChain)
		}
	}
}
