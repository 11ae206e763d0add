package model

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

const (
	// maxSearched is the number of instances at which one ListInst with a text
	// looks; searchBatch is the number that one statement looks at.
	maxSearched = 20_000
	searchBatch = 800
	// createdDisorder is the time by which the order of ids may differ from the
	// order of creation: concurrent transactions, corrections of the clock.
	createdDisorder = 5 * time.Minute
)

// searchInst returns the ids of the instances that ListInst returns.
func (d *DB) searchInst(ctx context.Context, f InstFilter) (ids []int64, rest int64, err error) {
	low, err := d.boundCreated(ctx, &f)
	if err != nil {
		return nil, 0, err
	}
	if f.NamePart == "" && f.ErrPart == "" {
		ids, err = d.listInstIDs(ctx, f, low)
		return ids, 0, err
	}
	limit, searched := f.Limit, 0
	for f.Limit = searchBatch; ; {
		batch, err := d.listInstIDs(ctx, f, low)
		if err != nil || len(batch) == 0 {
			return ids, 0, err
		}
		found, err := d.containing(ctx, f, batch, limit-len(ids))
		if err != nil {
			return nil, 0, err
		}
		ids = append(ids, found...)
		f.Before = batch[len(batch)-1]
		searched += len(batch)
		switch {
		case len(ids) == limit || len(batch) < searchBatch:
			return ids, 0, nil
		case searched >= maxSearched:
			return ids, f.Before, nil
		}
	}
}

// containing returns those ids, at most limit, whose instances contain the texts
// of a filter, in descending order.
func (d *DB) containing(ctx context.Context, f InstFilter, ids []int64, limit int) ([]int64, error) {
	var w where
	w.addIf(true, "einstId IN (?)", ids)
	w.addIf(f.NamePart != "", "etplName LIKE ?", "%"+likeText(f.NamePart)+"%")
	w.addIf(f.ErrPart != "", "errMsg LIKE ?", "%"+likeText(f.ErrPart)+"%")
	var found []int64
	err := d.db.SelectContext(ctx, &found, `SELECT einstId FROM welife_export_inst`+w.String()+` ORDER BY einstId DESC LIMIT ?`, append(w.args, limit)...)
	return found, err
}

// boundCreated turns the bounds of the time of creation, which has no index, into
// bounds of the id, which follows it: it lowers f.Before and returns the lowest
// id, 0 for no bound.
func (d *DB) boundCreated(ctx context.Context, f *InstFilter) (low int64, err error) {
	if !f.CreatedFrom.IsZero() {
		if low, err = d.firstCreated(ctx, f.CreatedFrom.Add(-createdDisorder)); err != nil {
			return 0, err
		}
	}
	if !f.CreatedTo.IsZero() {
		high, err := d.firstCreated(ctx, f.CreatedTo.Add(createdDisorder))
		if err != nil {
			return 0, err
		}
		if f.Before == 0 || high < f.Before {
			f.Before = high
		}
	}
	return low, nil
}

// firstCreated returns the lowest id whose instance was created at a time or
// later, above all ids if there is none. It halves the range of ids: about 20
// reads by primary key for a million instances.
func (d *DB) firstCreated(ctx context.Context, at time.Time) (int64, error) {
	const RANGE = `SELECT COALESCE(MIN(einstId), 1) AS low, COALESCE(MAX(einstId), 0) + 1 AS high FROM welife_export_inst`
	const NEXT = `SELECT einstId, created FROM welife_export_inst WHERE einstId >= ? ORDER BY einstId LIMIT 1`
	var ids struct{ Low, High int64 }
	if err := d.db.GetContext(ctx, &ids, RANGE); err != nil {
		return 0, err
	}
	for ids.Low < ids.High {
		middle := ids.Low + (ids.High-ids.Low)/2
		var next struct {
			ID      int64     `db:"einstId"`
			Created time.Time `db:"created"`
		}
		err := d.db.GetContext(ctx, &next, NEXT, middle)
		switch {
		case errors.Is(err, sql.ErrNoRows): // removed meanwhile
			ids.High = middle
		case err != nil:
			return 0, err
		case next.Created.Before(at):
			ids.Low = next.ID + 1
		default:
			ids.High = middle
		}
	}
	return ids.Low, nil
}
