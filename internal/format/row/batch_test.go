package row

import (
	"bytes"
	"testing"
)

func TestCell(t *testing.T) {
	cells := [][]byte{nil, {}, []byte("x"), bytes.Repeat([]byte("a"), 250), bytes.Repeat([]byte("b"), 251), bytes.Repeat([]byte("c"), 1<<16-1), bytes.Repeat([]byte("d"), 1<<16), bytes.Repeat([]byte("e"), 1<<24)}
	var b Batch
	b.Append(cells...)
	b.Append([]byte("second"))
	p := b.Row(0)
	for i, want := range cells {
		var got []byte
		got, p = Cell(p)
		if !bytes.Equal(got, want) || (got == nil) != (want == nil) {
			t.Errorf("cell %d: got %d bytes (nil %t), want %d (nil %t)", i, len(got), got == nil, len(want), want == nil)
		}
	}
	if len(p) != 0 {
		t.Errorf("%d bytes left after the last cell", len(p))
	}
	if got, _ := Cell(b.Row(1)); string(got) != "second" {
		t.Errorf("second row: got %q", got)
	}
}
