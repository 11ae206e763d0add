// Package calendar tells when a schedule comes due: five fields read on the clock
// of a time zone. internal/server checks expressions with it, internal/schedule
// asks it for due times. It starts nothing and keeps no clock.
//
// What a clock does when it is put forward or back is decided here and not by
// the library that reads the fields: a time that the clock skips comes due at
// the first instant after the gap, one that it shows twice comes due the first
// time.
package calendar

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	lib "github.com/netresearch/go-cron"
)

// searchYears is how far ahead a due time is looked for: past the longest gap
// between two leap days that any expression can need.
const searchYears = 30

// aside is more than any clock is ever put forward or back, a change of the
// date line included.
const aside = 26 * time.Hour

// Calendar is an expression on the clock of a zone.
type Calendar struct {
	wall *lib.SpecSchedule // matches wall clocks, written as if they were UTC
	zone *time.Location
}

// names are what stands for five fields.
var names = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

// fields are the five, in their order, and the values that each may have.
var fields = [...]struct{ name, values string }{
	{"minute", "0..59"},
	{"hour", "0..23"},
	{"day of month", "1..31"},
	{"month", "1..12 or JAN..DEC"},
	{"day of week", "0..7 or SUN..SAT"},
}

// list is what a field is made of: stars, values and ranges, with steps or
// without. The library takes more: empty parts, "*-5", which it reads as "*".
var list = regexp.MustCompile(`^(\*|\w+(-\w+)?)(/\d+)?(,(\*|\w+(-\w+)?)(/\d+)?)*$`)

// parser reads five fields. Where both day fields are restricted a day that
// either names comes due.
var parser = lib.MustNewParser(lib.Minute | lib.Hour | lib.Dom | lib.Month | lib.Dow | lib.DowOrDom)

// Parse reads an expression of five fields (minute, hour, day of month, month,
// day of week) or one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly
// and @annually. The error says what came and what is allowed.
func Parse(expr string, zone *time.Location) (*Calendar, error) {
	const want = "want five fields (minute hour day month weekday) or @hourly, @daily, @weekly, @monthly, @yearly"
	parts := strings.Fields(expr)
	if full, ok := names[strings.TrimSpace(expr)]; ok {
		parts = strings.Fields(full)
	}
	if len(parts) != len(fields) {
		return nil, fmt.Errorf("%.80q has %d fields, %s", expr, len(parts), want)
	}
	for i, part := range parts {
		if err := check(i, part); err != nil {
			return nil, fmt.Errorf("%.80q: %w", expr, err)
		}
	}
	parsed, err := parser.Parse(strings.Join(parts, " "))
	if err != nil {
		return nil, fmt.Errorf("%.80q: %w", expr, err)
	}
	spec, ok := parsed.(*lib.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("%.80q, %s", expr, want)
	}
	spec.MaxSearchYears, spec.Location = searchYears, time.UTC
	c := &Calendar{wall: spec, zone: zone}
	if c.wall.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, fmt.Errorf("%.80q never comes due: no month has such a day", expr)
	}
	return c, nil
}

// check checks one field by itself, so that the error names it.
func check(i int, part string) error {
	alone := [...]string{"*", "*", "*", "*", "*"}
	alone[i] = part
	_, err := parser.Parse(strings.Join(alone[:], " "))
	if err != nil || !list.MatchString(part) {
		return fmt.Errorf("%s: %.40q, want *, %s, ranges such as a-b, steps such as */n, or a list of these", fields[i].name, part, fields[i].values)
	}
	return nil
}

// Zone is the zone on whose clock the expression is read.
func (c *Calendar) Zone() *time.Location { return c.zone }

// Next is the first due time after t, in UTC.
func (c *Calendar) Next(t time.Time) time.Time {
	// The later a wall clock, the later its instant: none up to t's own can
	// come due after t.
	for wall := c.wall.Next(c.clock(t)); !wall.IsZero(); wall = c.wall.Next(wall) {
		if due := c.instant(wall); due.After(t) {
			return due
		}
	}
	return time.Time{}
}

// Prev is the last due time before t, in UTC; the zero time where there is none
// within some years.
func (c *Calendar) Prev(t time.Time) time.Time {
	// Where the clock was put back, it has shown later times than it shows now.
	latest := c.clock(t)
	if start, _ := t.In(c.zone).ZoneBounds(); !start.IsZero() {
		if before := c.clock(start.Add(-1)).Add(1); before.After(latest) {
			latest = before
		}
	}
	for wall := c.wall.Prev(latest); !wall.IsZero(); wall = c.wall.Prev(wall) {
		if due := c.instant(wall); due.Before(t) {
			return due
		}
	}
	return time.Time{}
}

// clock is what the zone's clock shows at t, written as if it were UTC.
func (c *Calendar) clock(t time.Time) time.Time {
	_, offset := t.In(c.zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// instant is the first instant at which the zone's clock shows wall or, where
// the clock skips it, the first instant after the gap.
func (c *Calendar) instant(wall time.Time) time.Time {
	var first, before time.Time
	for _, at := range []time.Time{wall.Add(-aside), wall, wall.Add(aside)} {
		_, offset := at.In(c.zone).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second)
		if before.IsZero() {
			before = t
		}
		if c.clock(t).Equal(wall) && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	if !first.IsZero() {
		return first
	}
	// By the clock of before the gap, wall lies past its beginning.
	start, _ := before.In(c.zone).ZoneBounds()
	return start.UTC()
}
