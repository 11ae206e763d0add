package xls

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

const (
	recentBytes = 4 << 20  // size of the ring of strings
	recentSlots = 64 << 10 // maximum number of strings, a power of two
	recentWays  = 2        // number of slots that a string may occupy
	// recentLongest is the maximum length of a cached string in bytes: longer
	// strings rarely repeat and would replace many short ones.
	recentLongest = 1 << 10
)

// recent is a cache of the indexes of recently written strings in the string
// table. A string that is no longer cached is written to the table again, which
// is valid and bounds the memory. Cached strings are compared byte by byte, so
// a hash collision is only a miss.
//
// The strings are stored in a ring buffer. A string that is found in the older
// half of the ring is stored again at its head, and a new string replaces the
// least recently found one of its slots, so that frequent strings stay cached.
// A slot whose string was overwritten in the ring does not match.
type recent struct {
	ring  []byte
	head  uint64 // total number of bytes written to the ring
	marks []recentMark
	slots []recentSlot // same indexes as marks
	used  int
	hash  uint32 // hash of the last argument of find
}

// recentMark is the part of a slot that every search reads. It is small because
// most searches fail and wait for memory.
type recentMark struct {
	hash  uint32
	found uint32 // tick of the last match; 0 = free slot
}

type recentSlot struct {
	at    uint64 // value of head when the string was stored
	index uint32
	n     uint32
}

// find returns the index of s. After a miss put may be called for the same
// string.
func (r *recent) find(s []byte) (index uint32, ok bool) {
	if len(s) > recentLongest {
		return 0, false
	}
	r.hash = hash(s)
	if r.slots == nil {
		return 0, false
	}
	mask := uint32(len(r.slots) - 1)
	for way := range uint32(recentWays) {
		i := (r.hash ^ way) & mask
		if m := &r.marks[i]; m.hash == r.hash && m.found != 0 {
			e := &r.slots[i]
			if !r.holds(e, s) {
				continue
			}
			if r.head-e.at > recentBytes/2 {
				e.at = r.store(s)
			}
			m.found = r.tick()
			return e.index, true
		}
	}
	return 0, false
}

// tick returns a counter that grows with the ring's head. Its 32 bits suffice
// for 4 TiB of strings.
func (r *recent) tick() uint32 { return uint32(r.head>>10) + 1 }

// holds reports whether the ring has s at the position of the slot.
func (r *recent) holds(e *recentSlot, s []byte) bool {
	if int(e.n) != len(s) {
		return false
	}
	at := e.at % recentBytes
	return bytes.Equal(r.ring[at:at+uint64(e.n)], s)
}

// put caches the index of s, the last argument of find.
func (r *recent) put(s []byte, index uint32) {
	if len(s) > recentLongest {
		return
	}
	if r.used >= len(r.slots)/2 && len(r.slots) < recentSlots {
		r.grow()
	}
	i := r.place(r.hash)
	r.slots[i] = recentSlot{at: r.store(s), index: index, n: uint32(len(s))}
	r.marks[i] = recentMark{hash: r.hash, found: r.tick()}
}

// place returns the slot for a hash: a free one or the least recently found
// one.
func (r *recent) place(h uint32) uint32 {
	mask := uint32(len(r.slots) - 1)
	i, other := h&mask, (h^1)&mask
	if r.marks[other].found < r.marks[i].found {
		i = other
	}
	if r.marks[i].found == 0 {
		r.used++
	}
	return i
}

// grow quadruples the number of slots up to the maximum.
func (r *recent) grow() {
	marks, slots := r.marks, r.slots
	n := min(max(1<<10, 4*len(slots)), recentSlots)
	r.marks, r.slots, r.used = make([]recentMark, n), make([]recentSlot, n), 0
	for i, m := range marks {
		if m.found != 0 {
			to := r.place(m.hash)
			r.marks[to], r.slots[to] = m, slots[i]
		}
	}
}

// store copies s to the head of the ring without splitting it and returns its
// position.
func (r *recent) store(s []byte) uint64 {
	at := r.head % recentBytes
	if at+uint64(len(s)) > recentBytes {
		r.head += recentBytes - at // the end stays unused
		at = 0
	}
	if end := int(at) + len(s); end > len(r.ring) {
		r.extend(end)
	}
	copy(r.ring[at:], s)
	pos := r.head
	r.head += uint64(len(s))
	return pos
}

// extend makes the ring at least n bytes long. The ring grows with its content
// so that small files need little memory.
func (r *recent) extend(n int) {
	if n > cap(r.ring) {
		ring := make([]byte, n, min(max(64<<10, 4*cap(r.ring), n), recentBytes))
		copy(ring, r.ring)
		r.ring = ring
		return
	}
	r.ring = r.ring[:n]
}

// hash returns a hash of s that is the same in every process, so that equal
// rows make equal files.
func hash(s []byte) uint32 {
	const k0, k1 = 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93
	h := uint64(len(s)) * k1
	for ; len(s) >= 8; s = s[8:] {
		h = mix(h^binary.LittleEndian.Uint64(s), k0)
	}
	var tail uint64
	for i, c := range s {
		tail |= uint64(c) << (8 * i)
	}
	h = mix(h^tail, k1)
	return uint32(h ^ h>>32)
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
