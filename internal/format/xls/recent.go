package xls

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

const (
	recentBytes = 4 << 20  // of strings remembered
	recentSlots = 64 << 10 // strings remembered, a power of two
	recentWays  = 2        // slots in which one string may stand
	// recentLongest is the longest string remembered: long ones seldom come
	// twice and would push many short ones out.
	recentLongest = 1 << 10
)

// recent finds the place in the string table of a string that was written not
// long ago. It is a window, not a map of everything: cells name a string by its
// place in the table, and readers do not mind one that stands there twice. So
// forgetting costs a few bytes of the file and keeps memory bounded. Strings
// are compared letter by letter; a hash that collides, by accident or design,
// is a miss.
//
// The strings lie in a ring that is written round and round. One that is found
// in the older half of it is written again at its head, and of the slots that
// a string may take the one least lately found gives way: so those that keep
// coming stay. A slot whose string was overwritten is simply not found again.
type recent struct {
	ring  []byte
	head  uint64 // bytes ever put into the ring
	marks []recentMark
	slots []recentSlot // by the same index
	used  int
	hash  uint32 // of the last string looked for
}

// recentMark is what a search looks at in each slot. Most searches find nothing,
// and wait for memory: the less of it they touch the better.
type recentMark struct {
	hash  uint32
	found uint32 // tick of the last time, plus 1; 0 is a free slot
}

type recentSlot struct {
	at    uint64 // head when the string was stored
	index uint32
	n     uint32
}

// find looks for s. A miss leaves the hash behind for the put that follows.
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

// tick counts up as the ring is written: more than often enough, and 32 bits
// last for 4 TiB of strings.
func (r *recent) tick() uint32 { return uint32(r.head>>10) + 1 }

// holds reports whether what stands at the slot's place in the ring is s.
func (r *recent) holds(e *recentSlot, s []byte) bool {
	if int(e.n) != len(s) {
		return false
	}
	at := e.at % recentBytes
	return bytes.Equal(r.ring[at:at+uint64(e.n)], s)
}

// put remembers that s, the string last looked for, stands at index.
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

// place is the slot to take for a hash: a free one or that of the string that
// was not found for longest.
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

// grow makes four times as many slots, up to the bound.
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

// store writes s at the ring's head, in one piece, and returns where.
func (r *recent) store(s []byte) uint64 {
	at := r.head % recentBytes
	if at+uint64(len(s)) > recentBytes {
		r.head += recentBytes - at // the end is left empty
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

// extend makes the ring at least n bytes long; it grows as it is filled, so
// that small files pay for little.
func (r *recent) extend(n int) {
	if n > cap(r.ring) {
		ring := make([]byte, n, min(max(64<<10, 4*cap(r.ring), n), recentBytes))
		copy(ring, r.ring)
		r.ring = ring
		return
	}
	r.ring = r.ring[:n]
}

// hash mixes s eight bytes at a time. It is the same in every run, so that
// equal rows make equal files.
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
