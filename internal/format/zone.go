package format

import (
	"fmt"
	"strings"
	"time"
)

// Zone converts wall-clock times of one time zone to another. The zero Zone
// leaves values unchanged. A nil location is UTC.
type Zone struct{ From, To *time.Location }

// IsZero reports whether the zone leaves all values unchanged.
func (z Zone) IsZero() bool { return z.From == nil && z.To == nil }

// AppendShifted appends the DATETIME text raw, converted from z.From to z.To,
// with its fraction of a second unchanged. A value that is no date and time
// (the zero date, month 00) or that would leave the years 0001 to 9999 is
// appended unchanged. A wall-clock time that occurs twice or never in z.From is
// interpreted as by time.Date.
func (z Zone) AppendShifted(dst, raw []byte) []byte {
	if z.From == z.To {
		return append(dst, raw...)
	}
	t, ok := z.Shift(raw)
	if !ok {
		return append(dst, raw...)
	}
	dst = t.AppendFormat(dst, "2006-01-02")
	dst = append(dst, raw[10]) // a blank or a T
	dst = t.AppendFormat(dst, "15:04:05")
	return append(dst, raw[19:]...)
}

// AppendRFC3339 is AppendShifted with a T between date and time and the offset
// from UTC behind them: "2026-01-31T23:59:59.123+08:00".
func (z Zone) AppendRFC3339(dst, raw []byte) []byte {
	t, ok := z.Shift(raw)
	if !ok {
		return append(dst, raw...)
	}
	dst = t.AppendFormat(dst, "2006-01-02T15:04:05")
	dst = append(dst, raw[19:]...)
	return t.AppendFormat(dst, "Z07:00")
}

// Shift returns the instant of the DATETIME text raw in z.To, without its fraction
// of a second. ok is false for the values that AppendShifted leaves unchanged.
func (z Zone) Shift(raw []byte) (t time.Time, ok bool) {
	date, ok := parseDate(raw)
	if !ok || len(raw) < len("2006-01-02 15:04:05") {
		return t, false
	}
	secs, ok := parseClock(raw[11:])
	if !ok {
		return t, false
	}
	from, to := z.From, z.To
	if from == nil {
		from = time.UTC
	}
	if to == nil {
		to = time.UTC
	}
	t = time.Date(date.year, time.Month(date.month), date.day, 0, 0, secs, 0, from).In(to)
	return t, t.Year() >= 1 && t.Year() <= 9999
}

// LoadZone returns the location of an IANA time zone name ("Asia/Shanghai",
// "UTC") or of a fixed offset from UTC ("+08:00"). The local zone of the
// machine ("Local") is an error, because a file must not depend on the machine
// that made it.
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

// parseOffset parses an offset such as "+08:00", at most 14 hours, and returns
// seconds east of UTC.
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
