package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

const instColumns = instColumnsButParams + `, params`

const instColumnsButParams = `einstId, etplId, status, state, operatorId, requestId, retryOf, etplName, etplVersion,
	etplSource, etplExpr, etplOutputColumns, etplOutputFormat, etplParams, etplOptions, timeoutSec,
	retentionSec, maxAttempts, attempt, claims, crashes, runAfter, owner, rowsDone, bytesDone, errCode, errMsg,
	warnings, created, updated, started, finished, expires, resultColumns, limits, runLimit, extraColumns, deliverTo,
	eschedId, due, windowStart, windowEnd, traceparent, identity, token, notify, outageSince`

// InstByRequest returns the instance that a request created, or nil if it
// created none. The same request id with another body is a Conflict.
func (d *DB) InstByRequest(ctx context.Context, r Request) (*Inst, error) {
	const SELECT = `SELECT einstId AS id, requestHash AS hash FROM welife_export_inst WHERE operatorId = ? AND requestId = ?`
	id, err := d.byRequest(ctx, SELECT, r)
	if id == 0 || err != nil {
		return nil, err
	}
	return d.GetInst(ctx, id)
}

// CreateInst stores in as a QUEUED instance and returns the stored instance. The
// caller has set the fields that are frozen at creation. If the operator has
// maxWaiting waiting instances already, CreateInst returns a Quota error; if the
// template was deleted, a WrongState error. If the request created an instance
// before, CreateInst returns that instance and stores nothing.
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
		if id, err = insertInst(ctx, t, &in, r, reason); err != nil {
			return err
		}
		return addLate(ctx, t, &in, id, utcNow)
	})
	if isServerError(err, mysqlErrDuplicateEntry) {
		return d.InstByRequest(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	return d.GetInst(ctx, id)
}

// insertInst stores in as a QUEUED instance with its first event, a new identity
// and the span of ctx, and returns its id. If the template was deleted,
// insertInst returns a WrongState error.
func insertInst(ctx context.Context, t *tx, in *Inst, r Request, reason string) (int64, error) {
	const INSERT = `INSERT INTO welife_export_inst (etplId, status, state, operatorId, requestId, requestHash,
		retryOf, etplName, etplVersion, etplSource, etplExpr, etplOutputColumns, etplOutputFormat, etplParams,
		etplOptions, params, timeoutSec, retentionSec, maxAttempts, resultColumns, limits, runLimit, extraColumns,
		deliverTo, eschedId, due, windowStart, windowEnd, traceparent, identity, limitedTpl, notify,
		runAfter, errMsg, warnings, created, updated)
		SELECT etplId, ?, UTC_TIMESTAMP(6), '', '[]', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)
		FROM welife_export_tpl WHERE etplId = ? AND etplStatus <> ?`
	reqID, hash := r.columns()
	var limitedTpl int32 // see readyGroup
	if in.Limits.V.Running > 0 {
		limitedTpl = in.TplID
	}
	values := []any{
		Waiting, StateQueued, in.OperatorID, reqID, hash,
		in.RetryOf, in.TplName, in.TplVersion, in.Source, in.Expr, in.OutputColumns, in.OutputFormat, in.Decls,
		in.Options, in.Params, in.TimeoutSec, in.RetentionSec, in.MaxAttempts, in.ResultColumns, in.Limits,
		in.Limits.V.Running, in.ExtraColumns, in.DeliverTo, in.SchedID, in.Due, in.WindowStart, in.WindowEnd,
		traceparent(ctx), NewUID(), limitedTpl, in.Notify,
	}
	res, err := t.ExecContext(ctx, INSERT, values, in.TplID, TplDeleted)
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
	if err := t.audit(ctx, runEntry(in, id)); err != nil {
		return 0, err
	}
	return id, addEvent(ctx, t, in.OperatorID, reason, id)
}

// runEntry returns the audit entry of an instance's creation.
func runEntry(in *Inst, id int64) AuditEntry {
	e := AuditEntry{
		Action: AuditRun, Kind: AuditInst, ObjectID: id, Operator: in.OperatorID, By: in.OperatorID,
		Detail: fmt.Sprintf("template %d, version %d", in.TplID, in.TplVersion),
	}
	if in.SchedID != 0 {
		e.Detail += fmt.Sprintf(", schedule %d, due %s", in.SchedID, in.Due.Time.UTC().Format(time.RFC3339))
	}
	if in.RetryOf != 0 {
		e.Action = AuditRetry
		e.Detail += fmt.Sprintf(", retry of %d", in.RetryOf)
	}
	return e
}

// GetInst returns an instance with its files.
func (d *DB) GetInst(ctx context.Context, id int64) (*Inst, error) {
	in, err := d.getInst(ctx, d.db, id, "")
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

// smallParams is the size of parameter values, in bytes, up to which they are read
// with the rest of an instance. One instance may have 4 MiB of them.
const smallParams = 64 << 10

// oneInstColumns are instColumns with parameter values of more than smallParams left
// out.
const oneInstColumns = instColumnsButParams + `, IF(LENGTH(params) > 65536, '[]', params) AS params, LENGTH(params) AS paramsLength`

// getInst reads one instance. suffix is FOR UPDATE or empty. Large parameter values are
// read with a second statement, after largeRead has permitted it and one at a time: to
// decode them takes tens of milliseconds of a processor, for which other calls would
// wait.
func (d *DB) getInst(ctx context.Context, q querier, id int64, suffix string) (*Inst, error) {
	const SELECT = `SELECT ` + oneInstColumns + ` FROM welife_export_inst WHERE einstId = ? `
	const PARAMS = `SELECT params FROM welife_export_inst WHERE einstId = ?`
	var row struct {
		Inst
		ParamsLength int64 `db:"paramsLength"`
	}
	err := q.GetContext(ctx, &row, SELECT+suffix, id)
	if err == nil && row.ParamsLength > smallParams {
		if d.largeRead != nil {
			if err := d.largeRead(ctx, row.ParamsLength); err != nil {
				return nil, err
			}
		}
		select {
		case d.largeReads <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		err = q.GetContext(ctx, &row.Params, PARAMS, id)
		<-d.largeReads
	}
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNoInst(id)
	}
	if err != nil {
		return nil, fmt.Errorf("read instance %d: %w", id, err)
	}
	return &row.Inst, nil
}

func errNoInst(id int64) error { return Errorf(NotFound, "einstId: %d, no such instance", id) }

// files returns the files of instances by einstId, in the order of seq.
func (d *DB) files(ctx context.Context, ids ...int64) (map[int64][]File, error) {
	const SELECT = `SELECT einstId, seq, name, storeKey, contentType, rowsCount, bytes, sha256
		FROM welife_export_file WHERE einstId IN (?) ORDER BY einstId, seq`
	var files []File
	if err := d.db.SelectContext(ctx, &files, SELECT, ids); err != nil {
		return nil, fmt.Errorf("read files: %w", err)
	}
	byInst := make(map[int64][]File, len(ids))
	for _, f := range files {
		byInst[f.InstID] = append(byInst[f.InstID], f)
	}
	return byInst, nil
}

// Cancel ends a waiting instance as CANCELED and makes a running one CANCELING;
// a CANCELING instance stays as it is. An instance that has ended is a WrongState
// error. Cancel returns the instance as it is afterwards.
func (d *DB) Cancel(ctx context.Context, id int64, operator int32, reason string) (*Inst, error) {
	const CANCELING = `UPDATE welife_export_inst SET state = ?, updated = UTC_TIMESTAMP(6) WHERE einstId = ? AND state = ?`
	err := d.inTx(ctx, func(t *tx) error {
		in, err := d.getInst(ctx, t, id, "FOR UPDATE")
		if err != nil {
			return err
		}
		if !in.State.Ended() && in.State != StateCanceling {
			if err := t.audit(ctx, AuditEntry{Action: AuditCancel, Kind: AuditInst, ObjectID: id, Operator: in.OperatorID, By: operator}); err != nil {
				return err
			}
		}
		switch in.State {
		case StateQueued, StateRetryWait:
			return end(ctx, t, in, ending{state: StateCanceled, code: codeCanceled, msg: "canceled before it ran", operator: operator, reason: reason})
		case StateRunning:
			if err := execOne(ctx, t, CANCELING, StateCanceling, id, in.State); err != nil {
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

// RetryNow ends the pause of an instance in RETRY_WAIT; in any other state it
// changes nothing. It returns the instance as it is afterwards.
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
		in, err := d.getInst(ctx, t, id, "")
		if err != nil {
			return err
		}
		err = t.audit(ctx, AuditEntry{
			Action: AuditRetry, Kind: AuditInst, ObjectID: id, Operator: in.OperatorID, By: operator, Detail: "the next attempt now",
		})
		if err != nil {
			return err
		}
		return addEvent(ctx, t, operator, "next attempt asked for now", id)
	})
	if err != nil {
		return nil, err
	}
	return d.GetInst(ctx, id)
}

// stateTimeout bounds the query of InstState.
const stateTimeout = 2 * time.Second

// InstState returns the state of an instance. The query is bounded by 2 s.
func (d *DB) InstState(ctx context.Context, id int64) (State, error) {
	const SELECT = `SELECT state FROM welife_export_inst WHERE einstId = ?`
	ctx, stop := context.WithTimeout(ctx, stateTimeout)
	defer stop()
	var state State
	if err := d.db.GetContext(ctx, &state, SELECT, id); err != nil {
		return 0, fmt.Errorf("read the state of instance %d: %w", id, err)
	}
	return state, nil
}
