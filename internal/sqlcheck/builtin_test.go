package sqlcheck

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBuiltins(t *testing.T) {
	t.Parallel()
	zone := func(name string) *time.Location {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		return loc
	}
	for name, c := range map[string]struct {
		now  string // RFC 3339
		loc  *time.Location
		want map[string]string
	}{
		"all of them, a Sunday": {"2026-03-15T12:34:56Z", time.UTC, map[string]string{
			"now": "2026-03-15 12:34:56", "today": "2026-03-15", "yesterday": "2026-03-14", "tomorrow": "2026-03-16",
			"week_start": "2026-03-09", "last_week_start": "2026-03-02", "next_week_start": "2026-03-16",
			"month_start": "2026-03-01", "last_month_start": "2026-02-01", "next_month_start": "2026-04-01",
			"month_end": "2026-03-31", "last_month_end": "2026-02-28",
			"quarter_start": "2026-01-01", "last_quarter_start": "2025-10-01",
			"year_start": "2026-01-01", "last_year_start": "2025-01-01", "next_year_start": "2027-01-01",
		}},
		"the zone decides the day": {"2026-01-01T02:00:00Z", zone("America/New_York"), map[string]string{
			"now": "2025-12-31 21:00:00", "today": "2025-12-31", "tomorrow": "2026-01-01", "year_start": "2025-01-01",
			"quarter_start": "2025-10-01",
		}},
		// Local midnight of 2026-03-08 + 24 h is 01:00 of the 9th in New York.
		"the day after a short day": {"2026-03-09T04:30:00Z", zone("America/New_York"), map[string]string{
			"today": "2026-03-09", "yesterday": "2026-03-08", "week_start": "2026-03-09",
		}},
		// 00:30 minus 24 h is 01:30 of the same day before.
		"the day after a long day": {"2026-11-02T05:30:00Z", zone("America/New_York"), map[string]string{
			"today": "2026-11-02", "yesterday": "2026-11-01",
		}},
		"23:30 on a long day": {"2026-10-25T22:30:00Z", zone("Europe/Berlin"), map[string]string{
			"today": "2026-10-25", "tomorrow": "2026-10-26", "yesterday": "2026-10-24",
		}},
		// Chile moves the clock at midnight: 2026-09-06 has no 00:00.
		"a day without midnight": {"2026-09-06T12:00:00Z", zone("America/Santiago"), map[string]string{
			"today": "2026-09-06", "yesterday": "2026-09-05", "tomorrow": "2026-09-07",
		}},
		"the 31st":         {"2026-03-31T12:00:00Z", time.UTC, map[string]string{"last_month_start": "2026-02-01", "last_month_end": "2026-02-28", "next_month_start": "2026-04-01"}},
		"leap day":         {"2024-03-01T00:00:00Z", time.UTC, map[string]string{"yesterday": "2024-02-29", "last_month_end": "2024-02-29"}},
		"January":          {"2026-01-15T00:00:00Z", time.UTC, map[string]string{"last_month_start": "2025-12-01", "last_quarter_start": "2025-10-01"}},
		"a Monday":         {"2026-03-16T00:00:00Z", time.UTC, map[string]string{"week_start": "2026-03-16", "last_week_start": "2026-03-09"}},
		"the last quarter": {"2026-12-31T23:59:59Z", time.UTC, map[string]string{"quarter_start": "2026-10-01", "last_quarter_start": "2026-07-01", "tomorrow": "2027-01-01"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, c.now)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, p := range Builtins(now, c.loc) {
				if _, ok := c.want[p.Name]; ok {
					got[p.Name] = p.Text
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestReserved(t *testing.T) {
	t.Parallel()
	all := append(Builtins(time.Now(), time.UTC), OperatorBuiltin(7))
	for _, p := range append(all, Param{"window_start", one("2026-01-01 00:00:00")}, Param{"window_end", one("2026-01-02 00:00:00")}, Param{"due", one("2026-01-02 00:00:00")}) {
		typ, ok := reservedType(p.Name)
		if !ok || !Reserved(p.Name) {
			t.Errorf("%s is not reserved", p.Name)
		}
		if _, err := parseValue(Decl{Name: p.Name, Type: typ, Required: true}, p.Value); err != nil {
			t.Error(err)
		}
	}
}
