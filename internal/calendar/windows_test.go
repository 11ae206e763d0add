package calendar

import (
	"testing"
	"time"
)

// Every instant around both clock changes of a year lies in exactly one window
// [Prev(due), due), compared as instants and as wall times, and has passed when
// the window's run is due.
func TestCalendar_windows(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"America/New_York", "Europe/London", "Asia/Shanghai", "Australia/Lord_Howe", "Africa/Casablanca"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, expr := range []string{"* * * * *", "*/30 * * * *", "0 * * * *", "30 1 * * *", "30 2 * * *", "0 0 * * *", "0 0 L * *"} {
			t.Run(name+"/"+expr, func(t *testing.T) {
				t.Parallel()
				c, err := Parse(expr, zone)
				if err != nil {
					t.Fatal(err)
				}
				for _, change := range changesOf(zone, 2026) {
					checkWindows(t, c, change)
				}
			})
		}
	}
}

// checkWindows checks the windows around a clock change.
func checkWindows(t *testing.T, c *Calendar, change time.Time) {
	t.Helper()
	const layout = "2006-01-02 15:04:05"
	type window struct {
		start, end         time.Time
		wallStart, wallEnd string
	}
	wall := func(t time.Time) string { return t.In(c.Zone()).Format(layout) }
	var all []window
	begin, until := change.Add(-3*time.Hour), change.Add(3*time.Hour)
	for due := c.Prev(begin); ; due = c.Next(due) {
		start := c.Prev(due)
		if n := len(all); n > 0 && !all[n-1].end.Equal(start) {
			t.Fatalf("the window due at %s begins at %s, want %s", due, start, all[n-1].end)
		}
		all = append(all, window{start, due, wall(start), wall(due)})
		if start.After(until) {
			break
		}
	}
	// Every half minute, so that a minutely window has an instant inside.
	for at := begin; at.Before(until); at = at.Add(30 * time.Second) {
		var byInstant, byWall []window
		w := wall(at)
		for _, x := range all {
			if !at.Before(x.start) && at.Before(x.end) {
				byInstant = append(byInstant, x)
			}
			if x.wallStart <= w && w < x.wallEnd {
				byWall = append(byWall, x)
			}
		}
		if len(byInstant) != 1 {
			t.Fatalf("%s is in the windows %v, want one", at, byInstant)
		}
		if len(byWall) != 1 || byWall[0].end.Before(at) {
			t.Fatalf("%s, %s on the wall, is in the windows %v, want one that is due later", at, w, byWall)
		}
	}
}

// changesOf returns the instants of a year at which a zone's clock changes, or
// one instant in the middle of the year if it never does.
func changesOf(zone *time.Location, year int) []time.Time {
	end := time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC)
	var all []time.Time
	for t := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); ; {
		_, next := t.In(zone).ZoneBounds()
		if next.IsZero() || !next.Before(end) {
			break
		}
		all, t = append(all, next), next
	}
	if all == nil {
		return []time.Time{time.Date(year, 7, 1, 0, 0, 0, 0, time.UTC)}
	}
	return all
}
