package format

import (
	"bytes"
	"encoding/hex"
	"testing"

	"exporttask/internal/format/row"
)

func zone(t *testing.T, from, to string) Zone {
	t.Helper()
	f, err := LoadZone(from)
	if err != nil {
		t.Fatal(err)
	}
	z, err := LoadZone(to)
	if err != nil {
		t.Fatal(err)
	}
	return Zone{f, z}
}

func TestColumn_AppendText(t *testing.T) {
	dt := row.Column{Kind: row.DateTime}
	east := zone(t, "UTC", "Asia/Shanghai")
	paid := map[string]string{"1": "已付", "": "无", "FF": "bytes"}
	tests := []struct {
		name      string
		col       Column
		raw, want string
	}{
		{"the server's text as it is", Column{Source: row.Column{Kind: row.Decimal}}, "00-12.50 ", "00-12.50 "},
		{"BIT(1)", Column{Source: row.Column{Kind: row.Bit}}, "\x01", "1"},
		{"BIT(64) without a sign", Column{Source: row.Column{Kind: row.Bit}}, "\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615"},
		{"BIT of no byte", Column{Source: row.Column{Kind: row.Bit}}, "", "0"},
		{"bytes as hexadecimal", Column{Source: row.Column{Kind: row.Binary}}, "\x00\xaf=", "00AF3D"},
		{"bytes as base64", Column{Source: row.Column{Kind: row.Binary}, Binary: Base64}, "\x00\xaf=\xff", "AK89/w=="},
		{"a mapped value", Column{Source: row.Column{Kind: row.Int}, Map: paid}, "1", "已付"},
		{"a value that the map lacks", Column{Source: row.Column{Kind: row.Int}, Map: paid}, "2", "2"},
		{"a mapped empty text", Column{Map: paid}, "", "无"},
		{"a mapped BIT", Column{Source: row.Column{Kind: row.Bit}, Map: paid}, "\x01", "已付"},
		{"mapped bytes", Column{Source: row.Column{Kind: row.Binary}, Map: paid}, "\xff", "bytes"},
		{"bool of a TINYINT", Column{Source: row.Column{Kind: row.Int}, Type: AsBool}, "0", "FALSE"},
		{"bool of a BIT", Column{Source: row.Column{Kind: row.Bit}, Type: AsBool}, "\x01", "TRUE"},
		{"bool of what is none", Column{Type: AsBool}, "maybe", "maybe"},
		{"the map before bool", Column{Map: paid, Type: AsBool}, "1", "已付"},
		{"a DATETIME of another zone", Column{Source: dt, Zone: east}, "2026-01-31 23:59:59", "2026-02-01 07:59:59"},
		{"with the digits of its second", Column{Source: dt, Zone: east}, "2026-12-31 16:00:00.120000", "2027-01-01 00:00:00.120000"},
		{"summer time", Column{Source: dt, Zone: zone(t, "UTC", "Europe/Berlin")}, "2026-07-01 00:30:00", "2026-07-01 02:30:00"},
		{"westward", Column{Source: dt, Zone: zone(t, "+08:00", "-03:30")}, "2024-03-01 01:00:00", "2024-02-29 13:30:00"},
		{"a nil end is UTC", Column{Source: dt, Zone: Zone{To: east.To}}, "2026-01-01 00:00:00", "2026-01-01 08:00:00"},
		{"the zero date", Column{Source: dt, Zone: east}, "0000-00-00 00:00:00", "0000-00-00 00:00:00"},
		{"a month 00", Column{Source: dt, Zone: east}, "2026-00-10 01:00:00", "2026-00-10 01:00:00"},
		{"a hour past the last year", Column{Source: dt, Zone: east}, "9999-12-31 23:00:00", "9999-12-31 23:00:00"},
		{"before the first year", Column{Source: dt, Zone: zone(t, "+08:00", "UTC")}, "0001-01-01 00:00:00", "0001-01-01 00:00:00"},
		{"a DATETIME declared as a date", Column{Source: dt, Type: AsDate}, "2026-01-31 23:59:59.5", "2026-01-31"},
		{"first shifted, then cut", Column{Source: dt, Type: AsDate, Zone: east}, "2026-01-31 23:59:59", "2026-02-01"},
		{"a DATE keeps its day whatever the zone", Column{Source: row.Column{Kind: row.Date}, Zone: east}, "2026-01-31", "2026-01-31"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := string(tt.col.AppendText([]byte("before:"), []byte(tt.raw)))
			if want := "before:" + tt.want; got != want {
				t.Errorf("AppendText(%q): got %q, want %q", tt.raw, got, want)
			}
			if tt.col.Plain() && tt.raw != tt.want {
				t.Error("Plain is true for a column that AppendText changes")
			}
		})
	}
}

func TestColumn_Plain(t *testing.T) {
	for kind := row.Text; kind <= row.Geometry; kind++ {
		c := Column{Source: row.Column{Kind: kind}}
		want := kind != row.Bit && kind != row.Binary && kind != row.Geometry
		if c.Plain() != want {
			t.Errorf("kind %d: got Plain %t, want %t", kind, c.Plain(), want)
		}
	}
}

