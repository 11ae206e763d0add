package deflate

// lengthOrder is the order of the code lengths of the code length alphabet in a
// block header (RFC 1951, section 3.2.7).
var lengthOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// lengthBits is the number of extra bits of the symbols 16, 17 and 18.
var lengthBits = [19]uint{16: 2, 17: 3, 18: 7}

// header is the header of a dynamic block: the lengths of its two codes,
// run-length encoded and Huffman-coded.
type header struct {
	lens  []uint8
	runs  []run
	freq  [19]uint32
	code  huffman
	lits  int
	dists int
	order int
}

// run is a symbol of the code length alphabet and its extra bits.
type run struct{ symbol, extra uint8 }

func (h *header) plan(lit, dist *huffman) {
	h.lits, h.dists = max(lit.used, endOfBlock+1), dist.used
	h.lens = append(append(h.lens[:0], lit.len[:h.lits]...), dist.len[:h.dists]...)
	h.runs = h.runs[:0]
	clear(h.freq[:])
	for i := 0; i < len(h.lens); {
		n := 1
		for i+n < len(h.lens) && h.lens[i+n] == h.lens[i] {
			n++
		}
		h.addRun(h.lens[i], n)
		i += n
	}
	h.code.build(h.freq[:], 7)
	h.order = len(lengthOrder)
	for h.order > 4 && h.code.len[lengthOrder[h.order-1]] == 0 {
		h.order--
	}
}

// addRun adds n times the length l. Runs of zeros have symbols of their own;
// another length is written once before it can be repeated.
func (h *header) addRun(l uint8, n int) {
	if l != 0 {
		h.addSymbol(l, 0)
		n--
	}
	for n > 0 {
		switch {
		case l == 0 && n >= 11:
			k := min(n, 138)
			h.addSymbol(18, k-11)
			n -= k
		case l == 0 && n >= 3:
			h.addSymbol(17, n-3)
			n = 0
		case l != 0 && n >= 3:
			k := min(n, 6)
			h.addSymbol(16, k-3)
			n -= k
		default:
			h.addSymbol(l, 0)
			n--
		}
	}
}

func (h *header) addSymbol(s uint8, extra int) {
	h.runs = append(h.runs, run{s, uint8(extra)})
	h.freq[s]++
}

func (h *header) bits() int {
	n := 3 + 5 + 5 + 4 + 3*h.order
	for s, f := range h.freq {
		n += int(f) * (int(h.code.len[s]) + int(lengthBits[s]))
	}
	return n
}

func (h *header) write(w *bitWriter) {
	w.add(0b100, 3) // not the last block, dynamic codes
	w.add(uint64(h.lits-257), 5)
	w.add(uint64(h.dists-1), 5)
	w.add(uint64(h.order-4), 4)
	w.flush()
	for _, s := range lengthOrder[:h.order] {
		w.add(uint64(h.code.len[s]), 3)
		w.flush()
	}
	for _, r := range h.runs {
		c := h.code.code[r.symbol]
		w.add(c.bits(), c.len())
		w.add(uint64(r.extra), lengthBits[r.symbol])
		w.flush()
	}
}
