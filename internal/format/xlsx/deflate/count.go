package deflate

// sample is the number of bytes at each end of a block whose symbols are
// counted, unless Search is set. Rows of a table are similar: counting a few
// percent of them makes codes that are half a percent worse, and counting all
// takes as long as writing them.
const sample = 16 << 10

// counts is the number of occurrences of each symbol in a block.
type counts struct {
	lit  [2][256]uint32
	freq [numLit]uint32 // sum of lit, and counts of lengths
	dist [32]uint32     // the first numDist are used
}

// of counts the symbols of a block src whose tokens end at covered.
func (c *counts) of(src []byte, tokens []token, covered uint32, all bool) {
	*c = counts{}
	if all || len(src) <= 2*sample {
		n := c.first(src, tokens, len(src))
		c.literals(src[n:])
		c.add(1, 0)
		return
	}
	c.first(src, tokens, sample)
	c.last(src, tokens, int(covered), sample)
	// Symbols outside of the sample need codes as well: every count is increased
	// by one, and weights keep the others much larger.
	c.add(16, 1)
}

// first counts tokens from the beginning until they cover most bytes, and
// returns the end of the last one.
func (c *counts) first(src []byte, tokens []token, most int) int {
	p := 0
	for _, t := range tokens {
		if p >= most {
			break
		}
		c.literals(src[p : p+t.lits()])
		c.match(t)
		p += t.lits() + t.length()
	}
	return p
}

// last counts tokens backwards from the last one, which ends at p, until they
// cover most bytes.
func (c *counts) last(src []byte, tokens []token, p, most int) {
	for i := len(tokens) - 1; i >= 0 && most > 0; i-- {
		t := tokens[i]
		p -= t.lits() + t.length()
		most -= t.lits() + t.length()
		c.literals(src[p : p+t.lits()])
		c.match(t)
	}
}

func (c *counts) match(t token) {
	c.freq[lengthSymbol[t.length()]]++
	c.dist[distSymbol(t.dist()-1)]++
}

// literals counts literals in two alternating tables, so that the increments of
// a repeated byte need not wait for one another.
func (c *counts) literals(p []byte) {
	for len(p) >= 2 {
		c.lit[0][p[0]]++
		c.lit[1][p[1]]++
		p = p[2:]
	}
	if len(p) == 1 {
		c.lit[0][p[0]]++
	}
}

// add adds up the tables of literals, multiplies all counts by weight and adds
// more.
func (c *counts) add(weight, more uint32) {
	for i := range c.lit[0] {
		c.freq[i] = (c.lit[0][i]+c.lit[1][i])*weight + more
	}
	c.freq[endOfBlock] = 1
	for i := endOfBlock + 1; i < numLit; i++ {
		c.freq[i] = c.freq[i]*weight + more
	}
	for i := range c.dist[:numDist] {
		c.dist[i] = c.dist[i]*weight + more
	}
}
