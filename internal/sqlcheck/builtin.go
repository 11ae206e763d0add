package sqlcheck

import (
	"strings"
	"time"
)

// Builtins are the time parameters that the service fills in, worked out from
// the instant now on the calendar of loc. They are computed once, when an
// instance is created, so that a retry reads the same rows. Days are counted
// on the calendar, so a day of 23 or 25 hours is one day. Weeks begin on
// Monday (ISO 8601).
func Builtins(now time.Time, loc *time.Location) []Param {
	now = now.In(loc)
	y, m, d := now.Date()
	q := m - (m-1)%3
	monday := d - (int(now.Weekday())+6)%7
	return []Param{
		{"now", Value{Text: now.Format(time.DateTime)}},
		{"today", day(y, m, d)},
		{"yesterday", day(y, m, d-1)},
		{"tomorrow", day(y, m, d+1)},
		{"week_start", day(y, m, monday)},
		{"last_week_start", day(y, m, monday-7)},
		{"next_week_start", day(y, m, monday+7)},
		{"month_start", day(y, m, 1)},
		{"last_month_start", day(y, m-1, 1)},
		{"next_month_start", day(y, m+1, 1)},
		{"month_end", day(y, m+1, 0)},
		{"last_month_end", day(y, m, 0)},
		{"quarter_start", day(y, q, 1)},
		{"last_quarter_start", day(y, q-3, 1)},
		{"year_start", day(y, 1, 1)},
		{"last_year_start", day(y-1, 1, 1)},
		{"next_year_start", day(y+1, 1, 1)},
	}
}

// WindowBuiltins are the parameters of an instance that a schedule made: the
// time it was due and the span it is about, on the calendar of loc.
func WindowBuiltins(due, start, end time.Time, loc *time.Location) []Param {
	wall := func(t time.Time) Value { return Value{Text: t.In(loc).Format(time.DateTime)} }
	return []Param{{"due", wall(due)}, {"window_start", wall(start)}, {"window_end", wall(end)}}
}

// day is a date of the calendar; days and months beyond their range carry
// over. The calendar is UTC's, which has no clock changes.
func day(y int, m time.Month, d int) Value {
	return Value{Text: time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)}
}

// reservedType is the type of a name that the service fills in. window_start,
// window_end and due are given by a schedule: the span that a run covers, and
// the time it was due.
func reservedType(name string) (Type, bool) {
	switch name {
	case "now", "window_start", "window_end", "due":
		return DateTime, true
	case "today", "yesterday", "tomorrow", "week_start", "last_week_start", "next_week_start",
		"month_start", "last_month_start", "next_month_start", "month_end", "last_month_end",
		"quarter_start", "last_quarter_start", "year_start", "last_year_start", "next_year_start":
		return Date, true
	}
	return "", false
}

// Reserved reports whether name, in any case, may not be declared.
func Reserved(name string) bool {
	_, ok := reservedType(strings.ToLower(name))
	return ok
}

// isBuiltinDefault reports whether d's default names a built-in that fits.
func isBuiltinDefault(d Decl) bool {
	if d.Default == nil || d.Default.Null || !strings.HasPrefix(d.Default.Text, ":") {
		return false
	}
	t, ok := reservedType(d.Default.Text[1:])
	return ok && (t == d.Type || t == Date && d.Type == DateTime)
}

// asType is a built-in's value as a parameter of type t: a date is midnight
// where a datetime is wanted.
func asType(v Value, t Type) Value {
	if t == DateTime && len(v.Text) == len(time.DateOnly) {
		v.Text += " 00:00:00"
	}
	return v
}
