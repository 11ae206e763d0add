package csv

import (
	"bytes"
	"encoding/binary"
)

// Bytes that need quotes are searched eight bytes at a time with the known test
// for a zero byte in a word: (x - ones) &^ x & highs is not 0 if and only if a
// byte of x is 0, and (x - n·ones) &^ x & highs if and only if a byte of x is
// less than n.
const (
	ones   = 0x0101010101010101
	highs  = ones << 7
	below  = ones * ('"' + 1) // matches the quote, CR, LF, and also blanks and "!"
	quotes = ones * '"'
	crs    = ones * '\r'
	lfs    = ones * '\n'
)

// needsQuoteCheck reports whether x may contain the delimiter (delims has it in
// every byte), a quote, CR or LF. It is faster than needsQuoting and also true
// for blanks and other low bytes.
func needsQuoteCheck(x, delims uint64) bool {
	d := x ^ delims
	return ((x-below)&^x|(d-ones)&^d)&highs != 0
}

// needsQuoting reports whether x contains the delimiter, a quote, CR or LF.
func needsQuoting(x, delims uint64) bool {
	d, q, r, l := x^delims, x^quotes, x^crs, x^lfs
	return ((d-ones)&^d|(q-ones)&^q|(r-ones)&^r|(l-ones)&^l)&highs != 0
}

// holdsSpecial reports whether p[at:end] contains the delimiter, a quote, CR or
// LF. It may read bytes of p before at.
func holdsSpecial(p []byte, at, end int, delims uint64) bool {
	n := end - at
	if n < 8 {
		return shortHoldsSpecial(p, at, end, delims)
	}
	x := binary.LittleEndian.Uint64(p[end-8:])
	if needsQuoteCheck(x, delims) && needsQuoting(x, delims) {
		return true
	}
	for last := end - 8; at < last; at += 8 {
		x := binary.LittleEndian.Uint64(p[at:])
		if needsQuoteCheck(x, delims) && needsQuoting(x, delims) {
			return true
		}
	}
	return false
}

// shortHoldsSpecial is holdsSpecial for fewer than eight bytes.
func shortHoldsSpecial(p []byte, at, end int, delims uint64) bool {
	if at == end {
		return false
	}
	var x uint64
	if end >= 8 {
		x = binary.LittleEndian.Uint64(p[end-8:])
	} else {
		for _, c := range p[:end] {
			x = x>>8 | uint64(c)<<56
		}
	}
	// The text is at the high end of x; the bytes before it are set to 0xff.
	x |= 1<<(8*uint(8-end+at)&63) - 1
	return needsQuoteCheck(x, delims) && needsQuoting(x, delims)
}

// appendQuoted appends text in quotes, with quotes inside doubled.
func appendQuoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	dst = appendDoubled(dst, text)
	return append(dst, '"')
}

// appendDoubled appends text with every quote doubled.
func appendDoubled(dst, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '"')
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:i+1]...)
		dst = append(dst, '"')
		text = text[i+1:]
	}
}
