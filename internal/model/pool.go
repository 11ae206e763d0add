package model

import (
	"cmp"
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"
)

// querier runs statements whose arguments are expanded to literals: a pool
// outside of a transaction, a tx inside one.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	// GetContext scans the only row into to; sql.ErrNoRows if there is none.
	GetContext(ctx context.Context, to any, query string, args ...any) error
	// SelectContext scans all rows into the slice that to points to.
	SelectContext(ctx context.Context, to any, query string, args ...any) error
}

// pool runs each statement on any connection.
type pool struct {
	db     *sqlx.DB
	galera bool // the database is a node of a Galera cluster
}

// ExecContext implements querier.
func (p pool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	text, err := expand(query, args)
	if err != nil {
		return nil, err
	}
	return p.db.ExecContext(ctx, text)
}

// GetContext implements querier. On a Galera cluster a row that is not there is
// looked for again when the node has caught up with the others.
func (p pool) GetContext(ctx context.Context, to any, query string, args ...any) error {
	text, err := expand(query, args)
	if err != nil {
		return err
	}
	err = p.db.GetContext(ctx, to, text)
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if waited, syncErr := p.catchUp(ctx); !waited {
		return cmp.Or(syncErr, err)
	}
	return p.db.GetContext(ctx, to, text)
}

// SelectContext implements querier.
func (p pool) SelectContext(ctx context.Context, to any, query string, args ...any) error {
	text, err := expand(query, args)
	if err != nil {
		return err
	}
	return p.db.SelectContext(ctx, to, text)
}

// tx runs statements in one transaction.
type tx struct {
	tx      *sqlx.Tx
	audited bool   // it has recorded entries of the audit log
	marks   []mark // of its events
}

// ExecContext implements querier.
func (t *tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	text, err := expand(query, args)
	if err != nil {
		return nil, err
	}
	return t.tx.ExecContext(ctx, text)
}

// GetContext implements querier.
func (t *tx) GetContext(ctx context.Context, to any, query string, args ...any) error {
	text, err := expand(query, args)
	if err != nil {
		return err
	}
	return t.tx.GetContext(ctx, to, text)
}

// SelectContext implements querier.
func (t *tx) SelectContext(ctx context.Context, to any, query string, args ...any) error {
	text, err := expand(query, args)
	if err != nil {
		return err
	}
	return t.tx.SelectContext(ctx, to, text)
}

// insertID runs an INSERT of one row and returns its id.
func insertID(ctx context.Context, q querier, query string, args ...any) (int64, error) {
	res, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// execOne runs a statement that has to change exactly one row. It returns
// errRowCount if the statement matched another number of rows, so that a
// transaction is rolled back instead of being half done.
func execOne(ctx context.Context, q querier, query string, args ...any) error {
	return execRows(ctx, q, 1, query, args...)
}

// execRows is execOne for a statement that has to change want rows.
func execRows(ctx context.Context, q querier, want int, query string, args ...any) error {
	res, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n != int64(want) {
		return errRowCount
	}
	return err
}
