package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Values of errCode that this package sets itself; the contract lists all.
const (
	codeCanceled = "1"
	codeAborted  = "10"
)

// Failure is the end of an attempt that made no file.
type Failure struct {
	State State  // StateFailed, StateCanceled or StateTimedOut
	Code  string // errCode of the contract
	Msg   string // errMsg; may be shown to the client
	// Retry asks for another attempt after Backoff. It has no effect if no
	// attempt is left or the instance is being canceled.
	Retry   bool
	Backoff time.Duration
	// Uncounted asks for another attempt in any case and does not count this one.
	// Its number is given to the next attempt.
	Uncounted bool
}

// Fail ends an attempt: the instance waits for its next attempt or ends. It
// returns ErrLeaseLost if the instance no longer runs under its claim.
func (d *DB) Fail(ctx context.Context, in *Inst, f Failure) error {
	return d.fenced(ctx, in, func(t *tx, now *Inst) error {
		switch {
		case now.State == StateCanceling:
			return end(ctx, t, now, canceledWhileRunning)
		case f.Retry && (f.Uncounted || now.Attempt < now.MaxAttempts):
			return retryLater(ctx, t, now, f)
		}
		return end(ctx, t, now, ending{state: f.State, code: f.Code, msg: f.Msg, reason: f.Msg})
	})
}

// Release returns a claimed instance to the queue, as a shutdown does: the
// instance keeps its place in the queue and the attempt is not counted. It
// returns ErrLeaseLost if the instance no longer runs under its claim.
func (d *DB) Release(ctx context.Context, in *Inst) error {
	const UPDATE = `UPDATE welife_export_inst SET status = ?, state = ?, attempt = attempt - 1, leaseUntil = NULL,
		rowsDone = 0, bytesDone = 0, updated = UTC_TIMESTAMP(6) WHERE einstId = ? AND state = ?`
	return d.fenced(ctx, in, func(t *tx, now *Inst) error {
		if now.State == StateCanceling {
			return end(ctx, t, now, canceledWhileRunning)
		}
		back := StateQueued
		if now.Attempt > 1 {
			back = StateRetryWait
		}
		if err := execOne(ctx, t, UPDATE, Waiting, back, now.ID, now.State); err != nil {
			return fmt.Errorf("release instance %d: %w", now.ID, err)
		}
		return addEvent(ctx, t, 0, "released by a worker that shuts down", now.ID)
	})
}

// fenced calls fn with the current row of an instance, locked, if the instance
// still runs under the claim of in; otherwise it returns ErrLeaseLost.
func (d *DB) fenced(ctx context.Context, in *Inst, fn func(*tx, *Inst) error) error {
	const SELECT = `SELECT ` + instColumns + ` FROM welife_export_inst
		WHERE einstId = ? AND status = ? AND (einstId, identity, owner, claims, token) IN (?) FOR UPDATE`
	return d.inTx(ctx, func(t *tx) error {
		var now Inst
		err := t.GetContext(ctx, &now, SELECT, in.ID, Running, in.Claim().tuple())
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
	const UPDATE = `UPDATE welife_export_inst SET status = ?, state = ?, errCode = ?, errMsg = ?, crashes = 0, attempt = attempt - ?,
		outageSince = IF(?, COALESCE(outageSince, UTC_TIMESTAMP(6)), NULL), leaseUntil = NULL, rowsDone = 0, bytesDone = 0,
		runAfter = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, updated = UTC_TIMESTAMP(6) WHERE einstId = ? AND state = ?`
	uncounted := 0
	if f.Uncounted {
		uncounted = 1
	}
	err := execOne(ctx, t, UPDATE, Waiting, StateRetryWait, f.Code, f.Msg, uncounted, uncounted, f.Backoff.Microseconds(), in.ID, in.State)
	if err != nil {
		return fmt.Errorf("return instance %d to the queue: %w", in.ID, err)
	}
	return addEvent(ctx, t, 0, f.Msg, in.ID)
}

// ending is the end of an instance without success.
type ending struct {
	state     State
	code, msg string
	operator  int32  // who asked for it; 0: the service itself
	reason    string // of the event
}

var canceledWhileRunning = ending{state: StateCanceled, code: codeCanceled, msg: "canceled while it ran", reason: "canceled"}

// end ends an instance whose row the transaction has locked and read as in.
func end(ctx context.Context, t *tx, in *Inst, e ending) error {
	const UPDATE = `UPDATE welife_export_inst SET status = ?, state = ?, errCode = ?, errMsg = ?,
		leaseUntil = NULL, finished = UTC_TIMESTAMP(6), updated = UTC_TIMESTAMP(6) WHERE einstId = ? AND state = ?`
	if err := execOne(ctx, t, UPDATE, e.state.Status(), e.state, e.code, e.msg, in.ID, in.State); err != nil {
		return fmt.Errorf("end instance %d: %w", in.ID, err)
	}
	if err := addEvent(ctx, t, e.operator, e.reason, in.ID); err != nil {
		return err
	}
	if e.state != StateCanceled {
		if err := failed(ctx, t, in); err != nil {
			return err
		}
	}
	return count(ctx, t, in.TplID, 1, 0)
}
