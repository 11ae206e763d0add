package source

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrStatementTimeout is matched (errors.Is) by the error of a statement that
// exceeded its time limit. A statement that was killed because the caller's
// context ended returns the context's cause instead.
var ErrStatementTimeout = errors.New("statement timeout")

// errClosed is returned by a cursor after Close.
var errClosed = errors.New("cursor is closed")

// ServerError is an error packet of the server or of a proxy in front of it.
type ServerError struct {
	Code    uint16 // the server's error number, such as 1064 or 1146
	State   string // SQLSTATE, five characters; "" before login
	Message string
}

func (e *ServerError) Error() string {
	if e.State == "" {
		return fmt.Sprintf("server error %d: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("server error %d (%s): %s", e.Code, e.State, e.Message)
}

// LoginError wraps any error that occurred before the template's statement was
// sent: while dialing, logging in or setting up the session. The statement has
// no part in it.
type LoginError struct {
	During string // "login", "session"
	Err    error
}

func (e *LoginError) Error() string { return e.During + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *LoginError) Unwrap() error { return e.Err }

// LostError is returned when the connection ended, or could not be made, before
// the server had sent its whole response. Rows read until then are incomplete.
type LostError struct {
	During string // what was in progress, such as "dial" or "read rows"
	Err    error  // io.ErrUnexpectedEOF if the peer closed the connection
}

func (e *LostError) Error() string { return fmt.Sprintf("%s: connection lost: %v", e.During, e.Err) }

// Unwrap returns the cause.
func (e *LostError) Unwrap() error { return e.Err }

// lost returns a *LostError for a transport's error. It never matches io.EOF,
// which is the end of a complete result.
func lost(during string, err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return &LostError{During: during, Err: err}
}

// BusyError is returned when the data source does not accept the query now: its
// connections are in use for longer than the caller may wait, or a killed
// statement still runs on it.
type BusyError struct{ Reason string }

func (e *BusyError) Error() string { return "busy: " + e.Reason }

// ConfigError is returned when the data source cannot be used as it is
// configured: the server lacks TLS, a capability or the time zone, or its
// certificate is not accepted. A person has to change the configuration of
// exportd or of the server.
type ConfigError struct {
	What string
	Err  error // the cause, or nil
}

func (e *ConfigError) Error() string {
	if e.Err == nil {
		return e.What
	}
	return e.What + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *ConfigError) Unwrap() error { return e.Err }

// KillError is returned when a statement could not be killed and may still run on
// the server. It does not unwrap: the cause of the failed kill says nothing about
// the query, to whose own error it may be joined.
type KillError struct {
	Connection uint64 // the server's id of the connection
	Err        error
}

func (e *KillError) Error() string {
	return fmt.Sprintf("kill connection %d, which may still run: %v", e.Connection, e.Err)
}

// ProtocolError is a response that the protocol does not allow, such as a packet
// out of order or data after the end. Cells that do not fill their row exactly
// are found by the reader of the cells (row.ErrBroken).
type ProtocolError struct{ What string }

func (e *ProtocolError) Error() string { return "malformed response: " + e.What }

// Limit is the name of a limit of a query.
type Limit string

// The limits, as in Limits and Options.
const (
	LimitStatementTime Limit = "statement time"
	LimitRows          Limit = "rows"
	LimitBytes         Limit = "bytes"
	LimitRowBytes      Limit = "bytes of one row"
	LimitMemory        Limit = "bytes of the server's memory"
)

// LimitError is returned when a statement or its result exceeds a limit.
type LimitError struct {
	Limit Limit
	Max   int64 // the limit: rows, bytes or nanoseconds
	Err   error // the server's error if the server detected it, or nil
}

func (e *LimitError) Error() string {
	if e.Limit == LimitStatementTime {
		return fmt.Sprintf("limit of %s passed: %s", e.Limit, time.Duration(e.Max))
	}
	return fmt.Sprintf("limit of %s passed: %d", e.Limit, e.Max)
}

// Unwrap returns the server's error.
func (e *LimitError) Unwrap() error { return e.Err }

// Is matches ErrStatementTimeout.
func (e *LimitError) Is(target error) bool {
	return target == ErrStatementTimeout && e.Limit == LimitStatementTime
}
