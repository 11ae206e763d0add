package format

import (
	"testing"
	"time"

	"exporttask/internal/format/row"
)

// A declared zone converts a TIMESTAMP from the time zone of its session.
func TestResolve_zone(t *testing.T) {
	specs, err := ParseColumns(`[{"name":"t","zone":"UTC"},{"name":"d","zone":"Asia/Tokyo"},{"name":"e","zone":{"from":"Asia/Tokyo","to":"UTC"}}]`)
	if err != nil {
		t.Fatal(err)
	}
	session := time.FixedZone("+08:00", 8*3600)
	cols, err := Resolve(specs, []row.Column{
		{Name: "t", Type: "TIMESTAMP", Kind: row.DateTime, Location: session},
		{Name: "d", Type: "DATETIME", Kind: row.DateTime},
		{Name: "e", Type: "TIMESTAMP", Kind: row.DateTime, Location: session},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"2026-01-31 22:00:00", "2026-02-01 15:00:00", "2026-01-31 21:00:00"} {
		if got := string(cols[i].AppendText(nil, []byte("2026-02-01 06:00:00"))); got != want {
			t.Errorf("%s: got %s, want %s", cols[i].Label, got, want)
		}
	}
}
