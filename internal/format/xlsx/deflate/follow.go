package deflate

import (
	"encoding/binary"
	"math/bits"
)

// Window is the farthest that a match reaches (RFC 1951, section 3.2.5).
const Window = 1 << 15

// The limits of a match's length (ibid.), and the shortest that pays: three
// literals cost about as many bits as a length and a far distance.
const (
	maxMatch = 258
	minMatch = 4
	minBack  = 2
	// maxRepeat leaves room for the literals that agreeBack adds.
	maxRepeat = maxMatch - 8
)

// Repeat says that the n bytes at pos are those at from, as the caller knows
// who wrote both: nothing is compared. pos is not before the end of what was
// said last, n is at most maxRepeat; fewer than minMatch stay literals, and so
// does what stands too far away.
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

// RepeatTwo is Repeat of n bytes at pos and then of m bytes behind them, which
// is how almost every cell begins: at the cost of little more than one.
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

// Agree says that of the bytes at pos n, or none, are those dist before them, as
// the caller has found out, and so are the before bytes in front of pos. It
// makes a match of what is not covered yet. n is at most maxRepeat-before, dist
// at most Window.
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

// Guess says that the bytes from pos to end may begin like those at from. They
// are compared, but for those that are covered by a match already.
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

// half is the minMatch bytes at pos.
func half(src []byte, pos uint32) uint32 { return binary.LittleEndian.Uint32(src[pos:]) }

// push appends a token.
func (e *Encoder) push(pos, n, dist uint32) {
	e.tokens = append(e.tokens, newToken(pos-e.covered, n, dist))
	e.covered = pos + n
}

// agreeBack is how many literals before pos, not before covered and at most 8,
// repeat those at the same distance: the end of a value that is the same in
// both rows. One is not worth another length of match.
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

// matchLen is how many bytes from b to stop, at most maxMatch, equal those at
// a < b. stop is not beyond src.
func matchLen(src []byte, a, b, stop uint32) uint32 {
	limit := min(stop-b, maxMatch)
	from, at := src[a:], src[b:]
	n := uint32(0)
	for ; n < limit && int(n)+16 <= len(at); n += 16 {
		// What agrees beyond the limit is read, not counted: bytes one by one
		// would cost more.
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
