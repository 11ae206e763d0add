package model

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
)

// Format is a file format, numbered as in the contract.
type Format int32

// The file formats.
const (
	FormatDefault Format = 0
	FormatCSV     Format = 1
	FormatXLS     Format = 2
	FormatXLSX    Format = 3
	FormatJSONL   Format = 4
	FormatParquet Format = 5
)

// Status is the short form of the state of an instance that the oldest clients
// poll, numbered as in the contract.
type Status int32

// The statuses of an instance.
const (
	Waiting  Status = 0
	Running  Status = 1
	Finished Status = 2
	Failed   Status = 3
)

// State is the state of an instance, numbered as in the contract.
type State int32

// The states of an instance; the package documentation draws the transitions.
const (
	StateQueued    State = 1
	StateRetryWait State = 2
	StateRunning   State = 3
	StateCanceling State = 4
	StateSucceeded State = 5
	StateExpired   State = 6
	StateFailed    State = 7
	StateCanceled  State = 8
	StateTimedOut  State = 9
)

// stateNames has the name of every state.
var stateNames = map[State]string{
	StateQueued: "QUEUED", StateRetryWait: "RETRY_WAIT", StateRunning: "RUNNING", StateCanceling: "CANCELING",
	StateSucceeded: "SUCCEEDED", StateExpired: "EXPIRED",
	StateFailed: "FAILED", StateCanceled: "CANCELED", StateTimedOut: "TIMED_OUT",
}

// String returns the name that the contract has for the state.
func (s State) String() string {
	if name, ok := stateNames[s]; ok {
		return name
	}
	return fmt.Sprintf("State(%d)", int32(s))
}

// Known reports whether s is one of the states.
func (s State) Known() bool { return stateNames[s] != "" }

// Status returns the status of an instance in the state.
func (s State) Status() Status {
	switch s {
	case StateQueued, StateRetryWait:
		return Waiting
	case StateRunning, StateCanceling:
		return Running
	case StateSucceeded, StateExpired:
		return Finished
	case StateFailed, StateCanceled, StateTimedOut:
		return Failed
	}
	return Failed
}

// Ended reports whether the instance has ended, so that no worker runs it again.
func (s State) Ended() bool { return s.Status() == Finished || s.Status() == Failed }

// JSON stores V as JSON in one text column.
type JSON[T any] struct{ V T }

// Value implements driver.Valuer.
func (j JSON[T]) Value() (driver.Value, error) {
	b, err := json.Marshal(j.V)
	return string(b), err
}

// Scan implements sql.Scanner.
func (j *JSON[T]) Scan(src any) error {
	switch src := src.(type) {
	case []byte:
		return json.Unmarshal(src, &j.V)
	case string:
		return json.Unmarshal([]byte(src), &j.V)
	}
	return fmt.Errorf("scan JSON column: got %T, want text", src)
}
