package format

import "unicode/utf8"

// MaxCellText is the longest text of a spreadsheet's cell, in UTF-16 units
// (ECMA-376 part 1, section 18.3.1.4; the same in BIFF8).
const MaxCellText = 32767

// UTF16Len is the number of UTF-16 units that the UTF-8 text takes: what
// spreadsheets count as characters. A byte that is no UTF-8 counts as one.
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

// CutUTF16 cuts text to at most limit UTF-16 units, never between the two
// halves of a character, and reports whether anything was cut. The result
// aliases text.
func CutUTF16(text []byte, limit int) (head []byte, cut bool) {
	if len(text) <= limit { // no character takes more units than bytes
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

// IndexIllegalXML is where the first thing in text lies that XML 1.0 cannot
// hold (section 2.2 Char: control characters but TAB, LF and CR, U+FFFE,
// U+FFFF; and bytes that are no UTF-8), -1 where all of it is legal.
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

// AppendLegalXML appends text with each thing that IndexIllegalXML finds
// replaced by U+FFFD, and tells how many there were.
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
