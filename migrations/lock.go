package migrations

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-sql-driver/mysql"
)

// lockTable holds one row that says which process migrates. golang-migrate's own
// lock (GET_LOCK) holds on one server only; a row holds on every node of a
// cluster, since two nodes cannot commit a change of the same row.
const lockTable = "welife_export_schema_lock"

const (
	// lockLease is the time after which the lock of a process that died is free.
	lockLease = 20 * time.Second
	// lockPoll is the pause between two attempts to take the lock.
	lockPoll = 200 * time.Millisecond
)

// rowLock is the lock on the schema, while it is held.
type rowLock struct {
	db      *sql.DB
	owner   string
	stop    context.CancelFunc
	stopped chan struct{}
}

// lock waits until no other process migrates, at most lockTimeout, and takes the
// lock. The lock is renewed until release.
func lock(ctx context.Context, db *sql.DB, log *slog.Logger) (*rowLock, error) {
	const (
		CREATE = `CREATE TABLE IF NOT EXISTS ` + lockTable + ` (id TINYINT NOT NULL PRIMARY KEY, owner VARCHAR(32) NOT NULL, until DATETIME(6) NOT NULL)`
		INSERT = `INSERT IGNORE INTO ` + lockTable + ` (id, owner, until) VALUES (1, '', UTC_TIMESTAMP(6))`
	)
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	l := &rowLock{db: db, owner: rand.Text(), stopped: make(chan struct{})}
	if err := retry(ctx, db, CREATE); err != nil {
		return nil, fmt.Errorf("create %s: %w", lockTable, err)
	}
	if err := retry(ctx, db, INSERT); err != nil {
		return nil, fmt.Errorf("fill %s: %w", lockTable, err)
	}
	for waited := false; ; waited = true {
		got, err := l.take(ctx)
		if err != nil {
			return nil, fmt.Errorf("lock the schema: %w", err)
		}
		if got {
			break
		}
		if !waited {
			log.Info("another process migrates the schema; waiting for it")
		}
		if err := pause(ctx); err != nil {
			return nil, fmt.Errorf("another process has been migrating the schema: %w", err)
		}
	}
	renewing, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	go l.renew(renewing, log) // until release
	return l, nil
}

// take takes the lock or renews it, and reports whether this process has it.
func (l *rowLock) take(ctx context.Context) (bool, error) {
	update := fmt.Sprintf(`UPDATE %s SET owner = '%s', until = UTC_TIMESTAMP(6) + INTERVAL %d SECOND
		WHERE id = 1 AND (owner = '%[2]s' OR until <= UTC_TIMESTAMP(6))`, lockTable, l.owner, int(lockLease.Seconds()))
	if err := retry(ctx, l.db, update); err != nil {
		return false, err
	}
	// The row says more than the number of changed rows, which a repeated
	// statement answers wrongly.
	var owner string
	err := l.db.QueryRowContext(ctx, `SELECT owner FROM `+lockTable+` WHERE id = 1`).Scan(&owner)
	return owner == l.owner, err
}

func (l *rowLock) renew(ctx context.Context, log *slog.Logger) {
	defer close(l.stopped)
	tick := time.NewTicker(lockLease / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if ok, err := l.take(ctx); (err != nil || !ok) && ctx.Err() == nil {
			log.Warn("renew the lock of the schema", "held", ok, "error", err)
		}
	}
}

// release frees the lock.
func (l *rowLock) release(ctx context.Context) error {
	l.stop()
	<-l.stopped
	update := fmt.Sprintf(`UPDATE %s SET owner = '', until = UTC_TIMESTAMP(6) WHERE id = 1 AND owner = '%s'`, lockTable, l.owner)
	return retry(ctx, l.db, update)
}

// Errors of a node of a cluster that pass: the statement was rolled back because
// another node was first, or the node is about to join.
const (
	errDeadlock    = 1213
	errLockWait    = 1205
	errNotPrepared = 1047
)

// retry runs a statement until it is not rolled back because of another one.
func retry(ctx context.Context, db *sql.DB, statement string) error {
	for {
		_, err := db.ExecContext(ctx, statement)
		my, ok := errors.AsType[*mysql.MySQLError](err)
		if !ok || my.Number != errDeadlock && my.Number != errLockWait && my.Number != errNotPrepared {
			return err
		}
		if pause(ctx) != nil {
			return err
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-time.After(lockPoll):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
