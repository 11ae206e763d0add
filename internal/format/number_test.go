package format

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"exporttask/internal/format/row"
)

func TestSafeNumber(t *testing.T) {
	safe := []string{
		"0", "1", "-1", "10", "-12.50", "0.5", "-0.05", "123456789012345", "-123456789012345", "12345678901234.5",
		"0.000000000000123456789012345", "100000.0000000000000000", "0.00",
	}
	unsafe := []string{
		"", "-", "+1", "007", "-01", "00.5", "1234567890123456", "9007199254740993", "123456789012345.6", "1000000000000000",
		"0.1234567890123456", "-0", "-0.00", ".5", "5.", "1.5.2", "1e5", "1,000", " 1", "1 ", "０", "0x1F", "Infinity", "NaN", "--1",
	}
	for _, s := range safe {
		if !SafeNumber([]byte(s)) {
			t.Errorf("%q: got unsafe", s)
		}
		if !IsNumber([]byte(s)) {
			t.Errorf("%q: got no number", s)
		}
	}
	for _, s := range unsafe {
		if SafeNumber([]byte(s)) {
			t.Errorf("%q: got safe", s)
		}
	}
}

func TestSafeNumber_big_integers(t *testing.T) {
	id := Column{Source: row.Column{Kind: row.Int, Type: "BIGINT"}}
	if id.KeepsNumber([]byte("9007199254740993")) {
		t.Error("a 16-digit BIGINT would be stored as a number and lose its last digit")
	}
	if !id.KeepsNumber([]byte("900000000001")) {
		t.Error("a 12-digit BIGINT would be stored as text")
	}
}

func TestColumn_KeepsNumber(t *testing.T) {
	c := Column{Source: row.Column{Kind: row.Float}}
	for _, s := range []string{"0.30000000000000004", "1e-7", "1.7976931348623157e308", "-0"} {
		if !c.KeepsNumber([]byte(s)) {
			t.Errorf("%q: would be stored as text", s)
		}
	}
	for _, s := range []string{"", "e5", "1e", "1e+", "1e5000", "abc", "1.e5", "1 "} {
		if c.KeepsNumber([]byte(s)) {
			t.Errorf("%q: would be stored as a number", s)
		}
	}
}

func FuzzSafeNumber(f *testing.F) {
	for _, s := range []string{"0", "-12.50", "123456789012345", "0.00012300", "007", "-0.0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !SafeNumber([]byte(s)) {
			return
		}
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if fractionDigits(s) > 0 { // the number format brings back the zeros
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		if back := strconv.FormatFloat(v, 'f', fractionDigits(s), 64); back != s {
			t.Fatalf("%q: comes back as %q", s, back)
		}
		short := strconv.FormatFloat(v, 'g', maxDigits, 64)
		if again, err := strconv.ParseFloat(short, 64); err != nil || again != v {
			t.Fatalf("%q: 15 digits read %q", s, short)
		}
	})
}

func fractionDigits(s string) int {
	if i := strings.IndexByte(s, '.'); i >= 0 {
		return len(s) - i - 1
	}
	return 0
}

func TestParseBool(t *testing.T) {
	for _, s := range []string{"1", "-1", "2", "true", "TRUE", "Yes", "y", "T"} {
		if v, ok := ParseBool([]byte(s)); !ok || !v {
			t.Errorf("%q: got %t, %t, want true", s, v, ok)
		}
	}
	for _, s := range []string{"0", "00", "false", "No", "N", "f"} {
		if v, ok := ParseBool([]byte(s)); !ok || v {
			t.Errorf("%q: got %t, %t, want false", s, v, ok)
		}
	}
	for _, s := range []string{"", "0.5", "1e5", "on", "maybe", "是", "truely", "+1"} {
		if _, ok := ParseBool([]byte(s)); ok {
			t.Errorf("%q: got a truth value, want none", s)
		}
	}
}

