package main

import (
	"strings"
	"testing"
	"time"

	"exporttask/internal/model"
)

func Test_lossNotice(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		last time.Time
		want string
	}{
		"never":       {time.Time{}, ""},
		"just_now":    {now.Add(-time.Second), "2026-07-01T11:59:59Z"},
		"an_hour_ago": {now.Add(-61 * time.Minute), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := lossNotice(model.Losses{Changes: 3, Last: c.last}, now)
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want it to contain %q", got, c.want)
			}
		})
	}
}
