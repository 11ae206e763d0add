package format

import "unicode/utf8"

// MaxCellText is the maximum length of the text of a spreadsheet cell in UTF-16
// code units (ECMA-376 part 1, section 18.3.1.4; BIFF8 has the same limit).
const MaxCellText = 32767

// UTF16Len returns the length of UTF-8 text in UTF-16 code units, which
// spreadsheets count as characters. Each byte of invalid UTF-8 counts as one
// unit.
func UTF16Len(text []byte) int {
	n := 0
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			n++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		i += size
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// CutUTF16 truncates text to at most limit UTF-16 code units without splitting
// a surrogate pair, and reports whether anything was removed. head aliases
// text.
func CutUTF16(text []byte, limit int) (head []byte, cut bool) {
	if len(text) <= limit { // a character has at most as many units as bytes
		return text, false
	}
	n := 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		n++
		if r > 0xffff {
			n++
		}
		if n > limit {
			return text[:i], true
		}
		i += size
	}
	return text, false
}

// IndexIllegalXML returns the offset of the first byte in text that XML 1.0
// cannot represent (section 2.2, Char: control characters other than TAB, LF
// and CR, U+FFFE, U+FFFF) or that is not valid UTF-8, and -1 if there is none.
func IndexIllegalXML(text []byte) int {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if c < 0x20 && c != '\t' && c != '\n' && c != '\r' {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 || r == 0xfffe || r == 0xffff {
			return i
		}
		i += size
	}
	return -1
}

// AppendLegalXML appends text to dst with each character that IndexIllegalXML
// finds replaced by U+FFFD, and returns the number of replacements.
func AppendLegalXML(dst, text []byte) (out []byte, replaced int) {
	for {
		i := IndexIllegalXML(text)
		if i < 0 {
			return append(dst, text...), replaced
		}
		_, size := utf8.DecodeRune(text[i:])
		dst = append(dst, text[:i]...)
		dst = append(dst, "\uFFFD"...)
		text = text[i+size:]
		replaced++
	}
}
