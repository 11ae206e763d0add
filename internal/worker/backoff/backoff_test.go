package backoff

import (
	"math"
	"testing"
	"time"
)

func TestJitter(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{0, 1, time.Millisecond, time.Hour} {
		seen := map[time.Duration]bool{}
		for range 1000 {
			got := Jitter(d)
			if got < d*3/4 || got > d*3/4+d/2 {
				t.Fatalf("Jitter(%s) = %s, want 3/4 to 5/4 of it", d, got)
			}
			seen[got] = true
		}
		if d >= time.Millisecond && len(seen) < 100 {
			t.Errorf("Jitter(%s): %d different values of 1000", d, len(seen))
		}
	}
}

func TestExponential_After(t *testing.T) {
	t.Parallel()
	e := Exponential{First: 100 * time.Millisecond, Max: 2 * time.Second}
	for name, tc := range map[string]struct {
		e        Exponential
		n        int
		min, max time.Duration
	}{
		"no_failure":       {e, 0, 0, 0},
		"negative":         {e, -1, 0, 0},
		"first":            {e, 1, 75 * time.Millisecond, 125 * time.Millisecond},
		"third":            {e, 3, 300 * time.Millisecond, 500 * time.Millisecond},
		"bounded":          {e, 6, 1200 * time.Millisecond, 2 * time.Second},
		"no_overflow":      {e, 40, 1200 * time.Millisecond, 2 * time.Second},
		"shift_over_64":    {e, math.MaxInt, 1200 * time.Millisecond, 2 * time.Second},
		"first_above_max":  {Exponential{First: time.Hour, Max: time.Minute}, 1, 36 * time.Second, time.Minute},
		"maximum_of_int64": {Exponential{First: 1, Max: math.MaxInt64}, 60, 1 << 58, math.MaxInt64},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 1000 {
				if got := tc.e.After(tc.n); got < tc.min || got > tc.max {
					t.Fatalf("After(%d) = %s, want %s to %s", tc.n, got, tc.min, tc.max)
				}
			}
		})
	}
}
