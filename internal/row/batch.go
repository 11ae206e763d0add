package row

import "encoding/binary"

// nullCell is the first byte of a NULL cell (MySQL protocol, ProtocolText::ResultsetRow).
const nullCell = 0xfb

// Batch is a run of rows as they came off the wire: each row is its cells one
// after another, each cell a length-encoded string (MySQL protocol,
// LengthEncodedString), 0xfb for NULL. Nothing is copied or parsed until an
// encoder asks.
//
// A batch has one owner. Whoever is given one by source.Cursor.Next owns it,
// passing it to an encoder passes the ownership, and the last owner calls
// Release once; afterwards neither the batch nor a cell of it may be touched.
type Batch struct {
	Data []byte // the bytes that the rows lie in
	Rows []Span // where each row lies in Data
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

// Release gives the batch back to whoever made it.
func (b *Batch) Release() {
	if b.Free != nil {
		b.Free(b)
	}
}

// Append adds a row; a nil cell is NULL, an empty one is not. It is for
// tests and benchmarks, which build batches without a server.
func (b *Batch) Append(cells ...[]byte) {
	off := len(b.Data)
	for _, c := range cells {
		b.Data = AppendCell(b.Data, c)
	}
	b.Rows = append(b.Rows, Span{Off: int32(off), End: int32(len(b.Data))}) //nolint:gosec // a batch is far below 2 GiB
}

// Cell splits the first cell off p. The cell is nil where it is NULL and
// aliases p otherwise. p must be a whole row or what Cell left of one: the
// source has checked that every row holds as many cells as there are columns.
func Cell(p []byte) (cell, rest []byte) {
	n := int(p[0])
	if n < nullCell {
		return p[1 : 1+n : 1+n], p[1+n:]
	}
	return longCell(p)
}

func longCell(p []byte) (cell, rest []byte) {
	var n, head int
	switch p[0] {
	case nullCell:
		return nil, p[1:]
	case 0xfc:
		n, head = int(binary.LittleEndian.Uint16(p[1:])), 3
	case 0xfd:
		n, head = int(p[1])|int(p[2])<<8|int(p[3])<<16, 4
	default:
		n, head = int(binary.LittleEndian.Uint64(p[1:])), 9 //nolint:gosec // checked by the source against the row's length
	}
	return p[head : head+n : head+n], p[head+n:]
}

// AppendCell appends c as a length-encoded string, or NULL where c is nil.
func AppendCell(dst, c []byte) []byte {
	n := len(c)
	switch {
	case c == nil:
		return append(dst, nullCell)
	case n < nullCell:
		dst = append(dst, byte(n))
	case n < 1<<16:
		dst = append(dst, 0xfc, byte(n), byte(n>>8)) //nolint:gosec // n is below 1<<16
	case n < 1<<24:
		dst = append(dst, 0xfd, byte(n), byte(n>>8), byte(n>>16)) //nolint:gosec // n is below 1<<24
	default:
		dst = append(dst, 0xfe)
		dst = binary.LittleEndian.AppendUint64(dst, uint64(n))
	}
	return append(dst, c...)
}
