package calendar

import (
	"fmt"
	"time"
)

// LoadZone returns the time zone with the IANA name, such as Asia/Shanghai, and
// fallback for an empty name. "Local" and "localtime" are refused, since they
// differ from machine to machine.
func LoadZone(name string, fallback *time.Location) (*time.Location, error) {
	if name == "" {
		return fallback, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" || name == "localtime" {
		return nil, fmt.Errorf("%.64q, want an IANA name such as Asia/Shanghai, or nothing for %s", name, fallback)
	}
	return zone, nil
}

// NextWithin returns the first due time after t that is not before start and not
// after end. A zero start or end is no bound. The zero time means that there is
// no such due time.
func (c *Calendar) NextWithin(t, start, end time.Time) time.Time {
	if !start.IsZero() && t.Before(start) {
		t = start.Add(-time.Microsecond)
	}
	due := c.Next(t)
	if due.IsZero() || !end.IsZero() && due.After(end) {
		return time.Time{}
	}
	return due
}

// Window is the span of time that the run of a due time covers: from Start on,
// before End. All three times are in the calendar's zone.
type Window struct{ Due, Start, End time.Time }

// Window returns the window of a due time: from the due time before it up to the
// due time itself. Windows depend on the expression alone and not on which runs
// took place, so those of consecutive due times have no gap and no overlap. due
// need not be a due time of the calendar: a run by hand has a window as well.
func (c *Calendar) Window(due time.Time) Window {
	start := c.Prev(due)
	if start.IsZero() {
		start = due
	}
	return Window{Due: due.In(c.zone), Start: start.In(c.zone), End: due.In(c.zone)}
}
