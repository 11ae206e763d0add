package source

import (
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// ErrStatementTimeout is matched (errors.Is) by the error of a statement that
// ran longer than it may. One that was killed because the caller's context
// ended gives the context's cause instead.
var ErrStatementTimeout = errors.New("statement timeout")

// errClosed is what a cursor answers after Close.
var errClosed = errors.New("cursor is closed")

// ServerError is an error packet of the server.
type ServerError struct {
	Code    uint16 // the server's number: 1064, 1146
	State   string // SQLSTATE, five characters; "" before login
	Message string
}

func (e *ServerError) Error() string {
	if e.State == "" {
		return fmt.Sprintf("server error %d: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("server error %d (%s): %s", e.Code, e.State, e.Message)
}

// LostError is a connection that ended, or could not be made, before the
// server had said all. What was read until then is incomplete.
type LostError struct {
	During string // what was going on: "dial", "read rows"
	Err    error  // io.ErrUnexpectedEOF where the connection just ended
}

func (e *LostError) Error() string { return fmt.Sprintf("%s: connection lost: %v", e.During, e.Err) }

// Unwrap gives the cause.
func (e *LostError) Unwrap() error { return e.Err }

// lost wraps a transport's error.
func lost(during string, err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return &LostError{During: during, Err: err}
}

// KillError is a statement that could not be killed and may still run on the
// server. It does not unwrap: why the kill went wrong says nothing of the
// query, whose own error it may be joined to.
type KillError struct {
	Connection uint64 // the server's number of the connection
	Err        error
}

func (e *KillError) Error() string {
	return fmt.Sprintf("kill connection %d, which may still run: %v", e.Connection, e.Err)
}

// ProtocolError is an answer that the protocol does not allow: a packet out
// of order, data after the end. That a row is its cells is for whoever walks
// them to check (row.ErrBroken).
type ProtocolError struct{ What string }

func (e *ProtocolError) Error() string { return "malformed answer: " + e.What }

// Limit names a limit of a query.
type Limit string

// The limits, as they stand in Limits.
const (
	LimitStatementTime Limit = "statement time"
	LimitRows          Limit = "rows"
	LimitBytes         Limit = "bytes"
	LimitRowBytes      Limit = "bytes of one row"
)

// LimitError is a limit that the result passed.
type LimitError struct {
	Limit Limit
	Max   int64 // the limit: rows, bytes or nanoseconds
	Err   error // the server's own error where it was the one to notice, or nil
}

func (e *LimitError) Error() string {
	if e.Limit == LimitStatementTime {
		return fmt.Sprintf("limit of %s passed: %s", e.Limit, time.Duration(e.Max))
	}
	return fmt.Sprintf("limit of %s passed: %d", e.Limit, e.Max)
}

// Unwrap gives the server's error.
func (e *LimitError) Unwrap() error { return e.Err }

// Is matches ErrStatementTimeout.
func (e *LimitError) Is(target error) bool {
	return target == ErrStatementTimeout && e.Limit == LimitStatementTime
}

// The server's error numbers that are told apart here.
const (
	codeInterrupted      = 1317 // ER_QUERY_INTERRUPTED
	codeStatementTimeout = 1969 // ER_STATEMENT_TIMEOUT, MariaDB
	codeQueryTimeout     = 3024 // ER_QUERY_TIMEOUT, MySQL
	codeNoSuchThread     = 1094 // ER_NO_SUCH_THREAD
)

// Transient tells whether the same query may succeed a little later: the
// server was busy, restarting or out of reach, or a lock was contended. Wrong
// SQL, a refused login, a passed limit and a cancelled context are not.
func Transient(err error) bool {
	if _, ok := errors.AsType[*LimitError](err); ok {
		return false // even where the server was the one to notice
	}
	if se, ok := errors.AsType[*ServerError](err); ok {
		return transientCode(se.Code)
	}
	var le *LostError
	if !errors.As(err, &le) {
		return false
	}
	var oe *net.OpError
	var de *net.DNSError
	return errors.Is(le, io.ErrUnexpectedEOF) || errors.Is(le, errLoginTimeout) || errors.As(le, &oe) || errors.As(le, &de)
}

func transientCode(code uint16) bool {
	switch code {
	case
		1020,                   // ER_CHECKREAD: record changed since last read
		1040,                   // ER_CON_COUNT_ERROR: too many connections
		1047,                   // ER_UNKNOWN_COM_ERROR: a Galera node that is not synced answers so
		1053,                   // ER_SERVER_SHUTDOWN
		1135,                   // ER_CANT_CREATE_THREAD
		1158, 1159, 1160, 1161, // ER_NET_*: reading or writing packets
		1184,       // ER_NEW_ABORTING_CONNECTION
		1203, 1226, // ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED
		1205, 1213, // ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK
		1412,             // ER_TABLE_DEF_CHANGED: retry the transaction
		1615,             // ER_NEED_REPREPARE
		1637,             // ER_TOO_MANY_CONCURRENT_TRXS
		1927, 3169, 4031: // the connection was killed: MariaDB, MySQL, idle MySQL
		return true
	}
	return false
}
