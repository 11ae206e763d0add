package deflate

import "golang.org/x/sys/cpu"

// hasFast tells whether writeFast runs here.
var hasFast = cpu.X86.HasBMI2

// writeFast writes n tokens, of which the last is a block's, as writePlain does
// and for two thirds of the time: the compiler keeps half of the loop's
// variables in memory, and its shifts go through one register.
//
// It reads the tokens' bytes from src on and up to overread behind them, and
// writes from out on no more than maxBits and 7 bytes; the caller has made sure
// that they are there. acc holds nacc bits, at most 7, that are not yet in out;
// so do accEnd and naccEnd at the end, when written bytes of out are filled.
//
//go:noescape
func writeFast(c *codes, tokens *token, n int, src, out *byte, acc uint64, nacc uint) (written int, accEnd uint64, naccEnd uint)
