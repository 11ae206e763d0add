package xls

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"

	"exporttask/internal/format"
)

// units is a text as a BIFF8 string stores it: one byte a character if all of
// them are below U+0100, UTF-16LE otherwise (fHighByte, MS-XLS 2.5.293).
type units struct {
	bytes   []byte
	count   int  // length in UTF-16 code units
	wide    bool // two bytes a code unit
	cut     bool // the text was longer than format.MaxCellText code units
	illegal bool // a character was replaced by U+FFFD
}

// encode converts UTF-8 to units. NUL, at which readers written in C end the
// text, and invalid UTF-8 become U+FFFD; other control characters are kept, as
// in Excel. The result aliases s or scratch.
func encode(s, scratch []byte) units {
	if plain(s) {
		u := units{bytes: s, count: len(s)}
		if u.count > format.MaxCellText {
			u.bytes, u.count, u.cut = s[:format.MaxCellText], format.MaxCellText, true
		}
		return u
	}
	return encodeWide(s, scratch[:0])
}

func encodeWide(s, out []byte) units {
	u := units{wide: true}
	var seen uint16 // bitwise or of all code units
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(s[i:])
		}
		if r == 0 || r == utf8.RuneError && size == 1 {
			r, u.illegal = utf8.RuneError, true
		}
		i += size
		if r > 0xffff {
			if len(out)+4 > 2*format.MaxCellText {
				u.cut = true
				break
			}
			high, low := utf16.EncodeRune(r)
			out = binary.LittleEndian.AppendUint16(out, uint16(high))
			out = binary.LittleEndian.AppendUint16(out, uint16(low))
			seen |= 0xd800
			continue
		}
		if len(out)+2 > 2*format.MaxCellText {
			u.cut = true
			break
		}
		unit := uint16(r)
		out = binary.LittleEndian.AppendUint16(out, unit)
		seen |= unit
	}
	u.count = len(out) / 2
	if seen < 0x100 {
		for i := range u.count {
			out[i] = out[2*i]
		}
		out, u.wide = out[:u.count], false
	}
	u.bytes = out
	return u
}

// plain reports whether s is ASCII without NUL. It tests eight bytes at a time:
// in such a word no byte has its high bit set, and subtracting 1 from each byte
// borrows from none.
func plain(s []byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; len(s) >= 8; s = s[8:] {
		w := binary.LittleEndian.Uint64(s)
		if (w|(w-ones))&highs != 0 {
			return false
		}
	}
	for _, c := range s {
		if c == 0 || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// encodeName encodes a short name outside of cells: of a sheet, a font or a
// number format. wide is the byte that precedes its characters.
func encodeName(s string) (u units, wide uint8) {
	u = encode([]byte(s), nil)
	if u.wide {
		wide = 1
	}
	return u, wide
}
