package export

import "time"

// Observer is called when attempts begin and end. Its methods are called from
// several goroutines and must not block.
type Observer interface {
	Began()
	Ended(o Outcome)
}

// Outcome is how one attempt ended.
type Outcome struct {
	// End is "succeeded", "failed", "retried", "canceled", "timed_out",
	// "released" at a shutdown, or "lost" with the lease.
	End string
	// Code is the failure's errCode, or empty.
	Code     string
	Source   string
	Format   string // "CSV", "XLS", "XLSX"
	Duration time.Duration
	Rows     int64 // written; also of an attempt that failed
	Bytes    int64
}

// noObserver ignores its calls.
type noObserver struct{}

func (noObserver) Began()        {}
func (noObserver) Ended(Outcome) {}
