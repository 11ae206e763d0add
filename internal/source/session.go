package source

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	// netWriteTimeout is how long the server waits for a reader that does not
	// read, in seconds. With the default of 60 a slow upload loses the result.
	netWriteTimeout = 3600
	// maxWarnings is how many warnings the server keeps for SHOW WARNINGS, its
	// maximum. With MariaDB's default of 64, harmless warnings could displace the
	// one that means damage.
	maxWarnings = 65535
	// serverBuffer is the size in bytes of the pieces in which the server sends
	// rows: see widen.
	serverBuffer = 512 << 10
	// clockGrace is how long after the server's own time limit the connection is
	// aborted, in case that limit was not in force.
	clockGrace = 2 * time.Second
)

// widen makes the server send rows in large pieces. The server sends what its
// connection's buffer holds: 16 KiB, and the wake-up for each piece costs both
// sides more than the rows in it. That buffer grows to the size of the largest
// packet from the client and keeps that size, so a long statement without effect
// is sent. The server drops the blanks at its end before it parses or logs it.
func (c *conn) widen() error {
	if c.maxPacket < 2*serverBuffer {
		return nil
	}
	// The blanks are one small piece that is sent many times: allocating half a
	// megabyte for them would cost more than the rest of the login.
	head := append(make([]byte, packetHead), "\x03DO 0"...)
	putHead(head, len(head)-packetHead+serverBuffer, 0)
	blanks := bytes.Repeat([]byte(" "), 16<<10)
	out := net.Buffers{head}
	for range serverBuffer / len(blanks) {
		out = append(out, blanks)
	}
	c.begun()
	c.seq++
	if _, err := out.WriteTo(c.nc); err != nil {
		return c.failed("send", err)
	}
	if err := c.done(); err != nil {
		return &LoginError{During: "session", Err: err}
	}
	return nil
}

// begin sets the session's variables and starts the transaction of the statement.
// Its errors are *LoginError.
//
// The server's sql_mode stays as it is, and so does group_concat_max_len unless
// the source sets it: they are part of the meaning of a statement on that server.
// sql_select_limit is lifted, because it cuts a result silently.
func (c *conn) begin(limits Limits, q Query) error {
	if err := c.setUp(limits, q); err != nil {
		return &LoginError{During: "session", Err: err}
	}
	return nil
}

func (c *conn) setUp(limits Limits, q Query) error {
	err := c.exec("SET " + strings.Join(c.variables(limits, q), ", "))
	if isUnknownZone(err) {
		if err := c.findSubstitute(); err != nil {
			return err
		}
		err = c.exec("SET " + strings.Join(c.variables(limits, q), ", "))
	}
	if err != nil {
		return err
	}
	for _, assignment := range c.memoryLimits() {
		if err := c.trySet(assignment); err != nil {
			return err
		}
	}
	if !c.src.opts.Snapshot && !q.Snapshot {
		return c.exec("START TRANSACTION READ ONLY")
	}
	if err := c.exec("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"); err != nil {
		return err
	}
	return c.exec("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
}

// variables returns the assignments of the session variables.
func (c *conn) variables(limits Limits, q Query) []string {
	opts := &c.src.opts
	names := "NAMES utf8mb4"
	if coll := c.to.collation; coll != "" {
		names += " COLLATE " + coll
	}
	selectLimit := uint64(math.MaxUint64)
	if q.FirstRows > 0 {
		selectLimit = uint64(q.FirstRows)
	}
	vars := []string{names, fmt.Sprintf("net_write_timeout=%d", netWriteTimeout), fmt.Sprintf("sql_select_limit=%d", selectLimit)}
	if z := c.src.zone.session(c.peer); z != "" {
		vars = append(vars, z)
	}
	if c.facts.MariaDB { // MySQL keeps 1,024 warnings, and an account without privileges cannot change that
		vars = append(vars, fmt.Sprintf("max_error_count=%d", maxWarnings))
	}
	if n := opts.GroupConcatMaxLen; n > 0 {
		vars = append(vars, fmt.Sprintf("group_concat_max_len=%d", n))
	}
	if limits.StatementTime > 0 {
		vars = append(vars, timeLimit(c.facts.MariaDB, limits.StatementTime))
	}
	return vars
}

// timeLimit returns the assignment of the server's time limit. MariaDB's is in
// seconds and applies to every statement, MySQL's is in milliseconds and applies
// to the execution of a SELECT.
func timeLimit(mariadb bool, d time.Duration) string {
	if mariadb {
		return fmt.Sprintf("max_statement_time=%.6f", d.Seconds())
	}
	return fmt.Sprintf("max_execution_time=%d", max(1, d.Milliseconds()))
}

// memoryLimits returns the assignments that bound the server's memory for this
// session. They are set before a statement is prepared, because preparing alone
// can take gigabytes. Not every server and account accepts them.
func (c *conn) memoryLimits() []string {
	n := c.src.opts.SessionMemory
	if c.facts.MariaDB {
		return []string{fmt.Sprintf("max_session_mem_used=%d", n)}
	}
	return []string{fmt.Sprintf("parser_max_mem_size=%d", n), fmt.Sprintf("connection_memory_limit=%d", n)}
}

// trySet assigns an optional session variable. It remembers which ones a server
// rejects.
func (c *conn) trySet(assignment string) error {
	if c.src.unsupported.has(assignment) {
		return nil
	}
	err := c.exec("SET " + assignment)
	var se *ServerError
	if errors.As(err, &se) && Classify(se).Action == Final {
		c.src.unsupported.add(assignment)
		return nil
	}
	return err
}

// startClock starts the client's own time limit of a statement.
func (c *conn) startClock(limit time.Duration) {
	c.began, c.limit = time.Now(), limit
	if limit > 0 {
		c.clock = time.AfterFunc(limit+clockGrace, func() {
			c.abort(&LimitError{Limit: LimitStatementTime, Max: int64(limit)})
		})
	}
}

// rejected holds the optional session variables that a server rejected, so that
// they are not sent again.
type rejected struct {
	mu   sync.Mutex
	vars map[string]bool
}

func (r *rejected) has(assignment string) bool {
	name, _, _ := strings.Cut(assignment, "=")
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.vars[name]
}

func (r *rejected) add(assignment string) {
	name, _, _ := strings.Cut(assignment, "=")
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.vars == nil {
		r.vars = map[string]bool{}
	}
	r.vars[name] = true
}
