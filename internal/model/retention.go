package model

import (
	"context"
	"fmt"
)

// expireBatch bounds the instances of one transaction of Expire.
const expireBatch = 200

// Expire makes SUCCEEDED instances whose retention is over EXPIRED and ends their
// deliveries that still wait. It returns the number of instances and their files,
// which nobody can open any more and which the caller removes from the store. It
// returns 0 if no retention is over. Several processes may call it concurrently.
func (d *DB) Expire(ctx context.Context) (insts int, files []File, err error) {
	// Finish sets leaseUntil to the end of the retention, so that one index
	// serves expired leases and expired files.
	const SELECT = `SELECT einstId FROM welife_export_inst FORCE INDEX (ix_lease)
		WHERE status = ? AND leaseUntil <= UTC_TIMESTAMP(6) ORDER BY leaseUntil LIMIT ? FOR UPDATE SKIP LOCKED`
	const UPDATE = `UPDATE welife_export_inst FORCE INDEX (PRIMARY) SET state = ?, leaseUntil = NULL, updated = UTC_TIMESTAMP(6)
		WHERE einstId IN (?) AND state = ?`
	var ids []int64
	err = d.inTx(ctx, func(t *tx) error {
		ids = nil
		if err := t.SelectContext(ctx, &ids, SELECT, Finished, expireBatch); err != nil {
			return fmt.Errorf("find expired instances: %w", err)
		}
		if len(ids) == 0 {
			return nil
		}
		if err := execRows(ctx, t, len(ids), UPDATE, StateExpired, ids, StateSucceeded); err != nil {
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

// SweepState is the part of an instance that decides whether a stored file
// belongs to it.
type SweepState struct {
	ID     int64 `db:"einstId"`
	State  State `db:"state"`
	Claims int64 `db:"claims"`
	Token  UID   `db:"token"` // of the last claim
	// Keys are the store keys of its files; none unless it SUCCEEDED.
	Keys []string `db:"-"`
}

// SweepStates returns those of the instances that exist, by id.
func (d *DB) SweepStates(ctx context.Context, ids []int64) (map[int64]SweepState, error) {
	const SELECT = `SELECT einstId, state, claims, token FROM welife_export_inst WHERE einstId IN (?)`
	if len(ids) == 0 {
		return map[int64]SweepState{}, nil
	}
	var list []SweepState
	if err := d.db.SelectContext(ctx, &list, SELECT, ids); err != nil {
		return nil, fmt.Errorf("read instances: %w", err)
	}
	// Files are read after the states: an instance that was SUCCEEDED at the
	// first query has all its files by the second.
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
