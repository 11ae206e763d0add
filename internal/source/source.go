package source

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"exporttask/internal/format/row"
	"exporttask/internal/hosts"
	"exporttask/internal/memory"
)

// Source is one data source: its address, its account and the limits of its
// queries. It keeps no connection open and is safe for concurrent use.
type Source struct {
	name  string
	dsns  []settings // of each server, at least one
	opts  Options
	zone  zone
	slots *slots
	log   *slog.Logger

	avoided     avoided
	stuck       stuck
	facts       atomic.Pointer[Facts] // of the last login
	unsupported rejected              // optional session variables that the server rejected
}

// Options are the settings of a data source that are not in its DSN. The zero
// value is usable.
type Options struct {
	// LoginTimeout bounds dialing, TLS, login and session set-up together; 0 is
	// the DSN's timeout, or else 10 s.
	LoginTimeout time.Duration
	// BatchBytes is the size of a batch's buffer in bytes; 0 = 256 KiB. A row that
	// does not fit enlarges its own batch.
	BatchBytes int
	// Limits apply to every query; a query can only narrow them.
	Limits Limits
	// Snapshot reads from a consistent snapshot (REPEATABLE READ), so that a
	// statement and its subqueries see one state.
	Snapshot bool
	// TimeZone is the time zone of the sessions, in which the server writes
	// TIMESTAMP values and computes NOW(): an IANA name, an offset such as +08:00,
	// or ServerTimeZone; "" = UTC. See zone.go for servers that do not know a name.
	TimeZone string
	// ServiceZone is the zone of built-in parameters while the time zone of a
	// source with ServerTimeZone is not known yet; nil = UTC.
	ServiceZone *time.Location
	// GroupConcatMaxLen is the sessions' group_concat_max_len in bytes; 0 = the
	// server's.
	GroupConcatMaxLen int64
	// SessionMemory bounds the memory that one session may use on the server, in
	// bytes, where the server can do so (MariaDB: max_session_mem_used); 0 = 512 MiB.
	SessionMemory int64
	// MaxConnections bounds the connections of this process to the source, for
	// exports, previews and checks together; 0 = 32.
	MaxConnections int
	// ReservedConnections are those of MaxConnections that exports do not use, so
	// that previews and checks do not wait for exports; 0 = a quarter, at most 4.
	ReservedConnections int
	// TLS is used if the DSN says tls=true, instead of a configuration with the
	// system's roots; its ServerName is the DSN's host unless set.
	TLS *tls.Config
	// CAFile is a PEM file of the certificate authorities that sign the server's
	// certificate. It replaces the roots of TLS and enables TLS if the DSN does not
	// mention it.
	CAFile string
	// Role is the kind of server that is preferred, if the DSN has several.
	Role Role
	// MaxReplicaLag is how far a replica may be behind its primary; 0 = any. The
	// account needs REPLICA MONITOR (MariaDB) or REPLICATION CLIENT (MySQL),
	// unless ReplicaLagQuery is set.
	MaxReplicaLag time.Duration
	// ReplicaLagQuery returns the lag in seconds, in one row and one column.
	ReplicaLagQuery string
	// Logger logs killed statements and decisions about the time zone; nil = none.
	Logger *slog.Logger
}

// Query is one statement and its limits.
type Query struct {
	SQL    string // one SELECT, with the literals of its parameters
	Limits Limits
	// Snapshot reads from a consistent snapshot even if the source's options do
	// not ask for one.
	Snapshot bool
	// FirstRows, if not 0, ends the result after that many rows without an error.
	// It is for previews.
	FirstRows int64
	// Memory grows by the rows that do not fit into a batch, and by as much again
	// for their conversion by the reader, until their batches are released. Nil: no
	// limit but RowBytes.
	Memory *memory.Share
}

const (
	defaultLoginTimeout  = 10 * time.Second
	defaultBatchBytes    = 256 << 10
	minBatchBytes        = 4 << 10
	maxBatchBytes        = 64 << 20
	defaultSessionMemory = 512 << 20
	// prepareTime bounds the time to prepare a statement that is not run. Some
	// statements take the optimizer minutes.
	prepareTime = 30 * time.Second
)

// Open checks the settings of the data source called name. It does not connect.
// The DSN has the format of go-sql-driver/mysql; a parameter that is unknown,
// that has no effect here, or that would change rows or weaken security is an
// error that names it.
func Open(name, dsn string, opts Options) (*Source, error) {
	s, err := newSource(name, dsn, opts)
	if err != nil {
		return nil, fmt.Errorf("data source %s: %w", name, err)
	}
	return s, nil
}

