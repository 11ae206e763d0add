package format

import "bytes"

// NeedsQuotePrefix reports whether a spreadsheet would convert text to a number,
// a date, a truth value, an error or a formula if somebody edited the cell or
// typed the text into it: "00123", "8136E1", "1-2", "12:30", "5%", "$5", "true",
// "SEPT2", "=A1", "#N/A". A spreadsheet file marks such a text with the quote
// prefix, so that an edit of the cell leaves it a text. Some texts that a
// spreadsheet would not convert are included ("12 Main Street"), which has no
// visible effect.
func NeedsQuotePrefix(text []byte) bool {
	return MayNeedQuotePrefix(text) && len(text) > 0 &&
		(quotePrefixClass[text[0]] == prefixAlways || needsQuotePrefix(text))
}

// MayNeedQuotePrefix returns false for most texts for which NeedsQuotePrefix is
// false. It looks at the first two bytes only.
func MayNeedQuotePrefix(text []byte) bool {
	return len(text) < 2 || quotePrefixSecond[text[0]]>>(text[1]&31)&1 != 0
}

// Classes of a text's first byte.
const (
	prefixNever  = iota // no text with this first byte is converted
	prefixAlways        // every text with this first byte is marked
	prefixWord          // a letter: TRUE, FALSE or an English month may begin
	prefixWide          // a blank or the first byte of a longer character
)

var quotePrefixClass = func() (t [256]uint8) {
	for _, c := range "0123456789=+-@.,'($#%" {
		t[c] = prefixAlways
	}
	for _, c := range "adfjmnost" {
		t[c], t[c-'a'+'A'] = prefixWord, prefixWord
	}
	for _, c := range []byte{' ', '\t', 0xc2, 0xe2, 0xef} {
		t[c] = prefixWide
	}
	return t
}()

// quotePrefixSecond has for each first byte a bit for the low five bits of each
// second byte with which a text may be marked.
var quotePrefixSecond = func() (t [256]uint32) {
	for c, class := range quotePrefixClass {
		if class == prefixAlways || class == prefixWide {
			t[c] = 1<<32 - 1
		}
	}
	for _, word := range []string{"ap", "au", "de", "fa", "fe", "ja", "ju", "ma", "no", "oc", "se", "tr"} {
		for _, c := range []byte{word[0], word[0] - 'a' + 'A'} {
			t[c] |= 1 << (word[1] & 31)
		}
	}
	return t
}()

// needsQuotePrefix is NeedsQuotePrefix for a text whose first byte does not decide.
func needsQuotePrefix(text []byte) bool {
	switch quotePrefixClass[text[0]] {
	case prefixWord:
		return isTruthValue(text) || beginsWithMonth(text)
	case prefixWide:
		trimmed := bytes.TrimLeft(text, " \t")
		if len(trimmed) < len(text) {
			return NeedsQuotePrefix(trimmed)
		}
		for _, sign := range currencySigns {
			if bytes.HasPrefix(text, sign) {
				return true
			}
		}
		// Full-width forms U+FF05 to U+FF20: digits, signs and ＝, ＠, ％.
		return len(text) >= 3 && text[0] == 0xef && text[1] == 0xbc && text[2] >= 0x85 && text[2] <= 0xa0
	}
	return false
}

// currencySigns begin amounts of money; the last two are minus signs.
var currencySigns = [][]byte{[]byte("¥"), []byte("£"), []byte("€"), []byte("₩"), []byte("₹"), []byte("￥"), []byte("\u2212"), []byte("﹣")}

func isTruthValue(text []byte) bool {
	return len(text) <= 5 && (bytes.EqualFold(text, []byte("TRUE")) || bytes.EqualFold(text, []byte("FALSE")))
}

// beginsWithMonth reports whether text is short and consists of an English month
// and digits: "Mar 5", "SEPT2", "may-2026".
func beginsWithMonth(text []byte) bool {
	const longest = len("September 30, 2026 12:30:59 PM")
	if len(text) < 4 || len(text) > longest || monthOf(text) == "" {
		return false
	}
	letters := 3
	for letters < len(text) && (text[letters]|0x20)-'a' < 26 {
		letters++
	}
	month := monthOf(text)
	if letters > len(month) || letters > 3 && letters != len(month) && letters != len("sept") {
		return false
	}
	for i, c := range text[:letters] {
		if c|0x20 != month[i] {
			return false
		}
	}
	if letters == len("sept") && letters != len(month) && month[0] != 's' {
		return false
	}
	rest := bytes.TrimLeft(text[letters:], " .,-/")
	return len(rest) > 0 && rest[0]-'0' < 10
}

// monthOf returns the English month with the first three letters of text.
func monthOf(text []byte) string {
	switch uint32(text[0]|0x20)<<16 | uint32(text[1]|0x20)<<8 | uint32(text[2]|0x20) {
	case 'j'<<16 | 'a'<<8 | 'n':
		return "january"
	case 'f'<<16 | 'e'<<8 | 'b':
		return "february"
	case 'm'<<16 | 'a'<<8 | 'r':
		return "march"
	case 'a'<<16 | 'p'<<8 | 'r':
		return "april"
	case 'm'<<16 | 'a'<<8 | 'y':
		return "may"
	case 'j'<<16 | 'u'<<8 | 'n':
		return "june"
	case 'j'<<16 | 'u'<<8 | 'l':
		return "july"
	case 'a'<<16 | 'u'<<8 | 'g':
		return "august"
	case 's'<<16 | 'e'<<8 | 'p':
		return "september"
	case 'o'<<16 | 'c'<<8 | 't':
		return "october"
	case 'n'<<16 | 'o'<<8 | 'v':
		return "november"
	case 'd'<<16 | 'e'<<8 | 'c':
		return "december"
	}
	return ""
}
