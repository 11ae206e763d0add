package model

import (
	"context"
	"fmt"
)

const (
	// maxCrashes is the number of leases lost in a row that ends an instance as
	// FAILED: such an instance probably kills its workers.
	maxCrashes = 3
	// suspectCrashes is the number of lost leases after which one more ends the
	// instance. A worker runs only one such instance at a time.
	suspectCrashes = maxCrashes - 1
)

// rescueBatch bounds the instances of one transaction of Rescue.
const rescueBatch = 100

// ListExpired returns running instances with an expired lease, those first whose
// lease expired first; at most as many as Rescue returns to the queue.
func (d *DB) ListExpired(ctx context.Context) ([]Inst, error) {
	const SELECT = `SELECT ` + instColumns + ` FROM welife_export_inst FORCE INDEX (ix_lease)
		WHERE status = ? AND leaseUntil < UTC_TIMESTAMP(6) ORDER BY leaseUntil LIMIT ?`
	var expired []Inst
	err := d.db.SelectContext(ctx, &expired, SELECT, Running, rescueBatch)
	return expired, wrap("find expired leases", err)
}

// Rescue returns instances with an expired lease to the queue and reports how
// many. An instance that lost maxCrashes leases in a row or has no attempt left
// ends as FAILED, a CANCELING one as CANCELED. The others keep their place in
// the queue: the expired lease was the pause before their next attempt.
func (d *DB) Rescue(ctx context.Context) (n int, err error) {
	const SELECT = `SELECT ` + instColumns + ` FROM welife_export_inst FORCE INDEX (ix_lease)
		WHERE status = ? AND leaseUntil < UTC_TIMESTAMP(6) ORDER BY leaseUntil LIMIT ? FOR UPDATE SKIP LOCKED`
	err = d.inTx(ctx, func(t *tx) error {
		n = 0
		var lost []Inst
		if err := t.SelectContext(ctx, &lost, SELECT, Running, rescueBatch); err != nil {
			return fmt.Errorf("find expired leases: %w", err)
		}
		for i := range lost {
			if err := rescue(ctx, t, &lost[i]); err != nil {
				return err
			}
		}
		n = len(lost)
		return nil
	})
	return n, err
}

func rescue(ctx context.Context, t *tx, in *Inst) error {
	const UPDATE = `UPDATE welife_export_inst SET status = ?, state = ?, errCode = ?, errMsg = ?, crashes = ?,
		leaseUntil = NULL, rowsDone = 0, bytesDone = 0, updated = UTC_TIMESTAMP(6) WHERE einstId = ? AND state = ?`
	crashes := in.Crashes + 1
	msg := fmt.Sprintf("worker %s stopped answering", in.Owner)
	switch {
	case in.State == StateCanceling:
		return end(ctx, t, in, ending{state: StateCanceled, code: codeCanceled, msg: "canceled while it ran", reason: msg})
	case crashes >= maxCrashes:
		msg = fmt.Sprintf("%d workers in a row stopped answering while they ran it, the last was %s", crashes, in.Owner)
		return end(ctx, t, in, ending{state: StateFailed, code: codeAborted, msg: msg, reason: msg})
	case in.Attempt >= in.MaxAttempts:
		return end(ctx, t, in, ending{state: StateFailed, code: codeAborted, msg: msg, reason: msg})
	}
	err := execOne(ctx, t, UPDATE, Waiting, StateRetryWait, codeAborted, msg, crashes, in.ID, in.State)
	if err != nil {
		return fmt.Errorf("return instance %d to the queue: %w", in.ID, err)
	}
	return addEvent(ctx, t, 0, msg, in.ID)
}
