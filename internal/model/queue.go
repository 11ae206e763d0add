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
	// Shares are the shares of operators; an operator without one has the zero
	// Share.
	Shares map[int32]Share
}

// Share is an operator's part of the slots.
type Share struct {
	// Weight is how many slots the operator gets for one of an operator with
	// weight 1, while both have instances that can run; 0: 1.
	Weight int
	// Priority orders operators: a slot goes to an operator only if none with a
	// higher priority can use it.
	Priority int
}

// share returns the share of an operator, with its weight.
func (q *QueueSettings) share(operator int32) Share {
	s := q.Shares[operator]
	s.Weight = max(s.Weight, 1)
	return s
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
