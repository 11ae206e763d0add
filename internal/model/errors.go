package model

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-sql-driver/mysql"
)

// ErrorKind says whose fault an Error is and what can be done about it.
type ErrorKind uint8

// The kinds of Error.
const (
	Invalid    ErrorKind = iota + 1 // a field is wrong
	NotFound                        // there is no such thing
	Quota                           // too many of them
	WrongState                      // its state does not allow it
	Conflict                        // it was changed, or the request id used, by another request
)

// Error is something the caller did or asked wrong. Its text names the field,
// what came and what is allowed, and is fit to be shown. Any other error of
// this package is the service's own trouble.
type Error struct {
	Kind ErrorKind
	Text string
}

func (e *Error) Error() string { return e.Text }

// Errorf makes an Error of a kind.
func Errorf(kind ErrorKind, format string, args ...any) error {
	return &Error{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

// ErrLeaseLost means that the instance is not this worker's any more: another
// one claimed it, or it ended.
var ErrLeaseLost = errors.New("lease lost")

// Numbers of server errors (the same on MariaDB and MySQL).
const (
	errRecordChanged = 1020
	errDupEntry      = 1062
	errLockWait      = 1205
	errDeadlock      = 1213
	errShutdown      = 1053
	errKilled        = 1317
	errConnKilled    = 1927 // MariaDB
)

func isServerError(err error, numbers ...uint16) bool {
	var my *mysql.MySQLError
	if !errors.As(err, &my) {
		return false
	}
	return slices.Contains(numbers, my.Number)
}

// wrap puts what was done before an error; no error stays none.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Refused tells whether an error is the database's answer to a statement, and
// not the loss of the answer: what was to be written is then certainly not.
func Refused(err error) bool {
	var my *mysql.MySQLError
	return errors.As(err, &my) && !isServerError(err, errRecordChanged, errLockWait, errDeadlock, errShutdown, errKilled, errConnKilled)
}
