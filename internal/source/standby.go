package source

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"exporttask/internal/format/row"
)

// Role is the kind of server that a data source with several servers prefers.
type Role string

// The roles.
const (
	// AnyRole takes the first server that can be used, in the order of the DSN.
	AnyRole Role = ""
	// ReplicaRole takes a replica, a random one of several, and another server
	// only if no replica can be used. A server is a replica if it is read-only.
	ReplicaRole Role = "replica"
)

const (
	// minServerTimeout is the least part of the login timeout that one of
	// several servers gets.
	minServerTimeout = time.Second
	// avoidTime is for how long a server that could not be used is tried last.
	avoidTime = 10 * time.Second
)

// LagError is returned when a server is further behind its primary than the data
// source allows.
type LagError struct{ Lag, Max time.Duration }

func (e *LagError) Error() string {
	return fmt.Sprintf("the replica is %s behind its primary, max-replica-lag is %s", e.Lag.Round(time.Second), e.Max)
}

// chooses reports whether a connection depends on more than an address.
func (s *Source) chooses() bool {
	return len(s.dsns) > 1 || s.opts.Role != AnyRole || s.opts.MaxReplicaLag > 0
}

// choose connects to the server that fits best. Everything that reads from the
// connection stays on this server.
func (s *Source) choose(ctx context.Context) (*conn, error) {
	var fallback *conn
	var errs []error
	for _, i := range s.order() {
		c, replica, err := s.tryServer(ctx, &s.dsns[i])
		s.avoided.note(i, err != nil)
		switch {
		case err != nil:
			if ctx.Err() != nil {
				closeUnused(fallback)
				return nil, err
			}
			if len(s.dsns) > 1 {
				err = fmt.Errorf("%s: %w", s.dsns[i].addr, err)
			}
			errs = append(errs, err)
		case s.opts.Role == AnyRole || replica:
			closeUnused(fallback)
			return c, nil
		case fallback == nil:
			fallback = c
		default:
			closeUnused(c)
		}
	}
	if fallback != nil {
		return fallback, nil
	}
	return nil, mostHopeful(errs)
}

// closeUnused closes a connection on which nothing runs; c may be nil.
func closeUnused(c *conn) {
	if c != nil {
		_ = c.close() // no result is lost
	}
}

// mostHopeful returns the errors of all servers as one. An error that passes comes
// first, because it decides whether the caller waits.
func mostHopeful(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	for i, err := range errs {
		if Classify(err).Action == Wait {
			errs[0], errs[i] = errs[i], errs[0]
			break
		}
	}
	return errors.Join(errs...)
}

// order returns the servers in the order in which they are tried: those that
// failed lately last, and replicas in any order, so that each gets its part.
func (s *Source) order() []int {
	order := make([]int, len(s.dsns))
	for i := range order {
		order[i] = i
	}
	if s.opts.Role == ReplicaRole {
		order = rand.Perm(len(s.dsns)) //nolint:gosec // it spreads load
	}
	return s.avoided.last(order)
}

// tryServer connects to a server and checks whether it can be used.
func (s *Source) tryServer(ctx context.Context, to *settings) (c *conn, replica bool, err error) {
	if n := time.Duration(len(s.dsns)); n > 1 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, max(s.opts.LoginTimeout/n, minServerTimeout), errLoginTimeout)
		defer stop()
	}
	if c, err = s.connectTo(ctx, to, to.addr); err != nil {
		return nil, false, err
	}
	stop := c.watch(ctx)
	replica, err = c.checkStandby()
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = c.close() // the first error counts
		return nil, false, &LoginError{During: "check the replica", Err: err}
	}
	return c, replica, nil
}

