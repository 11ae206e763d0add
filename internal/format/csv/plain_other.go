//go:build !amd64 || purego

package csv

// vectors reports that copyCounting is slower than a search in each cell.
func vectors() bool { return false }

// copyCounting is the portable form of the assembly in plain_amd64.s. Encoders
// do not use it, since vectors returns false; the tests run plain rows with it.
func copyCounting(dst, src []byte, n int, specials *[16]byte) int {
	count := 0
	for i, c := range src[:n] {
		dst[i] = c
		if specials[c&15] == c {
			count++
		}
	}
	return count
}
