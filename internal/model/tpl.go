package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

const tplColumns = `etplId, etplName, etplTag, etplSource, etplExpr, etplOutputColumns, etplOutputFormat,
	etplParams, etplOptions, etplResultColumns, etplTimeoutSec, etplMaxAttempts, etplRetentionSec,
	etplVersion, etplStatus, etplExecTimes, etplExecOkTimes, operatorId, requestId,
	etplCreated, etplUpdated, etplDeleted, etplLimits, etplExtraColumns, etplDeliverTo`

// Request identifies a creating request, so that sending it twice creates one
// thing. Its operator is that of what is created: ids are each operator's own.
// The zero Request identifies nothing.
type Request struct {
	OperatorID int32
	ID         string   // the client's own id; empty: none
	Hash       [32]byte // of the request's body without the id
}

func (r Request) columns() (id sql.NullString, hash any) {
	if r.ID == "" {
		return sql.NullString{}, nil
	}
	return sql.NullString{String: r.ID, Valid: true}, r.Hash[:]
}

// errOtherBody is what a request id used with another body gets.
func errOtherBody(id string) error {
	return Errorf(Conflict, "requestId: %q was used with another body; want a new id for a new request", id)
}

// TplByRequest returns the template that the request created, or nil where it
// created none. The same id with another body is a Conflict.
func (d *DB) TplByRequest(ctx context.Context, r Request) (*Tpl, error) {
	const SELECT = `SELECT etplId AS id, requestHash AS hash FROM welife_export_tpl WHERE operatorId = ? AND requestId = ?`
	id, err := d.byRequest(ctx, SELECT, r)
	if id == 0 || err != nil {
		return nil, err
	}
	return d.GetTpl(ctx, int32(id)) //nolint:gosec // an etplId
}

// byRequest returns the id of what the request created, 0 for nothing.
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

// CreateTpl saves t as version 1 and returns it as kept. Where the request
// created a template before, that one is returned and nothing is saved.
func (d *DB) CreateTpl(ctx context.Context, t Tpl, r Request) (*Tpl, error) {
	const INSERT = `INSERT INTO welife_export_tpl (etplName, etplTag, etplSource, etplExpr, etplOutputColumns,
		etplOutputFormat, etplParams, etplOptions, etplResultColumns, etplTimeoutSec, etplMaxAttempts,
		etplRetentionSec, etplLimits, etplExtraColumns, etplDeliverTo, etplVersion, etplStatus, operatorId, requestId,
		requestHash, etplCreated, etplUpdated)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`
	id, hash := r.columns()
	res, err := d.db.ExecContext(ctx, INSERT, t.Name, t.Tag, t.Source, t.Expr, t.OutputColumns,
		t.OutputFormat, t.Params, t.Options, t.ResultColumns, t.TimeoutSec, t.MaxAttempts,
		t.RetentionSec, t.Limits, t.ExtraColumns, t.DeliverTo, t.Status, t.OperatorID, id, hash)
	if isServerError(err, errDupEntry) {
		return d.TplByRequest(ctx, r)
	}
	if err != nil {
		return nil, fmt.Errorf("insert template: %w", err)
	}
	newID, err := res.LastInsertId()
	if err != nil {
		return nil, fmt.Errorf("insert template: %w", err)
	}
	return d.GetTpl(ctx, int32(newID)) //nolint:gosec // an etplId
}

// GetTpl returns a template, a deleted one as well.
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

// TplFilter says which templates ListTpl returns; zero fields do not filter.
type TplFilter struct {
	ID          int32
	NamePart    string
	Tag         string
	OperatorID  int32
	WithDeleted bool
	Before      int32 // only ids below this one: the page after it
	Limit       int   // at most this many
}

