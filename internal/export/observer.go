package export

import "time"

// Observer is told what becomes of attempts. Its methods are called from
// several goroutines and must return at once.
type Observer interface {
	Began()
	Ended(o Outcome)
}

// Outcome is how one attempt ended.
type Outcome struct {
	// End is "succeeded", "failed", "retried", "canceled", "timed_out",
	// "released" at a shutdown, or "lost" with its lease.
	End string
	// Code is the failure's errCode; empty where there was none.
	Code     string
	Source   string
	Format   string // "CSV", "XLS", "XLSX"
	Duration time.Duration
	Rows     int64 // written, also by an attempt that failed
	Bytes    int64
}

// nobody is the observer where there is none.
type nobody struct{}

func (nobody) Began()        {}
func (nobody) Ended(Outcome) {}
