package model

import "time"

// Lease is how long a claim holds without a beat, on the database's clock,
// unless QueueSettings say otherwise.
const Lease = 30 * time.Second

// QueueSettings are the settings of the queue. All processes on one database should
// have the same.
type QueueSettings struct {
	// Lease is how long a claim holds without a beat.
	Lease time.Duration
	// MaxRunning bounds what runs at once for each operator, over all
	// processes; 0: no bound.
	MaxRunning int
	// MaxRunningSource bounds what runs at once on each data source, over all
	// processes; 0: no bound.
	MaxRunningSource int
	// SourceMaxRunning are the bounds of single data sources, in the place of
	// MaxRunningSource.
	SourceMaxRunning map[string]int
}

// limited tells whether anything bounds what runs beyond free slots.
func (q *QueueSettings) limited() bool {
	return q.MaxRunning > 0 || q.MaxRunningSource > 0 || len(q.SourceMaxRunning) > 0
}

// sourceLimit is how many instances may run on a data source; 0: any number.
func (q *QueueSettings) sourceLimit(source string) int {
	if n := q.SourceMaxRunning[source]; n > 0 {
		return n
	}
	return q.MaxRunningSource
}

// leaseMicros is the lease as SQL takes it.
func (q *QueueSettings) leaseMicros() int64 { return q.Lease.Microseconds() }