func TestParseSerial(t *testing.T) {
	tests := []struct {
		text, want string
	}{
		{"1900-01-01", "1"},
		{"1900-02-28", "59"},
		{"1900-03-01", "61"}, // 60 is the day that never was
		{"1999-12-31", "36525"},
		{"2000-02-29", "36585"},
		{"2024-01-01 00:00:00", "45292"},
		{"2026-01-31 12:00:00", "46053.5"},
		{"2026-01-31T06:00:00", "46053.25"},
		{"2026-01-31 23:59:59", "46053.999988425926"},
		{"2026-01-31 23:59:59.999999", "46053.999999999988"},
		{"2026-01-31 00:00:00.000001", "46053.000000000012"},
		{"2026-01-31 00:00:00.5", "46053.000005787037"},
		{"9999-12-31", "2958465"},
	}
	for _, tt := range tests {
		s, ok := ParseSerial([]byte(tt.text))
		if !ok {
			t.Errorf("%q: refused", tt.text)
			continue
		}
		if got := string(s.Append([]byte("="))); got != "="+tt.want {
			t.Errorf("%q: got %s, want %s", tt.text, got[1:], tt.want)
		}
		want, err := strconv.ParseFloat(tt.want, 64)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Float64(); got-want > 1e-11 || want-got > 1e-11 {
			t.Errorf("%q: got double %v, want %v", tt.text, got, want)
		}
	}
	refused := []string{
		"", "0000-00-00", "0000-00-00 00:00:00", "1899-12-31", "2026-02-00", "2026-00-01", "2026-13-01", "2026-02-29", "1900-02-29", "2100-02-29",
		"2026-04-31", "2026-01-31 24:00:00", "2026-01-31 00:60:00", "2026-01-31 00:00:60", "2026-01-31 00:00", "2026-01-31 00:00:00.", "2026-01-31 00:00:00.1234567",
		"2026-01-31 00:00:00Z", "2026/01/31", "26-01-31", "2026-01-31x", "2026-1-31 ", "-838:59:59", "２０２６-01-31",
	}
	for _, s := range refused {
		if got, ok := ParseSerial([]byte(s)); ok {
			t.Errorf("%q: got %v, want it refused", s, got)
		}
	}
}

func TestParseSerial_every_day(t *testing.T) {
	lengths := func(y int) [12]int {
		feb := 28
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			feb = 29
		}
		return [12]int{31, feb, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}
	}
	want, text := 0, make([]byte, 0, 10)
	two := func(n int) { text = append(text, byte('0'+n/10), byte('0'+n%10)) }
	for y := 1900; y <= 9999; y++ {
		for m, days := range lengths(y) {
			for d := 1; d <= days; d++ {
				if want++; want == 60 {
					want++
				}
				text = text[:0]
				two(y / 100)
				two(y % 100)
				text = append(text, '-')
				two(m + 1)
				text = append(text, '-')
				two(d)
				if s, ok := ParseSerial(text); !ok || s.Day != want {
					t.Fatalf("%s: got %d, %t, want %d", text, s.Day, ok, want)
				}
			}
		}
	}
}

