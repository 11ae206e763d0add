package source

import (
	"errors"
	"fmt"
	"time"
)

// Limits bound one query; a zero field is no limit. If both a query and its source
// have a limit, the narrower one applies.
type Limits struct {
	StatementTime time.Duration // from the statement's start to its last row, including the reader's pauses
	Rows          int64         // rows of the result
	Bytes         int64         // bytes of the result's cells, including their length prefixes
	RowBytes      int64         // bytes of one row; 0 = 64 MiB
}

const (
	// defaultRowBytes bounds a row in memory. A row is refused as soon as its
	// packet headers show its length, before memory is allocated for it.
	defaultRowBytes = 64 << 20
	// maxRowBytes is the largest max_allowed_packet of a server.
	maxRowBytes = 1 << 30
)

func (l Limits) check() error {
	if l.StatementTime < 0 || l.Rows < 0 || l.Bytes < 0 || l.RowBytes < 0 {
		return errors.New("limits: a negative limit, want 0 or more")
	}
	if l.RowBytes > maxRowBytes {
		return fmt.Errorf("max-row-bytes: %d, want at most %d", l.RowBytes, maxRowBytes)
	}
	return nil
}

// within returns the narrower of l and d, field by field.
func (l Limits) within(d Limits) Limits {
	return Limits{
		StatementTime: narrower(l.StatementTime, d.StatementTime),
		Rows:          narrower(l.Rows, d.Rows),
		Bytes:         narrower(l.Bytes, d.Bytes),
		RowBytes:      narrower(l.RowBytes, d.RowBytes),
	}
}

// narrower returns the smaller of two limits, where 0 is no limit.
func narrower[T int64 | time.Duration](a, b T) T {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
