package format

import "testing"

func TestNeedsQuotePrefix(t *testing.T) {
	for _, text := range []string{
		"0", "00123", "123456789012345678", "8136E1", "1e5", "-5", "+8613800000000", "1-2", "1/2", "12:30", "5%", "%5", "(5)",
		"$5", "¥5", "€ 5", "£5", "￥5", "=A1", "@SUM(A1)", "'a", "#N/A", ".5", ",5", " 5", "\t=1", "TRUE", "false", "True",
		"Mar 5", "SEPT2", "MARCH1", "may-2026", "1月2日", "2026年1月", "１２３", "＝A1", "−5",
	} {
		if !NeedsQuotePrefix([]byte(text)) {
			t.Errorf("%q: false, want true", text)
		}
	}
	for _, text := range []string{
		"", "a", "abc", "ABC123", "Trueness", "Falsehood", "May", "Mary 5", "marketing 2026 is a long text with a digit", "小明", "Ünal",
		"“quoted”", "…", " ", "  x", "©", "、", "decade 1", "F5", "T-34", "N2", "A1",
	} {
		if NeedsQuotePrefix([]byte(text)) {
			t.Errorf("%q: true, want false", text)
		}
	}
}
