package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

const tplColumns = `etplId, etplName, etplTag, etplSource, etplExpr, etplOutputColumns, etplOutputFormat,
	etplParams, etplOptions, etplResultColumns, etplTimeoutSec, etplMaxAttempts, etplRetentionSec,
	etplVersion, etplStatus, etplExecTimes, etplExecOkTimes, operatorId, requestId,
	etplCreated, etplUpdated, etplDeleted, etplLimits, etplExtraColumns, etplDeliverTo, etplNotify`

// Request identifies a request that creates an object, so that a repeated request
// creates one object. Request ids are unique within an operator. The zero Request
// has no id and is never recognized as repeated.
type Request struct {
	OperatorID int32
	ID         string   // chosen by the client; empty: none
	Hash       [32]byte // SHA-256 of the request without its id
}

func (r Request) columns() (id sql.NullString, hash any) {
	if r.ID == "" {
		return sql.NullString{}, nil
	}
	return sql.NullString{String: r.ID, Valid: true}, r.Hash[:]
}

// errOtherBody is the error for a request id that was used with another body.
func errOtherBody(id string) error {
	return Errorf(Conflict, "requestId: %q was used with another body; want a new id for a new request", id)
}

// TplByRequest returns the template that a request created, or nil if it created
// none. The same request id with another body is a Conflict.
func (d *DB) TplByRequest(ctx context.Context, r Request) (*Tpl, error) {
	const SELECT = `SELECT etplId AS id, requestHash AS hash FROM welife_export_tpl WHERE operatorId = ? AND requestId = ?`
	id, err := d.byRequest(ctx, SELECT, r)
	if id == 0 || err != nil {
		return nil, err
	}
	return d.GetTpl(ctx, int32(id))
}

// byRequest returns the id of the object that a request created, 0 if there is
// none. query selects id and hash by operator and request id.
func (d *DB) byRequest(ctx context.Context, query string, r Request) (int64, error) {
	if r.ID == "" {
		return 0, nil
	}
	var found struct {
		ID   int64
		Hash []byte
	}
	err := d.db.GetContext(ctx, &found, query, r.OperatorID, r.ID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("look up requestId: %w", err)
	case string(found.Hash) != string(r.Hash[:]):
		return 0, errOtherBody(r.ID)
	}
	return found.ID, nil
}

