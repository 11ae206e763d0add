package model

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"
)

// NoticeEvent is what a delivery is about, numbered as in the contract.
type NoticeEvent int32

// The events of deliveries.
const (
	EventFiles     NoticeEvent = 0 // the files of an instance
	EventFailed    NoticeEvent = 1 // a run failed for good, or a due time got no instance
	EventLate      NoticeEvent = 2 // a run has not ended in time
	EventRecovered NoticeEvent = 3 // a run succeeded after a failure
)

// Notify names who is notified when runs fail, are late, or succeed after a failure.
type Notify struct {
	To []DeliverTo `json:"to,omitempty"`
	// LateSec is the time after its due time, or its creation where it has none,
	// from which a run is late; 0: never.
	LateSec int32 `json:"lateSec,omitempty"`
}

// Notice is the content of a delivery that notifies somebody of an event. It never
// holds values of parameters, except in the patterns of To.
type Notice struct {
	To       DeliverTo `json:"to"`
	TplID    int32     `json:"tplId,omitempty"`
	TplName  string    `json:"tplName,omitempty"`
	Problem  string    `json:"problem,omitempty"`  // of a due time without an instance
	Failures int32     `json:"failures,omitempty"` // in a row, with this one; of EventRecovered, those before
	Paused   bool      `json:"paused,omitempty"`   // the schedule was paused because of them
	LateSec  int32     `json:"lateSec,omitempty"`
}

// addNotices creates one delivery for each of those who are notified of an event of an
// instance. For a due time without an instance in.ID is 0.
func addNotices(ctx context.Context, t *tx, in *Inst, event NoticeEvent, n Notice, to []DeliverTo) error {
	const INSERT = `INSERT INTO welife_export_delivery (einstId, eschedId, due, event, seq, operatorId, destination, eventId,
		state, attempt, claims, owner, nextAt, errMsg, location, notice, created, updated) VALUES ? ON DUPLICATE KEY UPDATE seq = seq`
	if len(to) == 0 {
		return nil
	}
	var schedID int64
	due := time.Unix(0, 0)
	if in.ID == 0 {
		schedID, due = in.SchedID, in.Due.Time
	}
	n.TplID, n.TplName = in.TplID, in.TplName
	rows := make([]tuple, len(to))
	for i := range to {
		n.To = to[i]
		rows[i] = tuple{
			in.ID, schedID, due, event, i + 1, in.OperatorID, to[i].Destination, rand.Text(),
			DeliveryWaiting, 0, 0, "", utcNow, "", "",
			JSON[Notice]{n},
			utcNow, utcNow,
		}
	}
	// An event is notified of once: uq_event.
	if _, err := t.ExecContext(ctx, INSERT, rows); err != nil {
		return fmt.Errorf("insert notifications: %w", err)
	}
	return nil
}

// failed counts an instance that failed for good, and notifies those who want to
// know. The instance's row is locked.
func failed(ctx context.Context, t *tx, in *Inst) error {
	var n Notice
	var err error
	switch {
	case in.SchedID != 0:
		n.Failures, n.Paused, err = countFailure(ctx, t, in.SchedID, fmt.Sprintf("the last one is instance %d", in.ID))
	case len(in.Notify.V.To) > 0:
		n.Failures, err = countTplFailure(ctx, t, in.TplID)
	}
	if err != nil {
		return err
	}
	return addNotices(ctx, t, in, EventFailed, n, in.Notify.V.To)
}

