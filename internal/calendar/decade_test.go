package calendar

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

// set is the values that a field matches; star says that the field is "*".
type set struct {
	has  [64]bool
	star bool
}

// draw makes a random field and the set of values that it matches. It does not
// parse the field.
func draw(r *rand.Rand, low, high int, shares ...int) (text string, s set) {
	take := func(from, to, step int) {
		for v := from; v <= to; v += step {
			s.has[v] = true
		}
	}
	kind := r.IntN(100)
	switch {
	case kind < shares[0]:
		s.star = true
		take(low, high, 1)
		return "*", s
	case kind < shares[1]:
		step := 2 + r.IntN((high-low)/2)
		take(low, high, step)
		return "*/" + strconv.Itoa(step), s
	case kind < shares[2]:
		from := low + r.IntN(high-low)
		to := from + r.IntN(high-from+1)
		take(from, to, 1)
		return fmt.Sprintf("%d-%d", from, to), s
	}
	var parts []string
	for range 1 + r.IntN(3) {
		v := low + r.IntN(high-low+1)
		take(v, v, 1)
		parts = append(parts, strconv.Itoa(v))
	}
	return strings.Join(parts, ","), s
}

// drawn returns a random expression and whether it matches a wall time, which is
// given in Unix seconds as if it were UTC.
func drawn(r *rand.Rand) (expr string, ok func(wall int64) bool) {
	minute, m := draw(r, 0, 59, 0, 0, 0) // lists alone: a decade of every minute is long
	hour, h := draw(r, 0, 23, 30, 50, 70)
	day, d := draw(r, 1, 31, 50, 60, 80)
	month, mo := draw(r, 1, 12, 70, 80, 90)
	weekday, w := draw(r, 0, 6, 50, 60, 80)
	return strings.Join([]string{minute, hour, day, month, weekday}, " "), func(wall int64) bool {
		if !m.has[wall/60%60] || !h.has[wall/3600%24] {
			return false
		}
		t := time.Unix(wall, 0).UTC()
		if !mo.has[t.Month()] {
			return false
		}
		switch {
		case d.star:
			return w.has[t.Weekday()]
		case w.star:
			return d.has[t.Day()]
		}
		return d.has[t.Day()] || w.has[t.Weekday()]
	}
}

// Ten years of each zone, minute by minute, with random expressions.
func TestCalendar_Next_tenYears(t *testing.T) {
	t.Parallel()
	const seed, each = 20260101, 3
	r := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a test's expressions
	begin := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC)
	end := begin.AddDate(years, 0, 0)
	total := 0
	for _, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for range each {
			expr, ok := drawn(r)
			c, err := Parse(expr, zone)
			if err != nil {
				continue // never due, such as 30 February
			}
			at := begin.Add(-time.Second)
			n := 0
			for want := range decade(zone, begin, end, ok) {
				if at = c.Next(at); !at.Equal(want) {
					t.Fatalf("%s, %q: due at %s, want %s", name, expr, at.In(zone), want.In(zone))
				}
				n++
			}
			if next := c.Next(at); n > 0 && next.Before(end) {
				t.Errorf("%s, %q: due at %s, want nothing more before %s", name, expr, next, end)
			}
			total += n
		}
	}
	t.Logf("%d due times", total)
	if total < 100_000 {
		t.Errorf("%d due times compared, want at least 100,000", total)
	}
}

// decade returns the due times of a span as oracle does. It computes the clock's
// offset once for each span between two changes.
func decade(zone *time.Location, from, to time.Time, ok func(wall int64) bool) func(yield func(time.Time) bool) {
	return func(yield func(time.Time) bool) {
		_, offset := from.Add(-time.Minute).In(zone).Zone()
		passed := from.Add(-time.Minute).Unix() + int64(offset) // wall times up to here are not shown again
		for t := from; t.Before(to); {
			_, change := t.In(zone).ZoneBounds()
			if change.IsZero() || change.After(to) {
				change = to
			}
			_, offset := t.In(zone).Zone()
			_, next := change.In(zone).Zone()
			repeated := change.Unix() + int64(next) // wall times from here on are shown again after the change
			for ; t.Before(change); t = t.Add(time.Minute) {
				wall := t.Unix() + int64(offset)
				if wall >= repeated {
					continue
				}
				due := false
				for w := passed + 60; w <= wall; w += 60 {
					due = due || ok(w)
					passed = w
				}
				if due && !yield(t) {
					return
				}
			}
		}
	}
}
