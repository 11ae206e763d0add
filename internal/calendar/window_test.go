package calendar

import (
	"testing"
	"time"
)

func TestCalendar_Window_no_gap_and_no_overlap(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse("30 2 * * *", zone)
	if err != nil {
		t.Fatal(err)
	}
	due := c.Next(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	for range 300 {
		next := c.Next(due)
		if w := c.Window(next); !w.Start.Equal(due) || !w.End.Equal(next) || !w.Due.Equal(next) {
			t.Fatalf("the window of %s is %s to %s, want it to begin at %s", next, w.Start, w.End, due)
		}
		due = next
	}
}

func TestLoadZone(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"": "UTC", "Asia/Shanghai": "Asia/Shanghai"} {
		if zone, err := LoadZone(name, time.UTC); err != nil || zone.String() != want {
			t.Errorf("%q: got %v, %v, want %s", name, zone, err, want)
		}
	}
	for _, name := range []string{"Local", "localtime", "Mars/Olympus", "../etc/passwd"} {
		if zone, err := LoadZone(name, time.UTC); err == nil {
			t.Errorf("%q: got %v, want an error", name, zone)
		}
	}
}

func TestCalendar_NextWithin(t *testing.T) {
	t.Parallel()
	c, err := Parse("0 * * * *", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	at := func(hour, minute int) time.Time { return time.Date(2026, 5, 1, hour, minute, 0, 0, time.UTC) }
	for name, tc := range map[string]struct{ t, start, end, want time.Time }{
		"no bounds":           {t: at(1, 5), want: at(2, 0)},
		"start is a due time": {t: at(1, 5), start: at(4, 0), want: at(4, 0)},
		"start is past":       {t: at(1, 5), start: at(0, 0), want: at(2, 0)},
		"end is a due time":   {t: at(1, 5), end: at(2, 0), want: at(2, 0)},
		"after the end":       {t: at(1, 5), end: at(1, 59)},
	} {
		if got := c.NextWithin(tc.t, tc.start, tc.end); !got.Equal(tc.want) {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
}
