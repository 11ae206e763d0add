package xlsx

import (
	"encoding/binary"

	"exporttask/internal/render/cell"
)

// safeNumber is cell.SafeNumber for what almost every number of a table looks
// like; false means that the full look is needed. At most 15 digits, no zero in
// front of another digit, at most one point, with digits on both sides.
func safeNumber(v []byte) bool {
	if len(v) == 0 || len(v) > 16 {
		return false
	}
	if v[0] == '-' {
		v = v[1:]
		if len(v) == 0 || v[0] == '0' {
			return false // it may be a negative zero
		}
	}
	if len(v) > 1 && v[0] == '0' && v[1] != '.' {
		return false
	}
	point := -1
	for i, c := range v {
		if c-'0' > 9 {
			if c != '.' || point >= 0 {
				return false
			}
			point = i
		}
	}
	if point < 0 {
		return len(v) <= 15
	}
	return point > 0 && point < len(v)-1
}

// firstDay is the first serial that every reader takes for the same day:
// 1900-03-01.
const firstDay = 61

// dateCache keeps the serial of the last day seen in a column: rows that follow
// one another mostly share it.
type dateCache struct {
	text   [10]byte
	serial [8]byte
	n      int // length of serial; 0 = the day has none
}

// date writes a date, with a time of day or without, as a serial.
func (w *rowWriter) date(c *tracked, v []byte) {
	if len(v) == len("2006-01-02 15:04:05") || len(v) == len("2006-01-02") {
		d := &c.date
		if string(d.text[:]) != string(v[:10]) {
			d.look(v)
		}
		if d.n > 0 {
			if n, ok := appendSecond(&w.num, d, v); ok {
				w.number(c, w.num[:n])
				return
			}
		}
	}
	s, ok := cell.ParseSerial(v)
	if !ok || s.Day < firstDay {
		w.text(c, v)
		return
	}
	w.serial = s.Append(w.serial[:0])
	w.number(c, w.serial)
}

// look fills the cache with the day that v begins with.
func (d *dateCache) look(v []byte) {
	d.text = [10]byte(v)
	d.n = 0
	if s, ok := cell.ParseSerial(v[:10]); ok && s.Day >= firstDay {
		d.n = len(s.Append(d.serial[:0]))
	}
}

// appendSecond writes the serial of v, whose day is d, into num: what
// cell.Serial.Append writes, for whole seconds.
func appendSecond(num *[32]byte, d *dateCache, v []byte) (n int, ok bool) {
	*(*[8]byte)(num[:]) = d.serial
	if len(v) == 10 {
		return d.n, true
	}
	h, m, s := pair(v[11:]), pair(v[14:]), pair(v[17:])
	if v[10] != ' ' || v[13] != ':' || v[16] != ':' || h > 23 || m > 59 || s > 59 {
		return 0, false
	}
	secs := uint64((h*60+m)*60 + s) //nolint:gosec // below 86400
	if secs == 0 {
		return d.n, true
	}
	// Twelve digits of secs/86400, rounded; the trailing zeros are left out.
	frac := (secs*1e12 + 43200) / 86400
	num[d.n] = '.'
	put6(num[d.n+1:], frac/1e6) // two chains of divisions, neither waits for the other
	put6(num[d.n+7:], frac%1e6)
	n = d.n + 13
	for num[n-1] == '0' {
		n--
	}
	return n, true
}

// put6 writes a number below 1e6 as six digits.
func put6(dst []byte, x uint64) {
	binary.LittleEndian.PutUint16(dst[4:], pairs[x%100])
	binary.LittleEndian.PutUint16(dst[2:], pairs[x/100%100])
	binary.LittleEndian.PutUint16(dst, pairs[x/10000%100])
}

// pair is the number that two digits are; 255 and more where they are none.
func pair(v []byte) uint {
	a, b := uint(v[0])-'0', uint(v[1])-'0'
	if a > 9 || b > 9 {
		return 255
	}
	return a*10 + b
}

// pairs are the numbers 0 to 99 as two digits each.
var pairs = digitPairs()

func digitPairs() (t [100]uint16) {
	for i := range t {
		t[i] = uint16('0'+i/10) | uint16('0'+i%10)<<8 //nolint:gosec // two ASCII digits
	}
	return t
}
