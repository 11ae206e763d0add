package xls

import (
	"bytes"
	"strconv"
	"testing"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// fuzzTable makes columns of shape, two bytes each, and rows of cells, which
// are separated by "|". "\N" is NULL, and "ab*3" is "ababab".
func fuzzTable(shape, cells []byte) ([]format.Column, *row.Batch) {
	var cols []format.Column
	for i := 0; i+1 < len(shape) && len(cols) < 20; i += 2 {
		c := format.Column{Index: i / 2, Label: string(shape[i : i+2])}
		c.Source.Kind = row.Kind(shape[i] % 11)
		c.Source.Scale = int(shape[i]/11%8) - 1
		c.Type = format.Type(shape[i+1] % 6)
		if shape[i+1]&0x80 != 0 {
			c.Map = map[string]string{"1": "一", "": "leer"}
		}
		cols = append(cols, c)
	}
	b := &row.Batch{}
	if len(cols) == 0 {
		return nil, b
	}
	one := make([][]byte, 0, len(cols))
	for c := range bytes.SplitSeq(cells, []byte("|")) {
		one = append(one, fuzzCell(c))
		if len(one) == len(cols) {
			b.Append(one...)
			one = one[:0]
		}
	}
	return cols, b
}

func fuzzCell(c []byte) []byte {
	if string(c) == `\N` {
		return nil
	}
	if i := bytes.LastIndexByte(c, '*'); i >= 0 {
		if n, err := strconv.Atoi(string(c[i+1:])); err == nil && n >= 0 && n*i <= 100000 {
			c = bytes.Repeat(c[:i], n)
		}
	}
	return append([]byte{}, c...)
}

func FuzzEncoder_Encode(f *testing.F) {
	f.Add([]byte("\x00\x00"), []byte("a|b||\\N|x*9000|中*5000|é*8230|😀*20000"))
	f.Add([]byte("\x01\x00\x02\x00\x03\x00"), []byte("1|-12.50|1e-7|00042|9999999999.99|0.1|18446744073709551615|\\N|-0|536870912|0.005|1e400"))
	f.Add([]byte("\x04\x00\x06\x00\x00\x03"), []byte("2026-01-31|2026-01-31 23:59:59.999999|2026-01-31|0000-00-00|1900-02-28 00:00:00|9999-12-31"))
	f.Add([]byte("\x08\x05\x09\x00\x0a\x00\x07\x00\x05\x80"), []byte("\x01|\x00\xff|\x00\x00\x00\x00|2026|1"))
	f.Add([]byte("\x01\x00\x01\x00\x01\x00\x01\x00"), []byte("1|2|3|4|5|\\N|7|8|9|10|x|12|\\N|\\N|\\N|\\N"))
	f.Fuzz(func(t *testing.T, shape, cells []byte) {
		cols, b := fuzzTable(shape, cells)
		if cols == nil {
			return
		}
		check(t, cols, format.Options{SheetName: string(shape)}, b)
	})
}
