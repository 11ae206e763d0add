package deflate

import "slices"

// MaxBlock is the maximum input of one block in bytes, which a token can count.
// It also limits the depth of Huffman codes.
const MaxBlock = 1<<24 - 1

// End is the empty final block that ends a stream of blocks.
const End = "\x03\x00"

// None is a position that no match can reach.
const None = uint32(1) << 31

// token is a run of literals and the match behind it: 24 bits for the number of
// literals, 16 for the length of the match, 24 for the distance minus one, from
// high to low.
type token uint64

func newToken(lits, length, dist uint32) token {
	return token(lits)<<40 | token(length)<<24 | token(dist-1)
}

func (t token) lits() int    { return int(t >> 40) }
func (t token) length() int  { return int(t >> 24 & 0xffff) }
func (t token) dist() uint32 { return uint32(t&0xffff) + 1 }

// Encoder compresses blocks one after another. It has about 400 KiB of working
// memory and is not safe for concurrent use. Every block begins with Reset.
type Encoder struct {
	// Search enables a thorough search for repeats that the caller did not
	// report: smaller output for more time.
	Search bool

	tokens      []token
	kept        []token // buffer of Changed
	covered     uint32  // bytes before this position are covered by tokens
	shortestRun uint32  // minimum length of a run of literals that is searched
	noted       uint32  // literals before this position are in the finder
	found       *finder
	searched    bool // the finder is not empty

	counts            counts
	litCode, distCode huffman
	header            header
	codes             codes
}

// AppendBlock compresses src, of at most MaxBlock bytes, with the repeats
// reported since Reset and appends one block to dst. A capacity of src of at
// least overread bytes more than its length makes it faster; these bytes are
// read but have no effect.
func (e *Encoder) AppendBlock(dst, src []byte) []byte {
	if len(src) == 0 {
		return dst
	}
	end := uint32(len(src))
	if end-e.covered >= e.shortestRun {
		e.searchRun(src, end)
	}
	e.counts.of(src, e.tokens, e.covered, e.Search)
	e.tokens = append(e.tokens, lastToken(end-e.covered))
	e.litCode.build(e.counts.freq[:], maxLitBits)
	e.distCode.build(e.counts.dist[:numDist], maxDistBits)
	e.header.plan(&e.litCode, &e.distCode)
	e.codes.fill(&e.litCode, &e.distCode)

	dst = slices.Grow(dst, (e.header.bits()+maxBits(len(src)))/8+slack)
	w := bitWriter{buf: dst[:cap(dst)], n: len(dst)}
	e.header.write(&w)
	e.codes.write(&w, e.tokens, src)
	return w.sync()
}

// Reset begins an empty block.
func (e *Encoder) Reset() {
	e.tokens = e.tokens[:0]
	e.covered = 0
	e.noted = 0
	e.shortestRun = searchRun
	if e.Search {
		e.shortestRun = minMatch
	}
	if e.found == nil {
		e.found = new(finder)
	}
	if e.searched {
		clear(e.found.head[:])
		e.searched = false
	}
}
