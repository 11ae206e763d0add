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
	templates map[int32]int // those that limit what runs of them, alone
	full      []int32       // those of them of which no more may run
	exact     bool          // templates cannot change before the claim is committed
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
	if err := l.countTemplates(ctx, t); err != nil {
		return nil, err
	}
	for _, g := range groups {
		l.operators[g.OperatorID] += g.N
		l.sources[g.Source] += g.N
		l.suspect = l.suspect || g.Suspects > 0
	}
	return l, nil
}

// countTemplates counts what runs of each template that limits it.
func (l *load) countTemplates(ctx context.Context, t *tx) error {
	const SELECT = `SELECT etplId, COUNT(*) AS n, MIN(runLimit) AS most
		FROM welife_export_inst WHERE status = ? AND runLimit > 0 GROUP BY etplId`
	var groups []struct {
		TplID int32 `db:"etplId"`
		N     int   `db:"n"`
		Most  int   `db:"most"`
	}
	if err := t.SelectContext(ctx, &groups, SELECT, Running); err != nil {
		return fmt.Errorf("count running instances of templates: %w", err)
	}
	l.templates, l.full = map[int32]int{}, nil
	for _, g := range groups {
		l.templates[g.TplID] = g.N
		if g.N >= g.Most {
			l.full = append(l.full, g.TplID)
		}
	}
	return nil
}

// admits tells whether one more instance of in's template may run, and counts
// it. The first one of a template with a limit makes claims wait for each
// other and counts anew, since others may have claimed since.
func (l *load) admits(ctx context.Context, t *tx, in *Inst) (bool, error) {
	if in.RunLimit == 0 {
		return true, nil
	}
	if !l.exact {
		if err := lockClaims(ctx, t); err != nil {
			return false, err
		}
		if err := l.countTemplates(ctx, t); err != nil {
			return false, err
		}
		l.exact = true
	}
	if l.templates[in.TplID] >= int(in.RunLimit) {
		return false, nil
	}
	l.templates[in.TplID]++
	return true, nil
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
