package parquet

// chunk is the column chunk of the open row group.
type chunk struct {
	open          bool
	pages         []page
	codec         int32
	useDictionary bool
	dictionary    dictionary
	indexes       []uint64 // of the values of a page in the dictionary
	lengths       []int64  // of the values of a page
}

// sampleValues is how many values decide whether a dictionary pays.
const sampleValues = 2048

// beginChunk chooses the encodings of the chunk by its first values.
func (c *column) beginChunk() {
	ch := &c.chunk
	ch.open = true
	ch.dictionary.reset()
	n := min(c.values(), sampleValues)
	ch.useDictionary = n > 0 && c.schema.physical != typeBoolean
	if !ch.useDictionary {
		return
	}
	for i := range n {
		if c.numeric() {
			ch.dictionary.number(c.nums[i])
		} else {
			ch.dictionary.bytes(cut(c.data, c.ends, i))
		}
		if ch.dictionary.len() > 64+n/4 {
			ch.useDictionary = false
			ch.dictionary.reset()
			return
		}
	}
	if ch.dictionary.full() { // a few very long values
		ch.useDictionary = false
		ch.dictionary.reset()
	}
}

// end empties the chunk for the next row group.
func (ch *chunk) end() {
	ch.open, ch.pages = false, ch.pages[:0]
	ch.dictionary.reset()
}

// arena keeps the pages of the open row group in blocks that are used again.
type arena struct {
	blocks [][]byte
	at     int // number of the block in use
	used   int // bytes
}

const arenaBlock = 1 << 20

// add returns a copy of a and b, one behind the other, which is valid until reset.
func (m *arena) add(a, b []byte) []byte {
	n := len(a) + len(b)
	m.used += n
	if n > arenaBlock {
		return append(append(make([]byte, 0, n), a...), b...)
	}
	if m.at < len(m.blocks) && len(m.blocks[m.at])+n > arenaBlock {
		m.at++
	}
	if m.at == len(m.blocks) {
		m.blocks = append(m.blocks, make([]byte, 0, arenaBlock))
	}
	block := &m.blocks[m.at]
	from := len(*block)
	*block = append(append(*block, a...), b...)
	return (*block)[from:len(*block):len(*block)]
}

// reset frees all pages.
func (m *arena) reset() {
	for i := range m.blocks {
		m.blocks[i] = m.blocks[i][:0]
	}
	m.at, m.used = 0, 0
}
