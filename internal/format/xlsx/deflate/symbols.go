package deflate

import "math/bits"

// The alphabets of RFC 1951, section 3.2.5, and the maximum lengths of their
// codes. Four literals must fit into one 8-byte store, see codes.writePlain.
const (
	numLit      = 286
	numDist     = 30
	endOfBlock  = 256
	maxLitBits  = 14
	maxDistBits = 15
)

// lengthExtra and lengthBase describe the length symbols from 257 on.
var (
	lengthExtra = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	lengthBase  = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
)

// lengthSymbol is the symbol of each match length.
var lengthSymbol = lengthSymbols()

func lengthSymbols() (t [maxMatch + 1]uint16) {
	for s, base := range lengthBase {
		for n := int(base); n < int(base)+1<<lengthExtra[s] && n <= maxMatch; n++ {
			t[n] = uint16(endOfBlock + 1 + s)
		}
	}
	return t
}

// distSymbol returns the symbol of a distance minus one. Each power of two has
// two symbols, distinguished by the bit below the highest.
func distSymbol(d uint32) int {
	if d < 2 {
		return int(d)
	}
	n := bits.Len32(d) - 1
	return 2*n + int(d>>(n-1)&1)
}

// distExtra is the number of extra bits of each distance symbol, which are the
// lowest bits of the distance minus one.
var distExtra = [32]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
