package deflate

import (
	"encoding/binary"
	"slices"
)

// MaxBlock is the largest input of one block in bytes. It keeps the counts of
// a block's symbols, and so the depth of its Huffman codes, small.
const MaxBlock = 1 << 24

// End is the empty last block that ends a stream of blocks.
const End = "\x03\x00"

// Hint says that the bytes at Pos probably repeat those at Src, at most Max of
// them unless Max is 0. A Max keeps matches of one kind at one length, which
// makes that length's code short. A Src that is not before Pos, such as None, is
// no hint at all.
type Hint struct{ Pos, Src, Max uint32 }

// None is a Src that refers to nothing.
const None = ^uint32(0)

// token is a run of literals and the match behind it: the literals' count in
// the upper 32 bits, the match's length in the next 16, distance-1 in the
// lowest.
type token uint64

// Encoder holds the working memory of one block after another, about 400 KiB.
// It is not safe for concurrent use. The zero Encoder is ready.
type Encoder struct {
	// Search makes the encoder look harder for repeats between the hints:
	// smaller output for more time.
	Search bool

	tokens      []token
	shortestRun uint32 // of literals that are searched
	noted       uint32 // literals before this place are in the finder
	rest        int    // literals behind the last match
	lit         [2][256]uint32
	freq        [numLit]uint32
	dist        [32]uint32 // numDist of them are used

	litCode, distCode huffman
	match             [512]code // by length: its code and extra bits as one; no length is above maxMatch
	header            header
	found             *finder
}

// AppendBlock appends src as one block to dst. Hints are in ascending order
// of Pos. src must not be longer than MaxBlock.
func (e *Encoder) AppendBlock(dst, src []byte, hints []Hint) []byte {
	if len(src) == 0 {
		return dst
	}
	e.reset()
	e.follow(src, hints)
	e.litCode.build(e.symbolCounts(), maxLitBits)
	e.distCode.build(e.dist[:numDist], maxDistBits)
	e.header.plan(&e.litCode, &e.distCode)

	size := (e.header.bits() + e.bodyBits()) / 8
	dst = slices.Grow(dst, size+slack)
	w := bitWriter{buf: dst[:cap(dst)], n: len(dst)}
	e.header.write(&w)
	e.body(&w, src)
	return w.sync()
}

func (e *Encoder) reset() {
	e.tokens = e.tokens[:0]
	e.noted = 0
	e.shortestRun = searchRun
	if e.Search {
		e.shortestRun = minMatch
	}
	clear(e.lit[0][:])
	clear(e.lit[1][:])
	clear(e.freq[:])
	clear(e.dist[:])
	if e.found == nil {
		e.found = new(finder)
	}
	clear(e.found.head[:])
}

// symbolCounts is how often each literal and length occurs.
func (e *Encoder) symbolCounts() []uint32 {
	for i := range 256 {
		e.freq[i] = e.lit[0][i] + e.lit[1][i]
	}
	e.freq[endOfBlock] = 1
	return e.freq[:]
}

// countLits counts literals. Two tables take turns, since a run of one digit
// would otherwise make each increment wait for the one before.
func (e *Encoder) countLits(p []byte) {
	for len(p) >= 2 {
		e.lit[0][p[0]]++
		e.lit[1][p[1]]++
		p = p[2:]
	}
	if len(p) == 1 {
		e.lit[0][p[0]]++
	}
}

// bodyBits is the exact size of what body will write, the end of block included.
func (e *Encoder) bodyBits() int {
	n := 0
	for s, f := range e.freq {
		extra := 0
		if s > endOfBlock {
			extra = int(lengthExtra[s-endOfBlock-1])
		}
		n += int(f) * (int(e.litCode.len[s]) + extra)
	}
	for s, f := range e.dist[:numDist] {
		n += int(f) * (int(e.distCode.len[s]) + int(distExtra[s]))
	}
	return n
}

// body writes the tokens. The codes are at most maxLitBits long so that four
// literals fit 64 bits beside the up to 7 left over. The writer's fields are
// copied into variables, which the compiler keeps in registers.
func (e *Encoder) body(w *bitWriter, src []byte) {
	e.fillMatch()
	var (
		codes     = &e.litCode.code
		buf, at   = w.buf, w.n
		acc, nacc = w.acc, w.nacc
		rest      = src
	)
	for i := 0; i <= len(e.tokens); i++ {
		t := token(e.rest) << 32 //nolint:gosec // a length
		if i < len(e.tokens) {
			t = e.tokens[i]
		}
		p := rest[:t>>32]
		for len(p) >= 4 {
			a, b, c, d := codes[p[0]], codes[p[1]], codes[p[2]], codes[p[3]]
			acc |= a.bits() << (nacc & 63)
			nacc += a.len()
			acc |= b.bits() << (nacc & 63)
			nacc += b.len()
			acc |= c.bits() << (nacc & 63)
			nacc += c.len()
			acc |= d.bits() << (nacc & 63)
			nacc += d.len()
			binary.LittleEndian.PutUint64(buf[at:], acc)
			at += int(nacc >> 3) //nolint:gosec // at most 7
			acc >>= nacc & 56
			nacc &= 7
			p = p[4:]
		}
		for _, b := range p {
			c := codes[b]
			acc |= c.bits() << (nacc & 63)
			nacc += c.len()
		}
		binary.LittleEndian.PutUint64(buf[at:], acc)
		at += int(nacc >> 3) //nolint:gosec // at most 6
		acc >>= nacc & 56
		nacc &= 7
		if i == len(e.tokens) {
			break
		}
		n := int(t>>32) + int(t>>16&0xffff)
		m := e.match[t>>16&0x1ff]
		d := uint32(t) & 0xffff
		s := distSymbol(d) & 31
		c := e.distCode.code[s]
		extra := uint(distExtra[s])
		acc |= m.bits() << (nacc & 63)
		nacc += m.len()
		acc |= c.bits() << (nacc & 63)
		nacc += c.len()
		acc |= uint64(d) & (1<<(extra&63) - 1) << (nacc & 63)
		nacc += extra
		binary.LittleEndian.PutUint64(buf[at:], acc)
		at += int(nacc >> 3) //nolint:gosec // at most 7
		acc >>= nacc & 56
		nacc &= 7
		rest = rest[n:]
	}
	w.n, w.acc, w.nacc = at, acc, nacc
	c := codes[endOfBlock]
	w.add(c.bits(), c.len())
	w.flush()
}

// fillMatch joins each length's code with its extra bits.
func (e *Encoder) fillMatch() {
	for length := 3; length <= maxMatch; length++ {
		s := lengthSymbol[length]
		c := e.litCode.code[s]
		i := s - endOfBlock - 1
		extra := uint32(length) - uint32(lengthBase[i])                                                    //nolint:gosec // 0..31
		e.match[length] = newCode(uint32(c.bits())|extra<<c.len(), uint32(c.len())+uint32(lengthExtra[i])) //nolint:gosec // below 2^19
	}
}
