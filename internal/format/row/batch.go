package row

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrBroken is matched (errors.Is) by the error of a malformed row: one that
// does not consist of exactly the expected number of cells. The server or a
// proxy then violated the MySQL protocol.
var ErrBroken = errors.New("malformed row packet: the cells do not fill the row")

// NullCell is the first byte of a NULL cell. A smaller first byte is the length
// of the cell (MySQL protocol, ProtocolText::ResultsetRow and
// LengthEncodedString).
const NullCell = 0xfb

// Batch holds consecutive rows in the encoding of the MySQL protocol: each row
// is the concatenation of its cells, each cell a LengthEncodedString, or 0xfb
// for NULL. A source divides the data into rows by the lengths of their packets
// and does not validate the cells. The code that first reads the cells of a row
// must verify, with Check, with CheckRow or while reading, that the row has
// exactly Cols cells; a separate pass in the source would double the time of
// reading.
//
// A batch has one owner. The caller of source.Cursor.Next owns the batch,
// passing it to an encoder transfers the ownership, and the last owner calls
// Release once. After Release neither the batch nor its cells may be used.
type Batch struct {
	Data []byte       // the bytes of all rows
	Rows []Span       // position of each row in Data
	Cols int          // number of cells of every row
	Free func(*Batch) // called by Release; may be nil
}

// Span is the half-open range [Off, End) of bytes in Batch.Data.
type Span struct{ Off, End int32 }

// Len returns the number of rows.
func (b *Batch) Len() int { return len(b.Rows) }

// Row returns the encoded cells of row i. The slice aliases Data.
func (b *Batch) Row(i int) []byte {
	s := b.Rows[i]
	return b.Data[s.Off:s.End:s.End]
}

// Check verifies that every row consists of exactly Cols cells, which Cell
// requires. The error matches ErrBroken and names the first malformed row.
func (b *Batch) Check() error {
	for i := range b.Rows {
		if err := b.CheckRow(i); err != nil {
			return err
		}
	}
	return nil
}

// CheckRow is Check for row i alone.
func (b *Batch) CheckRow(i int) error {
	if !Whole(b.Row(i), b.Cols) {
		return fmt.Errorf("%w: row %d of %d in its batch", ErrBroken, i+1, len(b.Rows))
	}
	return nil
}

// Release returns the batch to its source for reuse.
func (b *Batch) Release() {
	if b.Free != nil {
		b.Free(b)
	}
}

// Append adds a row; a nil cell is NULL. The first row sets Cols. It is meant
// for tests and benchmarks.
func (b *Batch) Append(cells ...[]byte) {
	if b.Cols == 0 {
		b.Cols = len(cells)
	}
	off := len(b.Data)
	for _, c := range cells {
		b.Data = AppendCell(b.Data, c)
	}
	b.Rows = append(b.Rows, Span{Off: int32(off), End: int32(len(b.Data))})
}

// Whole reports whether p is exactly cols encoded cells, which Cell requires.
func Whole(p []byte, cols int) bool {
	i := 0
	for range cols {
		if i >= len(p) {
			return false
		}
		switch n := int(p[i]); {
		case n < NullCell:
			i += 1 + n
		case n == NullCell:
			i++
		default:
			n, head := longLength(p[i:])
			i += head
			if n > uint64(len(p)-i) {
				return false
			}
			i += int(n)
		}
	}
	return i == len(p)
}

// Cell decodes the first cell of p and returns the rest of p. cell is nil for
// NULL and aliases p otherwise. p must be a row for which Whole holds or the
// rest that Cell returned.
func Cell(p []byte) (cell, rest []byte) {
	n := int(p[0])
	if n < NullCell {
		return p[1 : 1+n : 1+n], p[1+n:]
	}
	return longCell(p)
}

func longCell(p []byte) (cell, rest []byte) {
	if p[0] == NullCell {
		return nil, p[1:]
	}
	n, head := longLength(p)
	end := head + int(n)
	return p[head:end:end], p[end:]
}

// longLength decodes the length of a cell longer than 250 bytes and returns the
// size of the length prefix. For a malformed prefix n is larger than any row.
func longLength(p []byte) (n uint64, head int) {
	switch {
	case p[0] == 0xfc && len(p) >= 3:
		return uint64(binary.LittleEndian.Uint16(p[1:])), 3
	case p[0] == 0xfd && len(p) >= 4:
		return uint64(p[1]) | uint64(p[2])<<8 | uint64(p[3])<<16, 4
	case p[0] == 0xfe && len(p) >= 9:
		return binary.LittleEndian.Uint64(p[1:]), 9
	}
	return math.MaxUint64, 0
}

// AppendCell appends c as a LengthEncodedString, or NULL if c is nil.
func AppendCell(dst, c []byte) []byte {
	n := len(c)
	switch {
	case c == nil:
		return append(dst, NullCell)
	case n < NullCell:
		dst = append(dst, byte(n))
	case n < 1<<16:
		dst = append(dst, 0xfc, byte(n), byte(n>>8))
	case n < 1<<24:
		dst = append(dst, 0xfd, byte(n), byte(n>>8), byte(n>>16))
	default:
		dst = append(dst, 0xfe)
		dst = binary.LittleEndian.AppendUint64(dst, uint64(n))
	}
	return append(dst, c...)
}
