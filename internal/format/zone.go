package format

import (
	"fmt"
	"strings"
	"time"
)

// Zone shifts wall-clock times of one zone into another; the zero Zone leaves
// them as they come. A nil end is UTC.
type Zone struct{ From, To *time.Location }

// IsZero reports whether the zone leaves every value as it comes.
func (z Zone) IsZero() bool { return z.From == nil && z.To == nil }

// AppendShifted appends the DATETIME text raw, shifted. The digits after the
// seconds stay as they are. What is no real moment (the zero date, a month
// 00) or would leave the years 0001 to 9999 is appended unchanged. A wall time
// that From has twice or not at all is read as the time package reads it.
func (z Zone) AppendShifted(dst, raw []byte) []byte {
	date, ok := parseDate(raw)
	if !ok || len(raw) < len("2006-01-02 15:04:05") || z.From == z.To {
		return append(dst, raw...)
	}
	secs, ok := parseClock(raw[11:])
	if !ok {
		return append(dst, raw...)
	}
	from, to := z.From, z.To
	if from == nil {
		from = time.UTC
	}
	if to == nil {
		to = time.UTC
	}
	t := time.Date(date.year, time.Month(date.month), date.day, 0, 0, secs, 0, from).In(to)
	if y := t.Year(); y < 1 || y > 9999 {
		return append(dst, raw...)
	}
	dst = t.AppendFormat(dst, "2006-01-02")
	dst = append(dst, raw[10]) // the blank, or the T of a text
	dst = t.AppendFormat(dst, "15:04:05")
	return append(dst, raw[19:]...)
}

// LoadZone finds a zone by its IANA name ("Asia/Shanghai", "UTC") or its
// fixed offset from UTC ("+08:00"). The machine's own zone ("Local") has no
// name here: a file must not depend on where it was made.
func LoadZone(name string) (*time.Location, error) {
	if off, ok := parseOffset(name); ok {
		return time.FixedZone(name, off), nil
	}
	if name == "" || strings.EqualFold(name, "local") {
		return nil, fmt.Errorf("unknown time zone %q", name)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("unknown time zone %q", name)
	}
	return loc, nil
}

// parseOffset reads "+08:00" as seconds east of UTC, at most 14 hours.
func parseOffset(s string) (secs int, ok bool) {
	if len(s) != 6 || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	h, ok1 := twoDigits(s[1], s[2])
	m, ok2 := twoDigits(s[4], s[5])
	if !ok1 || !ok2 || m > 59 || h*60+m > 14*60 {
		return 0, false
	}
	secs = (h*60 + m) * 60
	if s[0] == '-' {
		secs = -secs
	}
	return secs, true
}
