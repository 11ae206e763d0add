package deflate

import (
	"encoding/binary"
	"math/bits"
)

// The limits of a match (RFC 1951, section 3.2.5), and the shortest that pays:
// three literals cost about as many bits as a length and a far distance.
const (
	maxMatch = 258
	minMatch = 4
	minBack  = 2
	window   = 1 << 15
)

// follow turns hints into tokens. Where a match runs into the next hint's
// place, that hint is taken from where the match ends: this is how markup that
// two hints cover costs nothing twice.
func (e *Encoder) follow(src []byte, hints []Hint) {
	end := uint32(len(src)) //nolint:gosec // at most MaxBlock
	lits := uint32(0)       // what lies before is covered by tokens
	for i := range hints {
		h := &hints[i]
		if h.Src >= h.Pos || h.Pos-h.Src > window {
			continue
		}
		dist := h.Pos - h.Src
		stop := end
		if h.Max > 0 {
			stop = min(end, h.Pos+h.Max)
		}
		pos := max(h.Pos, lits)
		for pos < stop {
			n := matchLen(src, pos-dist, pos, stop)
			if n < minMatch {
				break
			}
			if back := agreeBack(src, pos, dist, lits); back > 0 && n+back <= maxMatch {
				pos -= back
				n += back
			}
			e.add(src, lits, pos, n, dist)
			pos += n
			lits = pos
			if n < maxMatch {
				break
			}
		}
	}
	if end-lits >= e.shortestRun {
		lits = e.searchRun(src, lits, end)
	}
	e.countLits(src[lits:end])
	e.rest = int(end - lits)
}

// add makes a token of the literals from lits to pos and the match there. Long
// runs of literals are searched first.
func (e *Encoder) add(src []byte, lits, pos, n, dist uint32) {
	if pos-lits >= e.shortestRun {
		lits = e.searchRun(src, lits, pos)
	}
	e.push(src, lits, pos, n, dist)
}

// push appends a token and counts its symbols.
func (e *Encoder) push(src []byte, lits, pos, n, dist uint32) {
	e.countLits(src[lits:pos])
	e.freq[lengthSymbol[n]]++
	e.dist[distSymbol(dist-1)]++
	e.tokens = append(e.tokens, token(pos-lits)<<32|token(n)<<16|token(dist-1))
}

// agreeBack is how many literals before pos, not before lits, repeat those at
// the same distance: the end of a value that is the same in both rows. One is
// not worth another length of match.
func agreeBack(src []byte, pos, dist, lits uint32) uint32 {
	n := uint32(0)
	for pos-n > lits && pos-n > dist && src[pos-n-1] == src[pos-n-1-dist] {
		n++
	}
	if n < minBack {
		return 0
	}
	return n
}

// matchLen is how many bytes from b to stop, at most maxMatch, equal those at
// a < b. stop is not beyond src.
func matchLen(src []byte, a, b, stop uint32) uint32 {
	limit := min(stop-b, maxMatch)
	from, at := src[a:], src[b:]
	n := uint32(0)
	for ; n < limit && int(n)+8 <= len(at); n += 8 {
		// What agrees beyond the limit is read, not counted: bytes one by one
		// would cost more.
		if x := binary.LittleEndian.Uint64(from[n:]) ^ binary.LittleEndian.Uint64(at[n:]); x != 0 {
			n += uint32(bits.TrailingZeros64(x)) >> 3 //nolint:gosec // below 64
			return min(n, limit)
		}
	}
	for n < limit && from[n] == at[n] {
		n++
	}
	return min(n, limit)
}
