package model

import (
	"context"
	"fmt"
	"time"

	"exporttask/internal/model/auditchain"
)

// AuditFilter selects the rows that ListAudit returns. A zero field does not
// filter.
type AuditFilter struct {
	OperatorID int32
	Actions    []AuditAction
	Kind       AuditKind
	ObjectID   int64 // of Kind, which is required with it
	Token      string
	From, To   time.Time // from <= at < to
	// Cursor is the id of the last row of the page before.
	Cursor int64
	// OldestFirst returns the rows in the order of the chain.
	OldestFirst bool
	Limit       int // largest number of rows; required
}

// auditSlack bounds the difference between the order of times and that of ids: the
// time for which a transaction can be open, with room to spare.
const auditSlack = 10 * time.Minute

// ListAudit returns rows of the audit log, newest first.
func (d *DB) ListAudit(ctx context.Context, f AuditFilter) ([]auditchain.Row, error) {
	p := page{table: "welife_export_audit", id: "auditId", by: "action", limit: f.Limit, up: f.OldestFirst, cursor: f.Cursor}
	actions := f.Actions
	switch {
	case f.Kind != 0 && f.ObjectID != 0: // has few rows
		p.index = "ix_object"
	case f.Token != "":
		p.index = "ix_token_action"
	case f.OperatorID != 0:
		p.index = "ix_operator_action"
	case len(actions) != 0:
		p.index = "ix_action"
	}
	switch {
	case p.index == "ix_object":
		p.where.addIf(len(actions) != 0, "action IN (?)", actions)
		actions = nil
	case p.index != "" && len(actions) == 0:
		actions = auditActions
	}
	p.where.addIf(f.OperatorID != 0, "operatorId = ?", f.OperatorID)
	p.where.addIf(f.Token != "", "token = ?", f.Token)
	p.where.addIf(f.Kind != 0, "kind = ?", f.Kind)
	p.where.addIf(f.ObjectID != 0, "objectId = ?", f.ObjectID)
	if err := d.addAuditTimes(ctx, &p.where, f); err != nil {
		return nil, err
	}
	if p.index == "" && len(p.where.conds) == 0 && f.OldestFirst { // a verification reads all rows
		return d.auditRows(ctx, `SELECT auditId AS id, `+auditColumns+`, prevHash FROM welife_export_audit WHERE auditId > ? ORDER BY auditId LIMIT ?`, f.Cursor, f.Limit)
	}
	ids, err := selectPage(ctx, d.db, p, actions)
	if err != nil || len(ids) == 0 {
		return nil, wrap("list the audit log", err)
	}
	query := `SELECT auditId AS id, ` + auditColumns + `, prevHash FROM welife_export_audit WHERE auditId IN (?)` + p.order()
	return d.auditRows(ctx, query, ids)
}

func (d *DB) auditRows(ctx context.Context, query string, args ...any) ([]auditchain.Row, error) {
	var list []auditRow
	if err := d.db.SelectContext(ctx, &list, query, args...); err != nil {
		return nil, fmt.Errorf("list the audit log: %w", err)
	}
	rows := make([]auditchain.Row, len(list))
	for i := range list {
		rows[i] = list[i].row()
	}
	return rows, nil
}

// addAuditTimes adds the conditions of a filter's times. Rows are read by id, so a
// range of times becomes a range of ids as well, which bounds what is read.
func (d *DB) addAuditTimes(ctx context.Context, w *where, f AuditFilter) error {
	const FIRST = `SELECT auditId FROM welife_export_audit FORCE INDEX (ix_at) WHERE at >= ? ORDER BY at LIMIT 1`
	const LAST = `SELECT auditId FROM welife_export_audit FORCE INDEX (ix_at) WHERE at < ? ORDER BY at DESC LIMIT 1`
	bound := func(query string, at time.Time, cond, none string) error {
		var ids []int64
		if err := d.db.SelectContext(ctx, &ids, query, at); err != nil {
			return fmt.Errorf("find audit rows by time: %w", err)
		}
		if len(ids) == 0 {
			w.addIf(true, none)
			return nil
		}
		w.addIf(true, cond, ids[0])
		return nil
	}
	if !f.From.IsZero() {
		w.addIf(true, "at >= ?", f.From)
		if err := bound(FIRST, f.From.Add(-auditSlack), "auditId >= ?", "FALSE"); err != nil {
			return err
		}
	}
	if !f.To.IsZero() {
		w.addIf(true, "at < ?", f.To)
		return bound(LAST, f.To.Add(auditSlack), "auditId <= ?", "FALSE")
	}
	return nil
}
