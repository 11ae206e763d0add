package csv

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Codes of GB 18030-2000, the mapping that Python's codec gb18030 and, for the
// user-defined areas, iconv have as well.
func TestGB18030_encode_private_use(t *testing.T) {
	g := newGB18030()
	for text, want := range map[string]string{
		"\ue000": "aaa1", "\ue233": "affe", "\ue234": "f8a1", "\ue4c5": "fefe", "\ue4c6": "a140", "\ue504": "a17e", "\ue505": "a180", "\ue765": "a7a0",
		"\ue766": "a2ab", "\ue76c": "8336c739", "\ue76d": "a2e4", "\ue7c7": "a8bc", "\ue7c8": "8336c830", "\ue81e": "fe59", "\ue864": "fea0", "\ue865": "8336d030",
		"\u1e3f": "8135f437", "€": "a2e3", "中": "d6d0", "😀": "9439fc36", "\xee\x80": "8431a4378431a437", "a\ue000b\ue864中": "61aaa162fea0d6d0",
	} {
		out, left, err := g.encode([]byte(text), true)
		if got := hex.EncodeToString(out); got != want || left != 0 || err != nil {
			t.Errorf("%q: got %s, %d bytes left, %v, want %s", text, got, left, err, want)
		}
	}
	two := 0
	for r := rune(0xe000); r <= 0xf8ff; r++ {
		if privateUseCode(r) != 0 {
			two++
		}
	}
	if two != 2068 {
		t.Errorf("%d characters with two-byte codes, want 2068", two)
	}
}

// All other characters are those of golang.org/x/text.
func TestGB18030_encode_other_characters(t *testing.T) {
	var text strings.Builder
	for r := rune(0); r <= 0x10ffff; r++ {
		if privateUseCode(r) == 0 && (r < 0xd800 || r > 0xdfff) {
			text.WriteRune(r)
		}
	}
	g := newGB18030()
	want, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	p, got := []byte(text.String()), []byte(nil)
	for len(p) > 0 {
		n := min(len(p), 100_001) // inside of characters
		out, left, err := g.encode(p[:n], n == len(p))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, out...)
		p = p[n-left:]
	}
	if !bytes.Equal(got, want) {
		t.Error("codes differ")
	}
}
