package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Codes of errCode that this package gives by itself, as in the contract.
const (
	codeCanceled = "1"
	codeAborted  = "10"
)

// Failure is why an attempt ended without a file.
type Failure struct {
	State State  // StateFailed, StateCanceled or StateTimedOut
	Code  string // as errCode in the contract
	Msg   string // fit to be shown
	// Retry asks for another attempt after Backoff; it is granted while
	// attempts are left and nobody canceled.
	Retry   bool
	Backoff time.Duration
}

// Fail ends an attempt: the instance waits for its next one or ends. It
// returns ErrLeaseLost where the instance is not this claim's any more.
func (d *DB) Fail(ctx context.Context, in *Inst, f Failure) error {
	return d.fenced(ctx, in, func(t *tx, now *Inst) error {
		if now.State == StateCanceling {
			return end(ctx, t, now, ending{state: StateCanceled, code: codeCanceled, msg: "canceled while it ran", reason: "canceled"})
		}
		if f.Retry && now.Attempt < now.MaxAttempts {
			return retryLater(ctx, t, now, f)
		}
		return end(ctx, t, now, ending{state: f.State, code: f.Code, msg: f.Msg, reason: f.Msg})
	})
}

// Release gives an instance back unharmed, as a shutdown does: it keeps its
// place in the queue and the attempt is not counted.
func (d *DB) Release(ctx context.Context, in *Inst) error {
	const UPDATE = `UPDATE welife_export_inst SET status = ?, state = ?, attempt = attempt - 1, leaseUntil = NULL,
		rowsDone = 0, bytesDone = 0, updated = UTC_TIMESTAMP(6) WHERE einstId = ?`
	return d.fenced(ctx, in, func(t *tx, now *Inst) error {
		if now.State == StateCanceling {
			return end(ctx, t, now, ending{state: StateCanceled, code: codeCanceled, msg: "canceled while it ran", reason: "canceled"})
		}
		back := StateQueued
		if now.Attempt > 1 {
			back = StateRetryWait
		}
		if _, err := t.ExecContext(ctx, UPDATE, Waiting, back, now.ID); err != nil {
			return fmt.Errorf("release instance %d: %w", now.ID, err)
		}
		return addEvent(ctx, t, 0, "released by a worker that shuts down", now.ID)
	})
}

// fenced runs fn with the instance as it is now, locked, if it still runs
// under in's claim.
func (d *DB) fenced(ctx context.Context, in *Inst, fn func(*tx, *Inst) error) error {
	const SELECT = `SELECT ` + instColumns + ` FROM welife_export_inst` + fence + ` FOR UPDATE`
	return d.inTx(ctx, func(t *tx) error {
		var now Inst
		err := t.GetContext(ctx, &now, SELECT, in.ID, in.Owner, in.Claims, Running)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrLeaseLost
		}
		if err != nil {
			return fmt.Errorf("read instance %d: %w", in.ID, err)
		}
		return fn(t, &now)
	})
}

func retryLater(ctx context.Context, t *tx, in *Inst, f Failure) error {
	const UPDATE = `UPDATE welife_export_inst SET status = ?, state = ?, errCode = ?, errMsg = ?, crashes = 0,
		leaseUntil = NULL, rowsDone = 0, bytesDone = 0,
		runAfter = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, updated = UTC_TIMESTAMP(6) WHERE einstId = ?`
	_, err := t.ExecContext(ctx, UPDATE, Waiting, StateRetryWait, f.Code, f.Msg, f.Backoff.Microseconds(), in.ID)
	if err != nil {
		return fmt.Errorf("put instance %d back: %w", in.ID, err)
	}
	return addEvent(ctx, t, 0, f.Msg, in.ID)
}

// ending is how an instance ends without success.
type ending struct {
	state     State
	code, msg string
	operator  int32 // who asked for it; 0: the service itself
	reason    string
}

// end ends an instance that tx has locked.
func end(ctx context.Context, t *tx, in *Inst, e ending) error {
	const UPDATE = `UPDATE welife_export_inst SET status = ?, state = ?, errCode = ?, errMsg = ?,
		leaseUntil = NULL, finished = UTC_TIMESTAMP(6), updated = UTC_TIMESTAMP(6) WHERE einstId = ?`
	if _, err := t.ExecContext(ctx, UPDATE, e.state.Status(), e.state, e.code, e.msg, in.ID); err != nil {
		return fmt.Errorf("end instance %d: %w", in.ID, err)
	}
	if err := addEvent(ctx, t, e.operator, e.reason, in.ID); err != nil {
		return err
	}
	return count(ctx, t, in.TplID, 1, 0)
}
