package calendar

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// years is the span that the oracle walks.
const firstYear, years = 2020, 10

var zones = []string{
	"America/New_York", "Europe/Berlin", "Asia/Shanghai", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Tehran",
	"Africa/Casablanca", "Pacific/Chatham", "America/St_Johns", "Asia/Kathmandu",
}

// matcher is an expression and, written by hand, which minutes of a wall clock it
// matches.
type matcher struct {
	expr string
	ok   func(t time.Time) bool
}

var matchers = []matcher{
	{"30 2 * * *", func(t time.Time) bool { return t.Hour() == 2 && t.Minute() == 30 }},
	{"30 1 * * *", func(t time.Time) bool { return t.Hour() == 1 && t.Minute() == 30 }},
	{"0 0 * * *", func(t time.Time) bool { return t.Hour() == 0 && t.Minute() == 0 }},
	{"@hourly", func(t time.Time) bool { return t.Minute() == 0 }},
	{"*/15 * * * *", func(t time.Time) bool { return t.Minute()%15 == 0 }},
	{"* * * * *", func(time.Time) bool { return true }},
	{"5 0-3 * * *", func(t time.Time) bool { return t.Minute() == 5 && t.Hour() <= 3 }},
	{"0 2 * * SUN", func(t time.Time) bool { return t.Minute() == 0 && t.Hour() == 2 && t.Weekday() == time.Sunday }},
	{"45 1 1,15 * 0", func(t time.Time) bool {
		return t.Minute() == 45 && t.Hour() == 1 && (t.Day() == 1 || t.Day() == 15 || t.Weekday() == time.Sunday)
	}},
	{"30 1 L * *", func(t time.Time) bool { return t.Hour() == 1 && t.Minute() == 30 && t.AddDate(0, 0, 1).Day() == 1 }},
	{"0 2 L-3 * *", func(t time.Time) bool { return t.Hour() == 2 && t.Minute() == 0 && t.AddDate(0, 0, 4).Day() == 1 }},
	{"15 1 * * SUNL", func(t time.Time) bool {
		return t.Hour() == 1 && t.Minute() == 15 && t.Weekday() == time.Sunday && t.AddDate(0, 0, 7).Month() != t.Month()
	}},
	{"45 2 1,L * 1", func(t time.Time) bool {
		return t.Hour() == 2 && t.Minute() == 45 && (t.Day() == 1 || t.AddDate(0, 0, 1).Day() == 1 || t.Weekday() == time.Monday)
	}},
	{"0 3 31 MAR,OCT *", func(t time.Time) bool {
		return t.Minute() == 0 && t.Hour() == 3 && t.Day() == 31 && (t.Month() == time.March || t.Month() == time.October)
	}},
}

// oracle returns the due times of a span another way than the package does: it
// walks every minute, notes the last one at which each wall time is shown, and
// gives a skipped wall time to the first minute after the gap. It shares no
// code with the package. The clock must not change within a day of the span's
// ends.
func oracle(zone *time.Location, from, to time.Time, ok func(time.Time) bool) []time.Time {
	const layout = "2006-01-02 15:04"
	asUTC := func(t time.Time) time.Time {
		wall, err := time.Parse(layout, t.In(zone).Format(layout))
		if err != nil {
			panic(err)
		}
		return wall
	}
	lastShown := map[time.Time]time.Time{}
	for t := from; t.Before(to); t = t.Add(time.Minute) {
		lastShown[asUTC(t)] = t
	}
	dueAt := map[time.Time]bool{}
	var skipped bool // a matching wall time of a gap that has not ended
	for wall := asUTC(from); wall.Before(asUTC(to)); wall = wall.Add(time.Minute) {
		t, shown := lastShown[wall]
		switch {
		case shown:
			if skipped || ok(wall) {
				dueAt[t] = true
			}
			skipped = false
		case ok(wall):
			skipped = true
		}
	}
	return slices.SortedFunc(maps.Keys(dueAt), time.Time.Compare)
}

