package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// ErrMoved is returned if a schedule has changed since the caller read it:
// another replica handled its due time, or a request edited it.
var ErrMoved = errors.New("the schedule has moved on")

// DueScheds returns at most limit active schedules with an id above after whose
// next due time has passed and that are not deferred, in the order of their ids,
// and the current time of the database if there are any.
func (d *DB) DueScheds(ctx context.Context, after int64, limit int) (list []Sched, now time.Time, err error) {
	const NOW = `SELECT UTC_TIMESTAMP(6)`
	const SELECT = `SELECT ` + schedColumns + ` FROM welife_export_sched FORCE INDEX (ix_due)
		WHERE status = ? AND nextDue <= UTC_TIMESTAMP(6) AND (heldUntil IS NULL OR heldUntil <= UTC_TIMESTAMP(6)) AND eschedId > ?
		ORDER BY eschedId LIMIT ?`
	if err := d.db.SelectContext(ctx, &list, SELECT, SchedActive, after, limit); err != nil {
		return nil, now, fmt.Errorf("find due schedules: %w", err)
	}
	if len(list) == 0 {
		return nil, now, nil
	}
	if err := d.db.GetContext(ctx, &now, NOW); err != nil {
		return nil, now, fmt.Errorf("read the time: %w", err)
	}
	return list, now, nil
}

// Step is the state of a schedule after one of its due times has been handled.
type Step struct {
	Next    time.Time // the next due time; zero: the schedule has ended
	Problem string    // why due times made no instance; empty: none was skipped
}

// StartRun creates in as the instance of the due time s.NextDue and advances the
// schedule by step, in one transaction. It returns ErrMoved, and changes nothing,
// if the schedule is not as s says any more. If a run that was requested by hand
// has created an instance of this due time, StartRun only advances the schedule
// and returns 0.
func (d *DB) StartRun(ctx context.Context, s *Sched, in Inst, step Step, maxWaiting int) (int64, error) {
	if err := d.checkQuota(ctx, in.OperatorID, maxWaiting); err != nil {
		return 0, err
	}
	in.SchedID, in.Due = s.ID, s.NextDue
	var id int64
	err := d.inTx(ctx, func(t *tx) error {
		var err error
		// First, so that replicas wait for each other at the row of the schedule.
		if err = advance(ctx, t, s, step); err != nil {
			return err
		}
		if id, err = insertDue(ctx, t, &in, Request{}); err != nil {
			return err
		}
		if since, ok := lateSince(s); ok {
			if err := addLate(ctx, t, &in, id, since); err != nil {
				return err
			}
		}
		return setLast(ctx, t, s, id)
	})
	if isServerError(err, mysqlErrDuplicateEntry) {
		// A run requested by hand has created the instance of this due time.
		return 0, d.adopt(ctx, s, step)
	}
	return id, err
}

// adopt advances a schedule from a due time that has an instance already.
func (d *DB) adopt(ctx context.Context, s *Sched, step Step) error {
	id, err := d.dueInst(ctx, s.ID, s.NextDue.Time)
	if err != nil {
		return err
	}
	return d.inTx(ctx, func(t *tx) error {
		if err := advance(ctx, t, s, step); err != nil {
			return err
		}
		return setLast(ctx, t, s, id)
	})
}

// SkipRun advances a schedule by step without an instance. It returns ErrMoved,
// and changes nothing, if the schedule is not as s says any more.
func (d *DB) SkipRun(ctx context.Context, s *Sched, step Step) error {
	return d.inTx(ctx, func(t *tx) error { return advance(ctx, t, s, step) })
}

// DeferRun keeps a schedule out of DueScheds for a while; its due time stays. A
// problem that is not empty is stored as the reason. If the schedule is not as s
// says any more, DeferRun changes nothing and returns nil.
func (d *DB) DeferRun(ctx context.Context, s *Sched, wait time.Duration, problem string) error {
	const UPDATE = `UPDATE welife_export_sched SET heldUntil = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,
		lastProblem = IF(? = '', lastProblem, ?) WHERE eschedId = ? AND version = ? AND status = ? AND nextDue = ?`
	_, err := d.db.ExecContext(ctx, UPDATE, wait.Microseconds(), problem, problem, s.ID, s.Version, SchedActive, s.NextDue)
	if err != nil {
		return fmt.Errorf("defer schedule %d: %w", s.ID, err)
	}
	return nil
}

// setLast stores the instance of the last due time.
func setLast(ctx context.Context, t *tx, s *Sched, inst int64) error {
	const UPDATE = `UPDATE welife_export_sched SET lastInst = ? WHERE eschedId = ?`
	if _, err := t.ExecContext(ctx, UPDATE, inst, s.ID); err != nil {
		return fmt.Errorf("write last instance of schedule %d: %w", s.ID, err)
	}
	return nil
}

// advance makes s.NextDue the last due time of a schedule, without an instance
// until setLast sets one, and stores the next due time of step.
func advance(ctx context.Context, t *tx, s *Sched, step Step) error {
	status, next := SchedActive, sql.NullTime{Time: step.Next, Valid: true}
	if step.Next.IsZero() {
		status, next = SchedEnded, sql.NullTime{}
	}
	const LAST = `UPDATE welife_export_sched SET lastDue = nextDue, lastInst = 0
		WHERE eschedId = ? AND version = ? AND status = ? AND nextDue = ?`
	res, err := t.ExecContext(ctx, LAST, s.ID, s.Version, SchedActive, s.NextDue)
	if err != nil {
		return fmt.Errorf("advance schedule %d: %w", s.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrMoved)
	}
	const NEXT = `UPDATE welife_export_sched SET nextDue = ?, lastProblem = ?, status = ? WHERE eschedId = ?`
	if _, err := t.ExecContext(ctx, NEXT, next, step.Problem, status, s.ID); err != nil {
		return fmt.Errorf("advance schedule %d: %w", s.ID, err)
	}
	return nil
}

