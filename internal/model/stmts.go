package model

import (
	"context"
	"database/sql"
	"sync"

	"github.com/jmoiron/sqlx"
)

// maxStmts bounds the statements kept prepared on each connection. Texts with
// lists of many lengths would otherwise pile up on the server.
const maxStmts = 200

// stmts keeps prepared statements by their text. Values are always bound on
// the server, so a statement that is not kept costs a round trip more at every
// call. It is safe for concurrent use.
type stmts struct {
	db     *sqlx.DB
	mu     sync.Mutex
	byText map[string]*sqlx.Stmt
}

// get returns the kept statement of a text, or nil.
func (s *stmts) get(text string) *sqlx.Stmt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byText[text]
}

// keep prepares a text for the next time. It takes a connection, so it must
// not be called while one is held.
func (s *stmts) keep(ctx context.Context, text string) {
	s.mu.Lock()
	_, there := s.byText[text]
	full := len(s.byText) >= maxStmts
	s.mu.Unlock()
	if there || full {
		return
	}
	st, err := s.db.PreparexContext(ctx, text)
	if err != nil {
		return // the statement works without being kept
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.byText[text]; there {
		_ = st.Close()
		return
	}
	s.byText[text] = st
}

// querier runs statements: a pool outside of a transaction, a tx inside one.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	GetContext(ctx context.Context, to any, query string, args ...any) error
	SelectContext(ctx context.Context, to any, query string, args ...any) error
}

// pool runs statements on any connection.
type pool struct {
	*sqlx.DB
	stmts *stmts
}

func (p *pool) stmt(ctx context.Context, query string) *sqlx.Stmt {
	p.stmts.keep(ctx, query)
	return p.stmts.get(query)
}

// ExecContext implements querier.
func (p *pool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if st := p.stmt(ctx, query); st != nil {
		return st.ExecContext(ctx, args...)
	}
	return p.DB.ExecContext(ctx, query, args...)
}

// GetContext implements querier.
func (p *pool) GetContext(ctx context.Context, to any, query string, args ...any) error {
	if st := p.stmt(ctx, query); st != nil {
		return st.GetContext(ctx, to, args...)
	}
	return p.DB.GetContext(ctx, to, query, args...)
}

// SelectContext implements querier.
func (p *pool) SelectContext(ctx context.Context, to any, query string, args ...any) error {
	if st := p.stmt(ctx, query); st != nil {
		return st.SelectContext(ctx, to, args...)
	}
	return p.DB.SelectContext(ctx, to, query, args...)
}

// tx runs statements in a transaction. What was not kept prepared is noted,
// to be kept once the transaction has given its connection back.
type tx struct {
	*sqlx.Tx
	stmts  *stmts
	missed []string
}

func (t *tx) stmt(ctx context.Context, query string) *sqlx.Stmt {
	st := t.stmts.get(query)
	if st == nil {
		t.missed = append(t.missed, query)
		return nil
	}
	return t.StmtxContext(ctx, st)
}

// ExecContext implements querier.
func (t *tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if st := t.stmt(ctx, query); st != nil {
		return st.ExecContext(ctx, args...)
	}
	return t.Tx.ExecContext(ctx, query, args...)
}

// GetContext implements querier.
func (t *tx) GetContext(ctx context.Context, to any, query string, args ...any) error {
	if st := t.stmt(ctx, query); st != nil {
		return st.GetContext(ctx, to, args...)
	}
	return t.Tx.GetContext(ctx, to, query, args...)
}

// SelectContext implements querier.
func (t *tx) SelectContext(ctx context.Context, to any, query string, args ...any) error {
	if st := t.stmt(ctx, query); st != nil {
		return st.SelectContext(ctx, to, args...)
	}
	return t.Tx.SelectContext(ctx, to, query, args...)
}
