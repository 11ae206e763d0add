package format

import (
	"strconv"
	"strings"
)

// Serial is a date and time as spreadsheets store it: the number of the day in
// the 1900 date system and the microseconds since midnight. Day 1 is
// 1900-01-01; day 60 is 1900-02-29, which does not exist, so that day 61 is
// 1900-03-01 (ECMA-376 part 1, section 18.17.4.1).
type Serial struct {
	Day    int
	Micros int64
}

// microsPerDay is the length of a day in microseconds. Serial.Micros is
// smaller.
const microsPerDay = 24 * 60 * 60 * 1_000_000

// ParseSerial parses "2026-01-31" or "2026-01-31 23:59:59.123456"; the
// separator may also be a T. ok is false for dates that a spreadsheet cannot
// represent: years before 1900, zero dates and days that do not exist.
func ParseSerial(text []byte) (Serial, bool) {
	d, ok := parseDate(text)
	if !ok || d.year < 1900 {
		return Serial{}, false
	}
	s := Serial{Day: d.days() - daysTo1900}
	if s.Day >= 60 {
		s.Day++ // the 29 February 1900
	}
	if len(text) == len("2006-01-02") {
		return s, true
	}
	if len(text) < len("2006-01-02 15:04:05") {
		return Serial{}, false
	}
	secs, ok := parseClock(text[11:])
	if !ok {
		return Serial{}, false
	}
	micros, ok := parseFraction(text[19:])
	if !ok {
		return Serial{}, false
	}
	s.Micros = int64(secs)*1_000_000 + int64(micros)
	return s, true
}

// firstSerialDay is the serial number of 1900-03-01, the first one that all
// programs convert to the same day: Excel counts a 29 February 1900.
const firstSerialDay = 61

// SerialPrecision returns the unit in microseconds to which Serial cuts the times
// of the column: that of the last digit of the second that the column's number
// format shows, at least a millisecond and at most a second. A spreadsheet rounds
// the digits that it does not show, so that 23:59:59.9999 would become the next
// day.
func (c *Column) SerialPrecision() int64 {
	unit := int64(1_000_000)
	format := c.NumberFormat()
	i := strings.Index(strings.ToLower(format), "s.0")
	if i < 0 {
		return unit
	}
	for _, digit := range format[i+2:] {
		if digit != '0' || unit == 1000 {
			break
		}
		unit /= 10
	}
	return unit
}

// CellSerial returns the serial number of a date or a date and time as a
// spreadsheet stores it, its time cut to a multiple of precision (see
// SerialPrecision). ok is false for a text that is no date and for days before
// 1900-03-01, about which programs disagree.
func CellSerial(text []byte, precision int64) (s Serial, ok bool) {
	s, ok = ParseSerial(text)
	s.Micros -= s.Micros % precision
	return s, ok && s.Day >= firstSerialDay
}

// Append appends the serial as a decimal number with as many as 12 digits after
// the point, trailing zeros left out: half a microsecond is 5.8e-12 days, so
// the digits tell every DATETIME(6) apart.
func (s Serial) Append(dst []byte) []byte {
	dst = strconv.AppendInt(dst, int64(s.Day), 10)
	if s.Micros == 0 {
		return dst
	}
	// micros · 10^12 / microsPerDay = micros · 10^4 / 864, rounded.
	frac := (s.Micros*10_000 + 432) / 864
	dst = append(dst, ".000000000000"...)
	for i := len(dst) - 1; frac > 0; i-- {
		dst[i] = "0123456789"[frac%10]
		frac /= 10
	}
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// Float64 is the serial as the double that binary formats store.
func (s Serial) Float64() float64 {
	return float64(s.Day) + float64(s.Micros)/microsPerDay
}

// date is an existing day of the proleptic Gregorian calendar.
type date struct{ year, month, day int }

// daysTo1900 is date.days of 1899-12-31, the day before serial 1.
const daysTo1900 = 693_900

// days returns the number of days since 0000-03-01. In a year that begins in
// March the leap day comes last and five months have 153 days.
func (d date) days() int {
	y, m := d.year, d.month-3
	if m < 0 {
		y, m = y-1, m+12
	}
	return 365*y + floorDiv(y, 4) - floorDiv(y, 100) + floorDiv(y, 400) + (153*m+2)/5 + d.day - 1
}

// floorDiv returns y/n rounded down. y is -1 in January and February of the
// year 0.
func floorDiv(y, n int) int {
	if y < 0 {
		return (y - n + 1) / n
	}
	return y / n
}

// IsDay reports whether a date, or a date and time, of the server is a day that
// exists. Zero dates are not.
func IsDay(text []byte) bool {
	d, ok := parseDate(text)
	return ok && d.year > 0
}

// parseDate parses the "2006-01-02" at the beginning of text. ok is false for a
// day that does not exist and if anything but a blank or a T follows.
func parseDate(text []byte) (date, bool) {
	if len(text) < 10 || text[4] != '-' || text[7] != '-' {
		return date{}, false
	}
	if len(text) > 10 && text[10] != ' ' && text[10] != 'T' {
		return date{}, false
	}
	c, ok1 := twoDigits(text[0], text[1])
	y, ok2 := twoDigits(text[2], text[3])
	m, ok3 := twoDigits(text[5], text[6])
	d, ok4 := twoDigits(text[8], text[9])
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return date{}, false
	}
	r := date{c*100 + y, m, d}
	if m < 1 || m > 12 || d < 1 || d > 28 && d > r.monthDays() {
		return date{}, false
	}
	return r, true
}

func (d date) monthDays() int {
	switch d.month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if d.year%4 == 0 && (d.year%100 != 0 || d.year%400 == 0) {
			return 29
		}
		return 28
	default:
		return 31
	}
}

// parseClock parses the "15:04:05" at the beginning of text and returns the
// second of the day.
func parseClock(text []byte) (secs int, ok bool) {
	if len(text) < 8 || text[2] != ':' || text[5] != ':' {
		return 0, false
	}
	h, ok1 := twoDigits(text[0], text[1])
	m, ok2 := twoDigits(text[3], text[4])
	s, ok3 := twoDigits(text[6], text[7])
	if !ok1 || !ok2 || !ok3 || h > 23 || m > 59 || s > 59 {
		return 0, false
	}
	return (h*60+m)*60 + s, true
}

// parseFraction parses "" or a point and one to six digits and returns
// microseconds.
func parseFraction(text []byte) (micros int, ok bool) {
	if len(text) == 0 {
		return 0, true
	}
	if text[0] != '.' || len(text) < 2 || len(text) > 7 {
		return 0, false
	}
	unit := 100_000
	for _, c := range text[1:] {
		if c < '0' || c > '9' {
			return 0, false
		}
		micros += int(c-'0') * unit
		unit /= 10
	}
	return micros, true
}

func twoDigits(a, b byte) (int, bool) {
	a, b = a-'0', b-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}