// checkStandby reports whether the server is a replica, and returns an error if it
// is too far behind.
func (c *conn) checkStandby() (replica bool, err error) {
	rows, err := c.selectAll("SELECT @@global.read_only OR @@global.innodb_read_only")
	if err != nil {
		return false, err
	}
	replica = len(rows) == 1 && rows[0][0] == "1"
	most := c.src.opts.MaxReplicaLag
	if most == 0 {
		return replica, nil
	}
	lag, err := c.lag(replica)
	if err == nil && lag > most {
		err = &LagError{Lag: lag, Max: most}
	}
	return replica, err
}

// lag returns how far the server is behind its primary; 0 for a primary.
func (c *conn) lag(replica bool) (time.Duration, error) {
	if query := c.src.opts.ReplicaLagQuery; query != "" {
		rows, err := c.selectAll(query)
		if err != nil {
			return 0, err
		}
		if len(rows) != 1 || len(rows[0]) != 1 {
			return 0, &ConfigError{What: "replica-lag-query: want one row with one column, the lag in seconds"}
		}
		return lagSeconds("replica-lag-query", rows[0][0])
	}
	status, err := c.replicaStatus()
	if err != nil {
		return 0, err
	}
	if len(status) == 0 && replica {
		return 0, &ConfigError{What: "max-replica-lag: the server is read-only and does not say how far it is behind; set replica-lag-query"}
	}
	var most time.Duration
	for _, channel := range status {
		lag, err := lagSeconds("SHOW REPLICA STATUS", channel)
		if err != nil {
			return 0, err
		}
		most = max(most, lag)
	}
	return most, nil
}

// lagSeconds parses a lag in seconds. NULL means that replication does not run,
// which passes.
func lagSeconds(from, text string) (time.Duration, error) {
	if text == "" { // NULL
		return 0, &BusyError{Reason: from + " gives no lag: the replica does not replicate now"}
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, &ConfigError{What: from + ": want a number of seconds"}
	}
	return max(0, time.Duration(seconds*float64(time.Second))), nil
}

// replicaStatus returns the lags in seconds of the server's replication channels.
func (c *conn) replicaStatus() (lags []string, err error) {
	names := []string{"SHOW REPLICA STATUS", "SHOW SLAVE STATUS"} // the second one: MySQL up to 8.0.21
	if c.facts.MariaDB {
		names = []string{"SHOW ALL SLAVES STATUS"}
	}
	for _, statement := range names {
		var cols []row.Column
		var rows [][]string
		if cols, err = c.query(statement); err == nil {
			rows, err = c.readAll(cols)
		}
		var se *ServerError
		switch {
		case errors.As(err, &se) && se.Code == mysqlErrParse:
			continue
		case errors.As(err, &se) && se.Code == mysqlErrSpecificAccess:
			return nil, &ConfigError{What: "max-replica-lag: the account may not read the status of the replica; grant it " +
				"REPLICA MONITOR (MariaDB) or REPLICATION CLIENT (MySQL) ON *.*, or set replica-lag-query", Err: err}
		case err != nil:
			return nil, err
		}
		for _, r := range rows {
			for i, col := range cols {
				if col.Name == "Seconds_Behind_Master" || col.Name == "Seconds_Behind_Source" {
					lags = append(lags, r[i])
				}
			}
		}
		return lags, nil
	}
	return nil, err
}

// avoided are servers that could not be used lately. The zero value is ready to
// use; it is safe for concurrent use.
type avoided struct {
	mu    sync.Mutex
	until map[int]time.Time
}

func (a *avoided) note(server int, failed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.until == nil {
		a.until = map[int]time.Time{}
	}
	delete(a.until, server)
	if failed {
		a.until[server] = time.Now().Add(avoidTime)
	}
}

// last returns an order with the avoided servers at its end.
func (a *avoided) last(order []int) []int {
	a.mu.Lock()
	defer a.mu.Unlock()
	var first, last []int
	for _, server := range order {
		if time.Now().Before(a.until[server]) {
			last = append(last, server)
		} else {
			first = append(first, server)
		}
	}
	return append(first, last...)
}