func TestColumn_AppendText_geometry(t *testing.T) {
	const (
		p11  = "0101000000" + "000000000000f03f" + "000000000000f03f"
		pBig = "0000000001" + "3ff8000000000000" + "c000000000000000" // big-endian: 1.5 -2
		xy   = "0000000000000000" + "000000000000f03f"
	)
	tests := []struct{ name, wkb, want string }{
		{"point", p11, "POINT(1 1)"},
		{"big-endian point", pBig, "POINT(1.5 -2)"},
		{"line", "010200000002000000" + xy + xy, "LINESTRING(0 1,0 1)"},
		{"polygon", "01030000000200000001000000" + xy + "01000000" + xy, "POLYGON((0 1),(0 1))"},
		{"multipoint", "010400000002000000" + p11 + pBig, "MULTIPOINT((1 1),(1.5 -2))"},
		{"multilinestring", "010500000001000000" + "010200000001000000" + xy, "MULTILINESTRING((0 1))"},
		{"multipolygon", "010600000001000000" + "01030000000100000001000000" + xy, "MULTIPOLYGON(((0 1)))"},
		{"collection", "010700000002000000" + p11 + "010200000001000000" + xy, "GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 1))"},
		{"empty collection", "010700000000000000", "GEOMETRYCOLLECTION EMPTY"},
		{"empty collection inside one", "010700000001000000" + "010700000000000000", "GEOMETRYCOLLECTION(GEOMETRYCOLLECTION EMPTY)"},
		{"empty multipoint", "010400000000000000", "MULTIPOINT EMPTY"},
		{"small and large coordinates", "0101000000" + "2b69a4292b1b503e" + "50efe2d6e41a4b44", "POINT(1.5e-08 1e+21)"},
	}
	col := Column{Source: row.Column{Kind: row.Geometry}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw, err := hex.DecodeString("e6100000" + tt.wkb)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(col.AppendText(nil, raw)); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			for cut := range raw {
				got := string(col.AppendText(nil, raw[:cut]))
				if want := string(Hex.Append(nil, raw[:cut])); got != want {
					t.Fatalf("the first %d bytes: got %q, want hexadecimal", cut, got)
				}
			}
			longer := append(bytes.Clone(raw), 0)
			if got, want := string(col.AppendText(nil, longer)), string(Hex.Append(nil, longer)); got != want {
				t.Errorf("with a byte after it: got %q, want hexadecimal", got)
			}
		})
	}
	malformed := []struct{ name, wkb string }{
		{"a type that is none", "0108000000"},
		{"a byte order that is none", "0201000000" + xy},
		{"a count past the end", "0102000000ffffffff" + xy},
		{"a line among points", "010400000001000000" + "010200000000000000"},
		{"not a number", "0101000000" + "000000000000f87f" + "000000000000f03f"},
	}
	for _, tt := range malformed {
		t.Run(tt.name, func(t *testing.T) {
			raw, err := hex.DecodeString("00000000" + tt.wkb)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := string(col.AppendText(nil, raw)), string(Hex.Append(nil, raw)); got != want {
				t.Errorf("got %q, want hexadecimal", got)
			}
		})
	}
	t.Run("collections inside collections without end", func(t *testing.T) {
		raw := make([]byte, 4)
		for range 1000 {
			raw = append(raw, 1, 7, 0, 0, 0, 1, 0, 0, 0)
		}
		raw = append(raw, 1, 7, 0, 0, 0, 0, 0, 0, 0)
		if got, want := string(col.AppendText(nil, raw)), string(Hex.Append(nil, raw)); got != want {
			t.Errorf("got %.60q, want hexadecimal", got)
		}
	})
}

func TestColumn_AppendText_allocations(t *testing.T) {
	point, err := hex.DecodeString("00000000" + "0101000000" + "000000000000f03f" + "000000000000f03f")
	if err != nil {
		t.Fatal(err)
	}
	cols := []struct {
		col Column
		raw []byte
	}{
		{Column{Source: row.Column{Kind: row.Bit}}, []byte{1}},
		{Column{Source: row.Column{Kind: row.Binary}, Binary: Base64}, []byte("abcd")},
		{Column{Source: row.Column{Kind: row.Geometry}}, point},
		{Column{Map: map[string]string{"1": "已付"}}, []byte("1")},
		{Column{Type: AsBool}, []byte("1")},
		{Column{Source: row.Column{Kind: row.DateTime}, Zone: zone(t, "UTC", "Europe/Berlin")}, []byte("2026-07-01 00:30:00.5")},
	}
	buf := make([]byte, 0, 256)
	for i := range cols {
		if n := testing.AllocsPerRun(100, func() { buf = cols[i].col.AppendText(buf[:0], cols[i].raw) }); n != 0 {
			t.Errorf("column %d (%q): %v allocations a cell, want 0", i, buf, n)
		}
	}
}

func TestBinaryText_Append(t *testing.T) {
	computed := row.Column{Name: "c", Type: "VARBINARY", Kind: row.Binary, Computed: true}
	stored := row.Column{Name: "s", Type: "BLOB", Kind: row.Binary}
	list, err := ParseColumns(`["c", "s", {"name":"s","binary":"text"}, {"name":"c","binary":"hex"}]`)
	if err != nil {
		t.Fatal(err)
	}
	cols, err := Resolve(list, []row.Column{computed, stored})
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string][4]string{
		"合计\n12.50": {"合计\n12.50", "E59088E8AEA10A31322E3530", "合计\n12.50", "E59088E8AEA10A31322E3530"},
		"a\x00":     {"6100", "6100", "a\x00", "6100"},
		"\xff":      {"FF", "FF", "\xff", "FF"},
		"":          {"", "", "", ""},
	} {
		for i := range cols {
			if got := string(cols[i].AppendText(nil, []byte(raw))); got != want[i] {
				t.Errorf("%q in column %d: got %q, want %q", raw, i+1, got, want[i])
			}
		}
	}
	for i, want := range []bool{true, false, true, false} {
		if got := cols[i].Guarded(); got != want {
			t.Errorf("column %d: guarded %t, want %t", i+1, got, want)
		}
	}
}