// ListTpl returns templates, newest first.
func (d *DB) ListTpl(ctx context.Context, f TplFilter) ([]Tpl, error) {
	var w where
	w.addIf(f.ID != 0, "etplId = ?", f.ID)
	w.addIf(f.NamePart != "", "etplName LIKE ?", "%"+likeText(f.NamePart)+"%")
	// LIKE, because = ignores spaces at the end.
	w.addIf(f.Tag != "", "etplTag LIKE ?", likeText(f.Tag))
	w.addIf(f.OperatorID != 0, "operatorId = ?", f.OperatorID)
	w.addIf(!f.WithDeleted, "etplStatus <> ?", TplDeleted)
	w.addIf(f.Before != 0, "etplId < ?", f.Before)
	query := `SELECT ` + tplColumns + ` FROM welife_export_tpl` + w.String() + ` ORDER BY etplId DESC LIMIT ?`
	var tpls []Tpl
	if err := d.db.SelectContext(ctx, &tpls, query, append(w.args, f.Limit)...); err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	return tpls, nil
}

// UpdateTpl lets change edit the template and saves the result as its next
// version. version is the one the change was made from, 0 for any; an older
// one is a Conflict. A deleted template is a WrongState.
func (d *DB) UpdateTpl(ctx context.Context, id, version int32, change func(*Tpl) error) (*Tpl, error) {
	const SELECT = `SELECT ` + tplColumns + ` FROM welife_export_tpl WHERE etplId = ?`
	const UPDATE = `UPDATE welife_export_tpl SET etplName = ?, etplTag = ?, etplSource = ?, etplExpr = ?,
		etplOutputColumns = ?, etplOutputFormat = ?, etplParams = ?, etplOptions = ?, etplResultColumns = ?,
		etplTimeoutSec = ?, etplMaxAttempts = ?, etplRetentionSec = ?, etplLimits = ?, etplExtraColumns = ?,
		etplDeliverTo = ?, etplStatus = ?,
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
	// change may ask a data source, so no transaction is held open over it:
	// the version in the UPDATE tells whether somebody came in between.
	if err := change(t); err != nil {
		return nil, err
	}
	res, err := d.db.ExecContext(ctx, UPDATE, t.Name, t.Tag, t.Source, t.Expr,
		t.OutputColumns, t.OutputFormat, t.Params, t.Options, t.ResultColumns,
		t.TimeoutSec, t.MaxAttempts, t.RetentionSec, t.Limits, t.ExtraColumns,
		t.DeliverTo, t.Status, id, t.Version, TplDeleted)
	if err != nil {
		return nil, fmt.Errorf("update template %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return nil, errors.Join(err, Errorf(Conflict, "etplId: %d was changed by another request at the same time; read it and try again", id))
	}
	return d.GetTpl(ctx, id)
}

func errTplDeleted(id int32) error {
	return Errorf(WrongState, "etplId: %d, the template is deleted", id)
}

// SetTplChecked records that a template kept as TplInited was prepared at
// last. It does nothing where the template has another version by now.
func (d *DB) SetTplChecked(ctx context.Context, id, version int32, columns []ResultColumn) error {
	const UPDATE = `UPDATE welife_export_tpl SET etplStatus = ?, etplResultColumns = ?
		WHERE etplId = ? AND etplVersion = ? AND etplStatus = ?`
	_, err := d.db.ExecContext(ctx, UPDATE, TplNormal, JSON[[]ResultColumn]{columns}, id, version, TplInited)
	if err != nil {
		return fmt.Errorf("mark template %d as checked: %w", id, err)
	}
	return nil
}

// DeleteTpl marks a template deleted and returns it; deleting it again
// changes nothing.
func (d *DB) DeleteTpl(ctx context.Context, id int32) (*Tpl, error) {
	const UPDATE = `UPDATE welife_export_tpl SET etplStatus = ?, etplDeleted = UTC_TIMESTAMP(6),
		etplUpdated = UTC_TIMESTAMP(6) WHERE etplId = ? AND etplStatus <> ?`
	if _, err := d.db.ExecContext(ctx, UPDATE, TplDeleted, id, TplDeleted); err != nil {
		return nil, fmt.Errorf("delete template %d: %w", id, err)
	}
	return d.GetTpl(ctx, id)
}

// where collects the conditions of a query.
type where struct {
	conds []string
	args  []any
}

func (w *where) addIf(ok bool, cond string, args ...any) {
	if ok {
		w.conds = append(w.conds, cond)
		w.args = append(w.args, args...)
	}
}

func (w *where) String() string {
	if len(w.conds) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conds, " AND ")
}

// likeText escapes what LIKE would take for wildcards.
func likeText(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
