package servers

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDBServer_LoadTimeZones(t *testing.T) {
	t.Parallel()
	zones := []string{"Asia/Shanghai", "Europe/Berlin", "America/St_Johns"}
	s := startDB(t, DBOptions{Dir: t.TempDir()})
	for range 2 { // the second time finds them there
		if err := s.LoadTimeZones(t.Context(), zones...); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff("3", queryText(t, s, "SELECT COUNT(*) FROM mysql.time_zone")); diff != "" {
		t.Errorf("zones (-want +got):\n%s", diff)
	}

	const sample = 37 * 24 * time.Hour
	first := time.Date(1970, 1, 2, 0, 30, 0, 0, time.UTC)
	last := time.Date(2037, 12, 31, 0, 0, 0, 0, time.UTC)
	for _, zone := range zones {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		got, want := map[string]string{}, map[string]string{}
		db := openRoot(t, s, "")
		for at := first; at.Before(last); at = at.Add(sample) {
			utc := at.Format(time.DateTime)
			var local string
			err := db.QueryRowContext(t.Context(), "SELECT DATE_FORMAT(CONVERT_TZ(?, '+00:00', ?), '%Y-%m-%d %T')", utc, zone).Scan(&local)
			if err != nil {
				t.Fatalf("%s in %s: %v", utc, zone, err)
			}
			got[utc], want[utc] = local, at.In(loc).Format(time.DateTime)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", zone, diff)
		}
	}
	if err := s.LoadTimeZones(t.Context(), "Nowhere/At_All"); err == nil {
		t.Error("an unknown zone was loaded")
	}
}
