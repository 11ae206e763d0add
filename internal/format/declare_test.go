package format

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"exporttask/internal/format/row"
)

// zones compares zones by name: two loads of one zone are two pointers.
var zones = cmp.Transformer("zone", func(l *time.Location) string { return fmt.Sprint(l) })

func TestParseColumns(t *testing.T) {
	shanghai, err := LoadZone("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, decl string
		want       []Spec
	}{
		{"nothing as every column", " \n", nil},
		{"names in order", "b, a", []Spec{{Name: "b"}, {Name: "a"}}},
		{"labels", "order_no, amount : 金额 ", []Spec{{Name: "order_no"}, {Name: "amount", Label: "金额"}}},
		{"full-width comma and colon", "order_no，amount：金额", []Spec{{Name: "order_no"}, {Name: "amount", Label: "金额"}}},
		{"only the first colon", "t:时间 (HH:MM)", []Spec{{Name: "t", Label: "时间 (HH:MM)"}}},
		{"back-quotes", "`a,b:c` : `金额, 元`, `x``y`", []Spec{{Name: "a,b:c", Label: "金额, 元"}, {Name: "x`y"}}},
		{"line breaks", "a,\n\tb", []Spec{{Name: "a"}, {Name: "b"}}},
		{"a back-quote inside a name as it is", "a`b", []Spec{{Name: "a`b"}}},
		{"JSON with every key", `[{"name":"paid","label":"支付","type":"datetime","format":"yyyy\"年\"m\"月\"","width":12.5,"map":{"1":"已付"},"zone":"Asia/Shanghai","guard":false},{"name":"b","binary":"base64"},"c"]`, []Spec{
			{Name: "paid", Label: "支付", Type: AsDateTime, Format: `yyyy"年"m"月"`, Width: 12.5, Map: map[string]string{"1": "已付"}, Zone: Zone{time.UTC, shanghai}, Unguard: true},
			{Name: "b", Binary: Base64, HasBinary: true},
			{Name: "c"},
		}},
		{"a zone by both ends", `[{"name":"a","zone":{"from":"+08:00","to":"UTC"}}]`, []Spec{{Name: "a", Zone: Zone{time.FixedZone("+08:00", 8*3600), time.UTC}}}},
		{"a guard that is on", `[{"guard":true,"name":"a"}]`, []Spec{{Name: "a"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseColumns(tt.decl)
			if err != nil {
				t.Fatalf("ParseColumns(%q): %v", tt.decl, err)
			}
			if diff := cmp.Diff(tt.want, got, zones, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("ParseColumns(%q): -want +got\n%s", tt.decl, diff)
			}
		})
	}
}

func TestParseColumns_error(t *testing.T) {
	tests := []struct{ decl, want string }{
		{"a,,b", `column 2: name: empty`},
		{"a,", `column 2: name: empty`},
		{"a:", `column 1 "a": label: empty`},
		{"`a", "column 1: name: the back-quote before \"a\" has no end"},
		{"`a` b", "column 1: name: \"b\" after `a`"},
		{"a:`b` c", "column 1 \"a\": label: \"c\" after `b`"},
		{strings.Repeat("a", 257), "name: 257 characters, want at most 256"},
		{"a:" + strings.Repeat("x", 256), `column 1 "a": label: 256 characters, want at most 255`},
		{"a:b\x01", `label: control character '\x01' at byte 2`},
		{"\xff", "not valid UTF-8"},
		{strings.Repeat("a,", 16384) + "a", "16385 columns, want at most 16384"},
		{strings.Repeat(" ", 1<<20+1), "1048577 bytes, want at most 1048576"},
		{`[{"name":"a"]`, "JSON: invalid character"},
		{`{"name":"a"}`, "JSON: want an array of objects"},
		{`[1]`, "column 1: 1, want an object with name, label"},
		{`[{"label":"x"}]`, "column 1: name: missing"},
		{`[{"colour":"red","name":"a"}]`, `column 1 "a": colour: unknown key, want one of name, label`},
		{`[{"name":"a","name":"b"}]`, `column 1: name: given twice`},
		{`[{"name":null}]`, `column 1: name: null, want a string`},
		{`[{"name":"a"},{"name":"b","type":"money"}]`, `column 2 "b": type: "money", want "text", "number", "date", "datetime" or "bool"`},
		{`[{"name":"a","type":3}]`, `type: 3, want "text"`},
		{`[{"name":"a","width":-3}]`, `column 1 "a": width: -3, want 0..255`},
		{`[{"name":"a","width":256}]`, `width: 256, want 0..255`},
		{`[{"name":"a","width":"12"}]`, `width: "12", want a number 0..255`},
		{`[{"name":"a","map":{"1":2}}]`, `map: {"1":2}, want an object of strings`},
		{`[{"name":"a","map":{"1":"` + strings.Repeat("x", 1001) + `"}}]`, `map: an entry of 1001 characters, want at most 1000`},
		{`[{"name":"a","zone":"Mars/Base"}]`, `zone: unknown time zone "Mars/Base"`},
		{`[{"name":"a","zone":"Local"}]`, `zone: unknown time zone "Local"`},
		{`[{"name":"a","zone":{"to":""}}]`, `zone: unknown time zone ""`},
		{`[{"name":"a","zone":{"at":"UTC"}}]`, `zone: {"at":"UTC"}, want a time zone`},
		{`[{"name":"a","binary":"octal"}]`, `binary: "octal", want "hex", "base64" or "text"`},
		{`[{"name":"a","guard":"no"}]`, `guard: "no", want true or false`},
		{`[{"name":"a","format":"0.00 元/kg"}]`, `format: "0.00 元/kg": number format: "k" at byte`},
	}
	for _, tt := range tests {
		_, err := ParseColumns(tt.decl)
		var decl *DeclError
		if !errors.As(err, &decl) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("ParseColumns(%.80q): got %v, want a DeclError with %q", tt.decl, err, tt.want)
		}
	}
	tooMany := `[{"name":"a","map":{`
	for i := range 1001 {
		if i > 0 {
			tooMany += ","
		}
		tooMany += fmt.Sprintf(`"%d":""`, i)
	}
	if _, err := ParseColumns(tooMany + "}}]"); err == nil || !strings.Contains(err.Error(), "map: 1001 entries, want at most 1000") {
		t.Errorf("1001 map entries: got %v", err)
	}
}

