package deflate

import "slices"

// MaxBlock is the largest input of one block in bytes: what a token can count.
// It also keeps the depth of a block's Huffman codes small.
const MaxBlock = 1<<24 - 1

// End is the empty last block that ends a stream of blocks.
const End = "\x03\x00"

// None is a place that no match can reach.
const None = uint32(1) << 31

// token is a run of literals and the match behind it. From the top: 24 bits of
// the literals' count, 16 of the match's length, 24 of the distance less one.
type token uint64

func newToken(lits, length, dist uint32) token {
	return token(lits)<<40 | token(length)<<24 | token(dist-1)
}

func (t token) lits() int    { return int(t >> 40) }
func (t token) length() int  { return int(t >> 24 & 0xffff) }
func (t token) dist() uint32 { return uint32(t&0xffff) + 1 }

// Encoder holds the working memory of one block after another, about 400 KiB.
// It is not safe for concurrent use. Each block begins with Reset.
type Encoder struct {
	// Search makes the encoder look harder for repeats that it is not told of:
	// smaller output for more time.
	Search bool

	tokens      []token
	covered     uint32 // the bytes before this place are covered by tokens
	shortestRun uint32 // of literals that are searched
	noted       uint32 // literals before this place are in the finder
	found       *finder
	searched    bool // something is in the finder

	counts            counts
	litCode, distCode huffman
	header            header
	codes             codes
}

// AppendBlock appends src as one block to dst, with the matches told of since
// Reset. src must not be longer than MaxBlock. It is written faster where its
// capacity is a few bytes more; they are read and do not matter.
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
