package deflate

import (
	"encoding/binary"
	"math/bits"
)

// Window is the maximum distance of a match (RFC 1951, section 3.2.5).
const Window = 1 << 15

// The limits of the length of a match. RFC 1951 allows 3, but three literals take
// about as many bits as a length and a large distance.
const (
	maxMatch = 258
	minMatch = 4
	minBack  = 2
	// maxRepeat leaves room for the literals that agreeBack adds.
	maxRepeat = maxMatch - 8
)

// Repeat reports that the n bytes at pos equal those at from. It does not
// compare them. pos must not be before the end of the last report, and n must
// be at most maxRepeat. Fewer than minMatch bytes and distances larger than
// Window are ignored.
func (e *Encoder) Repeat(src []byte, pos, from, n uint32) {
	dist := pos - from
	if dist > Window || n < minMatch {
		return
	}
	back := agreeBack(src, pos, dist, e.covered)
	if pos-back-e.covered >= e.shortestRun {
		e.searchRun(src, pos-back)
	}
	e.push(pos-back, n+back, dist)
}

// RepeatTwo is Repeat of n bytes at pos and of the m bytes behind them, which
// is how almost every cell begins. It takes little more time than one Repeat.
func (e *Encoder) RepeatTwo(src []byte, pos, from, n, from2, m uint32) {
	dist, dist2 := pos-from, pos+n-from2
	if dist > Window || dist2 > Window || n < minMatch || m < minMatch || pos-e.covered >= e.shortestRun {
		e.Repeat(src, pos, from, n)
		e.Repeat(src, pos+n, from2, m)
		return
	}
	back := agreeBack(src, pos, dist, e.covered)
	e.tokens = append(e.tokens, newToken(pos-back-e.covered, n+back, dist), newToken(0, m, dist2))
	e.covered = pos + n + m
}

// Agree reports that n bytes at pos, possibly none, equal those dist before
// them, and so do the before bytes in front of pos. The part that is not
// covered becomes a match. n must be at most maxRepeat-before and dist at most
// Window.
func (e *Encoder) Agree(src []byte, pos, dist, n, before uint32) {
	before = min(before, pos-e.covered)
	if n += before; n < minMatch {
		return
	}
	if pos -= before; pos-e.covered >= e.shortestRun {
		e.searchRun(src, pos)
	}
	e.push(pos, n, dist)
}

// Guess compares the bytes from pos to end with those at from and makes a match
// of a common prefix. Bytes that are covered by a match are skipped.
func (e *Encoder) Guess(src []byte, pos, from, end uint32) {
	dist := pos - from
	if dist-1 >= Window {
		return
	}
	for pos = max(pos, e.covered); pos+minMatch <= end; pos = e.covered {
		if half(src, pos) != half(src, pos-dist) { // fewer than minMatch agree
			return
		}
		n := matchLen(src, pos-dist, pos, end)
		if pos-e.covered >= e.shortestRun {
			e.searchRun(src, pos)
		}
		e.push(pos, n, dist)
		if n < maxMatch {
			return
		}
	}
}

// Changed makes literals of the n bytes at pos, which have changed since they were
// reported, and of those that repeat them.
func (e *Encoder) Changed(pos, n uint32) {
	// Find the token that covers pos.
	i, at := len(e.tokens), e.covered
	for i > 0 && at > pos {
		i--
		at -= uint32(e.tokens[i].lits() + e.tokens[i].length())
	}
	if at > pos {
		return
	}
	e.kept = append(e.kept[:0], e.tokens[i:]...)
	e.tokens, e.covered = e.tokens[:i], at
	for _, t := range e.kept {
		begin := at + uint32(t.lits())
		at = begin + uint32(t.length())
		for _, changed := range []uint32{pos, pos + t.dist()} {
			if begin < changed+n && changed < at {
				e.keep(begin, changed, t.dist())
				begin = min(changed+n, at)
			}
		}
		e.keep(begin, at, t.dist())
	}
}

// keep appends a token for a part of a match if it is long enough.
func (e *Encoder) keep(begin, end, dist uint32) {
	if end >= begin+minMatch {
		e.push(begin, end-begin, dist)
	}
}

// half returns the minMatch bytes at pos.
func half(src []byte, pos uint32) uint32 { return binary.LittleEndian.Uint32(src[pos:]) }

// push appends a token.
func (e *Encoder) push(pos, n, dist uint32) {
	e.tokens = append(e.tokens, newToken(pos-e.covered, n, dist))
	e.covered = pos + n
}

// agreeBack returns how many literals before pos, at most 8 and not before
// covered, equal those at the same distance, and 0 for a single one, which is
// not worth a longer match.
func agreeBack(src []byte, pos, dist, covered uint32) uint32 {
	if pos < dist+8 {
		return 0
	}
	differ := binary.LittleEndian.Uint64(src[pos-8:]) ^ binary.LittleEndian.Uint64(src[pos-dist-8:])
	n := min(uint32(bits.LeadingZeros64(differ))>>3, pos-covered)
	if n < minBack {
		return 0
	}
	return n
}

// matchLen returns how many bytes from b to stop, at most maxMatch, equal those
// at a < b. stop must not be beyond src.
func matchLen(src []byte, a, b, stop uint32) uint32 {
	limit := min(stop-b, maxMatch)
	from, at := src[a:], src[b:]
	n := uint32(0)
	for ; n < limit && int(n)+16 <= len(at); n += 16 {
		// Equal bytes beyond the limit are read but not counted.
		x, y := (*[16]byte)(from[n:]), (*[16]byte)(at[n:])
		low := binary.LittleEndian.Uint64(x[:8]) ^ binary.LittleEndian.Uint64(y[:8])
		high := binary.LittleEndian.Uint64(x[8:]) ^ binary.LittleEndian.Uint64(y[8:])
		if low|high == 0 {
			continue
		}
		if low == 0 {
			low = high
			n += 8
		}
		return min(n+uint32(bits.TrailingZeros64(low))>>3, limit)
	}
	for n < limit && from[n] == at[n] {
		n++
	}
	return min(n, limit)
}
