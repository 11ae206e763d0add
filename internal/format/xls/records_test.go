package xls

import (
	"bytes"
	"testing"
)

func TestRecords_end_Continue(t *testing.T) {
	for _, n := range []int{0, maxRecord, maxRecord + 1, 2 * maxRecord, 20000} {
		want := bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7}, n/7+1)[:n]
		r := &records{}
		r.words(recBOF, biff8, bofGlobals)
		r.begin(recExtSST)
		r.raw(want)
		r.end()
		r.words(recEOF)
		recs := readRecords(t, r.b, 0, bofGlobals)
		var got []byte
		for i, c := range recs[1 : len(recs)-1] {
			if (i == 0) != (c.id == recExtSST) || i > 0 && c.id != recContinue {
				t.Errorf("%d bytes: record %d is %04x", n, i, c.id)
			}
			got = append(got, c.body...)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%d bytes read back otherwise", n)
		}
	}
}
