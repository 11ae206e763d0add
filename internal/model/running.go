package model

import (
	"context"
	"fmt"
)

// load counts the running instances of all processes.
type load struct {
	operators map[int32]int
	sources   map[string]int
	templates map[int32]int  // only templates with a limit of their own
	full      map[int32]bool // those of them that have reached it
	exact     bool           // templates cannot change before the claim commits
	// suspect is true while the claiming process runs an instance that ends with
	// one more lost lease. The process runs only one such instance at a time, so
	// that instances which merely ran beside it do not end with it.
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
	return l, l.countTemplates(ctx, t)
}

// countTemplates counts the running instances of each template with a limit.
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
	l.templates, l.full = map[int32]int{}, map[int32]bool{}
	for _, g := range groups {
		l.templates[g.TplID] = g.N
		l.full[g.TplID] = g.N >= g.Most
	}
	return nil
}

// admits reports whether the limit of its template allows one more instance, and
// counts it. At the first template with a limit, admits makes claims wait for each
// other and counts again, because others may have claimed since.
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
		l.full[in.TplID] = true
		return false, nil
	}
	l.templates[in.TplID]++
	return true, nil
}
