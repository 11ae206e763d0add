package xls

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"

	"exporttask/internal/format"
)

// units is a text in the form that a BIFF8 string stores it: one byte a
// character where all of them are below U+0100, UTF-16LE otherwise
// (fHighByte, MS-XLS 2.5.293).
type units struct {
	bytes   []byte
	count   int  // characters as Excel counts them: UTF-16 units
	wide    bool // two bytes a unit
	cut     bool // the text had more than format.MaxCellText units
	illegal bool // something had to be replaced by U+FFFD
}

// encode turns UTF-8 into units. A NUL, which no reader shows (those written
// in C end the text there), and bytes that are no UTF-8 become U+FFFD; all
// other control characters are kept as Excel keeps them. What it returns
// aliases s or scratch.
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
	var seen uint16 // the bits of all units
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

// plain reports whether s is ASCII without a NUL, eight bytes at a time: in
// such a word no byte has its high bit set, nor borrows when 1 is taken off.
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

// encodeName is encode for the short names outside of cells: sheets, fonts,
// number formats. The second result is the byte that leads their characters.
func encodeName(s string) (u units, wide uint8) {
	u = encode([]byte(s), nil)
	if u.wide {
		wide = 1
	}
	return u, wide
}
