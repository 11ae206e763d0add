package parquet

import (
	"bytes"
	"hash/maphash"
	"math/bits"
)

const (
	maxDictionary      = 1 << 16 // entries
	maxDictionaryBytes = 1 << 20
)

// dictionary holds the different values of a column chunk: numbers, or bytes.
type dictionary struct {
	nums  []int64
	data  []byte
	ends  []uint32
	table []uint32 // open addressing: number of the entry + 1; 0 = free
	seed  maphash.Seed
}

// reset empties the dictionary.
func (d *dictionary) reset() {
	if d.table == nil {
		d.table, d.seed = make([]uint32, 1<<9), maphash.MakeSeed()
	}
	clear(d.table)
	d.nums, d.data, d.ends = d.nums[:0], d.data[:0], d.ends[:0]
}

func (d *dictionary) len() int  { return len(d.nums) + len(d.ends) }
func (d *dictionary) size() int { return 8*len(d.nums) + 4*len(d.ends) + len(d.data) }

// full reports whether no more values fit.
func (d *dictionary) full() bool { return d.len() > maxDictionary || d.size() > maxDictionaryBytes }

func hashNumber(v int64) uint64 {
	hi, lo := bits.Mul64(uint64(v)^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	return hi ^ lo
}

// number returns the index of a number, which is added if it is new.
func (d *dictionary) number(v int64) uint64 {
	mask := uint64(len(d.table) - 1)
	for at := hashNumber(v) & mask; ; at = (at + 1) & mask {
		i := d.table[at]
		if i == 0 {
			d.nums = append(d.nums, v)
			d.table[at] = uint32(len(d.nums))
			d.grow()
			return uint64(len(d.nums) - 1)
		}
		if d.nums[i-1] == v {
			return uint64(i - 1)
		}
	}
}

// bytes returns the index of a value of bytes, which is added if it is new.
func (d *dictionary) bytes(v []byte) uint64 {
	mask := uint64(len(d.table) - 1)
	for at := maphash.Bytes(d.seed, v) & mask; ; at = (at + 1) & mask {
		i := d.table[at]
		if i == 0 {
			d.data = append(d.data, v...)
			d.ends = append(d.ends, uint32(len(d.data)))
			d.table[at] = uint32(len(d.ends))
			d.grow()
			return uint64(len(d.ends) - 1)
		}
		if bytes.Equal(cut(d.data, d.ends, int(i-1)), v) {
			return uint64(i - 1)
		}
	}
}

// grow doubles the table if it is more than half full.
func (d *dictionary) grow() {
	if 2*d.len() <= len(d.table) {
		return
	}
	d.table = make([]uint32, 2*len(d.table))
	mask := uint64(len(d.table) - 1)
	for i := range d.len() {
		var h uint64
		if len(d.nums) > 0 {
			h = hashNumber(d.nums[i])
		} else {
			h = maphash.Bytes(d.seed, cut(d.data, d.ends, i))
		}
		at := h & mask
		for d.table[at] != 0 {
			at = (at + 1) & mask
		}
		d.table[at] = uint32(i + 1)
	}
}

// cut returns the i-th of the values that lie one after another in data.
func cut(data []byte, ends []uint32, i int) []byte {
	from := uint32(0)
	if i > 0 {
		from = ends[i-1]
	}
	return data[from:ends[i]]
}
