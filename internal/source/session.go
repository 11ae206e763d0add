package source

import (
	"bytes"
	"fmt"
	"math"
	"net"
	"strconv"
	"time"
)

const (
	// netWriteTimeout is how long the server waits for a reader that stalls,
	// in seconds; at the default of 60 a slow upload loses the result.
	netWriteTimeout = 3600
	// maxWarnings is how many warnings the server keeps for SHOW WARNINGS:
	// its highest. At MariaDB's default of 64, harmless ones could crowd out
	// the one that tells of damage.
	maxWarnings = 65535
	// serverBuffer is the piece in which the server sends rows, see widen.
	serverBuffer = 512 << 10
	// clockGrace is how much later than the server we end a statement that
	// passed its time, in case the server's own limit was not in force.
	clockGrace = 2 * time.Second
)

// identity tells one server from another behind the same address.
type identity struct{ host, port, serverID string }

const selectIdentity = "SELECT CONNECTION_ID(), @@hostname, @@port, @@server_id, @@max_allowed_packet"

// identify asks for the connection's full number, since the greeting holds
// only 32 bits of it, for who answered, and for the longest packet it takes.
func (c *conn) identify() error {
	rows, err := c.selectAll(selectIdentity)
	if err != nil {
		return fmt.Errorf("identify: %w", err)
	}
	if len(rows) != 1 || len(rows[0]) != 5 {
		return &ProtocolError{What: "answer to " + selectIdentity}
	}
	r := rows[0]
	if c.id, err = strconv.ParseUint(r[0], 10, 64); err != nil {
		return &ProtocolError{What: "connection id " + r[0]}
	}
	c.peer = identity{host: r[1], port: r[2], serverID: r[3]}
	if c.maxPacket, err = strconv.ParseUint(r[4], 10, 64); err != nil {
		return &ProtocolError{What: "max_allowed_packet " + r[4]}
	}
	return nil
}

// widen makes the server send rows in large pieces. It sends what its
// connection's buffer holds: 16 KiB, and waking up for each of them costs both
// sides more than the rows in it. That buffer grows for what the client sends
// and stays so, so a statement is sent that does nothing and is long; the server
// drops the blanks at its end before it looks at it or logs it.
func (c *conn) widen() error {
	if c.maxPacket < 2*serverBuffer {
		return nil
	}
	// The blanks are sent as one piece many times over: half a megabyte made for
	// this alone would cost more than the rest of the login.
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
		return fmt.Errorf("session: %w", err)
	}
	return nil
}

// begin sets the session up and begins the transaction that the statement
// runs in.
//
// The server's sql_mode and group_concat_max_len stay as they are: they are
// part of what a statement means there. sql_select_limit does not: it cuts a
// result without a word.
func (c *conn) begin(limits Limits, q Query) error {
	opts := &c.src.opts
	names := "SET NAMES utf8mb4"
	if coll := c.src.dsn.collation; coll != "" {
		names += " COLLATE " + coll
	}
	selectLimit := uint64(math.MaxUint64)
	if q.FirstRows > 0 {
		selectLimit = uint64(q.FirstRows)
	}
	vars := names + fmt.Sprintf(", time_zone='%s', net_write_timeout=%d, sql_select_limit=%d", opts.Zone, netWriteTimeout, selectLimit)
	if c.server.mariadb { // MySQL keeps 1,024, and lets no common account change it
		vars += fmt.Sprintf(", max_error_count=%d", maxWarnings)
	}
	if limits.StatementTime > 0 {
		vars += ", " + timeLimit(c.server.mariadb, limits.StatementTime)
	}
	setup := []string{vars}
	if opts.Snapshot || q.Snapshot {
		setup = append(setup, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
			"START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
	} else {
		setup = append(setup, "START TRANSACTION READ ONLY")
	}
	for _, stmt := range setup {
		if err := c.exec(stmt); err != nil {
			return fmt.Errorf("session: %w", err)
		}
	}
	return nil
}

// timeLimit is the server's own limit of a statement's time: MariaDB counts
// in seconds for every statement, MySQL in milliseconds for a SELECT.
func timeLimit(mariadb bool, d time.Duration) string {
	if mariadb {
		return fmt.Sprintf("max_statement_time=%.6f", d.Seconds())
	}
	return fmt.Sprintf("max_execution_time=%d", max(1, d.Milliseconds()))
}

// startClock begins to count a statement's time.
func (c *conn) startClock(limit time.Duration) {
	c.began, c.limit = time.Now(), limit
	if limit > 0 {
		c.clock = time.AfterFunc(limit+clockGrace, func() {
			c.abort(&LimitError{Limit: LimitStatementTime, Max: int64(limit)})
		})
	}
}
