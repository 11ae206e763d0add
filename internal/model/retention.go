package model

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// expireBatch bounds one transaction of Expire.
const expireBatch = 200

// Expire makes instances whose files have been kept long enough EXPIRED, ends
// their deliveries that still wait, and returns those files, which nobody can open from now on and which the caller
// removes from the store. It returns none where nothing is due; several
// processes may call it at once.
func (d *DB) Expire(ctx context.Context) (insts int, files []File, err error) {
	// Finish sets leaseUntil to the end of the retention, so that one index
	// finds both lost leases and expired files.
	const SELECT = `SELECT einstId FROM welife_export_inst FORCE INDEX (ix_lease)
		WHERE status = ? AND leaseUntil <= UTC_TIMESTAMP(6) ORDER BY leaseUntil LIMIT ? FOR UPDATE SKIP LOCKED`
	const UPDATE = `UPDATE welife_export_inst SET state = ?, leaseUntil = NULL, updated = UTC_TIMESTAMP(6)
		WHERE einstId IN (?)`
	var ids []int64
	err = d.inTx(ctx, func(t *tx) error {
		ids = nil
		if err := t.SelectContext(ctx, &ids, SELECT, Finished, expireBatch); err != nil {
			return fmt.Errorf("find expired instances: %w", err)
		}
		if len(ids) == 0 {
			return nil
		}
		query, args, err := sqlx.In(UPDATE, StateExpired, ids)
		if err != nil {
			return fmt.Errorf("expire instances: %w", err)
		}
		if _, err := t.ExecContext(ctx, query, args...); err != nil {
			return fmt.Errorf("expire instances: %w", err)
		}
		if err := failDeliveries(ctx, t, ids); err != nil {
			return err
		}
		return addEvent(ctx, t, 0, "its files were kept for as long as they had to", ids...)
	})
	if err != nil || len(ids) == 0 {
		return 0, nil, err
	}
	byInst, err := d.files(ctx, ids...)
	for _, of := range byInst {
		files = append(files, of...)
	}
	return len(ids), files, err
}

// SweepState is what the sweep of the store has to know of an instance.
type SweepState struct {
	ID     int64 `db:"einstId"`
	State  State `db:"state"`
	Claims int64 `db:"claims"`
	// Keys are the store's keys of its files; none unless it SUCCEEDED.
	Keys []string `db:"-"`
}

// SweepStates returns those of the instances that there are, by id.
func (d *DB) SweepStates(ctx context.Context, ids []int64) (map[int64]SweepState, error) {
	const SELECT = `SELECT einstId, state, claims FROM welife_export_inst WHERE einstId IN (?)`
	if len(ids) == 0 {
		return map[int64]SweepState{}, nil
	}
	query, args, err := sqlx.In(SELECT, ids)
	if err != nil {
		return nil, fmt.Errorf("read instances: %w", err)
	}
	var list []SweepState
	if err := d.db.DB.SelectContext(ctx, &list, query, args...); err != nil {
		return nil, fmt.Errorf("read instances: %w", err)
	}
	// The files are read after the states: one that is not named by now was
	// not named by a state that was already SUCCEEDED.
	files, err := d.files(ctx, ids...)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]SweepState, len(list))
	for _, c := range list {
		if c.State == StateSucceeded {
			for _, f := range files[c.ID] {
				c.Keys = append(c.Keys, f.Key)
			}
		}
		byID[c.ID] = c
	}
	return byID, nil
}
