package model

import "time"

// Lease is the default time for which a claim is valid after its last heartbeat,
// on the database's clock.
const Lease = 30 * time.Second

// QueueSettings are the settings of the queue. All processes on one database
// should have the same.
type QueueSettings struct {
	// Lease is the time for which a claim is valid after its last heartbeat.
	Lease time.Duration
	// MaxRunning bounds the running instances of each operator over all
	// processes; 0: no bound.
	MaxRunning int
	// MaxRunningSource bounds the running instances on each data source over
	// all processes; 0: no bound.
	MaxRunningSource int
	// SourceMaxRunning bounds single data sources by name, instead of
	// MaxRunningSource.
	SourceMaxRunning map[string]int
}

// limited reports whether operators or data sources have bounds.
func (q *QueueSettings) limited() bool {
	return q.MaxRunning > 0 || q.MaxRunningSource > 0 || len(q.SourceMaxRunning) > 0
}

// sourceLimit returns how many instances may run on a data source; 0: any number.
func (q *QueueSettings) sourceLimit(source string) int {
	if n := q.SourceMaxRunning[source]; n > 0 {
		return n
	}
	return q.MaxRunningSource
}

// leaseMicros returns the lease in microseconds.
func (q *QueueSettings) leaseMicros() int64 { return q.Lease.Microseconds() }
