package row

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrBroken is matched (errors.Is) by the error of a row that is not exactly its
// cells: the server, or what stands between, did not keep to the protocol.
var ErrBroken = errors.New("malformed answer: a row whose cells do not add up")

// NullCell is the first byte of a NULL cell; below it, that byte is the cell's
// length (MySQL protocol, ProtocolText::ResultsetRow and LengthEncodedString).
const NullCell = 0xfb

// Batch is a run of rows as they came off the wire: each row is its cells one
// after another, each cell a length-encoded string (MySQL protocol,
// LengthEncodedString), 0xfb for NULL. Nothing is copied or parsed until an
// encoder asks, and nothing is checked either: a source cuts rows by their
// packets' lengths, and whoever walks a row's cells first makes sure, by Check,
// CheckRow or while it walks, that they are Cols and fill the row. An encoder
// looks at every length byte anyway; a look of its own for the check costs as
// much as all the rest of the reading.
//
// A batch has one owner. Whoever is given one by source.Cursor.Next owns it,
// passing it to an encoder passes the ownership, and the last owner calls
// Release once; afterwards neither the batch nor a cell of it may be touched.
type Batch struct {
	Data []byte // the bytes that the rows lie in
	Rows []Span // where each row lies in Data
	Cols int    // cells of every row
	Free func(*Batch)
}

// Span is a half-open range of bytes of Batch.Data.
type Span struct{ Off, End int32 }

// Len is the number of rows.
func (b *Batch) Len() int { return len(b.Rows) }

// Row is the encoded cells of row i. It aliases Data.
func (b *Batch) Row(i int) []byte {
	s := b.Rows[i]
	return b.Data[s.Off:s.End:s.End]
}

// Check tells whether every row is Cols cells and nothing else, so that Cell can
// walk it. The error matches ErrBroken and says which row is the first that is
// not.
func (b *Batch) Check() error {
	for i := range b.Rows {
		if err := b.CheckRow(i); err != nil {
			return err
		}
	}
	return nil
}

// CheckRow is Check of row i alone.
func (b *Batch) CheckRow(i int) error {
	if !Whole(b.Row(i), b.Cols) {
		return fmt.Errorf("%w: row %d of %d in its batch", ErrBroken, i+1, len(b.Rows))
	}
	return nil
}

// Release gives the batch back to whoever made it.
func (b *Batch) Release() {
	if b.Free != nil {
		b.Free(b)
	}
}

// Append adds a row; a nil cell is NULL, an empty one is not. The first row
// tells how many cells the others must have. It is for tests and benchmarks,
// which build batches without a server.
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

// Whole tells whether p is exactly cols cells, so that Cell can trust every
// length in it.
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

// Cell splits the first cell off p. The cell is nil where it is NULL and
// aliases p otherwise. p must be a whole row (see Whole) or what Cell left of
// one.
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

// longLength reads the length of a cell that is longer than 250 bytes, and how
// many bytes tell it. Where p begins no such cell it is longer than any row.
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

// AppendCell appends c as a length-encoded string, or NULL where c is nil.
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
