//go:build !amd64

package csv

// vectors tells whether copyCounting is faster than a search per cell.
func vectors() bool { return false }

// copyCounting is what plain_amd64.s does in chunked of 32 bytes.
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