func TestCalendar_Next_aroundEveryClockChange(t *testing.T) {
	t.Parallel()
	changes := 0
	for _, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC)
		end := begin.AddDate(years, 0, 0)
		at := []time.Time{begin.AddDate(0, 5, 10)} // a span without any change as well
		for t := begin; t.Before(end); {
			_, next := t.In(zone).ZoneBounds()
			if next.IsZero() || !next.Before(end) {
				break
			}
			at, t = append(at, next), next
		}
		changes += len(at) - 1
		for _, change := range at {
			from, to := change.Add(-30*time.Hour).Truncate(time.Minute), change.Add(30*time.Hour).Truncate(time.Minute)
			for _, m := range matchers {
				want := oracle(zone, from, to, m.ok)
				c, err := Parse(m.expr, zone)
				if err != nil {
					t.Fatal(err)
				}
				var got []time.Time
				for due := c.Next(from.Add(-time.Second)); due.Before(to); due = c.Next(due) {
					got = append(got, due)
				}
				if !same(got, want) {
					t.Errorf("%s, %q around %s: got %v\nwant %v", name, m.expr, change, got, want)
				}
				for i := len(got) - 1; i > 0; i-- {
					if prev := c.Prev(got[i]); !prev.Equal(got[i-1]) {
						t.Errorf("%s, %q: before %s comes %s, want %s", name, m.expr, got[i], prev, got[i-1])
					}
				}
			}
		}
	}
	if changes < 100 {
		t.Errorf("walked around %d clock changes, want at least 100", changes)
	}
}

func same(a, b []time.Time) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].Equal(b[i]) {
			return false
		}
	}
	return true
}

// A move across the date line skips a whole day.
func TestCalendar_Next_skippedDay(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Pacific/Apia") // there was no 2011-12-30
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse("0 12 30 12 *", zone)
	if err != nil {
		t.Fatal(err)
	}
	got := c.Next(time.Date(2011, 12, 1, 0, 0, 0, 0, time.UTC)).In(zone).Format(time.DateTime)
	if got != "2011-12-31 00:00:00" {
		t.Errorf("due at %s, want the first instant of the 31st", got)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for expr, says := range map[string]string{
		"":                    "0 fields",
		"* * * *":             "4 fields",
		"0 0 12 * * *":        "6 fields",
		"@every 5m":           "2 fields",
		"@reboot":             "1 fields",
		"TZ=0":                "1 fields",
		"TZ=0 0 0 * * *":      "6 fields",
		"TZ=UTC * * * *":      `minute: "TZ=UTC", want *, 0..59`,
		"CRON_TZ=Nowhere * *": "3 fields",
		"60 * * * *":          `minute: "60", want *, 0..59`,
		"* 24 * * *":          `hour: "24"`,
		"0 0 0 * *":           `day of month: "0"`,
		"0 0 32 * *":          `day of month: "32"`,
		"0 0 * 13 *":          `month: "13"`,
		"0 0 * * 8":           `day of week: "8"`,
		"0 0 31 2 *":          "never comes due",
		"0 0 30 FEB *":        "never comes due",
		"0 0 31 4,6,9,11 *":   "never comes due",
		"*/0 * * * *":         `minute: "*/0"`,
		"a * * * *":           `minute: "a"`,
		"0 0 L-0 * *":         `day of month: "L-0"`,
		"0 0 L-31 * *":        `day of month: "L-31"`,
		"0 0 LW * *":          `day of month: "LW"`,
		"0 0 * * L":           `day of week: "L"`,
		"0 0 * * 8L":          `day of week: "8L"`,
		"0 0 * * 1#L":         `day of week: "1#L"`,
		"L * * * *":           `minute: "L"`,
		"0 0 * * FRI#2":       "day of week: \"FRI#2\"",
		"? * * * *":           "minute",
		"0 0 * JANUARY *":     `month: "JANUARY"`,
		"1,,2 * * * *":        `minute: "1,,2"`,
		", * * * *":           `minute: ","`,
		"*-5 * * * *":         `minute: "*-5"`,
		"0 */24 * * *":        `hour: "*/24"`,
		"1-2-3 * * * *":       `minute: "1-2-3"`,
		"H 3 * * *":           `minute: "H"`,
		"0 0 15W * *":         `day of month: "15W"`,
	} {
		_, err := Parse(expr, time.UTC)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want an error that says %q", expr, err, says)
		}
	}
	for _, expr := range []string{"0 0 29 2 *", "@daily", " 0  0 * * 7 ", "*/5 9-17 * * MON-FRI", "0 0 1,15 * *", "0 0 * jan *", "0 22-2 * * FRI-MON", "0 0 L * *", "0 0 1,L-2 * *", "0 0 * * 5L,monl"} {
		if _, err := Parse(expr, time.UTC); err != nil {
			t.Errorf("%q: %v, want it taken", expr, err)
		}
	}
}
