package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format"
	"exporttask/internal/format/formattest"
	"exporttask/internal/format/row"
)

// encode returns the file of the rows and its warnings.
func encode(t testing.TB, cols []format.Column, opt format.Options, rows ...[][]byte) ([]byte, map[format.WarningCode]int64) {
	t.Helper()
	out, sum, err := tryEncode(cols, opt, rows...)
	if err != nil {
		t.Fatal(err)
	}
	warnings := map[format.WarningCode]int64{}
	for _, w := range sum.Warnings {
		warnings[w.Code] = w.Count
	}
	if sum.Rows != int64(len(rows)) {
		t.Errorf("got %d rows counted, want %d", sum.Rows, len(rows))
	}
	return out, warnings
}

func tryEncode(cols []format.Column, opt format.Options, rows ...[][]byte) ([]byte, format.Summary, error) {
	var out bytes.Buffer
	e, err := New(&out, cols, opt)
	if err != nil {
		return nil, format.Summary{}, err
	}
	for len(rows) > 0 {
		b := new(row.Batch)
		n := min(len(rows), 100)
		for _, cells := range rows[:n] {
			b.Append(cells...)
		}
		b.Data = append(b.Data, make([]byte, 64)...)
		if err := e.Encode(b); err != nil {
			return nil, e.Summary(), errors.Join(err, e.Close())
		}
		rows = rows[n:]
	}
	err = e.Close()
	return out.Bytes(), e.Summary(), err
}

// fixed is a DECIMAL of 128 bits.
func fixed(hi int64, lo uint64) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(hi))
	return string(binary.BigEndian.AppendUint64(b, lo))
}

