package model

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
)

// DB is the service's own database. It is safe for concurrent use.
type DB struct {
	db    *pool
	queue QueueSettings
}

// A client that vanished, behind a firewall or a frozen host, may leave a
// transaction open that holds rows of the queue. The server ends it after
// abandonTime; connections of ours that rest are closed well before.
const (
	idleTime    = 8 * time.Second
	abandonTime = 20 * time.Second
)

// lockWait is how long a statement waits for a row that another transaction
// holds, which is never for long.
const lockWait = 5 * time.Second

// PoolSize is how many connections a process keeps to its own database.
const PoolSize = 16

// Open connects to the service's own database. dsn is one of go-sql-driver:
// "user:password@tcp(host:port)/database"; of its parameters only tls is
// taken over, the rest is the policy of this package.
func Open(ctx context.Context, dsn string) (*DB, error) {
	cfg, err := config(dsn)
	if err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	db := sqlx.NewDb(sql.OpenDB(connector), "mysql")
	db.SetMaxOpenConns(PoolSize)
	db.SetMaxIdleConns(PoolSize)
	// Shorter than any firewall's or server's patience with idle connections.
	db.SetConnMaxLifetime(3 * time.Minute)
	db.SetConnMaxIdleTime(idleTime)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", cfg.Addr, err), db.Close())
	}
	return &DB{db: &pool{DB: db, stmts: &stmts{db: db, byText: map[string]*sqlx.Stmt{}}}, queue: QueueSettings{Lease: Lease}}, nil
}

// WithQueueSettings returns the same database with other settings of its queue.
func (d *DB) WithQueueSettings(q QueueSettings) *DB { return &DB{db: d.db, queue: q} }

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
	// A heartbeat that writes what is there already must not look like a lost lease.
	cfg.ClientFoundRows = true
	cfg.Timeout = 5 * time.Second
	// A statement of ours never takes this long; a dead connection does.
	cfg.ReadTimeout = 30 * time.Second
	cfg.WriteTimeout = 30 * time.Second
	cfg.Params = map[string]string{
		"time_zone":                "'+00:00'",
		"wait_timeout":             fmt.Sprintf("%.0f", abandonTime.Seconds()),
		"innodb_lock_wait_timeout": fmt.Sprintf("%.0f", lockWait.Seconds()),
		"sql_mode":                 "'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
	}
	return cfg, nil
}

// SQL is the plain handle, for migrations alone.
func (d *DB) SQL() *sql.DB { return d.db.DB.DB }

// Close closes the connections.
func (d *DB) Close() error { return d.db.Close() }

// Ping tells whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.db.PingContext(ctx) }

// txAttempts bounds how often a transaction that lost a race is run again.
const txAttempts = 5

// inTx runs fn in a READ COMMITTED transaction, and again where the server
// gave up on it for another one's sake. fn must not have effects outside.
func (d *DB) inTx(ctx context.Context, fn func(*tx) error) error {
	var err error
	for range txAttempts {
		err = d.once(ctx, fn)
		if !isServerError(err, errRecordChanged, errLockWait, errDeadlock) {
			return err
		}
	}
	return err
}

func (d *DB) once(ctx context.Context, fn func(*tx) error) error {
	begun, err := d.db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	t := &tx{Tx: begun, stmts: d.db.stmts}
	if err := fn(t); err != nil {
		// The error of fn tells more than that of a rollback after it.
		_ = t.Rollback()
		return err
	}
	if err := t.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	for _, query := range t.missed {
		d.db.stmts.keep(ctx, query)
	}
	return nil
}
