// Package deflate writes RFC 1951 blocks for text whose writer knows where it
// repeats itself. It is called by package xlsx alone, with the XML of a block
// of rows.
//
// A general compressor finds repeats by hashing every position of its input.
// Whoever has just written a table knows them: the markup around a cell stood
// at a known place one row earlier, the row's number a few bytes ago. So the
// writer tells the block's Encoder while it writes: Repeat and RepeatTwo where
// it knows that the bytes are the same, which costs a few instructions and no
// look at them, Agree where it has just found out, Guess where they may begin
// alike, as values do. What is told of no way stays literal, long runs of which
// are searched. The Huffman codes are those of a block's both ends.
//
// Every block stands alone (no match reaches before it), is never the last of
// its stream and ends on a byte boundary, so that blocks made in parallel can
// be joined by laying them end to end and ending the stream with End. The
// package keeps no state between blocks and never reads or writes a stream.
package deflate
