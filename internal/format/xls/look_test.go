package xls

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// declared returns the columns of a declaration of n INT and t VARCHAR.
func declared(t *testing.T, decl string) []format.Column {
	t.Helper()
	specs, err := format.ParseColumns(decl)
	if err != nil {
		t.Fatal(err)
	}
	cols, err := format.Resolve(specs, []row.Column{{Name: "n", Type: "INT", Kind: row.Int, Scale: -1, Length: 11}, {Name: "t", Type: "VARCHAR", Scale: -1}})
	if err != nil {
		t.Fatal(err)
	}
	return cols
}

// records returns the records of the workbook stream of a file of the rows.
func streamRecords(t *testing.T, cols []format.Column, opt format.Options, rows int) []rec {
	t.Helper()
	var out bytes.Buffer
	opt.TempDir = t.TempDir()
	e, err := New(&out, cols, opt)
	if err != nil {
		t.Fatal(err)
	}
	b := new(row.Batch)
	for i := range rows {
		b.Append(fmt.Append(nil, i), []byte("a\nb"))
	}
	if err := e.Encode(b); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	var list []rec
	for p := readContainer(t, out.Bytes()); len(p) >= headSize && le16(p) != 0; p = p[headSize+int(le16(p[2:])):] {
		list = append(list, rec{id: le16(p), body: p[headSize : headSize+int(le16(p[2:]))]})
	}
	return list
}

func count(list []rec, id uint16) (n int, last []byte) {
	for _, r := range list {
		if r.id == id {
			n, last = n+1, r.body
		}
	}
	return n, last
}

func TestEncoder_totals_records(t *testing.T) {
	cols := declared(t, `[{"name":"n","total":"sum","group":"A","conditions":[{"if":"< 5","fill":"#FFFF00"},{"if":"empty","color":"#FF0000"}]},{"name":"t","total":"count","group":"A"}]`)
	list := streamRecords(t, cols, format.Options{Title: "Übersicht", RightToLeft: true, Created: time.Unix(1e9, 0)}, 10)
	if n, body := count(list, recFormula); n != 2 || le16(body) != 12 || !bytes.Equal(body[22:], []byte{ptgInt, 103, 0, ptgArea, 2, 0, 11, 0, 1, 0xc0, 1, 0xc0, ptgFuncVar, 2, 0x58, 1}) {
		t.Errorf("%d formulas, the last % x", n, body)
	}
	if n, body := count(list, recMergeCells); n != 1 || !bytes.Equal(body, []byte{1, 0, 0, 0, 0, 0, 0, 0, 1, 0}) {
		t.Errorf("%d records of merged cells: % x", n, body)
	}
	if n, _ := count(list, recCondFmt); n != 1 {
		t.Errorf("%d records of conditional formats, want 1", n)
	}
	if n, body := count(list, recCF); n != 2 || body[0] != 2 {
		t.Errorf("%d records of conditions, want 2: % x", n, body)
	}
	if n, body := count(list, recLbl); n != 2 || body[15] != namePrintTitles {
		t.Errorf("%d names, want the filter and the print titles: % x", n, body)
	}
	if n, body := count(list, recWindow2); n != 1 || le16(body)&0x0040 == 0 {
		t.Errorf("window % x, want right to left", body)
	}
	if n, body := count(list, recSetup); n != 1 || le16(body[6:]) != 1 || le16(body[8:]) != 0 || le16(body[10:]) != 2 {
		t.Errorf("page setup % x, want one page wide, upright", body)
	}
	if _, body := count(list, recBoundSheet8); !bytes.Contains(body, []byte("\xdcbersicht")) {
		t.Errorf("sheet % x", body)
	}
	heights := 0
	for _, r := range list {
		if r.id == recRow && le16(r.body[6:]) == 2*rowHeight {
			heights++
		}
	}
	if heights != 10 {
		t.Errorf("%d rows of two lines, want 10", heights)
	}
}

func TestNew_conditions(t *testing.T) {
	cols := declared(t, `[{"name":"n","conditions":[{"if":"< 5","bold":true},{"if":"< 6","bold":true},{"if":"< 7","bold":true},{"if":"< 8","bold":true}]}]`)
	if _, err := New(new(bytes.Buffer), cols, format.Options{}); err == nil || err.Error() != "xls: column 1: 4 conditions, want at most 3" {
		t.Errorf("got %v", err)
	}
}

// The header has rows for as many colors as the palette; more are approximated.
func TestStyles_color(t *testing.T) {
	var s styles
	seen := map[uint16]bool{}
	for i := range 100 {
		n := s.color(format.Color(fmt.Sprintf("%02X0000", 2*i)))
		if n < firstColor+8 || n > lastColor {
			t.Fatalf("color %d has index %d", i, n)
		}
		seen[n] = true
	}
	if len(seen) != ownColors {
		t.Errorf("%d colors, want %d", len(seen), ownColors)
	}
	if a, b := s.color("000000"), s.color("010000"); a != b {
		t.Errorf("the nearest color of %d is %d", a, b)
	}
}

func TestSummary(t *testing.T) {
	got := summary(&format.Options{Title: "每日", Created: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)})
	if len(got) != summarySize || !bytes.Contains(got, []byte("每日\x00")) || !bytes.Contains(got, []byte{0x40, 0, 0, 0, 0x00, 0x80, 0xe5, 0x8a, 0x44, 0x92, 0xdc, 0x01}) {
		t.Errorf("%d bytes: % x", len(got), got[:300])
	}
}