func FuzzParseColumns(f *testing.F) {
	for _, s := range []string{"", "a, b:c", "`a``b`:`c`", "[{\"name\":\"a\",\"zone\":\"+08:00\"}]", "[\"a\",{}]", "`", "a：b，", "[[", "{"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, decl string) {
		specs, err := ParseColumns(decl)
		var bad *DeclError
		if err != nil && !errors.As(err, &bad) {
			t.Fatalf("got %T, want a *DeclError", err)
		}
		for _, s := range specs {
			if s.Name == "" {
				t.Fatal("a column without a name")
			}
		}
	})
}

func TestResolve(t *testing.T) {
	source := []row.Column{
		{Name: "id", Type: "BIGINT", Kind: row.Int},
		{Name: "Paid_At", Type: "DATETIME", Kind: row.DateTime},
		{Name: "id", Type: "BIGINT", Kind: row.Int},
		{Name: "pic", Type: "BLOB", Kind: row.Binary},
		{Name: "a", Type: "VARCHAR", Kind: row.Text},
		{Name: "A", Type: "VARCHAR", Kind: row.Text},
	}
	type place struct {
		Index int
		Label string
	}
	reads := []struct {
		name, decl string
		want       []place
	}{
		{"nothing as every column", "", []place{{0, "id"}, {1, "Paid_At"}, {2, "id"}, {3, "pic"}, {4, "a"}, {5, "A"}}},
		{"the order of the declaration, a column twice", "pic, Paid_At:支付, pic:图", []place{{3, "pic"}, {1, "支付"}, {3, "图"}}},
		{"another case where nothing fits exactly", "PAID_AT", []place{{1, "Paid_At"}}},
		{"the exact case first", "A, a", []place{{5, "A"}, {4, "a"}}},
	}
	for _, tt := range reads {
		t.Run(tt.name, func(t *testing.T) {
			specs, err := ParseColumns(tt.decl)
			if err != nil {
				t.Fatal(err)
			}
			cols, err := Resolve(specs, source)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]place, len(cols))
			for i, c := range cols {
				got[i] = place{c.Index, c.Label}
				if diff := cmp.Diff(source[c.Index], c.Source); diff != "" {
					t.Errorf("source of column %d: -want +got\n%s", i, diff)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
	wrong := []struct{ name, decl, want string }{
		{"a column that is not there", "a, price", `column 2 "price": not in the result, which has "id", "Paid_At", "id", "pic", "a", "A"`},
		{"a name that stands for two", "id", `column 1 "id": the result has 2 columns of this name`},
		{"a zone for a text", `[{"name":"a","zone":"UTC"}]`, `column 1 "a": zone: the column is a VARCHAR, want a DATETIME or TIMESTAMP`},
		{"a binary notation for a text", `[{"name":"a","binary":"hex"}]`, `column 1 "a": binary: the column is a VARCHAR, want a BINARY`},
	}
	for _, tt := range wrong {
		t.Run(tt.name, func(t *testing.T) {
			specs, err := ParseColumns(tt.decl)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Resolve(specs, source)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestParseColumns_look(t *testing.T) {
	specs, err := ParseColumns(`[{"name":"a","align":"right","bold":true,"color":"#c00000","fill":"#FFFF00","total":"average","group":"G",
		"conditions":[{"if":"<0","color":"#FF0000"},{"bold":true,"if":" contains  x y "},{"if":"empty","fill":"#000000"}]}]`)
	if err != nil {
		t.Fatal(err)
	}
	want := Look{
		Align: Right, Style: Style{Bold: true, Color: "C00000", Fill: "FFFF00"}, Total: Average, Group: "G",
		Conditions: []Condition{
			{Op: Less, Value: "0", Style: Style{Color: "FF0000"}},
			{Op: Contains, Value: "x y", Style: Style{Bold: true}},
			{Op: Empty, Style: Style{Fill: "000000"}},
		},
	}
	if diff := cmp.Diff(want, specs[0].Look); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestParseColumns_look_error(t *testing.T) {
	columns := []row.Column{{Name: "n", Type: "INT", Kind: row.Int}, {Name: "t", Type: "VARCHAR"}, {Name: "d", Type: "DATE", Kind: row.Date}, {Name: "z", Type: "INT", Kind: row.Int, Zerofill: true}}
	for _, tt := range []struct{ decl, want string }{
		{`{"name":"n","align":"middle"}`, `"n": align: "middle", want "left", "center" or "right"`},
		{`{"name":"n","bold":1}`, `"n": bold: 1, want true or false`},
		{`{"name":"n","color":"red"}`, `"n": color: "red", want a color such as "#C00000"`},
		{`{"name":"n","fill":"#12345"}`, `"n": fill: "#12345", want a color such as "#C00000"`},
		{`{"name":"n","fill":"#12345G"}`, `"n": fill: "#12345G", want a color`},
		{`{"name":"n","total":"max"}`, `"n": total: "max", want "sum", "count" or "average"`},
		{`{"name":"n","group":"a\nb"}`, `"n": group: control character '\n' at byte 2, want none`},
		{`{"name":"n","conditions":{}}`, `"n": conditions: {}, want an array of objects with if, color, fill, bold`},
		{`{"name":"n","conditions":[1]}`, `"n": conditions: condition 1: 1, want an object with if, color, fill, bold`},
		{`{"name":"n","conditions":[{"if":"<0"}]}`, `"n": conditions: condition 1: no color, fill or bold, want at least one`},
		{`{"name":"n","conditions":[{"bold":true}]}`, `"n": conditions: condition 1: if: missing, want "= 5"`},
		{`{"name":"n","conditions":[{"if":"~ 5","bold":true}]}`, `"n": conditions: condition 1: if: "~ 5", want "= 5", "<> 5", "< 5", "<= 5", "> 5", ">= 5", "contains text" or "empty"`},
		{`{"name":"n","conditions":[{"if":"=","bold":true}]}`, `"n": conditions: condition 1: if: "=", want "= 5"`},
		{`{"name":"n","conditions":[{"if":"= 5","size":3}]}`, `"n": conditions: condition 1: size: unknown key, want one of if, color, fill, bold`},
		{`{"name":"n","conditions":[{"if":"= x","bold":true}]}`, `"n": conditions: condition 1: if: "= x", want a comparison with a number`},
		{`{"name":"n","conditions":[{"if":"contains 5","bold":true}]}`, `"n": conditions: condition 1: if: "contains 5" of a column that holds no texts`},
		{`{"name":"n","type":"bool","conditions":[{"if":"< 1","bold":true}]}`, `"n": conditions: condition 1: if: "< 1", want a comparison with TRUE or FALSE`},
		{`{"name":"t","conditions":[{"if":"< 5","bold":true}]}`, `"t": conditions: condition 1: if: "< 5" of a column of texts, want =, <>, contains or empty`},
		{`{"name":"d","conditions":[{"if":"< 2026-02-30","bold":true}]}`, `"d": conditions: condition 1: if: "< 2026-02-30", want a comparison with a date`},
		{`{"name":"t","total":"sum"}`, `"t": total: "sum" of a column that holds no numbers (VARCHAR), want "count", or "type": "number" as well`},
		{`{"name":"d","total":"average"}`, `"d": total: "average" of a column that holds no numbers (DATE)`},
		{`{"name":"z","total":"sum"}`, `"z": total: "sum" of a column that holds no numbers`},
		{`{"name":"n","looks":1}`, `"n": looks: unknown key, want one of name, label, type, format, width, map, zone, binary, guard, align, bold, color, fill, conditions, total, group`},
	} {
		specs, err := ParseColumns("[" + tt.decl + "]")
		if err == nil {
			_, err = Resolve(specs, columns)
		}
		if err == nil || !strings.Contains(err.Error(), "output columns: column 1 "+tt.want) {
			t.Errorf("%s: got %v, want %s", tt.decl, err, tt.want)
		}
		if bad := (*DeclError)(nil); err != nil && !errors.As(err, &bad) {
			t.Errorf("%s: a %T", tt.decl, err)
		}
	}
}