func TestColumn_NumberFormat(t *testing.T) {
	tests := []struct {
		name   string
		col    Column
		typ    Type
		format string
	}{
		{"text", Column{}, AsText, ""},
		{"integer", Column{Source: row.Column{Kind: row.Int, Scale: -1}}, AsNumber, "0"},
		{"ZEROFILL keeps its zeros", Column{Source: row.Column{Kind: row.Int, Zerofill: true, Scale: -1}}, AsText, ""},
		{"DECIMAL(12,2)", Column{Source: row.Column{Kind: row.Decimal, Scale: 2}}, AsNumber, "0.00"},
		{"DECIMAL(12,0)", Column{Source: row.Column{Kind: row.Decimal}}, AsNumber, "0"},
		{"DOUBLE", Column{Source: row.Column{Kind: row.Float, Scale: -1}}, AsNumber, ""},
		{"DOUBLE(12,3)", Column{Source: row.Column{Kind: row.Float, Scale: 3}}, AsNumber, "0.000"},
		{"DATE", Column{Source: row.Column{Kind: row.Date, Scale: -1}}, AsDate, "yyyy-mm-dd"},
		{"DATETIME", Column{Source: row.Column{Kind: row.DateTime}}, AsDateTime, "yyyy-mm-dd hh:mm:ss"},
		{"DATETIME(6)", Column{Source: row.Column{Kind: row.DateTime, Scale: 6}}, AsDateTime, "yyyy-mm-dd hh:mm:ss.000"},
		{"TIME is a span", Column{Source: row.Column{Kind: row.Time}}, AsText, ""},
		{"BIT", Column{Source: row.Column{Kind: row.Bit, Scale: -1}}, AsNumber, "0"},
		{"a mapped integer", Column{Source: row.Column{Kind: row.Int}, Map: map[string]string{}}, AsText, ""},
		{"a text declared as a number", Column{Type: AsNumber}, AsNumber, ""},
		{"a declared format", Column{Source: row.Column{Kind: row.Date}, Format: "m/d/yy"}, AsDate, "m/d/yy"},
	}
	for _, tt := range tests {
		if got := tt.col.Stored(); got != tt.typ {
			t.Errorf("%s: stored as %d, want %d", tt.name, got, tt.typ)
		}
		if got := tt.col.NumberFormat(); got != tt.format {
			t.Errorf("%s: format %q, want %q", tt.name, got, tt.format)
		}
	}
}

func TestAppendNumber(t *testing.T) {
	for _, tt := range []struct {
		text, want  string
		rounded, ok bool
	}{
		{"0", "0", false, true},
		{"-0.000", "0", false, true},
		{"007", "7", false, true},
		{"+5", "5", false, true},
		{"-12.50", "-12.5", false, true},
		{"123456789012345", "123456789012345", false, true},
		{"1234567890123456789", "1234567890123460000", true, true},
		{"1234567890123450000", "1234567890123450000", false, true},
		{"-9999999999999999", "-10000000000000000", true, true},
		{"0.9999999999999999", "1", true, true},
		{"9.9999999999999994", "10", true, true}, // the 16th digit is 9
		{"0.00000000000000012345678901234567", "0.000000000000000123456789012346", true, true},
		{"33.333333333333333333333333333333", "33.3333333333333", true, true},
		{"1e5", "100000", false, true},
		{"1.5E-7", "0.00000015", false, true},
		{"1e300", "1E300", false, true},
		{"1e999", "", false, false},
		{strings.Repeat("9", 65), "1" + strings.Repeat("0", 65), true, true},
	} {
		got, rounded, ok := AppendNumber(nil, []byte(tt.text))
		if string(got) != tt.want || rounded != tt.rounded || ok != tt.ok {
			t.Errorf("%s: got %q, %t, %t, want %q, %t, %t", tt.text, got, rounded, ok, tt.want, tt.rounded, tt.ok)
		}
	}
}

// The rounded number is the nearest one of 15 digits, as strconv rounds.
func FuzzAppendNumber(f *testing.F) {
	f.Add("1234567890123456789.5")
	f.Add("-0.00099999999999999951e-12")
	f.Fuzz(func(t *testing.T, text string) {
		if !IsNumber([]byte(text)) {
			return
		}
		got, rounded, ok := AppendNumber(nil, []byte(text))
		want, err := strconv.ParseFloat(text, 64)
		if !ok {
			if err == nil && math.Abs(want) < 1e307 {
				t.Fatalf("%s: refused", text)
			}
			return
		}
		v, err := strconv.ParseFloat(string(got), 64)
		if err != nil || math.Abs(v-want) > math.Abs(want)*1e-14+1e-300 || !rounded && v != want {
			t.Fatalf("%s: got %s, %v", text, got, err)
		}
	})
}

func TestDigits(t *testing.T) {
	for n := range 30 {
		for at := range n + 1 {
			for _, other := range []byte{'/', ':', 0, 0xb0, 0xff, ' '} {
				text := []byte(strings.Repeat("0519", 8)[:n])
				if at < n {
					text[at] = other
				}
				if got := digits(text); got != at {
					t.Errorf("%q: %d digits, want %d", text, got, at)
				}
			}
		}
	}
}
