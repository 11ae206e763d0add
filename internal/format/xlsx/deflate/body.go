package deflate

import "encoding/binary"

// codes are a block's codes in the form in which its tokens are written.
type codes struct {
	lit   [256]code
	match [maxMatch + 1]code // by length: its code and extra bits as one; that of 0 is the end of the block
	dist  [32]distance       // by symbol; noDist is the match of length 0's
}

// distance is a distance's code: 16 bits of the code, 8 of its length, 8 of the
// number of bits behind it.
type distance uint32

func (d distance) bits() uint64 { return uint64(d & 0xffff) }
func (d distance) len() uint    { return uint(d >> 16 & 0xff) }
func (d distance) extra() uint  { return uint(d >> 24 & 63) }

const (
	// noDist is a symbol whose code has no bits, and noDistance the distance,
	// less one, that has it.
	noDist     = 31
	noDistance = Window
)

// lastToken is the run of literals at the end of a block and the block's end.
func lastToken(lits uint32) token { return token(lits)<<40 | noDistance }

// maxBits is the most that n bytes take: a match takes 47 bits at most and
// stands for four bytes or more.
func maxBits(n int) int { return n*maxLitBits + maxLitBits }

// distSymbols is the symbol of each distance less one.
var distSymbols = func() (t [Window + 1]uint8) {
	for d := range t[:Window] {
		t[d] = uint8(distSymbol(uint32(d)))
	}
	t[noDistance] = noDist
	return t
}()

// fill takes a block's codes over.
func (c *codes) fill(lit, dist *huffman) {
	copy(c.lit[:], lit.code[:])
	c.match[0] = lit.code[endOfBlock]
	for length := 3; length <= maxMatch; length++ {
		s := lengthSymbol[length]
		i, base := s-endOfBlock-1, lit.code[s]
		extra := uint64(length) - uint64(lengthBase[i])
		c.match[length] = newCode(uint32(base.bits()|extra<<base.len()), uint32(base.len())+uint32(lengthExtra[i]))
	}
	for s, d := range dist.code[:numDist] {
		c.dist[s] = distance(uint32(d.bits()) | uint32(d.len())<<16 | uint32(distExtra[s])<<24)
	}
}

// write writes the tokens of src. There must be room for maxBits.
func (c *codes) write(w *bitWriter, tokens []token, src []byte) {
	if hasFast && cap(src)-len(src) >= overread {
		n, acc, nacc := writeFast(c, &tokens[0], len(tokens), &src[0], &w.buf[w.n], w.acc, w.nacc)
		w.n, w.acc, w.nacc = w.n+n, acc, nacc
		return
	}
	c.writePlain(w, tokens, src)
}

// overread is how many bytes behind its input writeFast may read.
const overread = 3

// keeps[n] keeps the first n of three codes for writeFast: a code of no bits
// writes nothing.
//
//nolint:unused // writeFast is no Go
var keeps = [4][3]code{{0, 0, 0}, {^code(0), 0, 0}, {^code(0), ^code(0), 0}, {^code(0), ^code(0), ^code(0)}}

// writePlain is writeFast in Go. The codes are at most maxLitBits long so that
// four literals fit 64 bits beside the up to 7 left over. The writer's fields are
// copied into variables, which the compiler keeps in registers.
func (c *codes) writePlain(w *bitWriter, tokens []token, src []byte) {
	buf, at, acc, nacc := w.buf, w.n, w.acc, w.nacc
	for _, t := range tokens {
		for p := src[:t.lits()]; len(p) > 0; {
			n := min(len(p), 4)
			for _, b := range p[:n] {
				acc |= c.lit[b].bits() << (nacc & 63)
				nacc += c.lit[b].len()
			}
			binary.LittleEndian.PutUint64(buf[at:], acc)
			at += int(nacc >> 3)
			acc >>= nacc & 56
			nacc &= 7
			p = p[n:]
		}
		m, d := c.match[t.length()], c.dist[distSymbols[t&0xffff]]
		acc |= m.bits() << (nacc & 63)
		nacc += m.len()
		far := uint64(t) & (1<<d.extra() - 1)
		acc |= (d.bits() | far<<d.len()) << (nacc & 63)
		nacc += d.len() + d.extra()
		binary.LittleEndian.PutUint64(buf[at:], acc)
		at += int(nacc >> 3)
		acc >>= nacc & 56
		nacc &= 7
		src = src[t.lits()+t.length():]
	}
	w.n, w.acc, w.nacc = at, acc, nacc
}