func TestEncoder_Encode(t *testing.T) {
	type counts = map[format.WarningCode]int64
	column := func(kind row.Kind, typ string) row.Column {
		return row.Column{Name: "v", Kind: kind, Type: typ, Scale: -1, Unsigned: strings.HasSuffix(typ, "UNSIGNED")}
	}
	dec := func(length int64, scale int) row.Column {
		return row.Column{Name: "v", Kind: row.Decimal, Type: "DECIMAL", Length: length, Scale: scale}
	}
	bit := func(n int64) row.Column {
		return row.Column{Name: "v", Kind: row.Bit, Type: "BIT", Length: n, Scale: -1}
	}
	for name, tt := range map[string]struct {
		source   row.Column
		decl     string // of the column, without its name
		cell     string
		logical  string
		want     any
		warnings counts
	}{
		"tinyint":                      {source: column(row.Int, "TINYINT"), cell: "-128", logical: "Int(bitWidth=8, isSigned=true)", want: int32(-128)},
		"tinyint unsigned":             {source: column(row.Int, "TINYINT UNSIGNED"), cell: "255", logical: "Int(bitWidth=8, isSigned=false)", want: int32(255)},
		"smallint":                     {source: column(row.Int, "SMALLINT"), cell: "-32768", logical: "Int(bitWidth=16, isSigned=true)", want: int32(-32768)},
		"mediumint":                    {source: column(row.Int, "MEDIUMINT"), cell: "8388607", logical: "Int(bitWidth=32, isSigned=true)", want: int32(8388607)},
		"int":                          {source: column(row.Int, "INT"), cell: "-2147483648", logical: "Int(bitWidth=32, isSigned=true)", want: int32(-2147483648)},
		"int unsigned":                 {source: column(row.Int, "INT UNSIGNED"), cell: "4294967295", logical: "Int(bitWidth=32, isSigned=false)", want: int32(-1)},
		"bigint":                       {source: column(row.Int, "BIGINT"), cell: "-9223372036854775808", logical: "Int(bitWidth=64, isSigned=true)", want: int64(-9223372036854775808)},
		"bigint unsigned":              {source: column(row.Int, "BIGINT UNSIGNED"), cell: "18446744073709551615", logical: "Int(bitWidth=64, isSigned=false)", want: int64(-1)},
		"zerofill":                     {source: row.Column{Name: "v", Kind: row.Int, Type: "INT UNSIGNED", Unsigned: true, Zerofill: true}, cell: "0000000042", logical: "Int(bitWidth=32, isSigned=false)", want: int32(42)},
		"decimal of 9 digits":          {source: dec(9, 2), cell: "-1234567.89", logical: "Decimal(precision=9, scale=2)", want: int32(-123456789)},
		"decimal of 18 digits":         {source: dec(18, 4), cell: "12345678901234.5678", logical: "Decimal(precision=18, scale=4)", want: int64(123456789012345678)},
		"decimal of 38 digits":         {source: dec(38, 0), cell: strings.Repeat("9", 38), logical: "Decimal(precision=38, scale=0)", want: fixed(0x4b3b4ca85a86c47a, 0x098a223fffffffff)},
		"decimal, negative":            {source: dec(38, 1), cell: "-0.1", logical: "Decimal(precision=38, scale=1)", want: fixed(-1, 1<<64-1)},
		"decimal, fewer decimals":      {source: dec(12, 4), cell: "7", logical: "Decimal(precision=12, scale=4)", want: int64(70000)},
		"decimal, more decimals":       {source: dec(12, 1), cell: "7.500", logical: "Decimal(precision=12, scale=1)", want: int64(75)},
		"decimal of 39 digits":         {source: dec(39, 2), cell: "1.50", logical: "String", want: "1.50", warnings: counts{format.LongDecimal: 1}},
		"decimal of 39, as number":     {source: dec(39, 2), decl: `"type":"number"`, cell: "1.50", logical: "None", want: 1.5},
		"double":                       {source: column(row.Float, "DOUBLE"), cell: "-1.7976931348623157e308", logical: "None", want: -1.7976931348623157e308},
		"double, short":                {source: column(row.Float, "DOUBLE"), cell: "0.1311", logical: "None", want: 0.1311},
		"float":                        {source: column(row.Float, "FLOAT"), cell: "0.1", logical: "None", want: float32(0.1)},
		"date":                         {source: column(row.Date, "DATE"), cell: "2026-01-31", logical: "Date", want: int32(20484)},
		"date, early":                  {source: column(row.Date, "DATE"), cell: "0001-01-01", logical: "Date", want: int32(-719162)},
		"date, zero":                   {source: column(row.Date, "DATE"), cell: "0000-00-00", logical: "Date", warnings: counts{format.ZeroDate: 1}},
		"date, no month":               {source: column(row.Date, "DATE"), cell: "2026-00-10", logical: "Date", warnings: counts{format.ZeroDate: 1}},
		"date that does not exist":     {source: column(row.Date, "DATE"), cell: "2026-02-30", logical: "Date", warnings: counts{format.ZeroDate: 1}},
		"date as datetime":             {source: column(row.Date, "DATE"), decl: `"type":"datetime"`, cell: "1970-01-02", logical: "Timestamp(isAdjustedToUTC=false, timeUnit=microseconds, is_from_converted_type=false, force_set_converted_type=false)", want: int64(86400_000000)},
		"datetime":                     {source: column(row.DateTime, "DATETIME"), cell: "2026-01-31 23:59:59.123456", logical: "Timestamp(isAdjustedToUTC=false, timeUnit=microseconds, is_from_converted_type=false, force_set_converted_type=false)", want: int64(1769903999_123456)},
		"datetime before 1970":         {source: column(row.DateTime, "DATETIME"), cell: "1969-12-31 23:59:59.5", logical: "Timestamp(isAdjustedToUTC=false, timeUnit=microseconds, is_from_converted_type=false, force_set_converted_type=false)", want: int64(-500000)},
		"datetime, zero":               {source: column(row.DateTime, "DATETIME"), cell: "0000-00-00 00:00:00", logical: "Timestamp(isAdjustedToUTC=false, timeUnit=microseconds, is_from_converted_type=false, force_set_converted_type=false)", warnings: counts{format.ZeroDate: 1}},
		"datetime with a zone":         {source: column(row.DateTime, "DATETIME"), decl: `"zone":{"from":"Asia/Shanghai","to":"UTC"}`, cell: "1970-01-01 08:00:01.5", logical: "Timestamp(isAdjustedToUTC=true, timeUnit=microseconds, is_from_converted_type=false, force_set_converted_type=false)", want: int64(1_500000)},
		"datetime with a zone as date": {source: column(row.DateTime, "DATETIME"), decl: `"zone":"Asia/Shanghai","type":"date"`, cell: "1970-01-01 16:00:00", logical: "Date", want: int32(1)},
		"datetime as date":             {source: column(row.DateTime, "DATETIME"), decl: `"type":"date"`, cell: "1970-01-02 16:00:00", logical: "Date", want: int32(1)},
		"datetime as text":             {source: column(row.DateTime, "DATETIME"), decl: `"type":"text"`, cell: "0000-00-00 00:00:00", logical: "String", want: "0000-00-00 00:00:00"},
		"time":                         {source: column(row.Time, "TIME"), cell: "23:59:59.000001", logical: "Time(isAdjustedToUTC=false, timeUnit=microseconds)", want: int64(86399_000001)},
		"time past a day":              {source: column(row.Time, "TIME"), cell: "-838:59:59", logical: "String", want: "-838:59:59"},
		"year":                         {source: column(row.Year, "YEAR"), cell: "0000", logical: "Int(bitWidth=16, isSigned=true)", want: int32(0)},
		"bit":                          {source: bit(1), cell: "\x01", logical: "None", want: true},
		"bit as number":                {source: bit(1), decl: `"type":"number"`, cell: "\x01", logical: "Int(bitWidth=8, isSigned=false)", want: int32(1)},
		"bits":                         {source: bit(10), cell: "\x03\xff", logical: "Int(bitWidth=16, isSigned=false)", want: int32(1023)},
		"64 bits":                      {source: bit(64), cell: strings.Repeat("\xff", 8), logical: "Int(bitWidth=64, isSigned=false)", want: int64(-1)},
		"bit as text":                  {source: bit(10), decl: `"type":"text"`, cell: "\x03\xff", logical: "String", want: "1023"},
		"text":                         {source: column(row.Text, "VARCHAR"), cell: "订单\x00🙂", logical: "String", want: "订单\x00🙂"},
		"text, empty":                  {source: column(row.Text, "VARCHAR"), cell: "", logical: "String", want: ""},
		"text, not UTF-8":              {source: column(row.Text, "VARCHAR"), cell: "a\xffb", logical: "String", want: "a\uFFFDb", warnings: counts{format.IllegalChar: 1}},
		"enum":                         {source: column(row.Text, "ENUM"), cell: "paid", logical: "String", want: "paid"},
		"JSON":                         {source: column(row.Text, "JSON"), cell: `{"a": 1}`, logical: "JSON", want: `{"a": 1}`},
		"JSON as text":                 {source: column(row.Text, "JSON"), decl: `"type":"text"`, cell: `{"a"`, logical: "String", want: `{"a"`},
		"binary":                       {source: column(row.Binary, "BLOB"), cell: "\x00\xff", logical: "None", want: "\x00\xff"},
		"binary as hex":                {source: column(row.Binary, "BLOB"), decl: `"binary":"hex"`, cell: "\x00\xff", logical: "String", want: "00FF"},
		"binary as text":               {source: column(row.Binary, "BLOB"), decl: `"binary":"text"`, cell: "a\xff", logical: "String", want: "a\uFFFD", warnings: counts{format.IllegalChar: 1}},
		"geometry":                     {source: column(row.Geometry, "POINT"), cell: "\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0?\x00\x00\x00\x00\x00\x00\x00@", logical: "String", want: "POINT(1 2)"},
		"text as number":               {source: column(row.Text, "VARCHAR"), decl: `"type":"number"`, cell: "+007.5", logical: "None", want: 7.5},
		"text as bool":                 {source: column(row.Text, "VARCHAR"), decl: `"type":"bool"`, cell: "No", logical: "None", want: false},
		"text as date":                 {source: column(row.Text, "VARCHAR"), decl: `"type":"date"`, cell: "1970-01-02", logical: "Date", want: int32(1)},
		"int as bool":                  {source: column(row.Int, "INT"), decl: `"type":"bool"`, cell: "2", logical: "None", want: true},
		"int as text":                  {source: column(row.Int, "INT"), decl: `"type":"text"`, cell: "2", logical: "String", want: "2"},
		"map":                          {source: column(row.Int, "INT"), decl: `"map":{"1":"已付"}`, cell: "1", logical: "String", want: "已付"},
		"map to numbers":               {source: column(row.Text, "ENUM"), decl: `"map":{"yes":"1"},"type":"number"`, cell: "yes", logical: "None", want: 1.0},
	} {
		t.Run(name, func(t *testing.T) {
			decl := `[{"name":"v"}]`
			if tt.decl != "" {
				decl = `[{"name":"v",` + tt.decl + `}]`
			}
			data, warnings := encode(t, formattest.Declared(decl, tt.source), format.Options{}, [][]byte{[]byte(tt.cell)}, [][]byte{nil})
			got := read(t, data)
			if d := cmp.Diff([][]any{{tt.want}, {nil}}, got.rows); d != "" {
				t.Errorf("rows (-want +got):\n%s", d)
			}
			if l := got.reader.MetaData().Schema.Column(0).LogicalType().String(); l != tt.logical {
				t.Errorf("got type %s, want %s", l, tt.logical)
			}
			if tt.warnings == nil {
				tt.warnings = counts{}
			}
			if d := cmp.Diff(tt.warnings, warnings); d != "" {
				t.Errorf("warnings (-want +got):\n%s", d)
			}
		})
	}
}

