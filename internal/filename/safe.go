package filename

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxBase is the largest length in bytes of a file name without its extension.
// Common file systems take 255 bytes; the rest is for extensions, part numbers
// and the names of temporary files.
const maxBase = 180

// Safe makes text in any language usable as a file name on the common file
// systems, those of Windows included. Characters that they refuse become "_",
// dots and spaces at the ends are removed, a name of a Windows device gets a
// leading "_", and an empty result becomes "export". Text of more than 180 bytes
// is cut and ends in a hash of the whole, so that two texts keep two names.
func Safe(text string) string { return finish(shorten([]part{{text: clean(text)}})) }

// clean replaces characters that file systems refuse.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r), strings.ContainsRune(`/\:*?"<>|`, r):
			return '_'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, text)
}

// finish handles the ends of a name and names with a meaning of their own.
func finish(name string) string {
	name = strings.Trim(name, ". ")
	if name == "" {
		return "export"
	}
	if reserved(name) {
		return "_" + name
	}
	return name
}

// reserved reports whether Windows takes a name for a device.
func reserved(name string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	base = strings.TrimRight(base, " ")
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	return len(base) == 4 && (strings.HasPrefix(base, "COM") || strings.HasPrefix(base, "LPT")) && base[3] >= '0' && base[3] <= '9'
}

// part is a part of a name that may have to be shortened.
type part struct {
	text  string
	fixed bool // never shortened: an id, an attempt, a date
	name  bool // shortened first: a template's name
}

// hashLen is the length of a hash in a name, with the "~" before it.
const hashLen = 13

// shorten joins parts to at most maxBase bytes. It shortens the template's name
// first. If that is not enough it shortens the longest of the other parts as
// well and appends a hash of the whole name, so that two names that differ
// somewhere keep differing.
func shorten(parts []part) string {
	total, names := 0, 0
	for _, p := range parts {
		total += len(p.text)
		if p.name {
			names += len(p.text)
		}
	}
	if total <= maxBase {
		return join(parts)
	}
	if rest := total - names; rest < maxBase && names > 0 {
		fill(parts, func(p part) bool { return p.name }, maxBase-rest)
		return join(parts)
	}
	whole, fixed := join(parts), 0
	for _, p := range parts {
		if p.fixed {
			fixed += len(p.text)
		}
	}
	fill(parts, func(p part) bool { return !p.fixed }, max(0, maxBase-hashLen-fixed))
	return join(parts) + "~" + hash(whole)
}

// fill cuts the longest of some parts, all to the same length, until these parts
// together have at most limit bytes.
func fill(parts []part, some func(part) bool, limit int) {
	size := func(longest int) (sum int) {
		for _, p := range parts {
			if some(p) {
				sum += min(len(p.text), longest)
			}
		}
		return sum
	}
	longest := limit
	for longest > 0 && size(longest) > limit {
		longest--
	}
	for i, p := range parts {
		if some(p) {
			parts[i].text = cut(p.text, longest)
		}
	}
}

// cut cuts text to at most n bytes, between characters and not inside a sequence
// of a character and its combining marks.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 {
		r, _ := utf8.DecodeRuneInString(text[n:])
		if utf8.RuneStart(text[n]) && !unicode.Is(unicode.M, r) {
			break
		}
		n--
	}
	return text[:n]
}

func join(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.text)
	}
	return b.String()
}

// hash is 60 bits of the SHA-256 of text, in lower case letters and digits.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:hashLen-1]
}

// maxLiteral is the largest length of a value in a pattern, in characters.
const maxLiteral = 60

// Literal makes a value usable as literal text of a pattern: slashes, braces and
// control characters become "_". A value of more than 60 characters is cut and
// ends in a hash of the whole.
func Literal(value string) string {
	text := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\{}`, r) || unicode.IsControl(r) || r == unicode.ReplacementChar {
			return '_'
		}
		return r
	}, value)
	if runes := []rune(text); len(runes) > maxLiteral {
		return string(runes[:maxLiteral-hashLen]) + "~" + hash(value)
	}
	return text
}
