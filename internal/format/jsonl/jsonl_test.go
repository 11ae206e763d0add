package jsonl

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format"
	"exporttask/internal/format/formattest"
	"exporttask/internal/format/row"
)

// encode returns the file of the rows and its warnings. slack is false if no bytes
// follow the rows of a batch, so that none is written by the fast path.
func encode(t testing.TB, cols []format.Column, opt format.Options, rows [][][]byte, slack bool) (string, map[format.WarningCode]int64) {
	t.Helper()
	var out bytes.Buffer
	e, err := New(&out, cols, opt)
	if err != nil {
		t.Fatal(err)
	}
	for len(rows) > 0 {
		b := new(row.Batch)
		n := min(len(rows), 7)
		for _, cells := range rows[:n] {
			b.Append(cells...)
		}
		if slack {
			b.Data = append(b.Data, make([]byte, 64)...)
		}
		if err := e.Encode(b); err != nil {
			t.Fatal(err)
		}
		rows = rows[n:]
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	warnings := map[format.WarningCode]int64{}
	for _, w := range e.Summary().Warnings {
		warnings[w.Code] = w.Count
	}
	return out.String(), warnings
}

func TestEncoder_Encode(t *testing.T) {
	column := func(kind row.Kind, typ string) row.Column {
		return row.Column{Name: "v", Kind: kind, Type: typ, Scale: -1}
	}
	type counts = map[format.WarningCode]int64
	for name, tt := range map[string]struct {
		source   row.Column
		decl     string // of the column, without its name
		opt      format.Options
		cell     string
		want     string
		warnings counts
	}{
		"int":                            {source: column(row.Int, "BIGINT"), cell: "-42", want: `-42`},
		"int, largest exact":             {source: column(row.Int, "BIGINT"), cell: "9007199254740991", want: `9007199254740991`},
		"int, longer":                    {source: column(row.Int, "BIGINT"), cell: "9007199254740993", want: `"9007199254740993"`, warnings: counts{format.LongNumber: 1}},
		"int, of 20 digits":              {source: column(row.Int, "BIGINT UNSIGNED"), cell: "18446744073709551615", want: `"18446744073709551615"`, warnings: counts{format.LongNumber: 1}},
		"int, longer, as number":         {source: column(row.Int, "BIGINT"), opt: format.Options{JSONNumbers: "number"}, cell: "9007199254740993", want: `9007199254740993`},
		"int, as string":                 {source: column(row.Int, "BIGINT"), opt: format.Options{JSONNumbers: "string"}, cell: "7", want: `"7"`},
		"int with zeros":                 {source: row.Column{Name: "v", Kind: row.Int, Zerofill: true}, cell: "00042", want: `"00042"`},
		"int with zeros, number":         {source: row.Column{Name: "v", Kind: row.Int, Zerofill: true}, decl: `"type":"number"`, cell: "00042", want: `42`},
		"int as text":                    {source: column(row.Int, "INT"), decl: `"type":"text"`, cell: "42", want: `"42"`},
		"int as bool":                    {source: column(row.Int, "INT"), decl: `"type":"bool"`, cell: "42", want: `true`},
		"int that is none":               {source: column(row.Int, "INT"), cell: `1,"x":2`, want: `"1,\"x\":2"`, warnings: counts{format.OtherType: 1}},
		"decimal":                        {source: column(row.Decimal, "DECIMAL"), cell: "-12.50", want: `-12.50`},
		"decimal of 15 digits":           {source: column(row.Decimal, "DECIMAL"), cell: "1234567890123.45", want: `1234567890123.45`},
		"decimal of 17 digits":           {source: column(row.Decimal, "DECIMAL"), cell: "123456789012345.67", want: `"123456789012345.67"`, warnings: counts{format.LongNumber: 1}},
		"decimal, small":                 {source: column(row.Decimal, "DECIMAL"), cell: "0.000000000000000000000000000001", want: `0.000000000000000000000000000001`},
		"decimal, zeros at the end":      {source: column(row.Decimal, "DECIMAL"), cell: "1.500000000000000000000000", want: `1.500000000000000000000000`},
		"double":                         {source: column(row.Float, "DOUBLE"), cell: "0.06553680338958983", want: `0.06553680338958983`},
		"double, exponent":               {source: column(row.Float, "DOUBLE"), cell: "-1.7976931348623157e308", want: `-1.7976931348623157e308`},
		"year":                           {source: column(row.Year, "YEAR"), cell: "2026", want: `2026`},
		"year, zero":                     {source: column(row.Year, "YEAR"), cell: "0000", want: `0`},
		"bit":                            {source: column(row.Bit, "BIT"), cell: "\x01\x02", want: `258`},
		"date":                           {source: column(row.Date, "DATE"), cell: "2026-01-31", want: `"2026-01-31"`},
		"time":                           {source: column(row.Time, "TIME"), cell: "-838:59:59", want: `"-838:59:59"`},
		"datetime":                       {source: column(row.DateTime, "DATETIME"), cell: "2026-01-31 23:59:59.123456", want: `"2026-01-31T23:59:59.123456"`},
		"datetime, zero":                 {source: column(row.DateTime, "DATETIME"), cell: "0000-00-00 00:00:00", want: `"0000-00-00 00:00:00"`},
		"datetime, no day":               {source: column(row.DateTime, "DATETIME"), cell: "2026-01-00 00:00:00", want: `"2026-01-00 00:00:00"`},
		"datetime with a zone":           {source: column(row.DateTime, "DATETIME"), decl: `"zone":"Asia/Shanghai"`, cell: "2026-01-31 23:59:59.5", want: `"2026-02-01T07:59:59.5+08:00"`},
		"datetime to UTC":                {source: column(row.DateTime, "DATETIME"), decl: `"zone":{"from":"Asia/Shanghai","to":"UTC"}`, cell: "2026-02-01 07:59:59", want: `"2026-01-31T23:59:59Z"`},
		"timestamp in its own zone":      {source: row.Column{Name: "v", Kind: row.DateTime, Location: time.UTC}, decl: `"zone":"UTC"`, cell: "2026-02-01 07:59:59", want: `"2026-02-01T07:59:59Z"`},
		"datetime with a zone, zero":     {source: column(row.DateTime, "DATETIME"), decl: `"zone":"Asia/Shanghai"`, cell: "0000-00-00 00:00:00", want: `"0000-00-00 00:00:00"`},
		"datetime as date":               {source: column(row.DateTime, "DATETIME"), decl: `"type":"date"`, cell: "2026-01-31 23:59:59", want: `"2026-01-31"`},
		"text":                           {source: column(row.Text, "VARCHAR"), cell: "=1+1 订单 🙂", want: `"=1+1 订单 🙂"`},
		"text, escapes":                  {source: column(row.Text, "VARCHAR"), cell: "\"\\/\b\f\n\r\t\x00\x1f\x7f<>&", want: `"\"\\/\u0008\u000c\n\r\t\u0000\u001f` + "\x7f" + `<>&"`},
		"text, not UTF-8":                {source: column(row.Text, "VARCHAR"), cell: "a\xff\xc3(", want: "\"a\uFFFD\uFFFD(\"", warnings: counts{format.IllegalChar: 1}},
		"text, empty":                    {source: column(row.Text, "VARCHAR"), cell: "", want: `""`},
		"text as number":                 {source: column(row.Text, "VARCHAR"), decl: `"type":"number"`, cell: "+007.5", want: `7.5`},
		"text as number, that is none":   {source: column(row.Text, "VARCHAR"), decl: `"type":"number"`, cell: "12a", want: `"12a"`, warnings: counts{format.OtherType: 1}},
		"text as bool":                   {source: column(row.Text, "VARCHAR"), decl: `"type":"bool"`, cell: "No", want: `false`},
		"text as bool, that is none":     {source: column(row.Text, "VARCHAR"), decl: `"type":"bool"`, cell: "maybe", want: `"maybe"`, warnings: counts{format.OtherType: 1}},
		"map":                            {source: column(row.Int, "INT"), decl: `"map":{"1":"已付"}`, cell: "1", want: `"已付"`},
		"map to numbers":                 {source: column(row.Text, "VARCHAR"), decl: `"map":{"yes":"1"},"type":"number"`, cell: "yes", want: `1`},
		"JSON":                           {source: column(row.Text, "JSON"), cell: "{\"a\": [1,\n 2.50, \"x y\"], \"b\":null}", want: `{"a":[1,2.50,"x y"],"b":null}`},
		"JSON that is none":              {source: column(row.Text, "JSON"), cell: `{"a":`, want: `"{\"a\":"`, warnings: counts{format.OtherType: 1}},
		"JSON, not UTF-8":                {source: column(row.Text, "JSON"), cell: "[\"\xff\"]", want: "[\"\uFFFD\"]", warnings: counts{format.IllegalChar: 1}},
		"JSON as text":                   {source: column(row.Text, "JSON"), decl: `"type":"text"`, cell: `{"a": 1}`, want: `"{\"a\": 1}"`},
		"binary":                         {source: column(row.Binary, "BLOB"), cell: "\x00\xff\x10", want: `"AP8Q"`},
		"binary as hex":                  {source: column(row.Binary, "BLOB"), decl: `"binary":"hex"`, cell: "\x00\xff", want: `"00FF"`},
		"binary as text":                 {source: column(row.Binary, "BLOB"), decl: `"binary":"text"`, cell: "a\xff", want: "\"a\uFFFD\"", warnings: counts{format.IllegalChar: 1}},
		"binary expression, text":        {source: row.Column{Name: "v", Kind: row.Binary, Computed: true}, cell: "合计\n1", want: `"合计\n1"`},
		"binary expression, bytes":       {source: row.Column{Name: "v", Kind: row.Binary, Computed: true}, cell: "\x00\xff\x10", want: `"AP8Q"`},
		"geometry":                       {source: column(row.Geometry, "POINT"), cell: "\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0?\x00\x00\x00\x00\x00\x00\x00@", want: `"POINT(1 2)"`},
		"formula without guard":          {source: column(row.Text, "VARCHAR"), cell: "=HYPERLINK(1)", want: `"=HYPERLINK(1)"`},
		"text longer than a short cell":  {source: column(row.Text, "VARCHAR"), cell: strings.Repeat("长\n", 200), want: `"` + strings.Repeat(`长\n`, 200) + `"`},
		"text longer than the buffer":    {source: column(row.Text, "VARCHAR"), cell: strings.Repeat("é\"", 200_000), want: `"` + strings.Repeat(`é\"`, 200_000) + `"`},
		"binary longer than the buffer":  {source: column(row.Binary, "BLOB"), cell: strings.Repeat("\x00\x00\x00", 200_000), want: `"` + strings.Repeat("AAAA", 200_000) + `"`},
		"JSON longer than the buffer":    {source: column(row.Text, "JSON"), cell: "[" + strings.Repeat("1, ", 200_000) + "1]", want: "[" + strings.Repeat("1,", 200_000) + "1]"},
		"text that is one long bad byte": {source: column(row.Text, "VARCHAR"), cell: strings.Repeat("\x80", 30_000), want: `"` + strings.Repeat("\uFFFD", 30_000) + `"`, warnings: counts{format.IllegalChar: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			decl := `[{"name":"v"}]`
			if tt.decl != "" {
				decl = `[{"name":"v",` + tt.decl + `}]`
			}
			want := `{"v":` + tt.want + "}\n"
			for _, slack := range []bool{true, false} {
				got, warnings := encode(t, formattest.Declared(decl, tt.source), tt.opt, [][][]byte{{[]byte(tt.cell)}}, slack)
				if got != want {
					t.Errorf("got %.300s, want %.300s", got, want)
				}
				if tt.warnings == nil {
					tt.warnings = counts{}
				}
				if d := cmp.Diff(tt.warnings, warnings); d != "" {
					t.Errorf("warnings (-want +got):\n%s", d)
				}
				got, _ = encode(t, formattest.Declared(decl, tt.source), tt.opt, [][][]byte{{nil}}, slack)
				if want := "{\"v\":null}\n"; got != want {
					t.Errorf("NULL: got %s, want %s", got, want)
				}
			}
		})
	}
}

func TestEncoder_Encode_keys(t *testing.T) {
	source := []row.Column{{Name: "a"}, {Name: "b"}, {Name: ""}, {Name: "q\"\n"}}
	cells := [][]byte{[]byte("1"), []byte("2"), []byte("3"), []byte("4")}
	for decl, want := range map[string]string{
		"":    `{"a":"1","b":"2","column_3":"3","q\"\n":"4"}`,
		"b,a": `{"b":"2","a":"1"}`,
		`[{"name":"a"},{"name":"b","label":"a"},{"name":"b","label":"A"},{"name":"a","label":"a_2"},{"name":"b","label":"a"}]`: `{"a":"1","a_3":"2","A":"2","a_2":"1","a_4":"2"}`,
	} {
		got, _ := encode(t, formattest.Declared(decl, source...), format.Options{}, [][][]byte{cells}, true)
		if got != want+"\n" {
			t.Errorf("%s: got %s, want %s", decl, got, want)
		}
	}
}

func TestEncoder_Encode_long_keys(t *testing.T) {
	long := strings.Repeat("k", 255)
	var decl []string
	for range 3000 { // the keys of a line do not fit into the buffer
		decl = append(decl, `{"name":"a","label":"`+long+`"}`)
	}
	cols := formattest.Declared("["+strings.Join(decl, ",")+"]", row.Column{Name: "a", Kind: row.Int})
	got, _ := encode(t, cols, format.Options{}, [][][]byte{{[]byte("7")}, {nil}}, true)
	lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	if len(lines) != 2 || strings.Count(lines[0], `":7`) != 3000 || strings.Count(lines[1], `":null`) != 3000 {
		t.Errorf("got %d lines, of %d values and %d NULL", len(lines), strings.Count(lines[0], `":7`), strings.Count(lines[1], `":null`))
	}
}

func TestNew_without_columns(t *testing.T) {
	if _, err := New(new(bytes.Buffer), nil, format.Options{}); err == nil {
		t.Error("got no error")
	}
}
