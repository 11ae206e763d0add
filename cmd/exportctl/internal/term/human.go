package term

import (
	"fmt"
	"strconv"
	"time"
)

// Count formats a number with commas: 1,234,567.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Bytes formats a size in the largest decimal unit that is not larger than the
// size: 45.2 MB; 1 MB is 1,000,000 bytes.
func Bytes(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	v, unit := float64(n), 0
	for v >= 999.95 && unit < 4 {
		v, unit = v/1000, unit+1
	}
	return fmt.Sprintf("%.1f %cB", v, " kMGT"[unit])
}

// Span formats a duration in its two largest units: 1d 3h, 2h 05m, 1m 20s, 5s.
func Span(d time.Duration) string {
	s := int64(d.Round(time.Second) / time.Second)
	switch {
	case s < 0:
		return "0s"
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm %02ds", s/60, s%60)
	case s < 24*3600:
		return fmt.Sprintf("%dh %02dm", s/3600, s/60%60)
	default:
		return fmt.Sprintf("%dd %dh", s/(24*3600), s/3600%24)
	}
}

// Moment formats an RFC 3339 time of a message in the zone, to the second; an empty
// time stays empty.
func Moment(text string, zone *time.Location) string {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	return t.In(zone).Format("2006-01-02 15:04:05")
}
