package source

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"exporttask/internal/format/row"
)

// Source is one data source: where it is, how to log in, what a session may
// use. It holds no connection and is safe for concurrent use.
type Source struct {
	name string
	dsn  settings
	opts Options
	log  *slog.Logger
}

// Options are the settings of a data source that its DSN does not carry. The
// zero value is usable.
type Options struct {
	// LoginTimeout bounds dialling, TLS, login and session settings
	// together; 0 = the DSN's timeout, or else 10 s.
	LoginTimeout time.Duration
	// BatchBytes is the size of a batch's buffer in bytes; 0 = 256 KiB. A row
	// that does not fit grows its own batch.
	BatchBytes int
	// Limits hold for every query that does not set its own.
	Limits Limits
	// Snapshot reads from a consistent snapshot (REPEATABLE READ), so that a
	// statement and the subqueries that it runs late see one state.
	Snapshot bool
	// Zone is the session's time_zone, in which the server writes TIMESTAMP
	// values and NOW(): an offset or a name that the server knows; "" = "+00:00".
	Zone string
	// TLS is used where the DSN says tls=true, in place of the system's
	// roots; its ServerName is the DSN's host unless set.
	TLS *tls.Config
	// CAFile is a PEM file of the authorities that sign the server's
	// certificate; it is added to TLS and turns TLS on where the DSN is
	// silent.
	CAFile string
	// Logger hears of kills; nil = nobody.
	Logger *slog.Logger
}

// Limits bound one query; a zero field is no limit. Of a query's and its
// source's limits the narrower one holds.
type Limits struct {
	StatementTime time.Duration // from the statement's start to its last row, the reader's stalls included
	Rows          int64         // rows of the result
	Bytes         int64         // bytes of the result's cells, their length prefixes included
	RowBytes      int64         // bytes of one row; 0 = 1 GiB, the server's own bound
}

// Query is one statement and the values of its placeholders.
type Query struct {
	SQL    string    // one SELECT; placeholders are "?"
	Args   []row.Arg // one for each placeholder, in order
	Limits Limits
	// Snapshot reads from a consistent snapshot though the source's options
	// do not ask for one.
	Snapshot bool
	// FirstRows, where not 0, ends the result cleanly after that many rows:
	// the rest is neither wanted nor an error. It is for previews.
	FirstRows int64
}

const (
	defaultLoginTimeout = 10 * time.Second
	defaultBatchBytes   = 256 << 10
	minBatchBytes       = 4 << 10
	maxBatchBytes       = 64 << 20
	defaultRowBytes     = 1 << 30 // the highest max_allowed_packet there is
)

// zonePattern holds back what could end the string literal around a zone.
var zonePattern = regexp.MustCompile(`^([+-]\d{2}:\d{2}|[A-Za-z][A-Za-z0-9_+/-]*)$`)

// Open checks the settings of the data source called name and connects to
// nothing. The DSN is written as go-sql-driver/mysql writes it; a parameter
// that is unknown, or that would change the rows or open a hole, is refused
// by its name.
func Open(name, dsn string, opts Options) (*Source, error) {
	set, err := parseDSN(dsn, opts)
	if err != nil {
		return nil, fmt.Errorf("data source %s: %w", name, err)
	}
	if opts.LoginTimeout == 0 {
		opts.LoginTimeout = set.timeout
	}
	if opts.BatchBytes == 0 {
		opts.BatchBytes = defaultBatchBytes
	}
	if opts.Zone == "" {
		opts.Zone = "+00:00"
	}
	if opts.Limits.RowBytes == 0 {
		opts.Limits.RowBytes = defaultRowBytes
	}
	if err := opts.check(); err != nil {
		return nil, fmt.Errorf("data source %s: %w", name, err)
	}
	log := opts.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Source{name: name, dsn: set, opts: opts, log: log.With("data_source", name)}, nil
}

// Name is the name the source was opened with.
func (s *Source) Name() string { return s.name }

