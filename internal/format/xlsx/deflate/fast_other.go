//go:build !amd64

package deflate

const hasFast = false

func writeFast(*codes, *token, int, *byte, *byte, uint64, uint) (written int, accEnd uint64, naccEnd uint) {
	panic("deflate: writeFast is of amd64")
}
