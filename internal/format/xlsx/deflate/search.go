package deflate

import (
	"encoding/binary"
	"math/bits"
)

// Literals are looked at again, for repeats inside of values that the writer
// does not know of. Only literals are put into the finder, so it is not filled
// with markup.
const (
	finderBits = 14
	// searchRun is the shortest run of literals worth a look where speed
	// counts: numbers, codes and names, hashes and UUIDs are shorter and would be
	// searched in vain.
	searchRun = 40
	// depth is how many places are tried where size counts.
	depth = 32
)

// finder is where each 4-byte string of the literals stood last.
type finder struct {
	head [1 << finderBits]uint32 // a position plus 1; 0 = nowhere
	prev [Window]uint32          // by position: what head held before
}

// slot is where the 4 bytes at pos are looked up.
func slot(src []byte, pos uint32) uint32 {
	return binary.LittleEndian.Uint32(src[pos:]) * 0x9e3779b1 >> (32 - finderBits)
}

// insert puts pos before what stood there already.
func (f *finder) insert(src []byte, pos uint32) {
	h := slot(src, pos)
	f.prev[pos%Window] = f.head[h]
	f.head[h] = pos + 1
}

// replace puts pos in the place of what stood there, which it returns.
func (f *finder) replace(src []byte, pos uint32) uint32 {
	h := slot(src, pos)
	last := f.head[h]
	f.head[h] = pos + 1
	return last
}

// searchRun makes tokens of the repeats among the literals up to end. Where
// speed counts, its steps grow while it finds nothing: random digits are not
// worth a look at each.
func (e *Encoder) searchRun(src []byte, end uint32) {
	e.searched = true
	if e.Search {
		e.searchAll(src, end)
		return
	}
	for pos := e.covered; pos+minMatch < end; {
		last := e.found.replace(src, pos)
		n, dist := matchAt(src, pos, end, last)
		if n == 0 {
			pos += 1 + (pos-e.covered)>>4
			continue
		}
		e.push(pos, n, dist)
		if n > 4 {
			e.found.replace(src, pos+n-4)
		}
		pos += n
	}
}

// matchAt is the repeat at pos of what stood at last-1, if it saves anything.
func matchAt(src []byte, pos, end, last uint32) (length, dist uint32) {
	if last == 0 || pos-(last-1) > Window {
		return 0, 0
	}
	n := matchLen(src, last-1, pos, end)
	if n < minMatch || saving(src[pos:pos+n], pos-(last-1)) <= 0 {
		return 0, 0
	}
	return n, pos - (last - 1)
}

// searchAll is searchRun where size counts: it looks at every place, and takes
// a repeat only if the one that begins a byte later does not save more.
func (e *Encoder) searchAll(src []byte, end uint32) {
	pos := e.covered
	e.noted = max(e.noted, pos)
	for pos+minMatch <= end {
		e.note(src, pos)
		n, dist, saved := e.longest(src, pos, end)
		if n == 0 {
			pos++
			continue
		}
		for pos+1+minMatch <= end {
			e.note(src, pos+1)
			n1, dist1, saved1 := e.longest(src, pos+1, end)
			if saved1 <= saved {
				break
			}
			pos, n, dist, saved = pos+1, n1, dist1, saved1
		}
		e.push(pos, n, dist)
		pos += n
	}
	e.note(src, end+1-minMatch)
}

// note puts the positions before to into the finder that are not yet there. The
// 4 bytes at each must have been written.
func (e *Encoder) note(src []byte, to uint32) {
	for ; e.noted < to; e.noted++ {
		e.found.insert(src, e.noted)
	}
}

// longest is the repeat at pos, up to end, that saves most; 0 if none saves.
func (e *Encoder) longest(src []byte, pos, end uint32) (length, dist uint32, saved int) {
	last := e.found.head[slot(src, pos)]
	for range depth {
		if last == 0 || pos-(last-1) > Window {
			break
		}
		at := last - 1
		if n := matchLen(src, at, pos, end); n >= minMatch && n > length {
			if s := saving(src[pos:pos+n], pos-at); s > saved {
				saved, length, dist = s, n, pos-at
			}
		}
		before := e.found.prev[at%Window]
		if before >= last { // the place was taken by a newer position
			break
		}
		last = before
	}
	return length, dist, saved
}

// saving guesses how many bits a match saves, before there are codes: in tables
// digits are the commonest of all symbols.
func saving(p []byte, dist uint32) int {
	n := -13 - bits.Len32(dist)
	for _, c := range p {
		switch {
		case c-'0' <= 9:
			n += 4
		case c < 0x80:
			n += 6
		default:
			n += 8
		}
	}
	return n
}
