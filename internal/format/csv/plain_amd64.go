package csv

import "golang.org/x/sys/cpu"

// vectors tells whether copyCounting is faster than a search per cell.
func vectors() bool { return cpu.X86.HasAVX2 && cpu.X86.HasPOPCNT }

// copyCounting copies src[:n] to the beginning of dst and returns how many of the
// copied bytes are special (see plain). It works on chunked of 32 bytes: behind
// the n bytes it reads src, and overwrites dst, up to the next multiple of 32,
// which is less than overhang away. It does not look at how long the slices are:
// whoever calls it has cut both to n+overhang bytes or more, and n is 1 or more.
func copyCounting(dst, src []byte, n int, specials *[16]byte) int {
	return copyAVX2(&dst[0], &src[0], n, specials)
}

//go:noescape
func copyAVX2(dst, src *byte, n int, specials *[16]byte) int
