package row

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestWhole(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 300)
	for name, c := range map[string]struct {
		row  string
		cols int
		want bool
	}{
		"two cells":                         {"\x01a\x01b", 2, true},
		"NULL and empty":                    {"\xfb\x00", 2, true},
		"a long cell":                       {"\xfc\x2c\x01" + string(long), 1, true},
		"a short cell told at length":       {"\xfe\x01\x00\x00\x00\x00\x00\x00\x00a", 1, true},
		"no cell of none":                   {"", 0, true},
		"an empty row":                      {"", 1, false},
		"a cell too few":                    {"\x01a", 2, false},
		"a cell too many":                   {"\x01a\x01b\x01c", 2, false},
		"a cell past the end":               {"\x01a\x09b", 2, false},
		"a cell past the end by one":        {"\x01a\x02b", 2, false},
		"a long cell past the end":          {"\x01a\xfc\x09\x00b", 2, false},
		"a length of three bytes past it":   {"\x01a\xfd\x09\x00\x00b", 2, false},
		"a length that overflows an int":    {"\x01a\xfe\xff\xff\xff\xff\xff\xff\xff\xff", 2, false},
		"a length that overflows by little": {"\x01a\xfe\xf7\xff\xff\xff\xff\xff\xff\x7f", 2, false},
		"a length that leads back":          {"\xfe\xf8\xff\xff\xff\xff\xff\xff\xff" + string(long[:241]), 2, false},
		"half a length":                     {"\x01a\xfd\x01", 2, false},
		"a length without its bytes":        {"\x01a\xfc", 2, false},
		"the byte that is no length":        {"\x01a\xff", 2, false},
		"the byte that is no length, long":  {"\x01a\xff\x01\x00\x00\x00\x00\x00\x00\x00b", 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Whole([]byte(c.row), c.cols); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}

func TestBatch_Check(t *testing.T) {
	var b Batch
	b.Append([]byte("a"), nil)
	b.Append([]byte("b"), []byte{})
	if err := b.Check(); err != nil {
		t.Fatal(err)
	}
	b.Append([]byte("c"))
	b.Append()
	err := b.Check()
	if !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), "row 3 of 4") {
		t.Errorf("got %v, want the third row named", err)
	}
	if err := b.CheckRow(1); err != nil {
		t.Errorf("a whole row of the same batch: %v", err)
	}
	if err := new(Batch).Check(); err != nil {
		t.Errorf("no rows: %v", err)
	}
}

// FuzzWhole gives Whole any bytes: it must not panic, and Cell must walk the
// rows that it takes for whole, cell by cell, exactly to their end.
func FuzzWhole(f *testing.F) {
	f.Add([]byte("\x01a\xfb\x00"), uint8(3))
	f.Add([]byte("\x01a\xfe\xff\xff\xff\xff\xff\xff\xff\xff"), uint8(2))
	f.Add([]byte("\xfc\x01\x00a\xfd\x01\x00\x00b"), uint8(2))
	f.Add([]byte("\xff"), uint8(1))
	f.Fuzz(func(t *testing.T, p []byte, cols uint8) {
		if !Whole(p, int(cols)) {
			return
		}
		for i := range cols {
			before := len(p)
			var c []byte
			if c, p = Cell(p); len(c)+len(p) >= before {
				t.Fatalf("cell %d: %d bytes and %d left of %d", i, len(c), len(p), before)
			}
		}
		if len(p) != 0 {
			t.Fatalf("%d bytes after the last cell", len(p))
		}
	})
}

// FuzzAppendCell is the other direction.
func FuzzAppendCell(f *testing.F) {
	f.Add([]byte("abc"), uint16(250), uint8(2))
	f.Add([]byte(""), uint16(300), uint8(1))
	f.Fuzz(func(t *testing.T, text []byte, times uint16, cols uint8) {
		var p []byte
		for range cols {
			p = AppendCell(p, bytes.Repeat(text, int(times)%1000))
		}
		if !Whole(p, int(cols)) {
			t.Error("a row made of cells is not whole")
		}
		if cols > 0 && (Whole(p, int(cols)-1) || Whole(p[:len(p)-1], int(cols)) || Whole(append(p, 0), int(cols))) {
			t.Error("a cell too many, or a byte too few or too many, is not noticed")
		}
	})
}
