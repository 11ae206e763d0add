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

// DueScheds returns active schedules whose next due time has come and that are
// not held, by their ids, those above after, and the database's time.
func (d *DB) DueScheds(ctx context.Context, after int64, limit int) (list []Sched, now time.Time, err error) {
	const NOW = `SELECT UTC_TIMESTAMP(6)`
	const SELECT = `SELECT ` + schedColumns + ` FROM welife_export_sched
		WHERE status = ? AND nextDue <= ? AND (heldUntil IS NULL OR heldUntil <= ?) AND eschedId > ?
		ORDER BY eschedId LIMIT ?`
	if err := d.db.GetContext(ctx, &now, NOW); err != nil {
		return nil, now, fmt.Errorf("read the time: %w", err)
	}
	if err := d.db.SelectContext(ctx, &list, SELECT, SchedActive, now, now, after, limit); err != nil {
		return nil, now, fmt.Errorf("find due schedules: %w", err)
	}
	return list, now, nil
}

// Step is what a schedule moves on to.
type Step struct {
	Next    time.Time // the next due time; zero: none, the schedule has ended
	Problem string    // why the due time made no instance, or some were passed over
}

// StartRun makes in the instance of the schedule's due time s.NextDue and moves the
// schedule on, in one transaction. ErrMoved: nothing was done.
func (d *DB) StartRun(ctx context.Context, s *Sched, in Inst, step Step, maxWaiting int) (int64, error) {
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
		if id, err = makeDue(ctx, t, &in, Request{}); err != nil {
			return err
		}
		return setLast(ctx, t, s, id)
	})
	if isServerError(err, errDupEntry) {
		// A run asked for by hand has the very due time: it is dealt with.
		return 0, d.adopt(ctx, s, step)
	}
	return id, err
}

// adopt moves a schedule on from a due time that has its instance already.
func (d *DB) adopt(ctx context.Context, s *Sched, step Step) error {
	id, err := d.dueInst(ctx, s.ID, s.NextDue.Time)
	if err != nil {
		return err
	}
	return d.inTx(ctx, func(t *tx) error {
		if err := move(ctx, t, s, step); err != nil {
			return err
		}
		return setLast(ctx, t, s, id)
	})
}

// SkipRun moves a schedule on without an instance. ErrMoved: nothing was done.
func (d *DB) SkipRun(ctx context.Context, s *Sched, step Step) error {
	return d.inTx(ctx, func(t *tx) error { return move(ctx, t, s, step) })
}

// DeferRun leaves a schedule due that a replica has looked at, and keeps it out of
// DueScheds for a while. problem says why it has to wait; empty: nothing is
// said. It does nothing where the schedule has moved on.
func (d *DB) DeferRun(ctx context.Context, s *Sched, wait time.Duration, problem string) error {
	const UPDATE = `UPDATE welife_export_sched SET heldUntil = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,
		lastProblem = IF(? = '', lastProblem, ?) WHERE eschedId = ? AND version = ? AND status = ? AND nextDue = ?`
	_, err := d.db.ExecContext(ctx, UPDATE, wait.Microseconds(), problem, problem, s.ID, s.Version, SchedActive, s.NextDue)
	if err != nil {
		return fmt.Errorf("hold schedule %d: %w", s.ID, err)
	}
	return nil
}

// setLast writes down the instance of the last due time.
func setLast(ctx context.Context, t *tx, s *Sched, inst int64) error {
	const UPDATE = `UPDATE welife_export_sched SET lastInst = ? WHERE eschedId = ?`
	if _, err := t.ExecContext(ctx, UPDATE, inst, s.ID); err != nil {
		return fmt.Errorf("write last instance of schedule %d: %w", s.ID, err)
	}
	return nil
}

// move moves a schedule on from the due time that s was read with. That one has
// no instance, until setLast says otherwise.
func move(ctx context.Context, t *tx, s *Sched, step Step) error {
	status, next := SchedActive, sql.NullTime{Time: step.Next, Valid: true}
	if step.Next.IsZero() {
		status, next = SchedEnded, sql.NullTime{}
	}
	const LAST = `UPDATE welife_export_sched SET lastDue = nextDue, lastInst = 0
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

// DueRun is the instance of a due time.
type DueRun struct {
	Due     time.Time
	InstID  int64
	Existed bool // it was made before
}

// RunDues makes the instances of due times of one schedule that have none yet,
// all of them or, where that would be more than maxWaiting allows, none: that is
// a Quota. Where ins is one instance and the request made one before, that one
// is returned.
func (d *DB) RunDues(ctx context.Context, ins []Inst, r Request, maxWaiting int) (runs []DueRun, err error) {
	for range txAttempts {
		runs, err = d.runDues(ctx, ins, r, maxWaiting)
		// The schedule itself, or the same request, was faster with one of them.
		if !isServerError(err, errDupEntry) {
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
	runs := make([]DueRun, len(ins))
	missing := 0
	for i := range ins {
		id, err := d.dueInst(ctx, ins[i].SchedID, ins[i].Due.Time)
		if err != nil {
			return nil, err
		}
		if id == 0 {
			missing++
		}
		runs[i] = DueRun{Due: ins[i].Due.Time, InstID: id, Existed: id != 0}
	}
	if missing == 0 {
		return runs, nil
	}
	if err := d.checkRoom(ctx, ins[0].OperatorID, missing, maxWaiting); err != nil {
		return nil, err
	}
	err = d.inTx(ctx, func(t *tx) error {
		r := r // belongs to the first one that is made
		for i := range runs {
			if runs[i].Existed {
				continue
			}
			var err error
			if runs[i].InstID, err = makeDue(ctx, t, &ins[i], r); err != nil {
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

// checkRoom checks that so many more instances may wait for an operator.
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
	const SELECT = `SELECT einstId FROM welife_export_inst WHERE eschedId = ? AND status IN (?, ?) LIMIT 1`
	var id int64
	err := d.db.GetContext(ctx, &id, SELECT, schedID, Waiting, Running)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for running instances of schedule %d: %w", schedID, err)
	}
	return id, nil
}

// SchedLag is how long the schedule that is due the longest has been due, not
// counting the seconds that its jitter may take.
func (d *DB) SchedLag(ctx context.Context) (time.Duration, error) {
	const SELECT = `SELECT COALESCE(TIMESTAMPDIFF(SECOND, MIN(nextDue + INTERVAL jitterSec SECOND), UTC_TIMESTAMP(6)), 0)
		FROM welife_export_sched WHERE status = ? AND nextDue <= UTC_TIMESTAMP(6)`
	var seconds int64
	if err := d.db.GetContext(ctx, &seconds, SELECT, SchedActive); err != nil {
		return 0, fmt.Errorf("look for the longest due schedule: %w", err)
	}
	return time.Duration(max(0, seconds)) * time.Second, nil
}
