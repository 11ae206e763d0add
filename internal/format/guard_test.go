package format

import (
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format/row"
)

func TestIsFormula(t *testing.T) {
	formulas := []string{
		"=1+1", "=", "@SUM(A1)", "@", "+cmd|' /C calc'!A0", "-cmd|' /C calc'!A0", "\t=1", "\r=1", "\n=1", "\x00=1", "+A1", "-A1", "+", "-1+A1", "-2+3+cmd|' /C calc'!A0", "+1;A1",
		"＝1+1", "＋A1", "－A1", "＠SUM(1)", "-¥5", "+=1", "--A1", "-1E5B", "+1!1",
		"+86-13800000000", "+86 138-0000-0000", "+86 (10) 1234-5678", "+1-1", "-1-1", "+1*2", "+1/2", "-1:2", "+1=1", "+1,2", "-1,23", "-5 3", "+1  2", "+ 1", "-(5)", "+1^2", "+5%%", "+1.2.3", "-1&2",
	}
	harmless := []string{
		"", "a=1", " =1", "'=1", "1-1", "-12.50", "+12", "-1.5e-7", "+8613800000000", "+86 138 0000 0000", "-5%", "+1,234,567.5%", "-1,234.50", "-", "---", "10%", "Ａ", "ｱ", "，x",
	}
	for _, s := range formulas {
		if !IsFormula([]byte(s)) {
			t.Errorf("%q: got harmless", s)
		}
	}
	for _, s := range harmless {
		if IsFormula([]byte(s)) {
			t.Errorf("%q: got a formula", s)
		}
	}
}

func TestColumn_Guarded(t *testing.T) {
	for kind := row.Text; kind <= row.Geometry; kind++ {
		c := Column{Source: row.Column{Kind: kind}}
		if got, want := c.Guarded(), kind == row.Text; got != want {
			t.Errorf("kind %d: got guarded %t, want %t", kind, got, want)
		}
	}
	mapped := Column{Source: row.Column{Kind: row.Int}, Map: map[string]string{"1": "=1"}}
	if !mapped.Guarded() {
		t.Error("a mapped column is not guarded")
	}
	off := Column{Unguard: true}
	if off.Guarded() {
		t.Error("a column with the guard off is guarded")
	}
}

func TestColumn_GuardLabel(t *testing.T) {
	for _, tt := range []struct {
		col  Column
		want string
	}{
		{Column{Label: "金额"}, "金额"},
		{Column{Label: "=1+1", Source: row.Column{Kind: row.Int}}, "'=1+1"},
		{Column{Label: "=1+1", Unguard: true}, "=1+1"},
		{Column{Label: "-1"}, "-1"},
	} {
		got, guarded := tt.col.GuardLabel()
		if got != tt.want || guarded != (tt.want != tt.col.Label) {
			t.Errorf("label %q: got %q, %t, want %q", tt.col.Label, got, guarded, tt.want)
		}
	}
}

func TestSheetName(t *testing.T) {
	long := strings.Repeat("订", 40)
	tests := []struct {
		base string
		n    int
		want string
	}{
		{"", 1, "Sheet1"},
		{"", 2, "Sheet1 (2)"},
		{"Orders", 1, "Orders"},
		{"Orders", 3, "Orders (3)"},
		{"a/b\\c?d*e[f]g:h", 1, "a_b_c_d_e_f_g_h"},
		{"'quoted'", 1, "quoted"},
		{"'''", 1, "Sheet1"},
		{"history", 1, "history_"},
		{"a\x00b\n", 1, "a_b_"},
		{long, 1, long[:31*3]},
		{long, 12, long[:26*3] + " (12)"},
		{strings.Repeat("😀", 20), 1, strings.Repeat("😀", 15)},
		{strings.Repeat("a", 30) + "'b", 1, strings.Repeat("a", 30)},
	}
	for _, tt := range tests {
		if got := SheetName(tt.base, tt.n); got != tt.want {
			t.Errorf("SheetName(%q, %d): got %q, want %q", tt.base, tt.n, got, tt.want)
		}
	}
}

func TestCutUTF16(t *testing.T) {
	for _, s := range []string{"", "abc", "金额", "a😀b", "\xff\xfe", "é"} {
		want := len(utf16.Encode([]rune(s)))
		if got := UTF16Len([]byte(s)); got != want {
			t.Errorf("UTF16Len(%q): got %d, want %d", s, got, want)
		}
	}
	for _, tt := range []struct {
		text  string
		limit int
		want  string
	}{
		{"abc", 3, "abc"}, {"abc", 2, "ab"}, {"金额表", 2, "金额"}, {"a😀b", 2, "a"}, {"a😀b", 3, "a😀"}, {"a😀b", 4, "a😀b"}, {"abc", 0, ""},
	} {
		head, cut := CutUTF16([]byte(tt.text), tt.limit)
		if string(head) != tt.want || cut != (tt.want != tt.text) {
			t.Errorf("CutUTF16(%q, %d): got %q, %t, want %q", tt.text, tt.limit, head, cut, tt.want)
		}
	}
}

func TestAppendLegalXML(t *testing.T) {
	for _, tt := range []struct {
		text, want string
		replaced   int
	}{
		{"plain 金额 😀\t\r\n", "plain 金额 😀\t\r\n", 0},
		{"a\x00b\x1f", "a\uFFFDb\uFFFD", 2},
		{"\uFFFE\uFFFF", "\uFFFD\uFFFD", 2},
		{"a\xffb\xe4\xb8", "a\uFFFDb\uFFFD\uFFFD", 3},
		{"\uFFFD", "\uFFFD", 0},
		{"\x7f", "\x7f", 0},
	} {
		got, n := AppendLegalXML(nil, []byte(tt.text))
		if diff := cmp.Diff(tt.want, string(got)); diff != "" || n != tt.replaced {
			t.Errorf("%q: %d replaced, want %d; -want +got\n%s", tt.text, n, tt.replaced, diff)
		}
		if !utf8.Valid(got) || IndexIllegalXML(got) >= 0 {
			t.Errorf("%q: the result %q is not legal", tt.text, got)
		}
	}
}

func TestWarningCounts_Warnings(t *testing.T) {
	if got := new(WarningCounts).Warnings(); got != nil {
		t.Errorf("nothing counted: got %v", got)
	}
	want := []Warning{{GuardedFormula, 3}, {CutText, 1}, {IllegalChar, 2}, {RoundedNumber, 4}, {NumberText, 5}, {NotNumber, 6}}
	if diff := cmp.Diff(want, (&WarningCounts{Guarded: 3, Cut: 1, Illegal: 2, Rounded: 4, NumberText: 5, NotNumber: 6}).Warnings()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
