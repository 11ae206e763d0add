package model

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"

	"exporttask/internal/hosts"
)

// connector opens connections to the primary among one or several servers.
//
// With several servers it uses the first one, from the one used last, that
// connects and is not read-only; if all are read-only it uses the first one that
// connects, so that reads still work. An error that shows that a server is not
// the primary closes the connection and makes all open connections of the pool
// obsolete, so that each is replaced before its next use.
type connector struct {
	servers []driver.Connector
	addrs   []string

	mu      sync.Mutex
	current int       // index of the server that took the last connection
	epoch   int       // connections of an earlier epoch are obsolete
	retired time.Time // start of the epoch

	connected chan struct{} // has a buffer of one; see DB.Reconnected

	links   links // of several servers
	stop    context.CancelFunc
	stopped chan struct{}
}

const (
	// epochLength is the shortest time between two epochs: a server that stays
	// read-only must not make the pool reconnect all the time.
	epochLength = time.Second
	// serverTimeout bounds the connection to one of several servers.
	serverTimeout = time.Second
)

// newConnector returns the connector of a DSN. readTimeout bounds the wait for the
// answer to a statement; 0: no bound.
// Connections are reported on connected.
func newConnector(dsn string, readTimeout time.Duration, connected chan struct{}) (*connector, error) {
	dsns, err := hosts.Split(dsn)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	c := &connector{connected: connected}
	for _, one := range dsns {
		cfg, err := config(one)
		if err != nil {
			return nil, err
		}
		cfg.ReadTimeout = readTimeout
		if len(dsns) > 1 {
			cfg.Timeout = serverTimeout
			cfg.DialFunc = c.links.dial
		}
		server, err := mysql.NewConnector(cfg)
		if err != nil {
			return nil, fmt.Errorf("database %s: %w", cfg.Addr, err)
		}
		c.servers, c.addrs = append(c.servers, server), append(c.addrs, cfg.Addr)
	}
	if len(c.servers) > 1 {
		ctx, stop := context.WithCancel(context.Background())
		c.stop, c.stopped = stop, make(chan struct{})
		go c.watch(ctx) // until Close
	}
	return c, nil
}

// Close ends the watch over several servers. sql.DB calls it when it is closed.
func (c *connector) Close() error {
	if c.stop != nil {
		c.stop()
		<-c.stopped
	}
	return nil
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return c.servers[0].Driver() }

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	c.mu.Lock()
	from, epoch := c.current, c.epoch
	c.mu.Unlock()
	if len(c.servers) == 1 {
		conn, err := c.servers[0].Connect(ctx)
		if err != nil {
			return nil, err
		}
		return c.use(conn, 0, epoch), nil
	}
	var readOnly driver.Conn
	var readOnlyAt int
	var errs []error
	for i := range c.servers {
		at := (from + i) % len(c.servers)
		conn, err := c.connect(ctx, at)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.addrs[at], err))
			continue
		}
		writable, err := isWritable(ctx, conn)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", c.addrs[at], err), conn.Close())
		case writable:
			if readOnly != nil {
				_ = readOnly.Close()
			}
			return c.use(conn, at, epoch), nil
		case readOnly == nil:
			readOnly, readOnlyAt = conn, at
		default:
			_ = conn.Close()
		}
	}
	if readOnly != nil {
		return c.use(readOnly, readOnlyAt, epoch), nil
	}
	return nil, errors.Join(errs...)
}

// connect connects to one of several servers.
func (c *connector) connect(ctx context.Context, at int) (driver.Conn, error) {
	ctx, stop := context.WithTimeout(ctx, serverTimeout)
	defer stop()
	return c.servers[at].Connect(ctx)
}

// use makes a server the first one to try and wraps the connection to it.
func (c *connector) use(conn driver.Conn, at, epoch int) driver.Conn {
	c.mu.Lock()
	c.current = at
	c.mu.Unlock()
	select {
	case c.connected <- struct{}{}:
	default:
	}
	return &connection{mysqlConn: conn.(mysqlConn), owner: c, epoch: epoch}
}

// retire starts a new epoch, so that the pool replaces its connections.
func (c *connector) retire(epoch int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if epoch == c.epoch && time.Since(c.retired) >= epochLength {
		c.epoch++
		c.retired = time.Now()
	}
}

func (c *connector) obsolete(epoch int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return epoch != c.epoch
}

// mysqlConn is the part of a connection of go-sql-driver that database/sql uses.
type mysqlConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.NamedValueChecker
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// connection closes itself after an error of a server that is not the primary.
type connection struct {
	mysqlConn

	owner *connector
	epoch int
	bad   bool // a connection serves one goroutine at a time
}

// seen looks at the error of a statement and returns it.
func (c *connection) seen(err error) error {
	if err != nil && isServerError(err, notPrimary...) {
		c.bad = true
		c.owner.retire(c.epoch)
	}
	return err
}

// ExecContext implements driver.ExecerContext.
func (c *connection) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	res, err := c.mysqlConn.ExecContext(ctx, query, args)
	return res, c.seen(err)
}

// QueryContext implements driver.QueryerContext.
func (c *connection) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.mysqlConn.QueryContext(ctx, query, args)
	return rows, c.seen(err)
}

// BeginTx implements driver.ConnBeginTx.
func (c *connection) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tx, err := c.mysqlConn.BeginTx(ctx, opts)
	if err != nil {
		return nil, c.seen(err)
	}
	return &transaction{tx, c}, nil
}

// ResetSession implements driver.SessionResetter.
func (c *connection) ResetSession(ctx context.Context) error {
	if c.bad || c.owner.obsolete(c.epoch) {
		return driver.ErrBadConn
	}
	return c.mysqlConn.ResetSession(ctx)
}

// IsValid implements driver.Validator: database/sql closes a connection that is
// not valid instead of returning it to the pool.
func (c *connection) IsValid() bool { return !c.bad && c.mysqlConn.IsValid() }

type transaction struct {
	driver.Tx
	conn *connection
}

// Commit implements driver.Tx.
func (t *transaction) Commit() error { return t.conn.seen(t.Tx.Commit()) }
