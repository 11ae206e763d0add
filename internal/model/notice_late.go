package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// lateBatch bounds the instances of one transaction of NotifyLate.
const lateBatch = 100

// addLate notes when an instance is late. since is the start of its time: its due
// time, or utcNow.
func addLate(ctx context.Context, t *tx, in *Inst, id int64, since any) error {
	const INSERT = `INSERT INTO welife_export_late (einstId, lateAt) VALUES (?, ? + INTERVAL ? SECOND)`
	n := in.Notify.V
	if n.LateSec == 0 || len(n.To) == 0 {
		return nil
	}
	_, err := t.ExecContext(ctx, INSERT, id, since, n.LateSec)
	return wrap("note when the instance is late", err)
}

// NotifyLate sends notices of instances that have not ended in time.
// It returns how many it looked at; 0: none is late. Several processes may call it
// concurrently.
func (d *DB) NotifyLate(ctx context.Context) (n int, err error) {
	const ANY = `SELECT einstId FROM welife_export_late WHERE lateAt <= UTC_TIMESTAMP(6) LIMIT 1`
	const SELECT = `SELECT einstId FROM welife_export_late WHERE lateAt <= UTC_TIMESTAMP(6) ORDER BY lateAt LIMIT ? FOR UPDATE SKIP LOCKED`
	const DELETE = `DELETE FROM welife_export_late WHERE einstId IN (?)`
	var ids []int64
	if err := d.db.SelectContext(ctx, &ids, ANY); err != nil || len(ids) == 0 {
		return 0, wrap("find late instances", err)
	}
	err = d.inTx(ctx, func(t *tx) error {
		ids = nil
		if err := t.SelectContext(ctx, &ids, SELECT, lateBatch); err != nil || len(ids) == 0 {
			return wrap("find late instances", err)
		}
		for _, id := range ids {
			in, err := d.getInst(ctx, t, id, "")
			if missing, ok := errors.AsType[*Error](err); ok && missing.Kind == NotFound {
				continue
			}
			if err != nil {
				return err
			}
			if in.State.Ended() {
				continue
			}
			if err := addNotices(ctx, t, in, EventLate, Notice{LateSec: in.Notify.V.LateSec}, in.Notify.V.To); err != nil {
				return err
			}
		}
		_, err := t.ExecContext(ctx, DELETE, ids)
		return wrap("remove late instances", err)
	})
	return len(ids), err
}

// LateScheds returns schedules whose next due time is late and has no instance yet,
// of which nobody was notified.
func (d *DB) LateScheds(ctx context.Context) ([]Sched, error) {
	const SELECT = `SELECT ` + schedColumns + ` FROM welife_export_sched FORCE INDEX (ix_due)
		WHERE status = ? AND nextDue <= UTC_TIMESTAMP(6) AND lateSec > 0
		AND nextDue <= UTC_TIMESTAMP(6) - INTERVAL lateSec SECOND AND (lateNotified IS NULL OR lateNotified < nextDue)
		ORDER BY eschedId LIMIT ?`
	var list []Sched
	if err := d.db.SelectContext(ctx, &list, SELECT, SchedActive, lateBatch); err != nil {
		return nil, fmt.Errorf("find late schedules: %w", err)
	}
	return list, nil
}

// NotifyLateSched notifies those in to that the next due time of a schedule is late and
// has no instance yet. tplName is the name of the template. It does nothing if the
// schedule is not as s says any more.
func (d *DB) NotifyLateSched(ctx context.Context, s *Sched, tplName string, to []DeliverTo) error {
	const UPDATE = `UPDATE welife_export_sched SET lateNotified = nextDue WHERE eschedId = ? AND version = ? AND status = ? AND nextDue = ?
		AND (lateNotified IS NULL OR lateNotified < nextDue)`
	return d.inTx(ctx, func(t *tx) error {
		res, err := t.ExecContext(ctx, UPDATE, s.ID, s.Version, SchedActive, s.NextDue)
		if err != nil {
			return fmt.Errorf("mark schedule %d as late: %w", s.ID, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		n := Notice{LateSec: s.Notify.V.LateSec, Problem: s.LastProblem}
		return addNotices(ctx, t, dueOnly(s, tplName), EventLate, n, to)
	})
}

// lateSince returns the start of the time after which the instance of a due time is
// late; false if somebody was notified before that the due time is late.
func lateSince(s *Sched) (sql.NullTime, bool) {
	return s.NextDue, !s.LateNotified.Valid || s.LateNotified.Time.Before(s.NextDue.Time)
}
