package model

import (
	"context"
	"fmt"
)

const (
	// maxCrashes is how many leases in a row may be lost before an instance is
	// held to be what kills its workers.
	maxCrashes = 3
	// suspectCrashes is one less: an instance that is on its last chance.
	suspectCrashes = maxCrashes - 1
)

// rescueBatch bounds one transaction of Rescue.
const rescueBatch = 100

// Rescue takes back instances whose lease has run out, whoever held them, and
// returns how many. Those that lost maxCrashes leases in a row, or have no
// attempt left, end as FAILED; those that were CANCELING as CANCELED. The
// others keep their place in the queue: the lease they waited out is the
// pause before their next attempt.
func (d *DB) Rescue(ctx context.Context) (n int, err error) {
	const SELECT = `SELECT ` + instColumns + ` FROM welife_export_inst FORCE INDEX (ix_lease)
		WHERE status = ? AND leaseUntil < UTC_TIMESTAMP(6) ORDER BY leaseUntil LIMIT ? FOR UPDATE SKIP LOCKED`
	const ANY = `SELECT COUNT(*) FROM welife_export_inst FORCE INDEX (ix_lease)
		WHERE status = ? AND leaseUntil < UTC_TIMESTAMP(6)`
	// Looked at often and hardly ever true, so it is asked without locks first.
	if err := d.db.GetContext(ctx, &n, ANY, Running); err != nil || n == 0 {
		return 0, wrap("find lost leases", err)
	}
	err = d.inTx(ctx, func(t *tx) error {
		n = 0
		var lost []Inst
		if err := t.SelectContext(ctx, &lost, SELECT, Running, rescueBatch); err != nil {
			return fmt.Errorf("find lost leases: %w", err)
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
		leaseUntil = NULL, rowsDone = 0, bytesDone = 0, updated = UTC_TIMESTAMP(6) WHERE einstId = ?`
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
	if _, err := t.ExecContext(ctx, UPDATE, Waiting, StateRetryWait, codeAborted, msg, crashes, in.ID); err != nil {
		return fmt.Errorf("take instance %d back: %w", in.ID, err)
	}
	return addEvent(ctx, t, 0, msg, in.ID)
}
