package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// ErrMoved is returned where a schedule is not any more as it was read: another
// replica dealt with its due time, or somebody changed it.
var ErrMoved = errors.New("the schedule has moved on")

// DueScheds returns active schedules whose next due time has come, by their ids,
// those above after, and the database's time.
func (d *DB) DueScheds(ctx context.Context, after int64, limit int) (list []Sched, now time.Time, err error) {
	const NOW = `SELECT UTC_TIMESTAMP(6)`
	const SELECT = `SELECT ` + schedColumns + ` FROM welife_export_sched
		WHERE status = ? AND nextDue <= ? AND eschedId > ? ORDER BY eschedId LIMIT ?`
	if err := d.db.GetContext(ctx, &now, NOW); err != nil {
		return nil, now, fmt.Errorf("read the time: %w", err)
	}
	if err := d.db.SelectContext(ctx, &list, SELECT, SchedActive, now, after, limit); err != nil {
		return nil, now, fmt.Errorf("find due schedules: %w", err)
	}
	return list, now, nil
}

// Step is what a schedule moves on to.
type Step struct {
	Next    time.Time // the next due time; zero: none, the schedule has ended
	Problem string    // why the due time made no instance, or some were passed over
}

// Fire makes in the instance of the schedule's due time s.NextDue and moves the
// schedule on, in one transaction. ErrMoved: nothing was done.
func (d *DB) Fire(ctx context.Context, s *Sched, in Inst, step Step, maxWaiting int) (int64, error) {
	if err := d.checkQuota(ctx, in.OperatorID, maxWaiting); err != nil {
		return 0, err
	}
	in.SchedID, in.Due = s.ID, s.NextDue
	var id int64
	err := d.inTx(ctx, func(t *tx) error {
		var err error
		// Moved first: its row is what replicas wait for each other on.
		if err = move(ctx, t, s, step); err != nil {
			return err
		}
		id, err = makeDue(ctx, t, &in, Request{})
		if err != nil {
			return err
		}
		const LAST = `UPDATE welife_export_sched SET lastInst = ? WHERE eschedId = ?`
		if _, err := t.ExecContext(ctx, LAST, id, s.ID); err != nil {
			return fmt.Errorf("fire schedule %d: %w", s.ID, err)
		}
		return nil
	})
	if isServerError(err, errDupEntry) {
		// A run asked for by hand has the very due time: it is dealt with.
		return 0, d.Pass(ctx, s, step)
	}
	return id, err
}

// Pass moves a schedule on without an instance. ErrMoved: nothing was done.
func (d *DB) Pass(ctx context.Context, s *Sched, step Step) error {
	return d.inTx(ctx, func(t *tx) error { return move(ctx, t, s, step) })
}

// move moves a schedule on from the due time that s was read with.
func move(ctx context.Context, t *tx, s *Sched, step Step) error {
	status, next := SchedActive, sql.NullTime{Time: step.Next, Valid: true}
	if step.Next.IsZero() {
		status, next = SchedEnded, sql.NullTime{}
	}
	const LAST = `UPDATE welife_export_sched SET lastDue = nextDue
		WHERE eschedId = ? AND version = ? AND status = ? AND nextDue = ?`
	res, err := t.ExecContext(ctx, LAST, s.ID, s.Version, SchedActive, s.NextDue)
	if err != nil {
		return fmt.Errorf("move schedule %d: %w", s.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrMoved)
	}
	const NEXT = `UPDATE welife_export_sched SET nextDue = ?, lastProblem = ?, status = ? WHERE eschedId = ?`
	if _, err := t.ExecContext(ctx, NEXT, next, step.Problem, status, s.ID); err != nil {
		return fmt.Errorf("move schedule %d: %w", s.ID, err)
	}
	return nil
}

// makeDue inserts an instance and its due time; a due time that has its
// instance already is a duplicate key.
func makeDue(ctx context.Context, t *tx, in *Inst, r Request) (int64, error) {
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

// RunDue makes an instance for a due time that is not the schedule's next one:
// now, or one of the past. Where the due time has its instance already, or the
// request made one before, that one is returned with existed set.
func (d *DB) RunDue(ctx context.Context, in Inst, r Request, maxWaiting int) (made *Inst, existed bool, err error) {
	if made, err = d.earlierRun(ctx, &in, r); made != nil || err != nil {
		return made, true, err
	}
	if err := d.checkQuota(ctx, in.OperatorID, maxWaiting); err != nil {
		return nil, false, err
	}
	var id int64
	err = d.inTx(ctx, func(t *tx) error {
		id, err = makeDue(ctx, t, &in, r)
		return err
	})
	if isServerError(err, errDupEntry) {
		made, err = d.earlierRun(ctx, &in, r)
		return made, true, err
	}
	if err != nil {
		return nil, false, err
	}
	made, err = d.GetInst(ctx, id)
	return made, false, err
}

// earlierRun is the instance that the request or the due time has already; nil
// for none.
func (d *DB) earlierRun(ctx context.Context, in *Inst, r Request) (*Inst, error) {
	if before, err := d.InstByRequest(ctx, r); before != nil || err != nil {
		return before, err
	}
	id, err := d.dueInst(ctx, in.SchedID, in.Due.Time)
	if id == 0 || err != nil {
		return nil, err
	}
	return d.GetInst(ctx, id)
}

// dueInst returns the instance of a due time, 0 for none.
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

// Unended returns an instance of the schedule that waits or runs, 0 for none.
func (d *DB) Unended(ctx context.Context, schedID int64) (int64, error) {
	const SELECT = `SELECT einstId FROM welife_export_inst WHERE status IN (?, ?) AND eschedId = ? LIMIT 1`
	var id int64
	err := d.db.GetContext(ctx, &id, SELECT, Waiting, Running, schedID)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for running instances of schedule %d: %w", schedID, err)
	}
	return id, nil
}

// SchedLag is how long the schedule that is due the longest has been due.
func (d *DB) SchedLag(ctx context.Context) (time.Duration, error) {
	const SELECT = `SELECT COALESCE(TIMESTAMPDIFF(SECOND, MIN(nextDue), UTC_TIMESTAMP(6)), 0)
		FROM welife_export_sched WHERE status = ?`
	var seconds int64
	if err := d.db.GetContext(ctx, &seconds, SELECT, SchedActive); err != nil {
		return 0, fmt.Errorf("look for the longest due schedule: %w", err)
	}
	return time.Duration(max(0, seconds)) * time.Second, nil
}