func (o *Options) check() error {
	switch {
	case o.BatchBytes < minBatchBytes || o.BatchBytes > maxBatchBytes:
		return fmt.Errorf("batch bytes: %d, want %d..%d", o.BatchBytes, minBatchBytes, maxBatchBytes)
	case o.LoginTimeout < 0:
		return fmt.Errorf("login timeout: %s, want more than 0", o.LoginTimeout)
	case !zonePattern.MatchString(o.Zone):
		return fmt.Errorf("zone: %q, want an offset such as +08:00 or a zone's name", o.Zone)
	}
	return o.Limits.check()
}

func (l Limits) check() error {
	if l.StatementTime < 0 || l.Rows < 0 || l.Bytes < 0 || l.RowBytes < 0 {
		return errors.New("limits: a negative one")
	}
	if l.RowBytes > defaultRowBytes {
		return fmt.Errorf("limits: row bytes: %d, want at most %d", l.RowBytes, defaultRowBytes)
	}
	return nil
}

// within is the narrower of l and d, field by field.
func (l Limits) within(d Limits) Limits {
	return Limits{
		StatementTime: narrower(l.StatementTime, d.StatementTime),
		Rows:          narrower(l.Rows, d.Rows),
		Bytes:         narrower(l.Bytes, d.Bytes),
		RowBytes:      narrower(l.RowBytes, d.RowBytes),
	}
}

// narrower is the smaller of two limits, of which 0 is none.
func narrower[T int64 | time.Duration](a, b T) T {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// Prepare has the server parse sql, which has args placeholders, and tell the
// columns of its result; nothing is run. A statement without a result is an
// error.
func (s *Source) Prepare(ctx context.Context, sql string, args int) ([]row.Column, error) {
	cols, err := s.prepare(ctx, sql, args)
	if err != nil {
		return nil, fmt.Errorf("data source %s: prepare: %w", s.name, err)
	}
	return cols, nil
}

func (s *Source) prepare(ctx context.Context, sql string, args int) ([]row.Column, error) {
	c, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	stop := c.watch(ctx)
	defer c.close() //nolint:errcheck // nothing was read that could be lost
	defer stop()
	if err := c.begin(s.opts.Limits, Query{}); err != nil {
		return nil, err
	}
	return c.prepareStatement(sql, args)
}

// Query runs q on a connection of its own and returns once the server has
// announced the columns. Values are bound on the server and are never part of
// the statement. When ctx ends, before Query returns or while the cursor is
// read, the statement is killed on the server. The caller must Close the
// cursor.
func (s *Source) Query(ctx context.Context, q Query) (*Cursor, error) {
	cur, err := s.query(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("data source %s: query: %w", s.name, err)
	}
	return cur, nil
}

func (s *Source) query(ctx context.Context, q Query) (*Cursor, error) {
	if err := q.Limits.check(); err != nil {
		return nil, err
	}
	limits := q.Limits.within(s.opts.Limits)
	binding, err := bind(q.SQL, q.Args)
	if err != nil {
		return nil, err
	}
	c, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	stop := c.watch(ctx)
	cols, err := c.start(binding, limits, q)
	if err != nil {
		stop()
		return nil, errors.Join(err, c.close())
	}
	return newCursor(c, cols, limits, q.FirstRows, s.opts.BatchBytes, stop), nil
}

// start sends the statement on a fresh connection and reads the columns.
func (c *conn) start(b binding, limits Limits, q Query) ([]row.Column, error) {
	if err := c.begin(limits, q); err != nil {
		return nil, err
	}
	if q.FirstRows == 0 {
		if err := c.widen(); err != nil {
			return nil, err
		}
	}
	for _, stmt := range b.before {
		if err := c.exec(stmt); err != nil {
			return nil, fmt.Errorf("bind values: %w", err)
		}
	}
	c.startClock(limits.StatementTime)
	return c.query(b.run)
}
