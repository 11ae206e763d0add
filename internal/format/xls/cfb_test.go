package xls

import (
	"bytes"
	"testing"
)

// The FAT, and past 109 sectors of it the DIFAT, must add up at every size;
// the odd ones are where a sector more is needed.
func TestContainer_table_boundaries(t *testing.T) {
	sizes := []int64{0, 1, miniCutoff - 1, miniCutoff, miniCutoff + 1}
	fats, difs := uint32(1), uint32(0)
	for sectors := uint32(8); sectors < (headerFATs+difPerSector+2)*fatPerSector; sectors++ {
		f, d := tables(sectors)
		if f == fats && d == difs {
			continue
		}
		if f == headerFATs+1 || d != difs || f < 4 {
			size := int64(sectors) * sectorSize
			sizes = append(sizes, size-sectorSize, size-sectorSize+1, size)
		}
		fats, difs = f, d
	}
	if difs != 2 {
		t.Fatalf("the sizes tried come to %d DIFAT sectors, want 2", difs)
	}
	for _, size := range sizes {
		var out bytes.Buffer
		c := newContainer(&out, size, make([]byte, summarySize))
		want := bytes.Repeat([]byte{7}, int(size))
		if _, err := c.Write(want); err != nil {
			t.Fatal(err)
		}
		if err := c.finish(); err != nil {
			t.Fatal(err)
		}
		got := readContainer(t, out.Bytes())
		if size < miniCutoff {
			want = append(want, make([]byte, miniCutoff-size)...)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("a stream of %d bytes reads back otherwise", size)
		}
	}
}

// No table may be larger than what it lists, at any size up to the limit.
func TestTables_minimal(t *testing.T) {
	for stream := uint32(miniCutoff / sectorSize); stream <= maxStream/sectorSize; stream += stream/1000 + 1 {
		fats, difs := tables(stream)
		all := stream + 1 + fats + difs
		if n := fats * fatPerSector; n < all || n >= all+2*fatPerSector {
			t.Fatalf("%d sectors: %d of the FAT for %d", stream, fats, all)
		}
		if n := headerFATs + difs*difPerSector; n < fats || difs > 0 && n >= fats+2*difPerSector {
			t.Fatalf("%d sectors: %d of the DIFAT for %d", stream, difs, fats)
		}
		if end := (int64(all) + 1) * sectorSize; end >= 2<<30 {
			t.Fatalf("%d sectors make a file of %d bytes", stream, end)
		}
	}
}
