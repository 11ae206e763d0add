package deflate

import "encoding/binary"

// codes has the codes of a block in the form that tokens are written with.
type codes struct {
	lit   [256]code
	match [maxMatch + 1]code // by length: its code and extra bits as one code; length 0 is the end of the block
	dist  [32]distance       // by symbol; noDist belongs to length 0
}

// distance is the code of a distance symbol: 16 bits of code, 8 of its length,
// 8 of the number of extra bits.
type distance uint32

func (d distance) bits() uint64 { return uint64(d & 0xffff) }
func (d distance) len() uint    { return uint(d >> 16 & 0xff) }
func (d distance) extra() uint  { return uint(d >> 24 & 63) }

const (
	// noDist is a symbol whose code has no bits; noDistance is the distance minus
	// one with that symbol.
	noDist     = 31
	noDistance = Window
)

// lastToken returns the token of the literals at the end of a block and of the
// end of the block.
func lastToken(lits uint32) token { return token(lits)<<40 | noDistance }

// maxBits returns the maximum number of bits for n bytes of input: a match
// takes at most 47 bits and represents at least four bytes.
func maxBits(n int) int { return n*maxLitBits + maxLitBits }

// distSymbols is the symbol of each distance minus one.
var distSymbols = func() (t [Window + 1]uint8) {
	for d := range t[:Window] {
		t[d] = uint8(distSymbol(uint32(d)))
	}
	t[noDistance] = noDist
	return t
}()

// fill prepares the codes of a block.
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

// write appends the tokens of src. The buffer must have room for maxBits.
func (c *codes) write(w *bitWriter, tokens []token, src []byte) {
	if hasFast && cap(src)-len(src) >= overread {
		n, acc, nacc := writeFast(c, &tokens[0], len(tokens), &src[0], &w.buf[w.n], w.acc, w.nacc)
		w.n, w.acc, w.nacc = w.n+n, acc, nacc
		return
	}
	c.writePlain(w, tokens, src)
}

// overread is the number of bytes behind its input that writeFast may read.
const overread = 3

// keeps[n] is a mask for the first n of three codes in writeFast: a code of no
// bits writes nothing.
//
//nolint:unused // used by assembly
var keeps = [4][3]code{{0, 0, 0}, {^code(0), 0, 0}, {^code(0), ^code(0), 0}, {^code(0), ^code(0), ^code(0)}}

// writePlain is writeFast in Go. Codes are at most maxLitBits long, so four
// literals fit into 64 bits beside up to 7 remaining bits. The fields of the
// writer are copied to local variables, which the compiler keeps in registers.
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
