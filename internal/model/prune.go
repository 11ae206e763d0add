package model

import (
	"context"
	"fmt"
	"time"
)

// pruneBatch bounds the instances of one transaction of Prune.
const pruneBatch = 200

// Prune removes instances that ended longer than keep ago, with their events,
// their deliveries and the rows of their files. It is one small step: it looks at
// the next pruneBatch instances with an id above after and returns the last id
// that it looked at and the number of instances that it removed. It returns 0 for
// last if no older instances are left.
//
// An instance whose files are still kept stays. The counters of templates stay as
// well, and so do the due times of schedules, so that a backfill does not run a
// due time again.
func (d *DB) Prune(ctx context.Context, keep time.Duration, after int64) (last int64, n int, err error) {
	const NEXT = `SELECT einstId, created < UTC_TIMESTAMP(6) - INTERVAL ? SECOND AS old FROM welife_export_inst
		WHERE einstId > ? ORDER BY einstId LIMIT ?`
	const LOCK = `SELECT einstId FROM welife_export_inst FORCE INDEX (PRIMARY) WHERE einstId IN (?) AND state IN (?)
		AND finished < UTC_TIMESTAMP(6) - INTERVAL ? SECOND FOR UPDATE SKIP LOCKED`
	seconds := int64(keep / time.Second)
	var next []struct {
		ID  int64 `db:"einstId"`
		Old bool  `db:"old"`
	}
	// Ids are assigned in the order of creation, so the first batch without an
	// old instance is the end.
	if err := d.db.SelectContext(ctx, &next, NEXT, seconds, after, pruneBatch); err != nil {
		return 0, 0, fmt.Errorf("find old instances: %w", err)
	}
	var old []int64
	for _, in := range next {
		if in.Old {
			old = append(old, in.ID)
		}
	}
	if after == 0 {
		if err := d.pruneNotices(ctx, seconds); err != nil {
			return 0, 0, err
		}
	}
	if len(old) == 0 {
		return 0, 0, nil
	}
	err = d.inTx(ctx, func(t *tx) error {
		var ids []int64
		states := []State{StateExpired, StateFailed, StateCanceled, StateTimedOut}
		if err := t.SelectContext(ctx, &ids, LOCK, old, states, seconds); err != nil {
			return fmt.Errorf("lock old instances: %w", err)
		}
		n = len(ids)
		return removeInsts(ctx, t, ids)
	})
	return next[len(next)-1].ID, n, err
}

// pruneNotices removes old notices of due times without an instance.
func (d *DB) pruneNotices(ctx context.Context, seconds int64) error {
	const DELETE = `DELETE FROM welife_export_delivery
		WHERE einstId = 0 AND finished < UTC_TIMESTAMP(6) - INTERVAL ? SECOND LIMIT ?`
	_, err := d.db.ExecContext(ctx, DELETE, seconds, pruneBatch)
	return wrap("remove old notices", err)
}

// removeInsts removes instances that the transaction has locked, and what belongs
// to them.
func removeInsts(ctx context.Context, t *tx, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	for _, table := range []string{"event", "file", "delivery", "inst"} {
		if _, err := t.ExecContext(ctx, "DELETE FROM welife_export_"+table+" WHERE einstId IN (?)", ids); err != nil {
			return fmt.Errorf("remove old instances: %w", err)
		}
	}
	return nil
}