// insertDue stores an instance and its due time. If the due time has an instance
// already, the error is a duplicate key.
func insertDue(ctx context.Context, t *tx, in *Inst, r Request) (int64, error) {
	const INSERT = `INSERT INTO welife_export_due (eschedId, due, einstId) VALUES (?, ?, ?)`
	id, err := insertInst(ctx, t, in, r, fmt.Sprintf("due at %s by schedule %d", in.Due.Time.UTC().Format(time.RFC3339), in.SchedID))
	if err != nil {
		return 0, err
	}
	if _, err := t.ExecContext(ctx, INSERT, in.SchedID, in.Due, id); err != nil {
		return 0, fmt.Errorf("insert due time: %w", err)
	}
	return id, nil
}

// DueRun is the instance of a due time.
type DueRun struct {
	Due     time.Time
	InstID  int64
	Existed bool // the instance was created before the call
}

// RunDues creates the instances of those due times of one schedule that have
// none, and returns the instance of each due time in the order of ins. If more
// instances would wait than maxWaiting allows, RunDues creates none and returns a
// Quota error. If ins is one instance and the request created an instance before,
// RunDues returns that instance.
func (d *DB) RunDues(ctx context.Context, ins []Inst, r Request, maxWaiting int) (runs []DueRun, err error) {
	for range txAttempts {
		runs, err = d.runDues(ctx, ins, r, maxWaiting)
		// The schedule, or the same request, created one of them concurrently.
		if !isServerError(err, mysqlErrDuplicateEntry) {
			break
		}
	}
	return runs, err
}

func (d *DB) runDues(ctx context.Context, ins []Inst, r Request, maxWaiting int) ([]DueRun, error) {
	before, err := d.InstByRequest(ctx, r)
	if err != nil {
		return nil, err
	}
	if before != nil && len(ins) == 1 {
		return []DueRun{{Due: before.Due.Time, InstID: before.ID, Existed: true}}, nil
	}
	runs, missing, err := d.DueRuns(ctx, ins)
	if err != nil || missing == 0 {
		return runs, err
	}
	if err := d.checkRoom(ctx, ins[0].OperatorID, missing, maxWaiting); err != nil {
		return nil, err
	}
	err = d.inTx(ctx, func(t *tx) error {
		r := r // stored with the first instance that is created
		for i := range runs {
			if runs[i].Existed {
				continue
			}
			var err error
			if runs[i].InstID, err = insertDue(ctx, t, &ins[i], r); err != nil {
				return err
			}
			if err := addLate(ctx, t, &ins[i], runs[i].InstID, utcNow); err != nil {
				return err
			}
			r = Request{}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return runs, nil
}

// DueRuns returns the instances that the due times of one schedule have, in the
// order of ins, and the number of due times that have none.
func (d *DB) DueRuns(ctx context.Context, ins []Inst) (runs []DueRun, missing int, err error) {
	runs = make([]DueRun, len(ins))
	for i := range ins {
		id, err := d.dueInst(ctx, ins[i].SchedID, ins[i].Due.Time)
		if err != nil {
			return nil, 0, err
		}
		if id == 0 {
			missing++
		}
		runs[i] = DueRun{Due: ins[i].Due.Time, InstID: id, Existed: id != 0}
	}
	return runs, missing, nil
}

// checkRoom returns a Quota error unless more further instances of an operator
// may wait.
func (d *DB) checkRoom(ctx context.Context, operator int32, more, maxWaiting int) error {
	if more <= maxWaiting {
		err := d.checkQuota(ctx, operator, maxWaiting-more+1)
		if _, ok := errors.AsType[*Error](err); !ok {
			return err
		}
	}
	return Errorf(Quota, "operatorId: no room for %d more instances of %d, which may have %d waiting; ask for fewer, or try again when some have run",
		more, operator, maxWaiting)
}

// dueInst returns the instance of a due time; 0 if it has none.
func (d *DB) dueInst(ctx context.Context, schedID int64, due time.Time) (int64, error) {
	const SELECT = `SELECT einstId FROM welife_export_due WHERE eschedId = ? AND due = ?`
	var id int64
	err := d.db.GetContext(ctx, &id, SELECT, schedID, due)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read due time: %w", err)
	}
	return id, nil
}

// Unended returns an instance of a schedule that waits or runs; 0 if there is
// none.
func (d *DB) Unended(ctx context.Context, schedID int64) (int64, error) {
	const SELECT = `SELECT einstId FROM welife_export_inst WHERE eschedId = ? AND status IN (?, ?) LIMIT 1`
	var id int64
	err := d.db.GetContext(ctx, &id, SELECT, schedID, Waiting, Running)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("find running instances of schedule %d: %w", schedID, err)
	}
	return id, nil
}

// SchedLag returns the longest time for which an active schedule has been due,
// without the seconds that its jitter may take; 0 if none is due.
func (d *DB) SchedLag(ctx context.Context) (time.Duration, error) {
	const SELECT = `SELECT COALESCE(TIMESTAMPDIFF(SECOND, MIN(nextDue + INTERVAL jitterSec SECOND), UTC_TIMESTAMP(6)), 0)
		FROM welife_export_sched WHERE status = ? AND nextDue <= UTC_TIMESTAMP(6)`
	var seconds int64
	if err := d.db.GetContext(ctx, &seconds, SELECT, SchedActive); err != nil {
		return 0, fmt.Errorf("find the longest due schedule: %w", err)
	}
	return time.Duration(max(0, seconds)) * time.Second, nil
}
