package parquet

import (
	"encoding/binary"
	"math/bits"
)

// appendPacked appends the values with width bits each, the first value in the
// lowest bits, and fills the last byte with zeros. All values must fit.
func appendPacked(dst []byte, values []uint64, width int) []byte {
	if width == 0 {
		return dst
	}
	var acc uint64
	n := 0
	for _, v := range values {
		acc |= v << (n & 63)
		if n += width; n >= 64 {
			dst = binary.LittleEndian.AppendUint64(dst, acc)
			n -= 64
			acc = v >> ((width - n) & 63)
			if n == 0 {
				acc = 0
			}
		}
	}
	for ; n > 0; n -= 8 {
		dst = append(dst, byte(acc))
		acc >>= 8
	}
	return dst
}

// appendHybrid appends the values in the encoding RLE/bit-packed hybrid: one run of
// a repeated value, or one bit-packed run.
func appendHybrid(dst []byte, values []uint64, width int) []byte {
	if len(values) == 0 {
		return dst
	}
	same := true
	for _, v := range values[1:] {
		if v != values[0] {
			same = false
			break
		}
	}
	if same {
		return appendRun(dst, values[0], len(values), width)
	}
	groups := (len(values) + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	end := len(dst) + groups*width
	dst = appendPacked(dst, values, width)
	for len(dst) < end {
		dst = append(dst, 0)
	}
	return dst
}

// appendRun appends a run of n times v.
func appendRun(dst []byte, v uint64, n, width int) []byte {
	dst = binary.AppendUvarint(dst, uint64(n)<<1)
	for range (width + 7) / 8 {
		dst = append(dst, byte(v))
		v >>= 8
	}
	return dst
}

const (
	deltaBlock = 128 // values of a block of DELTA_BINARY_PACKED
	deltaMini  = 32  // values of each of its miniblocks
)

// appendDelta appends the values in the encoding DELTA_BINARY_PACKED. wide is
// false for INT32, whose differences wrap at 32 bits.
func appendDelta(dst []byte, values []int64, wide bool) []byte {
	dst = binary.AppendUvarint(dst, deltaBlock)
	dst = binary.AppendUvarint(dst, deltaBlock/deltaMini)
	dst = binary.AppendUvarint(dst, uint64(len(values)))
	last := values[0]
	if !wide {
		last = int64(int32(last))
	}
	dst = binary.AppendVarint(dst, last)
	var deltas [deltaBlock]uint64
	for rest := values[1:]; len(rest) > 0; {
		n := min(len(rest), deltaBlock)
		least := int64(1<<63 - 1)
		for i, v := range rest[:n] {
			d := v - last
			if !wide {
				d = int64(int32(d))
			}
			last = v
			deltas[i] = uint64(d)
			least = min(least, d)
		}
		dst = appendDeltaBlock(dst, deltas[:n], least, wide)
		rest = rest[n:]
	}
	return dst
}

// appendDeltaBlock appends a block; least is the least of the differences.
func appendDeltaBlock(dst []byte, deltas []uint64, least int64, wide bool) []byte {
	dst = binary.AppendVarint(dst, least)
	widths := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	for k := 0; len(deltas) > 0; k++ {
		var mini [deltaMini]uint64
		n := copy(mini[:], deltas)
		all := uint64(0)
		for i := range n {
			mini[i] -= uint64(least)
			if !wide {
				mini[i] = uint64(uint32(mini[i]))
			}
			all |= mini[i]
		}
		width := bits.Len64(all)
		dst[widths+k] = byte(width)
		dst = appendPacked(dst, mini[:], width)
		deltas = deltas[n:]
	}
	return dst
}
