//go:build !purego

package deflate

import "golang.org/x/sys/cpu"

// hasFast reports whether the processor has the instructions of writeFast.
var hasFast = cpu.X86.HasBMI2

// writeFast writes n tokens, the last of which must be a lastToken, in two
// thirds of the time of writePlain: the compiler keeps half of the loop's
// variables in memory and shifts by variable amounts through one register. That
// is a fifth of the CPU time of an XLSX file (BenchmarkOrders of package xlsx with
// and without the build tag purego).
//
// It reads the bytes of the tokens from src and up to overread bytes behind
// them, and writes at most maxBits and 7 bytes from out; the caller must have
// checked both. acc has nacc bits, at most 7, that are not in out yet; accEnd
// and naccEnd are the bits that remain after written bytes.
//
//go:noescape
func writeFast(c *codes, tokens *token, n int, src, out *byte, acc uint64, nacc uint) (written int, accEnd uint64, naccEnd uint)
