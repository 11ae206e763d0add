package deflate

// sample is how many bytes at each end of a block are counted for its codes,
// except where size counts. Rows of one table are alike: a few percent of them
// make codes that are half a percent worse, and counting all takes as long as
// writing them.
const sample = 16 << 10

// counts is how often each symbol of a block occurs.
type counts struct {
	lit  [2][256]uint32
	freq [numLit]uint32 // of literals, once added up, and of lengths
	dist [32]uint32     // numDist of them are used
}

// of counts the block whose tokens end at covered, src being its bytes.
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
	// What was not seen may still be there: a code for all costs little where
	// the others weigh more.
	c.add(16, 1)
}

// first counts tokens up to the one that passes most bytes and returns where it
// ends.
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

// last counts tokens backwards from the last one, which ends at p.
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

// literals counts literals. Two tables take turns, since a run of one digit
// would otherwise make each increment wait for the one before.
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

// add adds the tables of literals up, each count weighed and more added.
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