func newSource(name, dsn string, opts Options) (*Source, error) {
	all, err := hosts.Split(dsn)
	if err != nil {
		return nil, fmt.Errorf("DSN: %w", err)
	}
	var dsns []settings
	for _, one := range all {
		set, err := parseDSN(one, opts)
		if err != nil {
			return nil, err
		}
		dsns = append(dsns, set)
	}
	opts.LoginTimeout = cmp.Or(opts.LoginTimeout, dsns[0].timeout)
	opts.BatchBytes = cmp.Or(opts.BatchBytes, defaultBatchBytes)
	opts.SessionMemory = cmp.Or(opts.SessionMemory, defaultSessionMemory)
	opts.MaxConnections = cmp.Or(opts.MaxConnections, defaultConnections)
	opts.ReservedConnections = cmp.Or(opts.ReservedConnections, min(opts.MaxConnections/4, maxDefaultReserve))
	opts.Limits.RowBytes = cmp.Or(opts.Limits.RowBytes, defaultRowBytes)
	if err := opts.check(); err != nil {
		return nil, err
	}
	z, err := parseZone(opts.TimeZone)
	if err != nil {
		return nil, err
	}
	log := opts.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Source{
		name: name, dsns: dsns, opts: opts, zone: z, log: log.With("data_source", name),
		slots: newSlots(opts.MaxConnections, opts.ReservedConnections),
	}, nil
}

// Name returns the name that was given to Open.
func (s *Source) Name() string { return s.name }

func (o *Options) check() error {
	switch {
	case o.BatchBytes < minBatchBytes || o.BatchBytes > maxBatchBytes:
		return fmt.Errorf("batch bytes: %d, want %d..%d", o.BatchBytes, minBatchBytes, maxBatchBytes)
	case o.LoginTimeout < 0:
		return fmt.Errorf("login timeout: %s, want more than 0", o.LoginTimeout)
	case o.GroupConcatMaxLen < 0 || o.GroupConcatMaxLen > 0 && o.GroupConcatMaxLen < 4:
		return fmt.Errorf("group-concat-max-len: %d, want 0 or at least 4", o.GroupConcatMaxLen)
	case o.Role != AnyRole && o.Role != ReplicaRole:
		return fmt.Errorf("role: %q, want %s or nothing", o.Role, ReplicaRole)
	case o.MaxReplicaLag < 0:
		return fmt.Errorf("max-replica-lag: %s, want 0 or more", o.MaxReplicaLag)
	case o.ReplicaLagQuery != "" && o.MaxReplicaLag == 0:
		return errors.New("replica-lag-query: has no effect without max-replica-lag")
	case o.SessionMemory < 1<<20:
		return fmt.Errorf("session-memory: %d, want at least %d", o.SessionMemory, 1<<20)
	case o.MaxConnections < 1:
		return fmt.Errorf("max-connections: %d, want at least 1", o.MaxConnections)
	case o.ReservedConnections < 0 || o.ReservedConnections >= o.MaxConnections:
		return fmt.Errorf("reserved-connections: %d, want 0..%d, less than max-connections", o.ReservedConnections, o.MaxConnections-1)
	}
	return o.Limits.check()
}

// Prepare has the server parse sql, which has args placeholders, and returns the
// columns of its result. Nothing is run. A statement without a result is an
// error; see Classify for errors in general.
func (s *Source) Prepare(ctx context.Context, sql string, args int) ([]row.Column, error) {
	cols, err := s.prepare(ctx, sql, args)
	if err != nil {
		return nil, fmt.Errorf("data source %s: prepare: %w", s.name, err)
	}
	return cols, nil
}

func (s *Source) prepare(ctx context.Context, sql string, args int) ([]row.Column, error) {
	c, err := s.acquire(ctx, short)
	if err != nil {
		return nil, err
	}
	stop := c.watch(ctx)
	defer c.close() //nolint:errcheck // no result is lost
	defer stop()
	limits := Limits{StatementTime: prepareTime}.within(s.opts.Limits)
	if err := c.begin(limits, Query{}); err != nil {
		return nil, err
	}
	c.startClock(limits.StatementTime)
	return c.prepareStatement(sql, args)
}

// Query runs q on a connection of its own and returns when the server has sent
// the columns. If all connections for exports are in use it waits for one. When
// ctx ends, before Query returns or while the cursor is read, the statement is
// killed on the server. The caller must Close the cursor.
func (s *Source) Query(ctx context.Context, q Query) (*Cursor, error) {
	return s.queryFor(ctx, export, q)
}

func (s *Source) queryFor(ctx context.Context, use use, q Query) (*Cursor, error) {
	cur, err := s.query(ctx, use, q)
	if err != nil {
		return nil, fmt.Errorf("data source %s: query: %w", s.name, err)
	}
	return cur, nil
}

func (s *Source) query(ctx context.Context, use use, q Query) (*Cursor, error) {
	if err := q.Limits.check(); err != nil {
		return nil, err
	}
	limits := q.Limits.within(s.opts.Limits)
	c, err := s.acquire(ctx, use)
	if err != nil {
		return nil, err
	}
	stop := c.watch(ctx)
	cols, err := c.start(limits, q)
	if err != nil {
		stop()
		return nil, errors.Join(err, c.close())
	}
	cur := newCursor(c, cols, limits, q, s.opts.BatchBytes, stop)
	cur.notes = c.facts.notes(q.SQL, cols)
	return cur, nil
}

// start sends the statement on a new connection and reads the columns.
func (c *conn) start(limits Limits, q Query) ([]row.Column, error) {
	if err := c.begin(limits, q); err != nil {
		return nil, err
	}
	if q.FirstRows == 0 {
		if err := c.widen(); err != nil {
			return nil, err
		}
	}
	c.startClock(limits.StatementTime)
	return c.query(q.SQL)
}
