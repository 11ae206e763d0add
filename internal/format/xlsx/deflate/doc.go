// Package deflate writes RFC 1951 blocks for text whose writer knows where it
// repeats itself. Package xlsx uses it for the XML of table rows.
//
// A general compressor finds repeats by hashing every position of its input.
// The writer of a table knows them: the markup around a cell equals that of the
// preceding row, the row number that of the preceding cell. The writer
// therefore reports repeats to the Encoder while it writes: Repeat and
// RepeatTwo for bytes known to be equal, without a comparison; Agree for a
// prefix that the caller has compared; Guess for values that may begin alike.
// Other bytes are literals, and long runs of literals are searched for repeats.
// The Huffman codes are computed from both ends of a block.
//
// Blocks are independent (no match reaches before its block), never final, and
// end on a byte boundary, so that blocks compressed concurrently can be
// concatenated, followed by End. The package keeps no state between blocks.
package deflate
