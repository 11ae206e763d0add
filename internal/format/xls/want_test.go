package xls

import (
	"bytes"
	"slices"
	"strconv"
	"testing"
	"unicode/utf16"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// want is what a reader must find in a cell: the rules of the package once
// more, written for plainness.
func want(c *format.Column, raw []byte) any {
	if raw == nil {
		return nil
	}
	text := c.AppendText(nil, raw)
	switch c.Stored() {
	case format.AsNumber:
		number := text
		if c.StoreNumber(text) == format.ByRounding {
			number, _, _ = format.AppendNumber(nil, text)
		} else if c.StoreNumber(text) != format.AsItIs {
			break
		}
		if v, err := strconv.ParseFloat(string(number), 64); err == nil {
			return v
		}
	case format.AsDate, format.AsDateTime:
		if s, ok := format.CellSerial(text, c.SerialPrecision()); ok {
			return s.Float64()
		}
	case format.AsBool:
		if v, ok := format.ParseBool(text); ok {
			return v
		}
	case format.Auto, format.AsText:
	}
	return wantText(text)
}

func wantText(text []byte) string {
	var u []uint16
	for _, r := range string(text) { // a byte that is no UTF-8 gives U+FFFD
		if r == 0 {
			r = '\uFFFD'
		}
		next := utf16.AppendRune(u, r)
		if len(next) > 32767 {
			break
		}
		u = next
	}
	return string(utf16.Decode(u))
}

// encodeAll writes the batches and returns the file.
func encodeAll(tb testing.TB, cols []format.Column, opt format.Options, batches ...*row.Batch) ([]byte, format.Summary) {
	tb.Helper()
	if opt.TempDir == "" {
		opt.TempDir = tb.TempDir()
	}
	var out bytes.Buffer
	e, err := New(&out, cols, opt)
	if err != nil {
		tb.Fatalf("new: %v", err)
	}
	for _, b := range batches {
		if err := e.Encode(b); err != nil {
			tb.Fatalf("encode: %v", err)
		}
	}
	if err := e.Close(); err != nil {
		tb.Fatalf("close: %v", err)
	}
	return out.Bytes(), e.Summary()
}

// wantGrid is what the batches should read as: each sheet's rows behind its
// header.
func wantGrid(cols []format.Column, opt format.Options, batches ...*row.Batch) [][][]any {
	header := make([]any, len(cols))
	last := 0
	for i := range cols {
		header[i] = wantText([]byte(cols[i].Label))
		last = max(last, cols[i].Index)
	}
	first := [][]any{}
	if !opt.NoHeader {
		first = [][]any{header}
	}
	sheets := [][][]any{first}
	for _, b := range batches {
		for i := range b.Len() {
			cells := make([][]byte, last+1)
			p := b.Row(i)
			for k := range cells {
				cells[k], p = row.Cell(p)
			}
			n := len(sheets) - 1
			if len(sheets[n]) == 65536 {
				sheets = append(sheets, slices.Clip(first))
				n++
			}
			r := make([]any, len(cols))
			for k := range cols {
				r[k] = want(&cols[k], cells[cols[k].Index])
			}
			sheets[n] = append(sheets[n], r)
		}
	}
	return sheets
}