// CreateTpl stores t as version 1 and returns the stored template. If the request
// created a template before, CreateTpl returns that one and stores nothing.
func (d *DB) CreateTpl(ctx context.Context, t Tpl, r Request) (*Tpl, error) {
	const INSERT = `INSERT INTO welife_export_tpl (etplName, etplTag, etplSource, etplExpr, etplOutputColumns,
		etplOutputFormat, etplParams, etplOptions, etplResultColumns, etplTimeoutSec, etplMaxAttempts,
		etplRetentionSec, etplLimits, etplExtraColumns, etplDeliverTo, etplNotify, etplVersion, etplStatus, operatorId, requestId,
		requestHash, etplCreated, etplUpdated)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`
	reqID, hash := r.columns()
	var id int64
	err := d.inTx(ctx, func(x *tx) error {
		var err error
		id, err = insertID(ctx, x, INSERT, t.Name, t.Tag, t.Source, t.Expr, t.OutputColumns,
			t.OutputFormat, t.Params, t.Options, t.ResultColumns, t.TimeoutSec, t.MaxAttempts,
			t.RetentionSec, t.Limits, t.ExtraColumns, t.DeliverTo, t.Notify, t.Status, t.OperatorID, reqID, hash)
		if err != nil {
			return fmt.Errorf("insert template: %w", err)
		}
		t.ID, t.Version = int32(id), 1
		if err := x.keepVersion(ctx, t, false); err != nil {
			return err
		}
		return x.audit(ctx, AuditEntry{Action: AuditCreate, Kind: AuditTpl, ObjectID: id, Operator: t.OperatorID})
	})
	if isServerError(err, mysqlErrDuplicateEntry) {
		return d.TplByRequest(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	return d.GetTpl(ctx, int32(id))
}

// GetTpl returns a template, also a deleted one.
func (d *DB) GetTpl(ctx context.Context, id int32) (*Tpl, error) {
	const SELECT = `SELECT ` + tplColumns + ` FROM welife_export_tpl WHERE etplId = ?`
	return getTpl(ctx, d.db, SELECT, id)
}

func getTpl(ctx context.Context, q querier, query string, id int32) (*Tpl, error) {
	var t Tpl
	err := q.GetContext(ctx, &t, query, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, Errorf(NotFound, "etplId: %d, no such template", id)
	}
	if err != nil {
		return nil, fmt.Errorf("read template %d: %w", id, err)
	}
	return &t, nil
}

// TplFilter selects the templates that ListTpl returns. A zero field does not
// filter.
type TplFilter struct {
	ID          int32
	NamePart    string
	Tag         string
	Search      string // part of the name or of the tag
	OperatorID  int32
	WithDeleted bool
	Before      int32 // only ids below this one: the id of the last row of the page before
	Limit       int   // largest number of templates; required
}

// ListTpl returns templates, newest first.
func (d *DB) ListTpl(ctx context.Context, f TplFilter) ([]Tpl, error) {
	var w where
	w.addIf(f.ID != 0, "etplId = ?", f.ID)
	w.addIf(f.NamePart != "", "etplName LIKE ?", "%"+likeText(f.NamePart)+"%")
	// = for the index, LIKE because = ignores trailing spaces.
	w.addIf(f.Tag != "", "etplTag = ? AND etplTag LIKE ?", f.Tag, likeText(f.Tag))
	part := "%" + likeText(f.Search) + "%"
	// The collation of the column etplTag is case-sensitive.
	w.addIf(f.Search != "", "(etplName LIKE ? OR etplTag COLLATE utf8mb4_general_ci LIKE ?)", part, part)
	w.addIf(f.OperatorID != 0, "operatorId = ?", f.OperatorID)
	w.addIf(!f.WithDeleted, "etplStatus <> ?", TplDeleted)
	w.addIf(f.Before != 0, "etplId < ?", f.Before)
	index := ""
	switch {
	case f.ID != 0: // one row
	case f.Tag != "":
		index = " FORCE INDEX (ix_tag)"
	case f.OperatorID != 0:
		index = " FORCE INDEX (ix_operator)"
	}
	query := `SELECT ` + tplColumns + ` FROM welife_export_tpl` + index + w.String() + ` ORDER BY etplId DESC LIMIT ?`
	var tpls []Tpl
	if err := d.db.SelectContext(ctx, &tpls, query, append(w.args, f.Limit)...); err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	return tpls, nil
}

// UpdateTpl calls change with a template and stores the result as its next
// version. version is the version that the client has seen; if it is not the
// current one, or if another request changes the template at the same time,
// UpdateTpl returns a Conflict error; version 0 skips the first check. A deleted
// template is a WrongState error.
func (d *DB) UpdateTpl(ctx context.Context, id, version int32, change func(*Tpl) error) (*Tpl, error) {
	const SELECT = `SELECT ` + tplColumns + ` FROM welife_export_tpl WHERE etplId = ?`
	const UPDATE = `UPDATE welife_export_tpl SET etplName = ?, etplTag = ?, etplSource = ?, etplExpr = ?,
		etplOutputColumns = ?, etplOutputFormat = ?, etplParams = ?, etplOptions = ?, etplResultColumns = ?,
		etplTimeoutSec = ?, etplMaxAttempts = ?, etplRetentionSec = ?, etplLimits = ?, etplExtraColumns = ?,
		etplDeliverTo = ?, etplNotify = ?, etplStatus = ?,
		etplVersion = etplVersion + 1, etplUpdated = UTC_TIMESTAMP(6)
		WHERE etplId = ? AND etplVersion = ? AND etplStatus <> ?`
	t, err := getTpl(ctx, d.db, SELECT, id)
	if err != nil {
		return nil, err
	}
	if t.Status == TplDeleted {
		return nil, errTplDeleted(id)
	}
	if version != 0 && version != t.Version {
		return nil, Errorf(Conflict, "etplVersion: %d, the template is at version %d now", version, t.Version)
	}
	// change may query a data source, so no transaction is open meanwhile. The
	// version in the UPDATE detects a concurrent change.
	was := *t
	before, err := snapshotOf(t)
	if err != nil {
		return nil, err
	}
	if err := change(t); err != nil {
		return nil, err
	}
	after, err := snapshotOf(t)
	if err != nil {
		return nil, err
	}
	err = d.inTx(ctx, func(x *tx) error {
		res, err := x.ExecContext(ctx, UPDATE, t.Name, t.Tag, t.Source, t.Expr,
			t.OutputColumns, t.OutputFormat, t.Params, t.Options, t.ResultColumns,
			t.TimeoutSec, t.MaxAttempts, t.RetentionSec, t.Limits, t.ExtraColumns,
			t.DeliverTo, t.Notify, t.Status, id, t.Version, TplDeleted)
		if err != nil {
			return fmt.Errorf("update template %d: %w", id, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, Errorf(Conflict, "etplId: %d was changed by another request at the same time; read it and try again", id))
		}
		next := *t
		next.Version++
		if err := errors.Join(x.keepEarlier(ctx, was), x.keepVersion(ctx, next, false)); err != nil {
			return err
		}
		return x.audit(ctx, AuditEntry{
			Action: AuditChange, Kind: AuditTpl, ObjectID: int64(id), Operator: t.OperatorID, Detail: changes(t.Version+1, before.diff(after)),
		})
	})
	if err != nil {
		return nil, err
	}
	return d.GetTpl(ctx, id)
}

func errTplDeleted(id int32) error {
	return Errorf(WrongState, "etplId: %d, the template is deleted", id)
}

// SetTplChecked makes a TplInited template TplNormal with the result columns of
// its first successful check. It changes nothing if the template has another
// version by now.
func (d *DB) SetTplChecked(ctx context.Context, id, version int32, columns []ResultColumn) error {
	const UPDATE = `UPDATE welife_export_tpl SET etplStatus = ?, etplResultColumns = ?
		WHERE etplId = ? AND etplVersion = ? AND etplStatus = ?`
	_, err := d.db.ExecContext(ctx, UPDATE, TplNormal, JSON[[]ResultColumn]{columns}, id, version, TplInited)
	if err != nil {
		return fmt.Errorf("mark template %d as checked: %w", id, err)
	}
	return nil
}

// DeleteTpl marks a template as deleted and returns it. Deleting it again changes
// nothing.
func (d *DB) DeleteTpl(ctx context.Context, id int32) (*Tpl, error) {
	const UPDATE = `UPDATE welife_export_tpl SET etplStatus = ?, etplDeleted = UTC_TIMESTAMP(6),
		etplUpdated = UTC_TIMESTAMP(6) WHERE etplId = ? AND etplStatus <> ?`
	t, err := d.GetTpl(ctx, id)
	if err != nil || t.Status == TplDeleted {
		return t, err
	}
	err = d.inTx(ctx, func(x *tx) error {
		res, err := x.ExecContext(ctx, UPDATE, TplDeleted, id, TplDeleted)
		if err != nil {
			return fmt.Errorf("delete template %d: %w", id, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err // another request deleted it
		}
		if err := errors.Join(x.keepEarlier(ctx, *t), x.keepVersion(ctx, *t, true)); err != nil {
			return err
		}
		return x.audit(ctx, AuditEntry{Action: AuditDelete, Kind: AuditTpl, ObjectID: int64(id), Operator: t.OperatorID})
	})
	if err != nil {
		return nil, err
	}
	return d.GetTpl(ctx, id)
}
