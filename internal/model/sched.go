package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// SchedStatus is the status of a schedule, numbered as in the contract.
type SchedStatus int32

// The statuses of a schedule.
const (
	SchedActive  SchedStatus = 0
	SchedPaused  SchedStatus = 1
	SchedEnded   SchedStatus = 2
	SchedDeleted SchedStatus = 9
)

// Missed is the policy for due times that passed while no replica ran, numbered
// as in the contract.
type Missed int32

// The policies for missed due times.
const (
	MissedLatest Missed = 0
	MissedSkip   Missed = 1
	MissedAll    Missed = 2
)

// Overlap is the policy for a due time while an earlier instance of the schedule
// waits or runs, numbered as in the contract.
type Overlap int32

// The policies for overlapping instances.
const (
	OverlapAllow Overlap = 0
	OverlapSkip  Overlap = 1
	OverlapQueue Overlap = 2
)

// Sched is a schedule.
type Sched struct {
	ID           int64             `db:"eschedId"`
	Name         string            `db:"eschedName"`
	TplID        int32             `db:"etplId"`
	Params       JSON[[]Param]     `db:"params"`
	OutputFormat Format            `db:"etplOutputFormat"`
	Cron         string            `db:"cron"`
	Zone         string            `db:"zone"` // IANA name; empty: the zone of the service
	Missed       Missed            `db:"missed"`
	Overlap      Overlap           `db:"overlap"`
	JitterSec    int32             `db:"jitterSec"`
	StartAt      sql.NullTime      `db:"startAt"`
	EndAt        sql.NullTime      `db:"endAt"`
	DeliverTo    JSON[[]DeliverTo] `db:"deliverTo"`
	Status       SchedStatus       `db:"status"`
	NextDue      sql.NullTime      `db:"nextDue"`   // set while the schedule is active
	HeldUntil    sql.NullTime      `db:"heldUntil"` // set while a due run is deferred
	LastDue      sql.NullTime      `db:"lastDue"`
	LastInst     int64             `db:"lastInst"`
	LastProblem  string            `db:"lastProblem"`
	Notify       JSON[Notify]      `db:"notify"`
	LateNotified sql.NullTime      `db:"lateNotified"` // last due time of whose lateness somebody was notified before it had an instance
	PauseAfter   int32             `db:"pauseAfter"`   // failures in a row that pause it; 0: none
	Failures     int32             `db:"failures"`     // in a row
	Version      int32             `db:"version"`
	OperatorID   int32             `db:"operatorId"`
	Claims       JSON[[]Param]     `db:"claims"` // of the token that created or last changed it, as parameters
	RequestID    sql.NullString    `db:"requestId"`
	Created      time.Time         `db:"created"`
	Updated      time.Time         `db:"updated"`
	Deleted      sql.NullTime      `db:"deleted"`
}

const schedColumns = `eschedId, eschedName, etplId, params, etplOutputFormat, cron, zone, missed, overlap, jitterSec,
	startAt, endAt, deliverTo, status, nextDue, heldUntil, lastDue, lastInst, lastProblem, version, operatorId, requestId,
	created, updated, deleted, notify, lateNotified, pauseAfter, failures, claims`

// SchedByRequest returns the schedule that a request created, or nil if it
// created none. The same request id with another body is a Conflict.
func (d *DB) SchedByRequest(ctx context.Context, r Request) (*Sched, error) {
	const SELECT = `SELECT eschedId AS id, requestHash AS hash FROM welife_export_sched WHERE operatorId = ? AND requestId = ?`
	id, err := d.byRequest(ctx, SELECT, r)
	if id == 0 || err != nil {
		return nil, err
	}
	return d.GetSched(ctx, id)
}

