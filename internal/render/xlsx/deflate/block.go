package deflate

import (
	"encoding/binary"
	"slices"
)

// MaxBlock is the largest input of one block in bytes: what a token can count.
// It also keeps the depth of a block's Huffman codes small.
const MaxBlock = 1<<24 - 1

// End is the empty last block that ends a stream of blocks.
const End = "\x03\x00"

// None is a place that no match can reach.
const None = uint32(1) << 31

// token is a run of literals and the match behind it. From the top: 24 bits of
// the literals' count, 16 of the match's length, 8 of the distance's symbol, 16
// of the distance less one.
type token uint64

func newToken(lits, length, dist uint32, symbol int) token {
	return token(lits)<<40 | token(length)<<24 | token(symbol)<<16 | token(dist-1) //nolint:gosec // an index of the alphabet
}

// Encoder holds the working memory of one block after another, about 400 KiB.
// It is not safe for concurrent use. Each block begins with Reset.
type Encoder struct {
	// Search makes the encoder look harder for repeats that it is not told of:
	// smaller output for more time.
	Search bool

	tokens      []token
	lits        uint32 // the bytes before this place are covered by tokens
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

// AppendBlock appends src as one block to dst, with the matches told of since
// Reset. src must not be longer than MaxBlock.
func (e *Encoder) AppendBlock(dst, src []byte) []byte {
	if len(src) == 0 {
		return dst
	}
	end := uint32(len(src)) //nolint:gosec // at most MaxBlock
	if end-e.lits >= e.shortestRun {
		e.searchRun(src, end)
	}
	e.countLits(src[e.lits:])
	e.rest = int(end - e.lits)
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

// Reset begins an empty block.
func (e *Encoder) Reset() {
	e.tokens = e.tokens[:0]
	e.lits = 0
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
		t := token(e.rest) << 40 //nolint:gosec // a length
		if i < len(e.tokens) {
			t = e.tokens[i]
		}
		p := rest[:t>>40]
		for len(p) >= 4 {
			a, b, c, d := codes[p[0]], codes[p[1]], codes[p[2]], codes[p[3]]
			// Joined first, the four cost the writer's fields one step, each of
			// which waits for the one before.
			ab, nab := a.bits()|b.bits()<<(a.len()&63), a.len()+b.len()
			cd, ncd := c.bits()|d.bits()<<(c.len()&63), c.len()+d.len()
			acc |= (ab | cd<<(nab&63)) << (nacc & 63)
			nacc += nab + ncd
			binary.LittleEndian.PutUint64(buf[at:], acc)
			at += int(nacc >> 3) //nolint:gosec // at most 7
			acc >>= nacc & 56
			nacc &= 7
			p = p[4:]
		}
		// Up to three are left. How many is as good as random, and a branch on
		// it costs more than three codes of which some are masked away.
		if len(p) > 0 {
			if tail := p[:cap(p)]; len(tail) >= 3 {
				keep := &keeps[len(p)&3]
				a, b, c := codes[tail[0]]&keep[0], codes[tail[1]]&keep[1], codes[tail[2]]&keep[2]
				ab, nab := a.bits()|b.bits()<<(a.len()&63), a.len()+b.len()
				acc |= (ab | c.bits()<<(nab&63)) << (nacc & 63)
				nacc += nab + c.len()
			} else { // at the block's end
				for _, b := range p {
					c := codes[b]
					acc |= c.bits() << (nacc & 63)
					nacc += c.len()
				}
			}
			binary.LittleEndian.PutUint64(buf[at:], acc)
			at += int(nacc >> 3) //nolint:gosec // at most 6
			acc >>= nacc & 56
			nacc &= 7
		}
		if i == len(e.tokens) {
			break
		}
		n := int(t>>40) + int(t>>24&0xffff)
		m := e.match[t>>24&0x1ff]
		s := t >> 16 & 31
		c := e.distCode.code[s]
		extra := uint(distExtra[s])
		mc, nmc := m.bits()|c.bits()<<(m.len()&63), m.len()+c.len()
		far := uint64(t) & 0xffff & (1<<(extra&63) - 1)
		acc |= (mc | far<<(nmc&63)) << (nacc & 63)
		nacc += nmc + extra
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

// keeps[n] keeps the first n of three codes: a code of no bits writes nothing.
var keeps = [4][3]code{{0, 0, 0}, {^code(0), 0, 0}, {^code(0), ^code(0), 0}, {^code(0), ^code(0), ^code(0)}}

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
