package format

import (
	"strings"
	"unicode/utf8"
)

// TextWidth returns the width of the longest line of text in characters of a
// spreadsheet's default font. East Asian characters and emoji count as two.
func TextWidth(text []byte) int {
	widest, n := 0, 0
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		switch {
		case r == '\n':
			n = 0
		case r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xd7ff || r >= 0xf900 && r <= 0xfaff || r >= 0xff00 && r <= 0xff60 || r >= 0x1f300):
			n += 2
		default:
			n++
		}
		widest = max(widest, n)
	}
	return widest
}

// ValueWidth returns the width of a value as a spreadsheet shows it with the
// column's number format. text is the value as AppendText writes it. The width of
// a number or a date is an upper bound: a value that does not fit is shown as ###.
func (c *Column) ValueWidth(text []byte) int {
	n := TextWidth(text)
	switch c.Stored() {
	case AsDate, AsDateTime:
		return max(n, dateWidth(c.NumberFormat()))
	case AsNumber:
		if c.Format != "" {
			return max(n, numberWidth(c.Format, text))
		}
		// The format may add decimals, for example 0.00 to 1.
		if point := strings.IndexByte(string(text), '.'); c.Source.Scale > 0 {
			if point < 0 {
				point = len(text)
			}
			n = max(n, point+1+min(c.Source.Scale, 15))
		}
	case Auto, AsText, AsBool:
	}
	return n
}

// longestNames are the widths of the longest weekday and month by the number of
// letters in a format.
var longestNames = map[byte][6]int{'d': {3: 3, 4: 9}, 'm': {3: 3, 4: 9, 5: 1}, 'a': {3: 6, 4: 9}}

// dateWidth returns the width of the longest date that a format shows.
func dateWidth(format string) int {
	width := 0
	for section := range strings.SplitSeq(format, ";") {
		n := 0
		for i := 0; i < len(section); {
			c := section[i] | 0x20
			run := 1
			for i+run < len(section) && section[i+run]|0x20 == c && c >= 'a' && c <= 'z' {
				run++
			}
			switch {
			case section[i] == '"', section[i] == '[':
				closing := map[byte]string{'"': `"`, '[': "]"}[section[i]]
				end := strings.Index(section[i+1:], closing)
				if end < 0 {
					end = len(section) - i - 1
				}
				if c = section[i]; c == '"' {
					n += TextWidth([]byte(section[i+1 : min(i+1+end, len(section))]))
				} else {
					n += 6 // elapsed hours; locales and colors take no room
				}
				run = end + 2
			case c == 'y' || c == 'e':
				n += max(run, 4)
			case run < 6 && longestNames[c][run] > 0:
				n += longestNames[c][run]
			case c >= 'a' && c <= 'z':
				n += max(run, 2)
			default:
				_, size := utf8.DecodeRuneInString(section[i:])
				n += TextWidth([]byte(section[i : i+size]))
				run = size
			}
			i += run
		}
		width = max(width, n)
	}
	return width
}

// numberWidth returns the width of a number in a declared format: its digits, one
// separator for three of them, and everything else in the longest section.
func numberWidth(format string, text []byte) int {
	whole := text
	if i := strings.IndexByte(string(text), '.'); i >= 0 {
		whole = text[:i]
	}
	extra := 0
	for section := range strings.SplitSeq(format, ";") {
		extra = max(extra, TextWidth([]byte(strings.Map(func(r rune) rune {
			if strings.ContainsRune("#,\"\\_*", r) {
				return -1
			}
			return r
		}, section))))
	}
	if strings.Contains(format, "%") {
		extra += 2
	}
	if strings.Contains(format, ",") {
		extra += len(whole) / 3
	}
	return len(whole) + extra
}
