package parquet

import (
	"strconv"

	"exporttask/internal/format"
)

const (
	microsPerSecond = 1_000_000
	secondsPerDay   = 24 * 60 * 60
)

// addDate adds a date, or a date and time. A zero date and a day that does not
// exist are NULL and counted.
func (c *column) addDate(cell []byte, counts *format.WarningCounts) fault {
	day, state := c.day(cell)
	switch {
	case state == badDate, state == missingDate && !c.dates:
		return noDate
	case state != goodDate:
		counts.ZeroDate++
		c.addNull()
		return ""
	}
	if c.schema.convert == toDate {
		c.addNumber(day)
		return ""
	}
	var seconds, micros int64
	if len(cell) > len("2006-01-02") {
		var ok bool
		if seconds, micros, ok = parseClock(cell[len("2006-01-02")+1:]); !ok || seconds >= secondsPerDay {
			return noTime
		}
	}
	seconds += day * secondsPerDay
	if c.schema.convert == toInstant {
		t, ok := c.zone.Shift(cell)
		if !ok { // a year that the other time zone does not have
			return noDate
		}
		seconds = t.Unix()
	}
	c.addNumber(seconds*microsPerSecond + micros)
	return ""
}

// dateState is what a text is as a date.
type dateState uint8

const (
	goodDate    dateState = iota
	zeroDate              // its year, month or day is 0
	missingDate           // no such day
	badDate               // no date
)

// day returns the day of a date, in days since 1970-01-01. It remembers the last
// one: times of a column are often of one day.
func (c *column) day(p []byte) (int64, dateState) {
	if len(p) < 10 || len(p) > 10 && p[10] != ' ' && p[10] != 'T' {
		return 0, badDate
	}
	if string(c.lastDate[:]) == string(p[:10]) {
		return c.lastDay, goodDate
	}
	y, ok1 := number(p[:4])
	m, ok2 := number(p[5:7])
	d, ok3 := number(p[8:10])
	switch {
	case !ok1 || !ok2 || !ok3 || p[4] != '-' || p[7] != '-':
		return 0, badDate
	case y == 0 || m == 0 || d == 0:
		return 0, zeroDate
	case m > 12 || d > daysOf(y, m):
		return 0, missingDate
	}
	copy(c.lastDate[:], p)
	c.lastDay = days(y, m, d)
	return c.lastDay, goodDate
}

// days returns the days since 1970-01-01 of a day in the Gregorian calendar. A year
// that begins in March has its leap day at the end.
func days(y, m, d int64) int64 {
	if m -= 3; m < 0 {
		y, m = y-1, m+12
	}
	return 365*y + y/4 - y/100 + y/400 + (153*m+2)/5 + d - 1 - 719468
}

func daysOf(y, m int64) int64 {
	switch m {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// parseClock parses "15:04:05.123456", with two or more digits of hours.
func parseClock(p []byte) (seconds, micros int64, ok bool) {
	i := 0
	for i < len(p) && p[i] != ':' {
		i++
	}
	if i < 2 || i > 3 || len(p) < i+6 || p[i+3] != ':' {
		return 0, 0, false
	}
	h, ok1 := number(p[:i])
	m, ok2 := number(p[i+1 : i+3])
	s, ok3 := number(p[i+4 : i+6])
	if !ok1 || !ok2 || !ok3 || m > 59 || s > 59 {
		return 0, 0, false
	}
	if rest := p[i+6:]; len(rest) > 0 {
		if rest[0] != '.' || len(rest) < 2 || len(rest) > 7 {
			return 0, 0, false
		}
		if micros, ok = number(rest[1:]); !ok {
			return 0, 0, false
		}
		for range 7 - len(rest) {
			micros *= 10
		}
	}
	return (h*60+m)*60 + s, micros, true
}

// number parses a few digits.
func number(p []byte) (v int64, ok bool) {
	for _, c := range p {
		if c -= '0'; c > 9 {
			return 0, false
		}
		v = 10*v + int64(c)
	}
	return v, true
}

// addTime adds a TIME. The first one that is not a time of day makes the column one
// of texts, unless a page of times is complete.
func (c *column) addTime(cell []byte) fault {
	negative := len(cell) > 0 && cell[0] == '-'
	clock := cell
	if negative {
		clock = cell[1:]
	}
	seconds, micros, ok := parseClock(clock)
	switch {
	case !ok:
		return noTime
	case !negative && seconds < secondsPerDay:
		c.addNumber(seconds*microsPerSecond + micros)
	case c.decided:
		return longTime
	default:
		c.timesToTexts()
		c.addBytes(cell)
	}
	return ""
}

// timesToTexts makes a column of times one of texts, as the server writes them.
func (c *column) timesToTexts() {
	c.schema = textSchema
	for _, v := range c.nums {
		c.data = appendTime(c.data, v, c.scale)
		c.ends = append(c.ends, uint32(len(c.data)))
	}
	c.nums = nil
}

func appendTime(dst []byte, v int64, scale int) []byte {
	two := func(n int64) {
		dst = append(dst, byte('0'+n/10), byte('0'+n%10))
	}
	seconds := v / microsPerSecond
	two(seconds / 3600)
	dst = append(dst, ':')
	two(seconds / 60 % 60)
	dst = append(dst, ':')
	two(seconds % 60)
	if scale > 0 {
		micros := strconv.AppendInt(nil, microsPerSecond+v%microsPerSecond, 10)
		dst = append(dst, '.')
		dst = append(dst, micros[1:1+min(scale, 6)]...)
	}
	return dst
}
