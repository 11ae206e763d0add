package model

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// maxOperators bounds how many operators one claim considers, those that have
// waited longest.
const maxOperators = 1000

// waiting is an operator with something that is due.
type waiting struct {
	OperatorID int32     `db:"operatorId"`
	Since      time.Time `db:"since"` // its oldest one
}

// waiting returns the operators with something that is due, the one that has
// waited longest first. The index answers it with one look for each operator.
func (d *DB) waiting(ctx context.Context) ([]waiting, error) {
	const SELECT = `SELECT operatorId, MIN(runAfter) AS since FROM welife_export_inst
		WHERE status = ? GROUP BY operatorId HAVING since <= UTC_TIMESTAMP(6) ORDER BY since LIMIT ?`
	var list []waiting
	if err := d.db.SelectContext(ctx, &list, SELECT, Waiting, maxOperators); err != nil {
		return nil, fmt.Errorf("find waiting operators: %w", err)
	}
	return list, nil
}

// load is what runs, in all processes.
type load struct {
	operators map[int32]int
	sources   map[string]int
	// suspect tells that the claimer runs an instance that crashed its workers
	// so often that once more ends it. It runs apart from others of its kind,
	// so that those that merely ran beside it are not ended with it.
	suspect bool
}

func (d *DB) load(ctx context.Context, t *tx, owner string) (*load, error) {
	const SELECT = `SELECT operatorId, etplSource, COUNT(*) AS n, SUM(owner = ? AND crashes >= ?) AS suspects
		FROM welife_export_inst WHERE status = ? GROUP BY operatorId, etplSource`
	var groups []struct {
		OperatorID int32  `db:"operatorId"`
		Source     string `db:"etplSource"`
		N          int    `db:"n"`
		Suspects   int    `db:"suspects"`
	}
	if err := t.SelectContext(ctx, &groups, SELECT, owner, suspectCrashes, Running); err != nil {
		return nil, fmt.Errorf("count running instances: %w", err)
	}
	l := &load{operators: map[int32]int{}, sources: map[string]int{}}
	for _, g := range groups {
		l.operators[g.OperatorID] += g.N
		l.sources[g.Source] += g.N
		l.suspect = l.suspect || g.Suspects > 0
	}
	return l, nil
}

// full returns the data sources on which no more may run.
func (d *DB) full(l *load) []string {
	var full []string
	for source, n := range l.sources {
		if limit := d.queue.sourceLimit(source); limit > 0 && n >= limit {
			full = append(full, source)
		}
	}
	slices.Sort(full)
	return full
}

// share is how many slots one operator gets.
type share struct {
	operator int32
	slots    int
}

// share deals slots out one by one, each to the operator with the fewest
// running instances; of several, to the one that has waited longest.
func (d *DB) share(ops []waiting, l *load, slots int) []share {
	given := make([]int, len(ops))
	for range slots {
		next := -1
		for i, op := range ops {
			n := l.operators[op.OperatorID] + given[i]
			if d.queue.MaxRunning > 0 && n >= d.queue.MaxRunning {
				continue
			}
			if next < 0 || n < l.operators[ops[next].OperatorID]+given[next] {
				next = i
			}
		}
		if next < 0 {
			break
		}
		given[next]++
	}
	var shares []share
	for i, n := range given {
		if n > 0 {
			shares = append(shares, share{operator: ops[i].OperatorID, slots: n})
		}
	}
	return shares
}
