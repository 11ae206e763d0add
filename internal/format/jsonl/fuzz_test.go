package jsonl

import (
	"bytes"
	"encoding/json"
	"io"
	"math/big"
	"strings"
	"testing"
	"unicode/utf8"

	"exporttask/internal/format"
	"exporttask/internal/format/formattest"
	"exporttask/internal/format/row"
)

// FuzzEncoder_Encode_reader cuts data into cells (0x00 ends one, 0xfe alone is
// NULL) of width columns of the kinds that the bits choose, and compares the values
// that encoding/json reads with the cells.
func FuzzEncoder_Encode_reader(f *testing.F) {
	f.Add([]byte("a\x0012\x00\"d\"\x00"), uint8(3), uint32(0))
	f.Add([]byte("-1\x00\xfe\x00 12345678.5\x00-5\x00"), uint8(2), uint32(0x1111))
	f.Add([]byte("1234567\x0012345678\x00123456789\x00-0\x0000\x00-\x00.5\x001.\x001e5\x00"), uint8(1), uint32(1))
	f.Add([]byte("2026-01-31 23:59:59\x000000-00-00 00:00:00\x00\xff\x80\x00"), uint8(1), uint32(2))
	f.Add([]byte(`{"a": [1, "x"]}`+"\x00[\x00"), uint8(1), uint32(3))
	f.Add([]byte(strings.Repeat("long 长\n", 60)+"\x00"), uint8(1), uint32(0))
	kinds := []row.Column{
		{Kind: row.Text},
		{Kind: row.Int},
		{Kind: row.DateTime, Scale: 6},
		{Kind: row.Text, Type: "JSON"},
		{Kind: row.Decimal, Scale: 2},
		{Kind: row.Float, Scale: -1},
		{Kind: row.Binary},
		{Kind: row.Int, Zerofill: true},
	}
	f.Fuzz(func(t *testing.T, data []byte, width uint8, bits uint32) {
		n := int(width%8) + 1
		source := make([]row.Column, n)
		for i := range source {
			source[i] = kinds[bits>>(4*i)&7]
			source[i].Name = string(rune('a' + i))
		}
		var rows [][][]byte
		var cells [][]byte
		for text := range bytes.SplitSeq(data, []byte{0}) {
			if text = append([]byte{}, text...); string(text) == "\xfe" {
				text = nil
			}
			if cells = append(cells, text); len(cells) == n {
				rows, cells = append(rows, cells), nil
			}
		}
		opt := format.Options{JSONNumbers: []format.JSONNumbers{"", "", "string", "number"}[bits>>3&1+bits>>6&2]}
		file, _ := encode(t, formattest.Declared("", source...), opt, rows, true)
		if slow, _ := encode(t, formattest.Declared("", source...), opt, rows, false); slow != file {
			t.Fatalf("the fast path wrote %q, the slow one %q", file, slow)
		}
		lines := strings.Split(file, "\n")
		if len(lines) != len(rows)+1 {
			t.Fatalf("got %d lines of %d rows: %q", len(lines), len(rows), file)
		}
		for i, cells := range rows {
			if !utf8.ValidString(lines[i]) {
				t.Fatalf("not UTF-8: %q", lines[i])
			}
			d := json.NewDecoder(strings.NewReader(lines[i]))
			d.UseNumber()
			token := func() json.Token {
				v, err := d.Token()
				if err != nil {
					t.Fatalf("%q: %v", lines[i], err)
				}
				return v
			}
			token()
			for k, c := range cells {
				if key := token(); key != source[k].Name {
					t.Fatalf("%q: got key %v, want %s", lines[i], key, source[k].Name)
				}
				var v any
				if err := d.Decode(&v); err != nil {
					t.Fatalf("%q: %v", lines[i], err)
				}
				if !same(source[k], v, c) {
					t.Errorf("%q: got %v of the cell %q", lines[i], v, c)
				}
			}
			if token(); d.More() {
				t.Errorf("%q: more than one value", lines[i])
			}
			if _, err := d.Token(); err != io.EOF { //nolint:errorlint // Token returns io.EOF itself
				t.Errorf("%q: %v at the end", lines[i], err)
			}
		}
	})
}

// same reports whether a value that was read is that of the cell.
func same(c row.Column, v any, cell []byte) bool {
	if cell == nil {
		return v == nil
	}
	if c.Type == "JSON" && json.Valid(bytes.ToValidUTF8(cell, []byte("\uFFFD"))) {
		return true // compacted by encoding/json itself
	}
	switch v := v.(type) {
	case json.Number:
		a, ok1 := new(big.Rat).SetString(v.String())
		b, ok2 := new(big.Rat).SetString(string(cell))
		return ok1 && ok2 && a.Cmp(b) == 0
	case string:
		if c.Kind == row.Binary {
			return true // by TestEncoder_Encode
		}
		text := strings.ToValidUTF8(string(cell), "\uFFFD")
		if isDateTime(cell) && len(v) > 10 && v[10] == 'T' {
			v = v[:10] + " " + v[11:]
		}
		// A run of invalid bytes is one U+FFFD for ToValidUTF8 and several here.
		short := func(s string) string { return strings.ReplaceAll(s, "\uFFFD", "") }
		return short(v) == short(text)
	}
	return false
}
