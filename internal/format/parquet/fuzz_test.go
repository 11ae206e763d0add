package parquet

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"exporttask/internal/format"
	"exporttask/internal/format/formattest"
	"exporttask/internal/format/row"
)

// FuzzEncoder_Encode_reader cuts data into cells (0x00 ends one, 0xfe alone is
// NULL) of width columns of the kinds that the bits choose. Either a cell does not
// fit its column, or arrow-go reads a value equal to each cell.
func FuzzEncoder_Encode_reader(f *testing.F) {
	f.Add([]byte("a\x0012\x00b\x00"), uint8(2), uint64(0x01), uint8(1))
	f.Add([]byte("-1\x00\xfe\x00127\x00-128\x00"), uint8(0), uint64(0x2), uint8(200))
	f.Add([]byte("1.5\x00-0.01\x00\xfe\x00123456789012345.67\x00"), uint8(0), uint64(0x4), uint8(3))
	f.Add([]byte("2026-01-31\x000000-00-00\x001969-12-31 23:59:59.5\x00"), uint8(0), uint64(0x6), uint8(9))
	f.Add([]byte("08:00:00\x00-01:00:00\x0023:59:59\x00"), uint8(0), uint64(0x8), uint8(1))
	f.Add([]byte("18446744073709551615\x000\x00"), uint8(0), uint64(0x3), uint8(40))
	f.Add([]byte(strings.Repeat("long 长\n", 60)+"\x00"), uint8(0), uint64(0), uint8(30))
	kinds := []row.Column{
		{Type: "VARCHAR"},
		{Kind: row.Int, Type: "BIGINT"},
		{Kind: row.Int, Type: "TINYINT"},
		{Kind: row.Int, Type: "BIGINT UNSIGNED", Unsigned: true},
		{Kind: row.Decimal, Type: "DECIMAL", Length: 18, Scale: 2},
		{Kind: row.Decimal, Type: "DECIMAL", Length: 38, Scale: 9},
		{Kind: row.DateTime, Type: "DATETIME", Scale: 6},
		{Kind: row.Date, Type: "DATE"},
		{Kind: row.Time, Type: "TIME", Scale: 0},
		{Kind: row.Float, Type: "DOUBLE"},
		{Kind: row.Binary, Type: "BLOB"},
		{Kind: row.Bit, Type: "BIT", Length: 64},
		{Type: "JSON"},
		{Kind: row.Int, Type: "INT UNSIGNED", Unsigned: true},
		{Kind: row.Year, Type: "YEAR"},
		{Kind: row.Float, Type: "FLOAT"},
	}
	f.Fuzz(func(t *testing.T, data []byte, width uint8, bits uint64, times uint8) {
		n := int(width%6) + 1
		source := make([]row.Column, n)
		for i := range source {
			source[i] = kinds[bits>>(4*i)&15]
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
		for once := rows; len(rows) < len(once)*int(times); { // runs, dictionaries, several bit-packed groups
			rows = append(rows, once...)
		}
		file, _, err := tryEncode(formattest.Declared("", source...), format.Options{}, rows...)
		if err != nil {
			return
		}
		got := read(t, file)
		if len(got.rows) != len(rows) {
			t.Fatalf("got %d rows, want %d", len(got.rows), len(rows))
		}
		for i, cells := range rows {
			for k, cell := range cells {
				if !same(source[k], got.rows[i][k], cell) {
					t.Fatalf("row %d, %s: got %v (%T) of %q", i, source[k].Type, got.rows[i][k], got.rows[i][k], cell)
				}
			}
		}
	})
}

// same reports whether a value that was read is that of the cell.
func same(c row.Column, v any, cell []byte) bool {
	text := string(cell)
	if v == nil {
		return cell == nil || (c.Kind == row.Date || c.Kind == row.DateTime) && !format.IsDay(cell)
	}
	if cell == nil {
		return false
	}
	rat := func(unscaled *big.Int) bool {
		want, ok := new(big.Rat).SetString(text)
		scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(c.Scale)), nil)
		return ok && want.Cmp(new(big.Rat).SetFrac(unscaled, scale)) == 0
	}
	if c.Kind == row.Date || c.Kind == row.DateTime {
		days, micros := int64(0), int64(0)
		switch v := v.(type) {
		case int32:
			days = int64(v)
		case int64:
			micros = v
		}
		at := time.Unix(days*86400, 0).UTC().Add(time.Duration(micros%1_000_000) * time.Microsecond).Add(time.Duration(micros/1_000_000) * time.Second)
		if c.Kind == row.Date || len(text) == 10 {
			return strings.HasPrefix(text, at.Format("2006-01-02"))
		}
		want, err := time.Parse("2006-01-02 15:04:05.999999", strings.Replace(text, "T", " ", 1))
		return err == nil && want.Equal(at)
	}
	switch v := v.(type) {
	case int32:
		if c.Unsigned {
			return sameInt(text, new(big.Int).SetUint64(uint64(uint32(v))))
		}
		return sameInt(text, big.NewInt(int64(v)))
	case int64:
		switch {
		case c.Kind == row.Decimal:
			return rat(big.NewInt(v))
		case c.Kind == row.Time:
			s := v / 1_000_000
			short := fmt.Sprintf("%02d:%02d:%02d", s/3600, s/60%60, s%60)
			return strings.HasPrefix(strings.TrimLeft(text, "0"), strings.TrimLeft(short, "0"))
		case c.Kind == row.Bit:
			var want uint64
			for _, b := range cell {
				want = want<<8 | uint64(b)
			}
			return want == uint64(v)
		case c.Unsigned:
			return sameInt(text, new(big.Int).SetUint64(uint64(v)))
		}
		return sameInt(text, big.NewInt(v))
	case float32:
		want, err := strconv.ParseFloat(text, 32)
		return err == nil && (float32(want) == v || math.IsNaN(want))
	case float64:
		want, err := strconv.ParseFloat(text, 64)
		return err == nil && want == v
	case string:
		if c.Kind == row.Decimal {
			n := new(big.Int).SetBytes([]byte(v))
			if v[0]&0x80 != 0 {
				n.Sub(n, new(big.Int).Lsh(big.NewInt(1), 128))
			}
			return rat(n)
		}
		if c.Kind == row.Binary {
			return v == text
		}
		return v == strings.ToValidUTF8(text, "\uFFFD")
	}
	return false
}

func sameInt(text string, v *big.Int) bool {
	want, ok := new(big.Int).SetString(strings.TrimPrefix(text, "+"), 10)
	return ok && want.Cmp(v) == 0
}
