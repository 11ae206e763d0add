package xlsx

import (
	"encoding/binary"
	"unicode/utf8"
)

// textRoom returns the maximum number of bytes that putText writes for n bytes:
// seven for each ("_x005F_"), and the unused bytes of its stores.
func textRoom(n int) int { return 7*n + 16 }

// needsPreserve reports whether an XML reader would trim the text without
// xml:space="preserve" (XML 1.0, section 2.10).
func needsPreserve(v []byte) bool {
	return len(v) > 0 && (v[0] <= ' ' || v[len(v)-1] <= ' ')
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special returns 0 only if none of the 8 bytes needs conversion: control
// characters, & < > _ and bytes above ASCII do. Borrows and the bytes 0x20 to
// 0x2f may cause a result other than 0 although no byte needs conversion.
func special(x uint64) uint64 {
	ltgt := x&^(2*ones) ^ '<'*ones // > differs from < in one bit
	amp := x ^ '&'*ones
	low := x ^ '_'*ones
	return (x | (x - ' '*ones) | (ltgt - ones) | (amp - ones) | (low - ones)) & highs
}

// found is a set of what a text contains.
type found uint8

const (
	illegal  found = 1 << iota // a character that was replaced by U+FFFD
	lineFeed                   // LF
)

// putText writes v at buf[n] as the content of a t element and returns its end.
// buf must have textRoom(len(v)) bytes from n.
//
// Up to eight bytes are copied at a time; if the capacity of v allows, bytes
// behind v are read.
func putText(buf []byte, n int, v []byte) (end int, all found) {
	for i := 0; i < len(v); {
		left := min(len(v)-i, 8)
		if cap(v)-i >= 8 {
			x := binary.LittleEndian.Uint64(v[i : i+8])
			binary.LittleEndian.PutUint64(buf[n:], x)
			own := ^uint64(0) >> (64 - 8*left)
			if special(x&own|'a'*ones&^own) == 0 {
				i += left
				n += left
				continue
			}
		}
		for stop := i + left; i < stop; {
			c := v[i]
			if plain[c] {
				buf[n] = c
				i++
				n++
				continue
			}
			// A character of three bytes, as most East Asian ones, that is valid,
			// no surrogate and no noncharacter by its first byte.
			if p := v[i:]; c >= 0xe1 && c <= 0xec && len(p) > 2 && p[1]&0xc0 == 0x80 && p[2]&0xc0 == 0x80 {
				buf[n], buf[n+1], buf[n+2] = c, p[1], p[2]
				i += 3
				n += 3
				continue
			}
			var what found
			i, n, what = putSpecial(buf, n, v, i)
			all |= what
		}
	}
	return n, all
}

// plain contains the bytes that are copied unchanged. The underscore is not one
// of them, since it may begin an escape, nor is LF, which is reported.
var plain = plainBytes()

func plainBytes() (t [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		t[c] = c != '&' && c != '<' && c != '>' && c != '_'
	}
	t['\t'], t[0x7f] = true, true
	return t
}

// putSpecial writes the character at v[i], which is not plain.
func putSpecial(buf []byte, n int, v []byte, i int) (next, end int, what found) {
	c := v[i]
	if c >= utf8.RuneSelf {
		r, size := utf8.DecodeRune(v[i:])
		if r == utf8.RuneError && size == 1 || r == 0xfffe || r == 0xffff {
			return i + size, n + copy(buf[n:], "\uFFFD"), illegal
		}
		return i + size, n + copy(buf[n:], v[i:i+size]), 0
	}
	var s string
	switch {
	case c == '&':
		s = "&amp;"
	case c == '<':
		s = "&lt;"
	case c == '>':
		s = "&gt;"
	case c == '\n':
		s, what = "\n", lineFeed
	case c == '\r':
		s = carriageReturn
	case c == '_' && looksEscaped(v[i:]):
		s = "_x005F_"
	case c == '_':
		s = "_"
	default:
		return i + 1, n + copy(buf[n:], "\uFFFD"), illegal
	}
	return i + 1, n + copy(buf[n:], s), what
}

// carriageReturn is the escape of CR, which an XML reader converts to LF
// otherwise.
const carriageReturn = "&#13;"

// looksEscaped reports whether v begins with _xHHHH_, which a reader decodes to
// the character HHHH (ECMA-376 part 1, section 22.9.2.19, ST_Xstring) unless
// its underscore is escaped.
func looksEscaped(v []byte) bool {
	if len(v) < 7 || v[1] != 'x' && v[1] != 'X' || v[6] != '_' {
		return false
	}
	for _, c := range v[2:6] {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

// copyShort copies src with 8-byte stores; dst must have 8 bytes more than src.
func copyShort(dst, src []byte) int {
	n := len(src)
	if n >= 8 {
		i := 0
		for ; i+8 <= n; i += 8 {
			binary.LittleEndian.PutUint64(dst[i:], binary.LittleEndian.Uint64(src[i:]))
		}
		binary.LittleEndian.PutUint64(dst[n-8:], binary.LittleEndian.Uint64(src[n-8:]))
		return n
	}
	for i, c := range src { //nolint:staticcheck // a call of memmove costs more than a few bytes
		dst[i] = c
	}
	return n
}
