//go:build readers

package encoder

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

// alphabet is what random texts are made of: characters of every length in UTF-8 and
// UTF-16, markup, formulas, bytes that are not UTF-8, and characters that a file
// cannot hold.
var alphabet = []string{
	"a", "Z", "0", " ", "\t", "\n", "=", "+", "-", "@", "'", "\"", "<", "&", ">", "]]>", "<!--", "&amp;", "&#0;", ",", ";",
	"é", "ß", "\u00a0", "\u200b", "\u202e", "\ufeff", "中", "\ufffd", "\ue000", "😀", "\U0010ffff", "\U00020000", "👩‍👩‍👧", "ﷺ",
	"\x01", "\x08", "\x1b", "\x1f", "\x7f", "\u0085", "\ufffe", "\uffff", "\xff", "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80",
	"1e5", "00", "#REF!", "TRUE", "2026-01-31", "\r\n",
}

// randomTexts returns texts of the alphabet: short ones, ones around the lengths of
// records, and some longer than a cell.
func randomTexts() []string {
	r := rand.New(rand.NewPCG(7, 11))
	var texts []string
	for i := range 400 {
		n := 1 + r.IntN(12)
		switch {
		case i%40 == 0:
			n = 33000
		case i%10 == 0:
			n = 2000 + r.IntN(7000)
		}
		var b strings.Builder
		for range n {
			b.WriteString(alphabet[r.IntN(len(alphabet))])
		}
		texts = append(texts, "x"+b.String()+"x") // no blanks at the ends, which some readers cut
	}
	return texts
}

// cellText is what a cell holds of a text: U+FFFD for what is no character and for
// each of the characters of lost, and at most 32,767 units of UTF-16.
func cellText(text string, lost func(rune) bool) string {
	var b strings.Builder
	units := 0
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], "\ufffd") || lost(r) {
			r = utf8.RuneError
		}
		if units += utf16.RuneLen(r); units > format.MaxCellText {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

// textBook is a workbook of one column without a header.
func textBook(t *testing.T, f Format, texts []string) string {
	t.Helper()
	var out bytes.Buffer
	e, err := New(&out, f, []format.Column{{Source: row.Column{Name: "t"}, Label: "t"}}, format.Options{TempDir: t.TempDir(), NoHeader: true})
	if err != nil {
		t.Fatal(err)
	}
	b := new(row.Batch)
	for _, text := range texts {
		b.Append([]byte(text))
	}
	if err := e.Encode(b); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "texts"+f.shape().ext)
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const openpyxlTexts = `import json, sys, openpyxl
print(json.dumps([[r[0] for r in s.iter_rows(values_only=True)] for s in openpyxl.load_workbook(sys.argv[1])][0]))`

const xlrdTexts = `import json, sys, xlrd
print(json.dumps([r[0].value for r in xlrd.open_workbook(sys.argv[1]).sheets()[0].get_rows()]))`

// Random texts are in the cells as the database holds them, as far as a file can
// hold them.
func TestReaders_texts(t *testing.T) {
	texts := randomTexts()
	inXML := func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\ufffe' || r == '\uffff'
	}
	never := func(rune) bool { return false }
	for name, tc := range map[string]struct {
		format Format
		lost   func(rune) bool
		read   func(path string) string
	}{
		"XLSX/openpyxl": {XLSX, inXML, func(path string) string { return run(t, nil, "/usr/bin/python3", "-c", openpyxlTexts, path) }},
		"XLSX/excelize": {XLSX, inXML, func(path string) string {
			return run(t, nil, "go", "run", "-C", "../../../tools/readers", ".", path)
		}},
		"XLS/xlrd": {XLS, never, func(path string) string { return run(t, nil, "/usr/bin/python3", "-c", xlrdTexts, path) }},
	} {
		t.Run(name, func(t *testing.T) {
			out := tc.read(textBook(t, tc.format, texts))
			var got []string
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				var sheets [][][]string
				if err := json.Unmarshal([]byte(out), &sheets); err != nil {
					t.Fatal(err)
				}
				got = nil
				for _, r := range sheets[0] {
					got = append(got, r[0])
				}
			}
			if len(got) != len(texts) {
				t.Fatalf("%d cells, want %d", len(got), len(texts))
			}
			wrong := 0
			for i, text := range texts {
				want := cellText(text, tc.lost)
				if got[i] != want {
					if wrong++; wrong <= 3 {
						t.Errorf("text %d, %.100q (-want +got):\n%.1500s", i, text, cmp.Diff(want, got[i]))
					}
				}
			}
			if wrong > 0 {
				t.Errorf("%d of %d cells differ", wrong, len(texts))
			}
		})
	}
}
