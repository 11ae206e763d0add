package store

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxBase bounds the part of a file name that comes from elsewhere, in bytes,
// so that the whole name with what is appended stays below maxName.
const maxBase = 180

// SafeName makes s, a text in any language, fit to be a file's name on the
// common file systems, Windows' included: what they refuse becomes "_", dots
// and spaces at the ends go, and a long one is cut between characters. What
// is left empty becomes "export".
func SafeName(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r), strings.ContainsRune(`/\:*?"<>|`, r):
			r = '_'
		case unicode.IsSpace(r):
			r = ' '
		}
		if b.Len()+utf8.RuneLen(r) > maxBase {
			break
		}
		b.WriteRune(r)
	}
	name := strings.Trim(b.String(), ". ")
	if name == "" {
		return "export"
	}
	if reserved(name) {
		return "_" + name
	}
	return name
}

// reserved tells whether Windows takes the name for a device.
func reserved(name string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	switch base {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(base) == 4 && (strings.HasPrefix(base, "COM") || strings.HasPrefix(base, "LPT")) && base[3] >= '0' && base[3] <= '9'
}
