package xlsx

import (
	"encoding/binary"
	"math/bits"

	"exporttask/internal/format"
)

// words is a value of at most 24 bytes in words, the first byte in the lowest
// byte of a. Most numbers and dates are processed in this form in registers.
// The bytes behind n are unspecified.
type words struct {
	a, b, c uint64
	n       int
}

const (
	lows   = ones * 0x7f
	zeros  = ones * '0'
	points = ones * '.'
)

// nonDigits returns x with the highest bit of each byte set that is no digit.
func nonDigits(x uint64) uint64 {
	x ^= zeros
	return (x&lows + ones*(0x80-10) | x) & highs
}

// zeroBytes returns x with the highest bit of each byte set that is 0.
func zeroBytes(x uint64) uint64 { return ^(x&lows + lows | x) & highs }

// shortNumber is a fast format.SafeNumber for usual numbers; ok is false for
// numbers that SafeNumber must check. It accepts at most 16 bytes and 15
// digits, no zero before another digit, at most one point, with digits on both
// sides. It reads 16 bytes and may read behind v.
func shortNumber(v []byte) (words, bool) {
	n := uint(len(v))
	if n-1 >= 16 || cap(v) < 16 {
		return words{}, false
	}
	p := (*[16]byte)(v[:16])
	lo, hi := binary.LittleEndian.Uint64(p[:8]), binary.LittleEndian.Uint64(p[8:])
	s := words{a: lo, b: hi, n: len(v)}

	digits, first, second := n, p[0], p[1]
	if first == '-' {
		lo ^= '-' ^ '0'
		digits, first, second = n-1, second, p[2]
		if digits == 0 || first == '0' {
			return s, false // possibly a negative zero
		}
	}
	if first == '0' && digits > 1 && second != '.' || first == '.' || p[n-1] == '.' {
		return s, false
	}
	// Bytes behind v are replaced by digits.
	own := ^uint64(0) >> (64 - 8*min(n, 8))
	lo = lo&own | zeros&^own
	own = 1<<(8*max(n, 8)-64) - 1
	hi = hi&own | zeros&^own
	inLo, inHi := zeroBytes(lo^points), zeroBytes(hi^points)
	if nonDigits(lo) != inLo || nonDigits(hi) != inHi {
		return s, false
	}
	at := inLo>>7 | inHi>>6 // a bit for each point
	return s, at&(at-1) == 0 && (at != 0 || digits <= 15)
}

// dateCache is the serial number of the last day in a column. Consecutive rows
// often have the same day.
type dateCache struct {
	text   [10]byte
	serial uint64 // its five digits; 0 = the day has no serial number of five digits
}

// date writes a date or a date and time as a serial number.
func (w *rowWriter) date(c *tracked, v []byte) {
	if s, ok := c.date.serialOf(v); ok {
		w.words(c, &s)
		return
	}
	s, ok := format.CellSerial(v, c.serialPrecision)
	if !ok {
		w.text(c, v)
		return
	}
	w.digits = s.Append(w.digits[:0])
	w.number(c, w.digits)
}

// serialOf is a fast format.Serial.Append for a date or a date and time in
// whole seconds. ok is false for other values.
func (d *dateCache) serialOf(v []byte) (words, bool) {
	if len(v) != len("2006-01-02 15:04:05") && len(v) != len("2006-01-02") {
		return words{}, false
	}
	day := (*[10]byte)(v)
	if binary.LittleEndian.Uint64(d.text[:8])^binary.LittleEndian.Uint64(day[:8])|
		binary.LittleEndian.Uint64(d.text[2:])^binary.LittleEndian.Uint64(day[2:]) != 0 {
		d.look(v)
	}
	s := words{a: d.serial, n: 5}
	if len(v) == 10 || d.serial == 0 {
		return s, d.serial != 0
	}
	second, ok := seconds(binary.LittleEndian.Uint64(v[11:]))
	if v[10] != ' ' || !ok {
		return s, false
	}
	if second == 0 {
		return s, true
	}
	// Twelve decimals of second/86400, rounded, without trailing zeros.
	frac := (second*1e12 + 43200) / 86400
	hi, lo := six(frac/1e6), six(frac%1e6) // two independent chains of divisions
	s.a |= '.'<<40 | hi<<48
	s.b = hi>>16 | lo<<32
	s.c = lo >> 32
	if end := lo ^ six(0); end != 0 {
		s.n = 12 + (bits.Len64(end)+7)/8
	} else {
		s.n = 6 + (bits.Len64(hi^six(0))+7)/8
	}
	return s, true
}

// look updates the cache with the day that v begins with.
func (d *dateCache) look(v []byte) {
	d.text = [10]byte(v)
	d.serial = 0
	if s, ok := format.ParseSerial(v[:10]); ok && s.Day >= 10000 && s.Day <= 99999 {
		var text [8]byte
		s.Append(text[:0])
		d.serial = binary.LittleEndian.Uint64(text[:])
	}
}

// seconds converts "15:04:05" to the second of the day.
func seconds(x uint64) (s uint64, ok bool) {
	const digits = '0' | '0'<<8 | '0'<<24 | '0'<<32 | '0'<<48 | '0'<<56
	x ^= digits | ':'<<16 | ':'<<40
	if nonDigits(x^zeros) != 0 || x&(0xff<<16|0xff<<40) != 0 {
		return 0, false
	}
	x = x*10 + x>>8 // the value of each pair of digits in the byte of its first digit
	h, m, s := x&0xff, x>>24&0xff, x>>48&0xff
	return (h*60+m)*60 + s, h < 24 && m < 60 && s < 60
}

// six returns the six digits of a number below 1e6, the first digit in the
// lowest byte.
func six(x uint64) uint64 {
	return uint64(pairs[x/10000%100]) | uint64(pairs[x/100%100])<<16 | uint64(pairs[x%100])<<32
}

// pairs are the two digits of the numbers 0 to 99.
var pairs = digitPairs()

func digitPairs() (t [100]uint16) {
	for i := range t {
		t[i] = uint16('0'+i/10) | uint16('0'+i%10)<<8
	}
	return t
}
