package xlsx

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"time"

	"exporttask/internal/format"
	"exporttask/internal/format/row"
)

func TestPipeline_workers_deterministic(t *testing.T) {
	var first []byte
	for workers := 1; workers <= 8; workers++ {
		file, _ := write(t, orderColumns(), format.Options{Workers: workers}, orders(1, 6000, 50000)...)
		if first == nil {
			first = file
		}
		if !bytes.Equal(first, file) {
			t.Fatalf("%d workers made another file than one", workers)
		}
	}
}

func TestPipeline_late_workers(t *testing.T) {
	batches := func() []*row.Batch { return orders(1, 6000, 50000) }
	want, _ := write(t, orderColumns(), format.Options{}, batches()...)
	for late := range len(batches()) {
		var file bytes.Buffer
		e, err := newEncoder(&file, orderColumns(), format.Options{}, maxRows)
		if err != nil {
			t.Fatal(err)
		}
		for i, b := range batches() {
			e.pipe.parallel = i >= late
			if err := e.Encode(b); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if !e.pipe.started || !bytes.Equal(want, file.Bytes()) {
			t.Fatalf("workers from batch %d on (started: %t) made another file", late, e.pipe.started)
		}
	}
}

func TestEncoder_Encode_starts_workers(t *testing.T) {
	e, err := newEncoder(io.Discard, orderColumns(), format.Options{}, maxRows)
	if err != nil {
		t.Fatal(err)
	}
	batch := orders(1, 2000, 1<<30)[0]
	for n := 0; !e.pipe.started && n < 5000; n++ {
		if err := e.Encode(batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if !e.pipe.started {
		t.Error("10,000,000 rows that were there were written by one goroutine")
	}
}

func TestPace(t *testing.T) {
	const span = paceSpan
	for name, tc := range map[string]struct {
		waits []time.Duration // one before each span of work
		want  bool
	}{
		"at once":                      {make([]time.Duration, paceSpans), true},
		"a span too few":               {make([]time.Duration, paceSpans-1), false},
		"short waits":                  {slices.Repeat([]time.Duration{span/paceRatio - 1}, paceSpans), true},
		"long ones":                    {slices.Repeat([]time.Duration{span / paceRatio}, 10*paceSpans), false},
		"one long one":                 {append(make([]time.Duration, paceSpans-1), span, 0, 0), false},
		"and long after it none again": {append([]time.Duration{time.Second}, make([]time.Duration, paceSpans)...), true},
	} {
		var p pace
		now := time.Now()
		p.begin(now)
		got := p.end(now)
		for _, wait := range tc.waits {
			now = now.Add(wait)
			p.begin(now)
			now = now.Add(span)
			got = p.end(now)
		}
		if got != tc.want {
			t.Errorf("%s: got %t, want %t", name, got, tc.want)
		}
	}
}
