package deflate

import "encoding/binary"

// slack is what bitWriter may need beyond the exact size: its 8-byte stores
// and the marker of sync.
const slack = 32

// bitWriter packs codes lowest bit first (RFC 1951, section 3.1.1) into a
// buffer that its owner has made large enough.
type bitWriter struct {
	buf  []byte
	n    int    // whole bytes written
	acc  uint64 // bits not yet in buf
	nacc uint   // how many of them; at most 7 after flush
}

// add appends the n lowest bits of v; the others must be 0. Between two
// flushes at most 57 bits may be added.
func (w *bitWriter) add(v uint64, n uint) {
	w.acc |= v << (w.nacc & 63)
	w.nacc += n
}

// flush stores the accumulator with one 8-byte store, of which only the whole
// bytes count.
func (w *bitWriter) flush() {
	binary.LittleEndian.PutUint64(w.buf[w.n:], w.acc)
	w.n += int(w.nacc >> 3)
	w.acc >>= w.nacc &^ 7 & 63
	w.nacc &= 7
}

// sync ends on a byte boundary with an empty stored block (RFC 1951, section
// 3.2.4) and returns the bytes written.
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
