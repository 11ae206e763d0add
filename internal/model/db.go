package model

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
)

// DB is exportd's own database. It is safe for concurrent use.
type DB struct {
	db    pool
	work  pool    // of Workers
	long  *sql.DB // without a time limit
	queue QueueSettings
	turns *turns
	// largeRead permits to read a value of many bytes; nil: all may be read.
	largeRead  func(ctx context.Context, bytes int64) error
	largeReads chan struct{} // one element while large values are read and decoded

	history   *commitLog
	connected <-chan struct{}

	quotas         *quotas
	audit          *auditState
	queueCounts    *snapshot[[]QueueOperator]
	deliveryCounts *snapshot[[]DeliveryLoad]
}

const (
	// idleTime is how long a connection of the pool may be idle before it is
	// closed; it is shorter than abandonTime.
	idleTime = 8 * time.Second
	// abandonTime is the wait_timeout of a session: the server ends the
	// transaction of a process that vanished (a frozen host, a firewall that
	// drops packets) after this time and so frees the rows that it locked.
	abandonTime = 20 * time.Second
	// lockWait is how long a statement waits for a row lock before it fails
	// with error 1205. Transactions of this package hold locks for milliseconds.
	lockWait = 5 * time.Second
)

// readTimeout bounds the wait for the answer to a statement. No statement of this
// package takes this long on a connection that works.
const readTimeout = 30 * time.Second

const (
	// PoolSize is the largest number of connections of a process to its own database:
	// callConns for calls, and workConns for the database that Workers returns.
	PoolSize  = callConns + workConns
	callConns = 16
	workConns = 8
)

// Open connects to exportd's own database. dsn is a DSN of go-sql-driver:
// "user:password@tcp(host:port)/database", with several servers
// "user:password@tcp(host:port,host:port)/database". Of its parameters only tls
// is used; this package sets all others.
func Open(ctx context.Context, dsn string) (*DB, error) {
	connected := make(chan struct{}, 1) // of both pools
	connector, err := newConnector(dsn, readTimeout, connected)
	if err != nil {
		return nil, err
	}
	unbounded, err := newConnector(dsn, 0, make(chan struct{}, 1))
	if err != nil {
		return nil, errors.Join(err, connector.Close())
	}
	workers, err := newConnector(dsn, readTimeout, connected)
	if err != nil {
		return nil, errors.Join(err, connector.Close(), unbounded.Close())
	}
	db, work := newPool(connector, callConns), newPool(workers, workConns)
	long := sql.OpenDB(unbounded)
	long.SetConnMaxIdleTime(idleTime)
	if err = db.db.PingContext(ctx); err != nil {
		err = fmt.Errorf("database %s: %w", strings.Join(connector.addrs, ", "), err)
	} else if db.galera, err = db.detectGalera(ctx); err == nil {
		work.galera = db.galera
	}
	if err != nil {
		return nil, errors.Join(err, db.db.Close(), work.db.Close(), long.Close())
	}
	return &DB{
		db: db, work: work, long: long, queue: QueueSettings{Lease: Lease}, turns: newTurns(), largeReads: make(chan struct{}, 1), history: new(commitLog), connected: connected,
		quotas: newQuotas(), audit: newAuditState(),
		queueCounts: new(snapshot[[]QueueOperator]), deliveryCounts: new(snapshot[[]DeliveryLoad]),
	}, nil
}

func newPool(c *connector, conns int) pool {
	db := sqlx.NewDb(sql.OpenDB(c), "mysql")
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	// Shorter than the time after which a firewall forgets an idle connection.
	db.SetConnMaxLifetime(3 * time.Minute)
	db.SetConnMaxIdleTime(idleTime)
	return pool{db: db}
}

// Workers returns the same database over connections of its own, which no caller of
// the service can use up: for claims, heartbeats and ends of attempts, for schedules,
// and for the health of the process.
func (d *DB) Workers() *DB {
	other := *d
	other.db = d.work
	return &other
}

// WithQueueSettings returns a DB that shares the connections of d and has other
// settings of the queue.
func (d *DB) WithQueueSettings(q QueueSettings) *DB {
	other := *d
	other.queue = q
	return &other
}

