package format

import "testing"

func TestCheckFormat(t *testing.T) {
	good := []string{
		"", "General", "0.00", "#,##0.00;[Red]-#,##0.00", `yyyy"年"m"月"d"日"`, "yyyy年m月", "[h]:mm:ss", "h:mm AM/PM", "0.00E+00", `\t0`, "_(* #,##0_)", "@", "¥0.00", "$0", "[$¥-804]0.00",
		"0;0;0;@", "0.0%", `"k"`, "e年", "[$-804]aaaa", "[$-zh-CN]dddd, d mmmm yyyy", "[$-F800]dddd", "hh:mm:ss.000", "mm:ss.0", "[ss].00", "[hh]:mm", "dd.mm.yyyy", "d/m/yy", "m/d",
		"[DBNum2][$-804]General", `[<1000]0;[<1000000]0.0,"K";0.00,,"M"`, "[Color12]0", "[color 5]0", "[>=-1.5]0;0", "# ?/?", "# ??/100", "##0.0E-0", ".00", "0.", "0_)", "* 0", "000-0000-0000", "0.00;;;@",
		`#,##0.00 "EUR"`, "#,##0.00 [$€-407]", "General;[Red]-General", "ggge", "aaa", "bbbb", "yyyy/m/d h:mm", "(0)", "0.00 €", "A/P h", "m", `"[foo]"0`, `0.00"x"`, ";;;", "@ 元",
	}
	bad := []string{
		"0 kg", `"open`, "[Red", "[]0", `0\`, "0*", "0;0;0;0;0", "0\n", "yyyy-MM-ddTHH", "[foo]0", "hh:mm:ss.0000", "0.0.0", "0.00 mm", "yyyy 0", "0E0", "0E", "0E+0E+0", "0/0/0", "0/", "[>]0", "[>x]0",
		"[<1]0;[<2]0;[<3]0", "[Color57]0", "[Color0]0", "[$]0", "[DBNum5]0", "General0", "@0", "hhh:mm", "sss", "yyyyy", "aa", "mmmmmm", "# ?/? E+0", "0,0 x", "[hm]", "[abc]", "yyyyx", "Standard", "TRUE", "N/A", "0.0E+0/0",
	}
	for _, s := range good {
		if err := CheckFormat(s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range bad {
		if CheckFormat(s) == nil {
			t.Errorf("%q: got no error", s)
		}
	}
}

// Formats of the package itself are valid.
func FuzzCheckFormat(f *testing.F) {
	f.Add("0;[Red]@")
	f.Add("[$-804]aaaa hh:mm:ss.000")
	f.Fuzz(func(t *testing.T, format string) {
		err := CheckFormat(format)
		if err == nil && CheckFormat(format+`"`) == nil && CheckFormat(`"`+format) == nil {
			t.Errorf("%q: valid with a quote at either end", format)
		}
	})
}
