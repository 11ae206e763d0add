//go:build !amd64 || purego

package deflate

const hasFast = false

func writeFast(*codes, *token, int, *byte, *byte, uint64, uint) (written int, accEnd uint64, naccEnd uint) {
	panic("deflate: writeFast needs assembly")
}