// WithLargeReads returns a DB that shares the connections of d and calls permit before
// it reads a value of more than 64 KiB of one instance. An error of permit ends the read.
func (d *DB) WithLargeReads(permit func(ctx context.Context, bytes int64) error) *DB {
	other := *d
	other.largeRead = permit
	return &other
}

func config(dsn string) (*mysql.Config, error) {
	given, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	if given.DBName == "" {
		return nil, errors.New(`database: no database in the DSN, want "user:password@tcp(host:port)/database"`)
	}
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd = given.User, given.Passwd
	cfg.Net, cfg.Addr, cfg.DBName = given.Net, given.Addr, given.DBName
	cfg.TLSConfig, cfg.TLS = given.TLSConfig, given.TLS
	cfg.Collation = "utf8mb4_general_ci"
	cfg.ParseTime = true
	cfg.Loc = time.UTC
	// Count the rows that an UPDATE matches, not those that it changes: a
	// heartbeat may write the values that are stored already.
	cfg.ClientFoundRows = true
	cfg.Timeout = 5 * time.Second
	cfg.WriteTimeout = readTimeout
	cfg.Params = map[string]string{
		"time_zone":                "'+00:00'",
		"wait_timeout":             fmt.Sprintf("%.0f", abandonTime.Seconds()),
		"innodb_lock_wait_timeout": fmt.Sprintf("%.0f", lockWait.Seconds()),
		"sql_mode":                 "'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
	}
	return cfg, nil
}

// SQL returns the handle that migrations run on. Its statements have no time
// limit: an index on millions of rows takes minutes.
func (d *DB) SQL() *sql.DB { return d.long }

// Close waits for counts in the background and closes all connections.
func (d *DB) Close() error {
	d.queueCounts.wait()
	d.deliveryCounts.wait()
	return errors.Join(d.db.db.Close(), d.work.db.Close(), d.long.Close())
}

// pingTimeout bounds Ping.
const pingTimeout = 2 * time.Second

// Ping stores a value and returns an error unless that succeeds within 2 s: a
// database that only answers reads cannot serve.
func (d *DB) Ping(ctx context.Context) error {
	const WRITE = `INSERT INTO welife_export_meta (name, value) VALUES ('ping', UTC_TIMESTAMP(6))
		ON DUPLICATE KEY UPDATE value = UTC_TIMESTAMP(6)`
	ctx, stop := context.WithTimeout(ctx, pingTimeout)
	defer stop()
	_, err := d.db.ExecContext(ctx, WRITE)
	if isServerError(err, mysqlErrDeadlock) {
		return nil // a node of a cluster that gave way to the Ping of another one
	}
	return wrap("write to the database", err)
}

// txAttempts is how often inTx runs a transaction that the server rolls back.
const txAttempts = 5

// inTx runs fn in a READ COMMITTED transaction, and again if the server rolled
// the transaction back because of a concurrent one. On a Galera cluster it also
// runs fn again if fn missed a row, when the node has caught up with the others.
// fn must have no effects outside of the transaction.
func (d *DB) inTx(ctx context.Context, fn func(*tx) error) error {
	var err error
	caughtUp := false
	for range txAttempts {
		err = d.once(ctx, fn)
		if isMiss(err) && !caughtUp {
			waited, syncErr := d.db.catchUp(ctx)
			if !waited {
				return cmp.Or(syncErr, err)
			}
			caughtUp = true
			continue
		}
		if !errors.Is(err, errRowCount) && !isServerError(err, mysqlErrRecordChanged, mysqlErrLockWaitTimeout, mysqlErrDeadlock) {
			return err
		}
	}
	return err
}

func (d *DB) once(ctx context.Context, fn func(*tx) error) error {
	begun, err := d.db.db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	t := &tx{tx: begun}
	if err := fn(t); err != nil {
		// The error of fn is the cause; the error of the rollback follows from it.
		_ = begun.Rollback()
		return err
	}
	if err := begun.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if t.audited {
		d.audit.added()
	}
	d.history.committed(t.marks)
	return nil
}
