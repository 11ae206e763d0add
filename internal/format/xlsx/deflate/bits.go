package deflate

import "encoding/binary"

// slack is the number of bytes that bitWriter may write behind the exact size:
// for its 8-byte stores and the marker of sync.
const slack = 32

// bitWriter packs codes, the lowest bit first (RFC 1951, section 3.1.1), into a
// buffer that must be large enough.
type bitWriter struct {
	buf  []byte
	n    int    // number of complete bytes in buf
	acc  uint64 // bits that are not in buf
	nacc uint   // number of bits in acc; at most 7 after flush
}

// add appends the n lowest bits of v; the other bits must be 0. At most 57 bits
// may be added between two flushes.
func (w *bitWriter) add(v uint64, n uint) {
	w.acc |= v << (w.nacc & 63)
	w.nacc += n
}

// flush stores the accumulator with one 8-byte store and counts its complete
// bytes.
func (w *bitWriter) flush() {
	binary.LittleEndian.PutUint64(w.buf[w.n:], w.acc)
	w.n += int(w.nacc >> 3)
	w.acc >>= w.nacc &^ 7 & 63
	w.nacc &= 7
}

// sync appends an empty stored block, which ends on a byte boundary (RFC 1951,
// section 3.2.4), and returns the bytes written.
func (w *bitWriter) sync() []byte {
	w.add(0, 3)
	w.flush()
	if w.nacc > 0 {
		w.nacc = 8
		w.flush()
	}
	w.add(0xffff0000, 32)
	w.flush()
	return w.buf[:w.n]
}
