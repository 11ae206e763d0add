package deflate

import (
	"math/bits"
	"slices"
)

// code is a Huffman code: its bits, reversed for the bit writer, above its
// length in the lowest 8 bits.
type code uint32

func newCode(bits, n uint32) code { return code(bits<<8 | n) }

func (c code) bits() uint64 { return uint64(c >> 8) }

func (c code) len() uint { return uint(c & 0xff) }

// huffman is a canonical code over at most numLit symbols.
type huffman struct {
	len  [numLit]uint8
	code [numLit]code
	used int // number of symbols up to the last one with a code

	leaves []uint64 // count<<16 | symbol, ascending
	nodes  []uint64 // count of each inner node
	parent []uint16 // parents of the leaves, then of the inner nodes
}

// build computes a code for the counts with lengths of at most limit. A single
// symbol gets a code of one bit; without any symbol, symbol 0 does, since a
// block must declare at least one distance code.
func (h *huffman) build(freq []uint32, limit int) {
	clear(h.len[:])
	h.leaves = h.leaves[:0]
	for s, f := range freq {
		if f > 0 {
			h.leaves = append(h.leaves, uint64(f)<<16|uint64(s))
		}
	}
	switch len(h.leaves) {
	case 0:
		h.len[0] = 1
	case 1:
		h.len[h.leaves[0]&0xffff] = 1
	default:
		slices.Sort(h.leaves)
		h.depths(limit)
	}
	h.canonical(len(freq))
}

// depths computes the depth of each leaf in the tree. The leaves are sorted and
// inner nodes are created in ascending order, so the two smallest nodes are
// always at the heads of two queues.
func (h *huffman) depths(limit int) {
	n := len(h.leaves)
	h.nodes = slices.Grow(h.nodes[:0], n)
	h.parent = slices.Grow(h.parent[:0], 2*n)[:2*n]
	leaf, node := 0, 0
	take := func(into int) uint64 {
		if node == len(h.nodes) || leaf < n && h.leaves[leaf]>>16 <= h.nodes[node] {
			leaf++
			h.parent[leaf-1] = uint16(into)
			return h.leaves[leaf-1] >> 16
		}
		node++
		h.parent[n+node-1] = uint16(into)
		return h.nodes[node-1]
	}
	for i := range n - 1 {
		f := take(i)
		f += take(i)
		h.nodes = append(h.nodes, f)
	}
	// The depth of a node is that of its parent plus one. The depths replace the
	// counts in nodes, from the root down.
	var perLen [64]int
	h.nodes[n-2] = 0
	for i := n - 3; i >= 0; i-- {
		h.nodes[i] = h.nodes[h.parent[n+i]] + 1
	}
	for i := range n {
		perLen[min(h.nodes[h.parent[i]]+1, uint64(limit))]++
	}
	repair(&perLen, limit)
	// The rarest get the longest codes.
	i := 0
	for l := limit; l > 0; l-- {
		for range perLen[l] {
			h.len[h.leaves[i]&0xffff] = uint8(l)
			i++
		}
	}
}

// repair makes a valid code of lengths that were limited: while the code is
// over-subscribed, a leaf of a lower level is moved down and becomes the
// sibling of an overlong one.
func repair(perLen *[64]int, limit int) {
	full := 0 // in units of one code of limit bits
	for l := 1; l <= limit; l++ {
		full += perLen[l] << (limit - l)
	}
	for full > 1<<limit {
		l := limit - 1
		for perLen[l] == 0 {
			l--
		}
		perLen[l]--
		perLen[l+1] += 2
		perLen[limit]--
		full--
	}
}

// canonical assigns the codes (RFC 1951, section 3.2.2).
func (h *huffman) canonical(n int) {
	var next, perLen [16]uint32
	h.used = 1
	for s, l := range h.len[:n] {
		if l > 0 {
			perLen[l]++
			h.used = s + 1
		}
	}
	for l := 1; l < len(next); l++ {
		next[l] = (next[l-1] + perLen[l-1]) << 1
	}
	for s, l := range h.len[:n] {
		if l == 0 {
			h.code[s] = 0
			continue
		}
		h.code[s] = newCode(bits.Reverse32(next[l])>>(32-l), uint32(l))
		next[l]++
	}
}