// countFailure counts a failure of a schedule and pauses the schedule if it is the
// last one that is allowed. last describes the failure.
func countFailure(ctx context.Context, t *tx, schedID int64, last string) (failures int32, paused bool, err error) {
	const COUNT = `UPDATE welife_export_sched SET failures = failures + 1 WHERE eschedId = ?`
	const SELECT = `SELECT ` + schedColumns + ` FROM welife_export_sched WHERE eschedId = ?`
	const PAUSE = `UPDATE welife_export_sched SET status = ?, nextDue = NULL, heldUntil = NULL, lastProblem = ?, version = version + 1,
		updated = UTC_TIMESTAMP(6) WHERE eschedId = ? AND status = ?`
	if _, err := t.ExecContext(ctx, COUNT, schedID); err != nil {
		return 0, false, fmt.Errorf("count a failure of schedule %d: %w", schedID, err)
	}
	var list []Sched
	if err := t.SelectContext(ctx, &list, SELECT, schedID); err != nil || len(list) == 0 {
		return 0, false, wrap(fmt.Sprintf("read schedule %d", schedID), err)
	}
	s := list[0]
	if s.PauseAfter == 0 || s.Failures < s.PauseAfter || s.Status != SchedActive {
		return s.Failures, false, nil
	}
	problem := fmt.Sprintf("paused after %d failures in a row, %s; resume it when the cause is mended", s.Failures, last)
	if err := execOne(ctx, t, PAUSE, SchedPaused, problem, schedID, SchedActive); err != nil {
		return 0, false, fmt.Errorf("pause schedule %d: %w", schedID, err)
	}
	return s.Failures, true, t.audit(ctx, AuditEntry{
		Action: AuditChange, Kind: AuditSched, ObjectID: schedID, Operator: s.OperatorID,
		Detail: fmt.Sprintf("version %d: paused after %d failures in a row", s.Version+1, s.Failures),
	})
}

// countTplFailure counts a failure of a run without a schedule.
func countTplFailure(ctx context.Context, t *tx, tplID int32) (failures int32, err error) {
	const COUNT = `UPDATE welife_export_tpl SET etplFailures = LAST_INSERT_ID(etplFailures + 1) WHERE etplId = ?`
	res, err := t.ExecContext(ctx, COUNT, tplID)
	if err != nil {
		return 0, fmt.Errorf("count a failure of template %d: %w", tplID, err)
	}
	n, err := res.LastInsertId()
	return int32(n), err
}

// recovered ends the failures in a row of the schedule of an instance that
// succeeded, or of its template where it has no schedule, and notifies those who want
// to know. It does nothing if there were no failures.
func recovered(ctx context.Context, t *tx, in *Inst) error {
	const SCHED = `UPDATE welife_export_sched SET failures = 0 * LAST_INSERT_ID(failures) WHERE eschedId = ? AND failures > 0`
	const TPL = `UPDATE welife_export_tpl SET etplFailures = 0 * LAST_INSERT_ID(etplFailures) WHERE etplId = ? AND etplFailures > 0`
	query, id := SCHED, in.SchedID
	if id == 0 {
		query, id = TPL, int64(in.TplID)
	}
	res, err := t.ExecContext(ctx, query, id)
	if err != nil {
		return fmt.Errorf("end the failures in a row: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	failures, err := res.LastInsertId()
	if err != nil {
		return err
	}
	return addNotices(ctx, t, in, EventRecovered, Notice{Failures: int32(failures)}, in.Notify.V.To)
}

// FailRun advances a schedule past a due time for which no instance can be
// created, counts that as a failure, and notifies those in to. tplName is the name of
// the template. It returns ErrMoved, and changes nothing, if the schedule is not
// as s says any more.
func (d *DB) FailRun(ctx context.Context, s *Sched, tplName string, step Step, to []DeliverTo) error {
	return d.inTx(ctx, func(t *tx) error {
		if err := advance(ctx, t, s, step); err != nil {
			return err
		}
		n := Notice{Problem: step.Problem}
		var err error
		last := "the last due time got no instance: " + step.Problem
		if n.Failures, n.Paused, err = countFailure(ctx, t, s.ID, last); err != nil {
			return err
		}
		return addNotices(ctx, t, dueOnly(s, tplName), EventFailed, n, to)
	})
}

// dueOnly stands for the instance that the due time s.NextDue does not have.
func dueOnly(s *Sched, tplName string) *Inst {
	return &Inst{TplID: s.TplID, TplName: tplName, OperatorID: s.OperatorID, SchedID: s.ID, Due: s.NextDue}
}