// CreateSched stores s as version 1 and returns the stored schedule. If the
// request created a schedule before, CreateSched returns that one and stores
// nothing.
func (d *DB) CreateSched(ctx context.Context, s Sched, r Request) (*Sched, error) {
	const INSERT = `INSERT INTO welife_export_sched (eschedName, etplId, params, etplOutputFormat, cron, zone, missed,
		overlap, jitterSec, startAt, endAt, deliverTo, notify, lateSec, pauseAfter, status, nextDue, lastProblem, version,
		operatorId, claims, requestId, requestHash, created, updated)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 1, ?, ?, ?, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`
	reqID, hash := r.columns()
	var id int64
	err := d.inTx(ctx, func(t *tx) error {
		var err error
		id, err = insertID(ctx, t, INSERT, s.Name, s.TplID, s.Params, s.OutputFormat, s.Cron, s.Zone, s.Missed,
			s.Overlap, s.JitterSec, s.StartAt, s.EndAt, s.DeliverTo, s.Notify, s.Notify.V.LateSec, s.PauseAfter, s.Status, s.NextDue, s.OperatorID, s.Claims, reqID, hash)
		if err != nil {
			return fmt.Errorf("insert schedule: %w", err)
		}
		return t.audit(ctx, AuditEntry{
			Action: AuditCreate, Kind: AuditSched, ObjectID: id, Operator: s.OperatorID, Detail: fmt.Sprintf("of template %d", s.TplID),
		})
	})
	if isServerError(err, mysqlErrDuplicateEntry) {
		return d.SchedByRequest(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	return d.GetSched(ctx, id)
}

// GetSched returns a schedule, also a deleted one.
func (d *DB) GetSched(ctx context.Context, id int64) (*Sched, error) {
	const SELECT = `SELECT ` + schedColumns + ` FROM welife_export_sched WHERE eschedId = ?`
	var s Sched
	err := d.db.GetContext(ctx, &s, SELECT, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, Errorf(NotFound, "eschedId: %d, no such schedule", id)
	}
	if err != nil {
		return nil, fmt.Errorf("read schedule %d: %w", id, err)
	}
	return &s, nil
}

// SchedFilter selects the schedules that ListSched returns. A zero field does not
// filter.
type SchedFilter struct {
	ID          int64
	TplID       int32
	OperatorID  int32
	NamePart    string
	WithDeleted bool
	Before      int64 // only ids below this one: the id of the last row of the page before
	Limit       int   // largest number of schedules; required
}

// ListSched returns schedules, newest first.
func (d *DB) ListSched(ctx context.Context, f SchedFilter) ([]Sched, error) {
	var w where
	w.addIf(f.ID != 0, "eschedId = ?", f.ID)
	w.addIf(f.TplID != 0, "etplId = ?", f.TplID)
	w.addIf(f.OperatorID != 0, "operatorId = ?", f.OperatorID)
	w.addIf(f.NamePart != "", "eschedName LIKE ?", "%"+likeText(f.NamePart)+"%")
	w.addIf(!f.WithDeleted, "status <> ?", SchedDeleted)
	w.addIf(f.Before != 0, "eschedId < ?", f.Before)
	index := ""
	switch {
	case f.ID != 0: // one row
	case f.TplID != 0:
		index = " FORCE INDEX (ix_tpl)"
	case f.OperatorID != 0:
		index = " FORCE INDEX (ix_operator)"
	}
	query := `SELECT ` + schedColumns + ` FROM welife_export_sched` + index + w.String() + ` ORDER BY eschedId DESC LIMIT ?`
	var list []Sched
	if err := d.db.SelectContext(ctx, &list, query, append(w.args, f.Limit)...); err != nil {
		return nil, fmt.Errorf("list schedules: %w", err)
	}
	return list, nil
}

// updateAttempts is how often UpdateSched applies a change to a schedule that
// others change concurrently.
const updateAttempts = 5

// UpdateSched calls change with a schedule and stores the result as its next
// version. version is the version that the client has seen; if it is not the
// current one, UpdateSched returns a Conflict error; 0 skips this check. A deleted
// schedule is a WrongState error. change is called again with the new state if
// the schedule came due, or was changed, in the meantime.
func (d *DB) UpdateSched(ctx context.Context, id int64, version int32, change func(*Sched) error) (*Sched, error) {
	for range updateAttempts {
		s, err := d.updateSched(ctx, id, version, change)
		if !errors.Is(err, ErrMoved) {
			return s, err
		}
	}
	return nil, Errorf(Conflict, "eschedId: %d was changed by other requests at the same time; read it and try again", id)
}

func (d *DB) updateSched(ctx context.Context, id int64, version int32, change func(*Sched) error) (*Sched, error) {
	const UPDATE = `UPDATE welife_export_sched SET eschedName = ?, etplId = ?, params = ?, etplOutputFormat = ?, cron = ?,
		zone = ?, missed = ?, overlap = ?, jitterSec = ?, startAt = ?, endAt = ?, deliverTo = ?, notify = ?, lateSec = ?, pauseAfter = ?, status = ?, nextDue = ?, claims = ?,
		failures = IF(?, 0, failures), lastProblem = IF(?, '', lastProblem), version = version + 1, updated = UTC_TIMESTAMP(6)
		WHERE eschedId = ? AND version = ? AND status = ? AND nextDue <=> ?`
	s, err := d.GetSched(ctx, id)
	if err != nil {
		return nil, err
	}
	if s.Status == SchedDeleted {
		return nil, errSchedDeleted(id)
	}
	if version != 0 && version != s.Version {
		return nil, Errorf(Conflict, "version: %d, the schedule is at version %d now", version, s.Version)
	}
	read := *s
	before, err := snapshotOf(s)
	if err != nil {
		return nil, err
	}
	if err := change(s); err != nil {
		return nil, err
	}
	resumed := 0
	if read.Status == SchedPaused && s.Status == SchedActive {
		resumed = 1
	}
	after, err := snapshotOf(s)
	if err != nil {
		return nil, err
	}
	err = d.inTx(ctx, func(t *tx) error {
		res, err := t.ExecContext(ctx, UPDATE, s.Name, s.TplID, s.Params, s.OutputFormat, s.Cron, s.Zone, s.Missed, s.Overlap,
			s.JitterSec, s.StartAt, s.EndAt, s.DeliverTo, s.Notify, s.Notify.V.LateSec, s.PauseAfter, s.Status, s.NextDue, s.Claims,
			resumed, resumed, id, read.Version, read.Status, read.NextDue)
		if err != nil {
			return fmt.Errorf("update schedule %d: %w", id, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrMoved)
		}
		return t.audit(ctx, AuditEntry{
			Action: AuditChange, Kind: AuditSched, ObjectID: id, Operator: s.OperatorID,
			Detail: changes(read.Version+1, before.diff(after)) + statusChange(read.Status, s.Status),
		})
	})
	if err != nil {
		return nil, err
	}
	return d.GetSched(ctx, id)
}

// statusChange returns the end of the detail of a change that pauses or resumes.
func statusChange(before, after SchedStatus) string {
	switch {
	case before == after:
		return ""
	case after == SchedPaused:
		return "; paused"
	case after == SchedActive:
		return "; resumed"
	}
	return ""
}

func errSchedDeleted(id int64) error {
	return Errorf(WrongState, "eschedId: %d, the schedule is deleted", id)
}

// DeleteSched marks a schedule as deleted, so that it does not come due any more.
// Deleting it again changes nothing.
func (d *DB) DeleteSched(ctx context.Context, id int64) (*Sched, error) {
	const UPDATE = `UPDATE welife_export_sched SET status = ?, nextDue = NULL, deleted = UTC_TIMESTAMP(6),
		version = version + 1, updated = UTC_TIMESTAMP(6) WHERE eschedId = ? AND status <> ?`
	s, err := d.GetSched(ctx, id)
	if err != nil || s.Status == SchedDeleted {
		return s, err
	}
	err = d.inTx(ctx, func(t *tx) error {
		res, err := t.ExecContext(ctx, UPDATE, SchedDeleted, id, SchedDeleted)
		if err != nil {
			return fmt.Errorf("delete schedule %d: %w", id, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err // another request deleted it
		}
		return t.audit(ctx, AuditEntry{Action: AuditDelete, Kind: AuditSched, ObjectID: id, Operator: s.OperatorID})
	})
	if err != nil {
		return nil, err
	}
	return d.GetSched(ctx, id)
}
