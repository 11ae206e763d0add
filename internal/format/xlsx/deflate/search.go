package deflate

import (
	"encoding/binary"
	"math/bits"
)

// Runs of literals are searched for repeats inside of values that the writer of
// the table does not know. The finder contains literals only, no markup.
const (
	finderBits = 14
	// searchRun is the minimum length of a run that is searched without Search.
	// Numbers, codes, names, hashes and UUIDs are shorter and rarely repeat.
	searchRun = 40
	// depth is the number of positions that are tried with Search.
	depth = 32
)

// finder is a hash table of the last position of each 4-byte string.
type finder struct {
	head [1 << finderBits]uint32 // a position plus 1; 0 = none
	prev [Window]uint32          // by position: the previous value of head
}

// slot returns the index of the 4 bytes at pos in finder.head.
func slot(src []byte, pos uint32) uint32 {
	return binary.LittleEndian.Uint32(src[pos:]) * 0x9e3779b1 >> (32 - finderBits)
}

// insert adds pos in front of earlier positions.
func (f *finder) insert(src []byte, pos uint32) {
	h := slot(src, pos)
	f.prev[pos%Window] = f.head[h]
	f.head[h] = pos + 1
}

// replace stores pos and returns the value that it replaces.
func (f *finder) replace(src []byte, pos uint32) uint32 {
	h := slot(src, pos)
	last := f.head[h]
	f.head[h] = pos + 1
	return last
}

// searchRun makes tokens of the repeats among the literals up to end. Without
// Search its steps grow as long as it finds nothing, since random digits do not
// repeat.
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

// matchAt returns the repeat at pos of the bytes at last-1 if it saves bits.
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

// searchAll is searchRun with Search: it examines every position and takes a
// repeat only if the one that begins a byte later does not save more.
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

// note adds the positions before to to the finder. The 4 bytes at each must
// have been written.
func (e *Encoder) note(src []byte, to uint32) {
	for ; e.noted < to; e.noted++ {
		e.found.insert(src, e.noted)
	}
}

// longest returns the repeat at pos, up to end, that saves most; length is 0 if
// none saves bits.
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
		if before >= last { // overwritten by a newer position
			break
		}
		last = before
	}
	return length, dist, saved
}

// saving estimates how many bits a match saves before the codes are known.
// Digits are the most frequent symbols in tables.
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
