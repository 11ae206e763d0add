package sqlcheck

import (
	"strconv"
	"strings"
	"time"
)

// Builtins returns the built-in date and time parameters (:now, :today and the
// like) for the instant now in the time zone loc. They are computed once, when
// an instance is created, so that a retry reads the same rows. Days are calendar
// days, whether they have 23, 24 or 25 hours. Weeks begin on Monday (ISO 8601).
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

// WindowBuiltins returns the built-in parameters of an instance that a schedule
// created, as wall clock times of loc: :due, the time at which the run was due,
// and :window_start and :window_end, the half-open time span that it covers.
func WindowBuiltins(due, start, end time.Time, loc *time.Location) []Param {
	wall := func(t time.Time) Value { return Value{Text: t.In(loc).Format(time.DateTime)} }
	return []Param{{"due", wall(due)}, {"window_start", wall(start)}, {"window_end", wall(end)}}
}

// day returns a date as a value. Days and months outside their range carry over
// into the next or previous month or year. The date is computed in UTC, which
// has no daylight saving time.
func day(y int, m time.Month, d int) Value {
	return Value{Text: time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)}
}

// OperatorBuiltin returns the parameter :operator, the operator that an instance
// belongs to. A template that selects by it shows each operator its own rows, since
// no caller can set or omit a built-in parameter.
func OperatorBuiltin(operator int32) Param {
	return Param{"operator", Value{Text: strconv.Itoa(int(operator))}}
}

// ClaimPrefix begins the names of the built-in parameters that hold the claims of
// the caller's token: :claim_region is the claim "region". A template that selects
// by one shows each token its own rows. A claim is a string unless the template
// declares another type for it.
const ClaimPrefix = "claim_"

// claimOf returns the claim that the parameter name stands for, and whether name
// stands for one.
func claimOf(name string) (claim string, ok bool) {
	claim, ok = strings.CutPrefix(name, ClaimPrefix)
	return claim, ok && claim == strings.ToLower(claim)
}

// reservedType returns the type of the built-in parameter name, and whether name
// is one.
func reservedType(name string) (Type, bool) {
	if _, claim := claimOf(name); claim {
		return String, true
	}
	switch name {
	case "operator":
		return Int, true
	case "now", "window_start", "window_end", "due":
		return DateTime, true
	case "today", "yesterday", "tomorrow", "week_start", "last_week_start", "next_week_start",
		"month_start", "last_month_start", "next_month_start", "month_end", "last_month_end",
		"quarter_start", "last_quarter_start", "year_start", "last_year_start", "next_year_start":
		return Date, true
	}
	return "", false
}

// BuiltinType returns the type of a built-in parameter, and whether name is one.
func BuiltinType(name string) (Type, bool) { return reservedType(name) }

// Reserved reports whether name, in upper or lower case, is a built-in parameter,
// which a caller must not give. Of these, a template may declare claims only.
func Reserved(name string) bool {
	_, ok := reservedType(strings.ToLower(name))
	return ok
}

// isBuiltinDefault reports whether the default of d names a built-in parameter,
// such as ":yesterday", whose type fits d. A claim is no default.
func isBuiltinDefault(d Decl) bool {
	if d.Default == nil || d.Default.Null || !strings.HasPrefix(d.Default.Text, ":") {
		return false
	}
	t, ok := reservedType(d.Default.Text[1:])
	return ok && t != String && (t == d.Type || t == Date && d.Type == DateTime)
}

// asType converts the value of a built-in parameter to type t: a date becomes
// midnight of that day where t is DateTime.
func asType(v Value, t Type) Value {
	if t == DateTime && len(v.Text) == len(time.DateOnly) {
		v.Text += " 00:00:00"
	}
	return v
}
