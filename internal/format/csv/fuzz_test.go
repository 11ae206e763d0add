package csv

import (
	"io"
	"strings"
	"testing"

	"exporttask/internal/format"
	"exporttask/internal/format/formattest"
	"exporttask/internal/format/row"
)

// FuzzEncoder_Encode_reference cuts data into cells (0x00 ends one, 0xfe maxSeparate is
// NULL), of width columns, writes them with the options that bits choose, and
// holds the encoder against the reference.
func FuzzEncoder_Encode_reference(f *testing.F) {
	f.Add([]byte("a\x00b,c\x00\"d\"\x00"), uint8(3), uint16(0))
	f.Add([]byte("=1\x00\xfe\x00 x\x00-5\x00"), uint8(2), uint16(1))
	f.Add([]byte("1234567\x0012345678\x00123456789\x00\r\n\x00"), uint8(4), uint16(0x3f))
	f.Add([]byte(strings.Repeat("long,", 60)+"\x00"), uint8(1), uint16(4))
	f.Add([]byte("a\x00\xfe\x00\x00b\x00\x00\x00\x00c\x00"), uint8(8), uint16(0x100))
	f.Add([]byte("12\x00x\x00-\x00NULL\x001\x00NULL\x00"), uint8(3), uint16(0x900))
	nulls := []string{"", "NULL", `\N`, "-", "1", "", "", ""}
	f.Fuzz(func(t *testing.T, data []byte, width uint8, bits uint16) {
		rows := cut(data, int(width%12)+1)
		source := make([]row.Column, width%12+1)
		for i := range source {
			source[i] = row.Column{Name: string(rune('a' + i)), Kind: kindOf(rows, i)}
			if i%3 == 2 && bits&1 != 0 {
				source[i].Kind = row.Binary
			}
		}
		cols := formattest.Columns(source...)
		if bits&2 != 0 {
			for i := range cols {
				cols[i].Source, cols[i].Index = source[len(source)-1-i], len(source)-1-i
			}
		}
		if bits&4 != 0 {
			cols = cols[:(len(cols)+1)/2]
		}
		opt := format.Options{
			LF: bits&8 != 0, QuoteAll: bits&16 != 0, NoGuard: bits&32 != 0, BOM: bits&64 != 0, NoHeader: bits&128 != 0,
			Delimiter: delimiters[int(bits>>8)%len(delimiters)], NullText: nulls[bits>>13],
		}
		if _, err := New(io.Discard, cols, opt); err != nil {
			t.Fatal(err)
		}
		want, _ := reference(cols, opt, rows)
		got, _ := encode(t, cols, opt, rows, 3)
		if got != want {
			t.Errorf("%+v: got %q, want %q", opt, got, want)
		}
	})
}

// cut makes rows of data.
func cut(data []byte, width int) (rows [][][]byte) {
	var cells [][]byte
	for text := range strings.SplitSeq(string(data), "\x00") {
		c := []byte(text)
		if text == "\xfe" {
			c = nil
		}
		if cells = append(cells, c); len(cells) == width {
			rows, cells = append(rows, cells), nil
		}
	}
	return rows
}

// kindOf is Int for a column of nothing but digits.
func kindOf(rows [][][]byte, i int) row.Kind {
	for _, cells := range rows {
		if strings.Trim(string(cells[i]), "0123456789") != "" {
			return row.Text
		}
	}
	return row.Int
}
