// Package calendar computes the due times of schedules: cron expressions of
// five fields, read on the wall clock of an IANA time zone.
//
// The use cases check a schedule's expression with Parse, and the schedule
// runner asks a Calendar for due times. The package starts no goroutine and
// never reads the current time.
//
// # Clock changes
//
// The cron library only matches fields. What happens where a zone's clock is
// put forward or back is decided here:
//
//   - a wall time that the clock skips is due at the first instant after the gap;
//   - a wall time that the clock shows twice is due the second time.
//
// Due times are therefore in the order of their wall times, and when a due time
// comes, every instant at which the clock showed an earlier wall time has
// passed. A window from one due time to the next, written as wall times, then
// holds each instant exactly once, also in the hour that is repeated in autumn.
package calendar

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/netresearch/go-cron"
)

const (
	// maxSearchYears bounds the search for a due time, in years. It is longer
	// than the longest gap between two matches: 29 February on a given weekday.
	maxSearchYears = 30
	// maxUTCOffsetChange is longer than any change of a zone's UTC offset,
	// including a move across the date line.
	maxUTCOffsetChange = 26 * time.Hour
)

// Calendar is a cron expression on the wall clock of a time zone. It is
// immutable and safe for concurrent use.
type Calendar struct {
	wall *cron.SpecSchedule // matches wall times, which are written as UTC
	zone *time.Location
}

// aliases are the predefined expressions and the five fields that they stand for.
var aliases = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

// item is one element of a field's list: "*", a value or a range, each with an
// optional step. The library also accepts "*-5", which it reads as "*", and
// empty elements; neither is accepted here.
const item = `(\*|\w+(-\w+)?)(/\d+)?`

// pattern returns the syntax of a field whose elements are item or extra.
func pattern(extra string) *regexp.Regexp {
	element := "(" + item + extra + ")"
	return regexp.MustCompile("^" + element + "(," + element + ")*$")
}

// fields are the five fields in their order.
var fields = [...]struct {
	name, values string
	syntax       *regexp.Regexp
}{
	{"minute", "0..59", pattern("")},
	{"hour", "0..23", pattern("")},
	{"day of month", "1..31, L or L-n (n days before the last)", pattern(`|[lL](-\d+)?`)},
	{"month", "1..12 or JAN..DEC", pattern("")},
	{"day of week", "0..7 or SUN..SAT, a day followed by L (the last of the month)", pattern("")},
}

// lastWeekday matches the last weekday of a month as cron expressions write it,
// "5L" or "FRIL"; the library writes "5#L".
var lastWeekday = regexp.MustCompile(`(?i)\b([0-7]|sun|mon|tue|wed|thu|fri|sat)L\b`)

// parser reads five fields. If both day fields are restricted, a day that
// matches either of them is due.
var parser = cron.MustNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow |
	cron.DowOrDom | cron.DomL | cron.DowLast)

// Parse reads an expression of five fields (minute, hour, day of month, month,
// day of week) or one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly
// and @annually. The error names the field, its value and the allowed values;
// an expression that is never due, such as "0 0 31 2 *", is an error as well.
func Parse(expr string, zone *time.Location) (*Calendar, error) {
	const want = "want five fields (minute hour day month weekday) or @hourly, @daily, @weekly, @monthly, @yearly"
	parts := strings.Fields(expr)
	if full, ok := aliases[strings.TrimSpace(expr)]; ok {
		parts = strings.Fields(full)
	}
	if len(parts) != len(fields) {
		return nil, fmt.Errorf("%.80q has %d fields, %s", expr, len(parts), want)
	}
	for i, part := range parts {
		var err error
		if parts[i], err = parseField(i, part); err != nil {
			return nil, fmt.Errorf("%.80q: %w", expr, err)
		}
	}
	parsed, err := parser.Parse(strings.Join(parts, " "))
	if err != nil {
		return nil, fmt.Errorf("%.80q: %w", expr, err)
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("%.80q, %s", expr, want)
	}
	spec.MaxSearchYears, spec.Location = maxSearchYears, time.UTC
	c := &Calendar{wall: spec, zone: zone}
	if c.wall.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, fmt.Errorf("%.80q never comes due: no month has such a day", expr)
	}
	return c, nil
}

// parseField checks field i by itself, so that the error can name it, and
// returns it in the library's syntax.
func parseField(i int, part string) (string, error) {
	const dayOfWeek = 4
	f := fields[i]
	translated := part
	if i == dayOfWeek {
		translated = lastWeekday.ReplaceAllString(part, "$1#L")
	}
	alone := [...]string{"*", "*", "*", "*", "*"}
	alone[i] = translated
	if _, err := parser.Parse(strings.Join(alone[:], " ")); err != nil || !f.syntax.MatchString(part) {
		return "", fmt.Errorf("%s: %.40q, want *, %s, ranges such as a-b, steps such as */n, or a list of these", f.name, part, f.values)
	}
	return translated, nil
}

// Zone returns the time zone on whose wall clock the expression is read.
func (c *Calendar) Zone() *time.Location { return c.zone }

// Next returns the first due time after t in UTC, or the zero time if there is
// none within 30 years.
func (c *Calendar) Next(t time.Time) time.Time {
	// Later wall times are due later, so no wall time up to the earliest one
	// that the clock still shows after t can be due after t.
	for wall := c.wall.Next(c.earliestWall(t)); !wall.IsZero(); wall = c.wall.Next(wall) {
		if due := c.instant(wall); due.After(t) {
			return due
		}
	}
	return time.Time{}
}

// Prev returns the last due time before t in UTC, or the zero time if there is
// none within 30 years.
func (c *Calendar) Prev(t time.Time) time.Time {
	// A wall time after the one shown at t is shown again, or for the first
	// time, after t, and is due then.
	for wall := c.wall.Prev(c.wallClock(t).Add(time.Second)); !wall.IsZero(); wall = c.wall.Prev(wall) {
		if due := c.instant(wall); due.Before(t) {
			return due
		}
	}
	return time.Time{}
}

// wallClock returns the wall time of the zone at t, written as UTC.
func (c *Calendar) wallClock(t time.Time) time.Time {
	_, offset := t.In(c.zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// earliestWall returns a wall time such that every later wall time that is due
// after t lies after it: the wall time at t, or an earlier one where the clock
// is about to be put back.
func (c *Calendar) earliestWall(t time.Time) time.Time {
	earliest := c.wallClock(t)
	if _, change := t.In(c.zone).ZoneBounds(); !change.IsZero() {
		if after := c.wallClock(change).Add(-time.Second); after.Before(earliest) {
			earliest = after
		}
	}
	return earliest
}

// instant returns the instant at which a wall time is due: the last one at
// which the zone's clock shows it or, if the clock skips it, the first instant
// after the gap.
func (c *Calendar) instant(wall time.Time) time.Time {
	var last, beforeGap time.Time
	for _, at := range []time.Time{wall.Add(-maxUTCOffsetChange), wall, wall.Add(maxUTCOffsetChange)} {
		_, offset := at.In(c.zone).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second)
		if beforeGap.IsZero() {
			beforeGap = t
		}
		if c.wallClock(t).Equal(wall) && t.After(last) {
			last = t
		}
	}
	if !last.IsZero() {
		return last
	}
	// Counted with the offset before the gap, the wall time lies past its start.
	start, _ := beforeGap.In(c.zone).ZoneBounds()
	return start.UTC()
}
