package term

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Width returns the number of columns of a text on a terminal: two for an East Asian
// wide character, none for a combining character.
func Width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

// Cut shortens a text to at most this many columns, and marks the cut with an
// ellipsis.
func Cut(s string, columns int) string {
	if columns <= 0 {
		return ""
	}
	if Width(s) <= columns {
		return s
	}
	n := 0
	for i, r := range s {
		if n+runeWidth(r) > columns-1 {
			return s[:i] + "…"
		}
		n += runeWidth(r)
	}
	return s
}

// pad fills a text with blanks up to a width in columns.
func pad(s string, columns int, right bool) string {
	blanks := strings.Repeat(" ", max(0, columns-Width(s)))
	if right {
		return blanks + s
	}
	return s + blanks
}

// Plain returns a text with control characters escaped, so that a text of another
// user cannot control the terminal.
func Plain(s string) string {
	if !strings.ContainsFunc(s, control) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case control(r):
			b.WriteRune(unicode.ReplacementChar)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func control(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
