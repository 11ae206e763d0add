package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// fence is the condition of every write of a worker.
const fence = ` WHERE einstId = ? AND owner = ? AND claims = ? AND status = ?`

// Codes of errCode that this package gives by itself, as in the contract.
const (
	codeCanceled = "1"
	codeAborted  = "10"
)

// maxCrashes is how many leases in a row may be lost before an instance is
// held to be what kills its workers.
const maxCrashes = 3

// Result is what a successful attempt made.
type Result struct {
	Rows     int64
	Files    []File // InstID and Seq are set by Finish
	Warnings []Warning
}

// ErrCanceling is returned by Finish for an instance that was asked to stop
// before it was through: it is to be ended by Fail.
var ErrCanceling = errors.New("instance is being canceled")

// Finish ends an instance as SUCCEEDED, with its files, its template's
// counters and its event in one transaction. It returns ErrLeaseLost or
// ErrCanceling where the files must not be shown. Finishing again under the
// same claim is no error, so that a lost answer can be asked for again.
func (d *DB) Finish(ctx context.Context, in *Inst, r Result) error {
	const UPDATE = `UPDATE welife_export_inst SET status = ?, state = ?, rowsDone = ?, bytesDone = ?, crashes = 0,
		errCode = '', errMsg = '', warnings = ?, leaseUntil = NULL, finished = UTC_TIMESTAMP(6),
		expires = UTC_TIMESTAMP(6) + INTERVAL ? SECOND, updated = UTC_TIMESTAMP(6)
		WHERE einstId = ? AND owner = ? AND claims = ? AND state = ?`
	const FILE = `INSERT INTO welife_export_file (einstId, seq, name, storeKey, contentType, rowsCount, bytes, sha256)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	var bytes int64
	for _, f := range r.Files {
		bytes += f.Bytes
	}
	if r.Warnings == nil {
		r.Warnings = []Warning{}
	}
	return d.inTx(ctx, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, UPDATE, Finished, StateSucceeded, r.Rows, bytes, JSON[[]Warning]{r.Warnings},
			in.RetentionSec, in.ID, in.Owner, in.Claims, StateRunning)
		if err != nil {
			return fmt.Errorf("finish instance %d: %w", in.ID, err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return fmt.Errorf("finish instance %d: %w", in.ID, err)
		} else if n == 0 {
			return whyNotFinished(ctx, tx, in)
		}
		for i, f := range r.Files {
			if _, err := tx.ExecContext(ctx, FILE, in.ID, i+1, f.Name, f.Key, f.ContentType, f.Rows, f.Bytes, f.SHA256); err != nil {
				return fmt.Errorf("finish instance %d: %w", in.ID, err)
			}
		}
		if err := count(ctx, tx, in.TplID, 1); err != nil {
			return err
		}
		return addEvent(ctx, tx, 0, "succeeded", in.ID)
	})
}

// whyNotFinished tells what became of an instance that Finish did not find
// running under its claim; nil means that this very claim finished it.
func whyNotFinished(ctx context.Context, tx *sqlx.Tx, in *Inst) error {
	const SELECT = `SELECT state FROM welife_export_inst WHERE einstId = ? AND owner = ? AND claims = ?`
	var state State
	err := tx.GetContext(ctx, &state, SELECT, in.ID, in.Owner, in.Claims)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrLeaseLost
	case err != nil:
		return fmt.Errorf("read instance %d: %w", in.ID, err)
	case state == StateSucceeded:
		return nil
	case state == StateCanceling:
		return ErrCanceling
	}
	return ErrLeaseLost
}

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
	return d.fenced(ctx, in, func(tx *sqlx.Tx, now *Inst) error {
		if now.State == StateCanceling {
			return end(ctx, tx, now, ending{state: StateCanceled, code: codeCanceled, msg: "canceled while it ran", reason: "canceled"})
		}
		if f.Retry && now.Attempt < now.MaxAttempts {
			return retryLater(ctx, tx, now, f, 0)
		}
		return end(ctx, tx, now, ending{state: f.State, code: f.Code, msg: f.Msg, reason: f.Msg})
	})
}

// Release gives an instance back unharmed, as a shutdown does: it keeps its
// place in the queue and the attempt is not counted.
func (d *DB) Release(ctx context.Context, in *Inst) error {
	const UPDATE = `UPDATE welife_export_inst SET status = ?, state = ?, attempt = attempt - 1, leaseUntil = NULL,
		rowsDone = 0, bytesDone = 0, updated = UTC_TIMESTAMP(6) WHERE einstId = ?`
	return d.fenced(ctx, in, func(tx *sqlx.Tx, now *Inst) error {
		if now.State == StateCanceling {
			return end(ctx, tx, now, ending{state: StateCanceled, code: codeCanceled, msg: "canceled while it ran", reason: "canceled"})
		}
		back := StateQueued
		if now.Attempt > 1 {
			back = StateRetryWait
		}
		if _, err := tx.ExecContext(ctx, UPDATE, Waiting, back, now.ID); err != nil {
			return fmt.Errorf("release instance %d: %w", now.ID, err)
		}
		return addEvent(ctx, tx, 0, "released by a worker that shuts down", now.ID)
	})
}

// fenced runs fn with the instance as it is now, locked, if it still runs
// under in's claim.
func (d *DB) fenced(ctx context.Context, in *Inst, fn func(*sqlx.Tx, *Inst) error) error {
	const SELECT = `SELECT ` + instColumns + ` FROM welife_export_inst` + fence + ` FOR UPDATE`
	return d.inTx(ctx, func(tx *sqlx.Tx) error {
		var now Inst
		err := tx.GetContext(ctx, &now, SELECT, in.ID, in.Owner, in.Claims, Running)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrLeaseLost
		}
		if err != nil {
			return fmt.Errorf("read instance %d: %w", in.ID, err)
		}
		return fn(tx, &now)
	})
}

// rescueBatch bounds one transaction of Rescue.
const rescueBatch = 100

// Rescue takes back instances whose lease has run out, whoever held them, and
// returns how many. Those that lost maxCrashes leases in a row, or have no
// attempt left, end as FAILED; those that were CANCELING as CANCELED.
func (d *DB) Rescue(ctx context.Context, backoff time.Duration) (n int, err error) {
	const SELECT = `SELECT ` + instColumns + ` FROM welife_export_inst
		WHERE status = ? AND leaseUntil < UTC_TIMESTAMP(6) ORDER BY leaseUntil LIMIT ? FOR UPDATE SKIP LOCKED`
	err = d.inTx(ctx, func(tx *sqlx.Tx) error {
		n = 0
		var lost []Inst
		if err := tx.SelectContext(ctx, &lost, SELECT, Running, rescueBatch); err != nil {
			return fmt.Errorf("find lost leases: %w", err)
		}
		for i := range lost {
			if err := rescue(ctx, tx, &lost[i], backoff); err != nil {
				return err
			}
		}
		n = len(lost)
		return nil
	})
	return n, err
}

func rescue(ctx context.Context, tx *sqlx.Tx, in *Inst, backoff time.Duration) error {
	crashes := in.Crashes + 1
	msg := fmt.Sprintf("worker %s stopped answering", in.Owner)
	switch {
	case in.State == StateCanceling:
		return end(ctx, tx, in, ending{state: StateCanceled, code: codeCanceled, msg: "canceled while it ran", reason: msg})
	case crashes >= maxCrashes:
		msg = fmt.Sprintf("%d workers in a row stopped answering while they ran it, the last was %s", crashes, in.Owner)
		return end(ctx, tx, in, ending{state: StateFailed, code: codeAborted, msg: msg, reason: msg})
	case in.Attempt >= in.MaxAttempts:
		return end(ctx, tx, in, ending{state: StateFailed, code: codeAborted, msg: msg, reason: msg})
	}
	return retryLater(ctx, tx, in, Failure{Code: codeAborted, Msg: msg, Backoff: backoff}, crashes)
}

func retryLater(ctx context.Context, tx *sqlx.Tx, in *Inst, f Failure, crashes int32) error {
	const UPDATE = `UPDATE welife_export_inst SET status = ?, state = ?, errCode = ?, errMsg = ?, crashes = ?,
		leaseUntil = NULL, rowsDone = 0, bytesDone = 0,
		runAfter = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, updated = UTC_TIMESTAMP(6) WHERE einstId = ?`
	_, err := tx.ExecContext(ctx, UPDATE, Waiting, StateRetryWait, f.Code, f.Msg, crashes, f.Backoff.Microseconds(), in.ID)
	if err != nil {
		return fmt.Errorf("put instance %d back: %w", in.ID, err)
	}
	return addEvent(ctx, tx, 0, f.Msg, in.ID)
}

// ending is how an instance ends without success.
type ending struct {
	state     State
	code, msg string
	operator  int32 // who asked for it; 0: the service itself
	reason    string
}

// end ends an instance that tx has locked.
func end(ctx context.Context, tx *sqlx.Tx, in *Inst, e ending) error {
	const UPDATE = `UPDATE welife_export_inst SET status = ?, state = ?, errCode = ?, errMsg = ?,
		leaseUntil = NULL, finished = UTC_TIMESTAMP(6), updated = UTC_TIMESTAMP(6) WHERE einstId = ?`
	if _, err := tx.ExecContext(ctx, UPDATE, e.state.Status(), e.state, e.code, e.msg, in.ID); err != nil {
		return fmt.Errorf("end instance %d: %w", in.ID, err)
	}
	if err := count(ctx, tx, in.TplID, 0); err != nil {
		return err
	}
	return addEvent(ctx, tx, e.operator, e.reason, in.ID)
}

// count counts an instance that ended, ok being 1 where it succeeded.
func count(ctx context.Context, tx *sqlx.Tx, tplID int32, ok int) error {
	const UPDATE = `UPDATE welife_export_tpl SET etplExecTimes = etplExecTimes + 1,
		etplExecOkTimes = etplExecOkTimes + ? WHERE etplId = ?`
	if _, err := tx.ExecContext(ctx, UPDATE, ok, tplID); err != nil {
		return fmt.Errorf("count instance of template %d: %w", tplID, err)
	}
	return nil
}