func TestEncoder_Encode_wrong_values(t *testing.T) {
	for name, tt := range map[string]struct {
		source row.Column
		decl   string
		cells  []string
		want   string
	}{
		"number":        {row.Column{Type: "VARCHAR"}, `"type":"number"`, []string{"1", "12a"}, "row 2: a text that is no number, want a number"},
		"infinity":      {row.Column{Type: "VARCHAR"}, `"type":"number"`, []string{"inf"}, "row 1: a text that is no number"},
		"bool":          {row.Column{Type: "VARCHAR"}, `"type":"bool"`, []string{"yes", "no", "maybe"}, "row 3: a text that is no truth value, want a truth value"},
		"date":          {row.Column{Type: "VARCHAR"}, `"type":"date"`, []string{"31.01.2026"}, "row 1: a text that is no date, want a date"},
		"no such day":   {row.Column{Type: "VARCHAR"}, `"type":"date"`, []string{"2026-02-30"}, "row 1: a text that is no date, want a date"},
		"clock":         {row.Column{Type: "VARCHAR"}, `"type":"datetime"`, []string{"2026-01-31 25:00:00"}, "row 1: a text that is no time, want a date and time"},
		"int range":     {row.Column{Kind: row.Int, Type: "TINYINT"}, `"label":"v"`, []string{"128"}, "row 1: a number out of the range, want a signed integer of 8 bits"},
		"unsigned":      {row.Column{Kind: row.Int, Type: "INT UNSIGNED", Unsigned: true}, `"label":"v"`, []string{"-1"}, "row 1: a number out of the range, want an unsigned integer of 32 bits"},
		"int":           {row.Column{Kind: row.Int, Type: "INT"}, `"label":"v"`, []string{"1.5"}, "row 1: a text that is no number"},
		"decimal":       {row.Column{Kind: row.Decimal, Type: "DECIMAL", Length: 5, Scale: 2}, `"label":"v"`, []string{"999.99", "1000.00"}, "row 2: a number out of the range, want a DECIMAL(5,2)"},
		"decimals":      {row.Column{Kind: row.Decimal, Type: "DECIMAL", Length: 5, Scale: 2}, `"label":"v"`, []string{"0.001"}, "row 1: a number out of the range, want a DECIMAL(5,2)"},
		"long decimal":  {row.Column{Kind: row.Decimal, Type: "DECIMAL", Length: 38}, `"label":"v"`, []string{"1" + strings.Repeat("0", 38)}, "row 1: a number out of the range, want a DECIMAL(38,0)"},
		"longer":        {row.Column{Kind: row.Decimal, Type: "DECIMAL", Length: 38}, `"label":"v"`, []string{strings.Repeat("3", 80)}, "row 1: a number out of the range"},
		"JSON":          {row.Column{Type: "JSON"}, `"label":"v"`, []string{"{"}, "row 1: a text that is not JSON, want JSON"},
		"bits":          {row.Column{Kind: row.Bit, Type: "BIT", Length: 3}, `"label":"v"`, []string{"\x01\x00"}, "row 1: more bits than the column has"},
		"value of map":  {row.Column{Kind: row.Int, Type: "INT"}, `"map":{"1":"one"},"type":"number"`, []string{"2", "1"}, "row 2: a text that is no number"},
		"double":        {row.Column{Kind: row.Float, Type: "DOUBLE"}, `"label":"v"`, []string{"1e999"}, "row 1: a text that is no number"},
		"garbage times": {row.Column{Kind: row.Time, Type: "TIME"}, `"label":"v"`, []string{"now"}, "row 1: a text that is no time, want a time of day"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.source.Name = "v"
			var rows [][][]byte
			for _, c := range tt.cells {
				rows = append(rows, [][]byte{[]byte(c)})
			}
			_, _, err := tryEncode(formattest.Declared(`[{"name":"v",`+tt.decl+`}]`, tt.source), format.Options{}, rows...)
			var bad *format.ValueError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), `column "v", `+tt.want) {
				t.Fatalf("got %v, want %s", err, tt.want)
			}
			if last := tt.cells[len(tt.cells)-1]; len(last) > 3 && strings.Contains(err.Error(), last) {
				t.Errorf("the error has the value: %v", err)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	for decl, kinds := range map[string][]row.Kind{
		`"type":"number"`:   {row.Date, row.DateTime, row.Time, row.Binary, row.Geometry},
		`"type":"date"`:     {row.Int, row.Decimal, row.Float, row.Year, row.Bit, row.Time, row.Binary, row.Geometry},
		`"type":"datetime"`: {row.Int, row.Decimal, row.Float, row.Year, row.Bit, row.Time, row.Binary, row.Geometry},
		`"type":"bool"`:     {row.Date, row.DateTime, row.Time, row.Binary, row.Geometry},
	} {
		for _, kind := range kinds {
			err := Check(formattest.Declared(`["w",{"name":"v",`+decl+`}]`, row.Column{Name: "w"}, row.Column{Name: "v", Kind: kind, Type: "X"}))
			var bad *format.DeclError
			if !errors.As(err, &bad) || bad.Item != 2 || bad.Key != "type" || !strings.Contains(bad.Reason, "the column is a X") {
				t.Errorf("%s of kind %d: got %v", decl, kind, err)
			}
		}
	}
	if _, err := New(new(bytes.Buffer), nil, format.Options{}); err == nil {
		t.Error("no columns: got no error")
	}
}

func TestEncoder_Encode_names(t *testing.T) {
	cols := formattest.Declared(`["a",{"name":"a","label":"A"},{"name":"a","label":"a_2"},{"name":"b","label":"a"},{"name":"b","label":"x.y 订"}]`, row.Column{Name: "a"}, row.Column{Name: "b"})
	data, _ := encode(t, cols, format.Options{}, [][]byte{[]byte("1"), []byte("2")})
	schema := read(t, data).reader.MetaData().Schema
	var names []string
	for i := range schema.NumColumns() {
		names = append(names, schema.Column(i).Name())
	}
	if d := cmp.Diff([]string{"a", "A_3", "a_2", "a_4", "x.y 订"}, names); d != "" {
		t.Errorf("names (-want +got):\n%s", d)
	}
}

func TestEncoder_Encode_times(t *testing.T) {
	source := row.Column{Name: "v", Kind: row.Time, Type: "TIME", Scale: 3}
	data, _ := encode(t, formattest.Declared("", source), format.Options{},
		[][]byte{[]byte("08:30:00.250")}, [][]byte{nil}, [][]byte{[]byte("24:00:00.000")}, [][]byte{[]byte("00:00:01.000")})
	if d := cmp.Diff([][]any{{"08:30:00.250"}, {nil}, {"24:00:00.000"}, {"00:00:01.000"}}, read(t, data).rows); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	var rows [][][]byte
	for range undecidedRows + 200 {
		rows = append(rows, [][]byte{[]byte("08:30:00.000")})
	}
	rows = append(rows, [][]byte{[]byte("24:00:00.000")})
	_, _, err := tryEncode(formattest.Declared("", source), format.Options{}, rows...)
	if want := fmt.Sprintf(`column "v", row %d: a time that is negative or of 24 hours or more, want a time of day`, len(rows)); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestEncoder_Close_metadata(t *testing.T) {
	opt := format.Options{CreatedBy: "exportd version v1.2.3 (build abc)", Metadata: []format.KeyValue{{Key: "exportd.template", Value: "每日订单"}, {Key: "exportd.sql_sha256", Value: "00ff"}}}
	data, _ := encode(t, formattest.OrderColumns(), opt)
	r := read(t, data).reader
	if got := r.MetaData().GetCreatedBy(); got != opt.CreatedBy {
		t.Errorf("created by %q", got)
	}
	for _, kv := range opt.Metadata {
		if got := r.MetaData().KeyValueMetadata().FindValue(kv.Key); got == nil || *got != kv.Value {
			t.Errorf("%s: got %v, want %s", kv.Key, got, kv.Value)
		}
	}
	if r.NumRows() != 0 || r.NumRowGroups() != 0 {
		t.Errorf("%d rows in %d row groups, want none", r.NumRows(), r.NumRowGroups())
	}
}

func TestEncoder_Close_compressions(t *testing.T) {
	b := formattest.Orders(1, 2000)
	var rows [][][]byte
	for i := range b.Rows {
		rows = append(rows, cellsOf(b.Row(i)))
	}
	var want [][]any
	sizes := map[format.ParquetCompression]int{}
	for _, by := range []format.ParquetCompression{"none", "snappy", "gzip", "zstd", ""} {
		data, _ := encode(t, formattest.OrderColumns(), format.Options{ParquetCompression: by}, rows...)
		got := read(t, data).rows
		if want == nil {
			want = got
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%.1000s", by, d)
		}
		sizes[by] = len(data)
	}
	if sizes["none"] <= sizes["snappy"] || sizes["snappy"] <= sizes["zstd"] || sizes["zstd"] != sizes[""] || sizes["gzip"] >= sizes["snappy"] {
		t.Errorf("sizes: %v", sizes)
	}
}

// Row groups, pages and their statistics, as arrow-go reads them.
func TestEncoder_Close_statistics(t *testing.T) {
	source := []row.Column{{Name: "n", Kind: row.Int, Type: "BIGINT"}, {Name: "s", Type: "TEXT"}, {Name: "u", Kind: row.Int, Type: "INT UNSIGNED", Unsigned: true}}
	var rows [][][]byte
	for i := range 60_000 {
		s := []byte(strings.Repeat("订", 100) + fmt.Sprint(i))
		if i%3 == 0 {
			s = nil
		}
		rows = append(rows, [][]byte{fmt.Append(nil, i-30_000), s, fmt.Append(nil, 4294967295-i)})
	}
	data, _ := encode(t, formattest.Declared("", source...), format.Options{}, rows...)
	r := read(t, data).reader
	index, err := r.GetPageIndexReader().RowGroup(0)
	if err != nil || index == nil {
		t.Fatalf("no page index: %v", err)
	}
	for i, want := range []struct {
		nulls    int64
		min, max string
	}{{0, le64(-30_000), le64(29_999)}, {20_000, strings.Repeat("订", 21), strings.Repeat("订", 20) + "订"}, {0, le32(4294967295 - 59_999), le32(4294967295)}} {
		chunk, err := r.MetaData().RowGroup(0).ColumnChunk(i)
		if err != nil {
			t.Fatal(err)
		}
		stats, err := chunk.Statistics()
		if err != nil || stats == nil || !stats.HasMinMax() || stats.NullCount() != want.nulls {
			t.Fatalf("%s: statistics %v, %v", source[i].Name, stats, err)
		}
		least, most := string(stats.EncodeMin()), string(stats.EncodeMax())
		if least != want.min || i != 1 && most != want.max || i == 1 && (most <= want.max || len(most) > 64) {
			t.Errorf("%s: got %q to %q, want %q to %q", source[i].Name, least, most, want.min, want.max)
		}
		offsets, err := index.GetOffsetIndex(i)
		if err != nil || len(offsets.GetPageLocations()) < 4 {
			t.Errorf("%s: offset index %v, %v", source[i].Name, offsets, err)
		}
		columns, err := index.GetColumnIndex(i)
		if err != nil || columns == nil {
			t.Fatalf("%s: column index: %v", source[i].Name, err)
		}
	}
}

func le64(v int64) string  { return string(binary.LittleEndian.AppendUint64(nil, uint64(v))) }
func le32(v uint32) string { return string(binary.LittleEndian.AppendUint32(nil, v)) }

func cellsOf(p []byte) [][]byte {
	var cells [][]byte
	for len(p) > 0 {
		var c []byte
		c, p = row.Cell(p)
		cells = append(cells, c)
	}
	return cells
}

// A file of several row groups, of a row that is larger than one, and of columns
// whose dictionary becomes full.
func TestEncoder_Encode_row_groups(t *testing.T) {
	source := []row.Column{{Name: "n", Kind: row.Int, Type: "BIGINT"}, {Name: "s", Type: "TEXT"}, {Name: "b", Kind: row.Binary, Type: "BLOB"}}
	var rows [][][]byte
	big := make([]byte, 9<<20)
	for i := range big {
		big[i] = byte(i * i >> 7)
	}
	for i := range 200_000 {
		s := fmt.Appendf(nil, "%d %x", min(i%1000, i/50), i%100_000/100) // few values at first
		var b []byte
		if i%90_000 == 89_999 {
			b = big
		}
		rows = append(rows, [][]byte{fmt.Append(nil, uint32(i*2654435761)), s, b})
	}
	data, _ := encode(t, formattest.Declared("", source...), format.Options{ParquetCompression: "none"}, rows...)
	got := read(t, data)
	if got.reader.NumRowGroups() < 2 {
		t.Errorf("got %d row groups", got.reader.NumRowGroups())
	}
	for i, cells := range rows {
		g := got.rows[i]
		if fmt.Sprint(g[0]) != string(cells[0]) || g[1] != string(cells[1]) || (g[2] == nil) != (cells[2] == nil) || cells[2] != nil && g[2] != string(cells[2]) {
			t.Fatalf("row %d: got %v %v", i, g[0], g[1])
		}
	}
}

func TestNew_many_columns(t *testing.T) {
	source := make([]row.Column, MaxColumns)
	cells := make([][]byte, MaxColumns)
	for i := range source {
		source[i] = row.Column{Name: "c", Kind: row.Int, Type: "INT"}
		cells[i] = fmt.Append(nil, i)
	}
	data, _ := encode(t, formattest.Declared("", source...), format.Options{}, cells, cells)
	got := read(t, data)
	if len(got.rows) != 2 || got.rows[1][MaxColumns-1] != int32(MaxColumns-1) || got.reader.MetaData().Schema.Column(MaxColumns-1).Name() != "c_4096" {
		t.Errorf("got %v", got.rows[1][MaxColumns-1])
	}
}

// The short path of numbers gives what the long one gives.
func TestParseShort(t *testing.T) {
	for _, text := range []string{
		"0", "-0", "1", "-1.5", "0.1", "0.3", "12345678901234567", "123456789012345678", "1234567890123456789", "9007199254740993", "0.1311",
		"99999999999.999999", "-.5", "5.", ".", "-", "", "1.2.3", "1e5", "+1", " 1", "1 ", "0.0000000000000001", "4.35", "179769313486231.57",
	} {
		if bits, ok := shortDouble([]byte(text)); ok {
			if want, err := strconv.ParseFloat(text, 64); err != nil || int64(math.Float64bits(want)) != bits {
				t.Errorf("%q: got %v, want %v, %v", text, math.Float64frombits(uint64(bits)), want, err)
			}
		}
		for _, scale := range []int{0, 1, 4} {
			v, ok := shortDecimal([]byte(text), scale, 5)
			d, f := parseDecimal([]byte(text), scale, 5)
			if want := int64(d.lo); ok && (f != "" || v != want && v != -want || v != 0 && (v < 0) != d.negative) {
				t.Errorf("%q with %d decimals: got %d, want %d, %q", text, scale, v, want, f)
			}
		}
	}
}
