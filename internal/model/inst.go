package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
)

const instColumns = `einstId, etplId, status, state, operatorId, requestId, retryOf, etplName, etplVersion,
	etplSource, etplExpr, etplOutputColumns, etplOutputFormat, etplParams, etplOptions, params, timeoutSec,
	retentionSec, maxAttempts, attempt, claims, crashes, runAfter, owner, rowsDone, bytesDone, errCode, errMsg,
	warnings, created, updated, started, finished, expires, resultColumns, limits, runLimit, extraColumns, deliverTo,
	eschedId, due, windowStart, windowEnd, traceparent`

// InstByRequest returns the instance that the request created, or nil where
// it created none. The same id with another body is a Conflict.
func (d *DB) InstByRequest(ctx context.Context, r Request) (*Inst, error) {
	const SELECT = `SELECT einstId AS id, requestHash AS hash FROM welife_export_inst WHERE operatorId = ? AND requestId = ?`
	id, err := d.byRequest(ctx, SELECT, r)
	if id == 0 || err != nil {
		return nil, err
	}
	return d.GetInst(ctx, id)
}

// CreateInst queues in, whose frozen fields are set, and returns it as kept.
// maxWaiting bounds the instances that wait for the same operator; one more
// is a Quota. A template deleted meanwhile is a WrongState. Where the request
// created an instance before, that one is returned and nothing is queued.
func (d *DB) CreateInst(ctx context.Context, in Inst, r Request, maxWaiting int) (*Inst, error) {
	if err := d.checkQuota(ctx, in.OperatorID, maxWaiting); err != nil {
		return nil, err
	}
	reason := "created"
	if in.RetryOf != 0 {
		reason = fmt.Sprintf("created as a retry of %d", in.RetryOf)
	}
	var id int64
	err := d.inTx(ctx, func(t *tx) error {
		var err error
		id, err = insertInst(ctx, t, &in, r, reason)
		return err
	})
	if isServerError(err, errDupEntry) {
		return d.InstByRequest(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	return d.GetInst(ctx, id)
}

// insertInst queues in with its first event and the span of ctx, and returns its
// id. A template deleted meanwhile is a WrongState.
func insertInst(ctx context.Context, t *tx, in *Inst, r Request, reason string) (int64, error) {
	const INSERT = `INSERT INTO welife_export_inst (etplId, status, state, operatorId, requestId, requestHash,
		retryOf, etplName, etplVersion, etplSource, etplExpr, etplOutputColumns, etplOutputFormat, etplParams,
		etplOptions, params, timeoutSec, retentionSec, maxAttempts, resultColumns, limits, runLimit, extraColumns,
		deliverTo, eschedId, due, windowStart, windowEnd, traceparent, runAfter, errMsg, warnings, created, updated)
		SELECT etplId, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
		UTC_TIMESTAMP(6), '', '[]', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)
		FROM welife_export_tpl WHERE etplId = ? AND etplStatus <> ?`
	reqID, hash := r.columns()
	res, err := t.ExecContext(ctx, INSERT, Waiting, StateQueued, in.OperatorID, reqID, hash,
		in.RetryOf, in.TplName, in.TplVersion, in.Source, in.Expr, in.OutputColumns, in.OutputFormat, in.Decls,
		in.Options, in.Params, in.TimeoutSec, in.RetentionSec, in.MaxAttempts, in.ResultColumns, in.Limits,
		in.Limits.V.Running, in.ExtraColumns, in.DeliverTo, in.SchedID, in.Due, in.WindowStart, in.WindowEnd,
		traceparent(ctx), in.TplID, TplDeleted)
	if err != nil {
		return 0, fmt.Errorf("insert instance: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return 0, errors.Join(err, errTplDeleted(in.TplID))
	}
	id, err := res.LastInsertId()
	if err != nil {
		return 0, fmt.Errorf("insert instance: %w", err)
	}
	return id, addEvent(ctx, t, in.OperatorID, reason, id)
}

// checkQuota looks at the index alone and no further than max.
func (d *DB) checkQuota(ctx context.Context, operator int32, maxWaiting int) error {
	const SELECT = `SELECT einstId FROM welife_export_inst WHERE status = ? AND operatorId = ? LIMIT 1 OFFSET ?`
	var id int64
	err := d.db.GetContext(ctx, &id, SELECT, Waiting, operator, maxWaiting-1)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("count waiting instances: %w", err)
	}
	return Errorf(Quota, "operatorId: %d has %d instances waiting, which is the most allowed; try again when some have run", operator, maxWaiting)
}

// GetInst returns an instance with its files.
func (d *DB) GetInst(ctx context.Context, id int64) (*Inst, error) {
	const SELECT = `SELECT ` + instColumns + ` FROM welife_export_inst WHERE einstId = ?`
	in, err := getInst(ctx, d.db, SELECT, id)
	if err != nil {
		return nil, err
	}
	if in.Status != Finished {
		return in, nil
	}
	files, err := d.files(ctx, id)
	in.Files = files[id]
	return in, err
}

func getInst(ctx context.Context, q querier, query string, id int64) (*Inst, error) {
	var in Inst
	err := q.GetContext(ctx, &in, query, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, Errorf(NotFound, "einstId: %d, no such instance", id)
	}
	if err != nil {
		return nil, fmt.Errorf("read instance %d: %w", id, err)
	}
	return &in, nil
}

// files returns the files of instances, in their order.
func (d *DB) files(ctx context.Context, ids ...int64) (map[int64][]File, error) {
	const SELECT = `SELECT einstId, seq, name, storeKey, contentType, rowsCount, bytes, sha256
		FROM welife_export_file WHERE einstId IN (?) ORDER BY einstId, seq`
	query, args, err := sqlx.In(SELECT, ids)
	if err != nil {
		return nil, fmt.Errorf("read files: %w", err)
	}
	var files []File
	if err := d.db.SelectContext(ctx, &files, query, args...); err != nil {
		return nil, fmt.Errorf("read files: %w", err)
	}
	byInst := make(map[int64][]File, len(ids))
	for _, f := range files {
		byInst[f.InstID] = append(byInst[f.InstID], f)
	}
	return byInst, nil
}

// InstFilter says which instances ListInst returns; zero fields do not filter.
type InstFilter struct {
	TplID      int32
	OperatorID int32
	States     []State
	Before     int64 // only ids below this one: the page after it
	Limit      int   // at most this many
}

// ListInst returns instances with their files, newest first.
func (d *DB) ListInst(ctx context.Context, f InstFilter) ([]Inst, error) {
	var w where
	w.addIf(f.TplID != 0, "etplId = ?", f.TplID)
	w.addIf(f.OperatorID != 0, "operatorId = ?", f.OperatorID)
	w.addIf(len(f.States) != 0, "state IN (?)", f.States)
	w.addIf(f.Before != 0, "einstId < ?", f.Before)
	query := `SELECT ` + instColumns + ` FROM welife_export_inst` + w.String() + ` ORDER BY einstId DESC LIMIT ?`
	query, args, err := sqlx.In(query, append(w.args, f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("list instances: %w", err)
	}
	var insts []Inst
	if err := d.db.SelectContext(ctx, &insts, query, args...); err != nil {
		return nil, fmt.Errorf("list instances: %w", err)
	}
	if len(insts) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(insts))
	for i := range insts {
		ids[i] = insts[i].ID
	}
	files, err := d.files(ctx, ids...)
	if err != nil {
		return nil, err
	}
	for i := range insts {
		insts[i].Files = files[insts[i].ID]
	}
	return insts, nil
}

// Cancel ends an instance that waits as CANCELED and makes one that runs
// CANCELING. One that is CANCELING already stays as it is; one that has ended
// is a WrongState.
func (d *DB) Cancel(ctx context.Context, id int64, operator int32, reason string) (*Inst, error) {
	const SELECT = `SELECT ` + instColumns + ` FROM welife_export_inst WHERE einstId = ? FOR UPDATE`
	const CANCELING = `UPDATE welife_export_inst SET state = ?, updated = UTC_TIMESTAMP(6) WHERE einstId = ?`
	err := d.inTx(ctx, func(t *tx) error {
		in, err := getInst(ctx, t, SELECT, id)
		if err != nil {
			return err
		}
		switch in.State {
		case StateQueued, StateRetryWait:
			return end(ctx, t, in, ending{state: StateCanceled, code: codeCanceled, msg: "canceled before it ran", operator: operator, reason: reason})
		case StateRunning:
			if _, err := t.ExecContext(ctx, CANCELING, StateCanceling, id); err != nil {
				return fmt.Errorf("cancel instance %d: %w", id, err)
			}
			return addEvent(ctx, t, operator, reason, id)
		case StateCanceling:
			return nil
		case StateSucceeded, StateExpired, StateFailed, StateCanceled, StateTimedOut:
		}
		return Errorf(WrongState, "einstId: %d is %s; only one that waits or runs can be canceled", id, in.State)
	})
	if err != nil {
		return nil, err
	}
	return d.GetInst(ctx, id)
}

// RetryNow lets an instance in RETRY_WAIT run at once; in any other state it
// changes nothing. It returns the instance as it is then.
func (d *DB) RetryNow(ctx context.Context, id int64, operator int32) (*Inst, error) {
	const UPDATE = `UPDATE welife_export_inst SET runAfter = UTC_TIMESTAMP(6), updated = UTC_TIMESTAMP(6)
		WHERE einstId = ? AND state = ?`
	err := d.inTx(ctx, func(t *tx) error {
		res, err := t.ExecContext(ctx, UPDATE, id, StateRetryWait)
		if err != nil {
			return fmt.Errorf("retry instance %d: %w", id, err)
		}
		if n, err := res.RowsAffected(); n == 0 {
			return err
		}
		return addEvent(ctx, t, operator, "next attempt asked for now", id)
	})
	if err != nil {
		return nil, err
	}
	return d.GetInst(ctx, id)
}

// addEvent writes down the state that instances have at this point of the
// transaction.
func addEvent(ctx context.Context, t *tx, operator int32, reason string, ids ...int64) error {
	const INSERT = `INSERT INTO welife_export_event (einstId, at, state, attempt, worker, operatorId, reason)
		SELECT einstId, UTC_TIMESTAMP(6), state, attempt, owner, ?, ? FROM welife_export_inst WHERE einstId IN (?)`
	query, args, err := sqlx.In(INSERT, operator, reason, ids)
	if err != nil {
		return fmt.Errorf("insert event: %w", err)
	}
	if _, err := t.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("insert event: %w", err)
	}
	return nil
}

// ListEvents returns an instance's events after an id, oldest first.
func (d *DB) ListEvents(ctx context.Context, instID, after int64, limit int) ([]Event, error) {
	const EXISTS = `SELECT einstId FROM welife_export_inst WHERE einstId = ?`
	const SELECT = `SELECT eventId, einstId, at, state, attempt, worker, operatorId, reason
		FROM welife_export_event WHERE einstId = ? AND eventId > ? ORDER BY eventId LIMIT ?`
	var id int64
	err := d.db.GetContext(ctx, &id, EXISTS, instID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, Errorf(NotFound, "einstId: %d, no such instance", instID)
	}
	if err != nil {
		return nil, fmt.Errorf("read instance %d: %w", instID, err)
	}
	var events []Event
	if err := d.db.SelectContext(ctx, &events, SELECT, instID, after, limit); err != nil {
		return nil, fmt.Errorf("list events of instance %d: %w", instID, err)
	}
	return events, nil
}
