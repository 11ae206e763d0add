package model

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-sql-driver/mysql"
)

// ErrorKind classifies an Error by what the caller can do about it.
type ErrorKind uint8

// The kinds of Error.
const (
	Invalid    ErrorKind = iota + 1 // a field of the request is wrong
	NotFound                        // the object does not exist
	Quota                           // a limit of the operator or of the service is reached
	WrongState                      // the state of the object does not allow the operation
	Conflict                        // another request changed the object, or used the request id
	Incomplete                      // the data source cut the result
)

// Error is a mistake in a request. Text names the field, the value that came
// and the values that are allowed, and may be shown to the client. All other
// errors of this package are faults of the service or of its database.
type Error struct {
	Kind ErrorKind
	Text string
	// Place is the place of the mistake in a text of several lines; nil: unknown,
	// or Text says enough.
	Place *Place
}

// Place is a place in the text of a request's field.
type Place struct {
	Field          string
	Line, Column   int // from 1; columns in characters
	Offset, Length int // in UTF-16 code units, the offset from 0
}

// Error implements error.
func (e *Error) Error() string { return e.Text }

// Errorf returns an *Error of a kind.
func Errorf(kind ErrorKind, format string, args ...any) error {
	return &Error{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

// ErrLeaseLost is returned by the writes of a worker if the instance or the
// delivery no longer runs under the worker's claim: another worker claimed it,
// or it ended.
var ErrLeaseLost = errors.New("lease lost")

// errRowCount means that a statement changed another number of rows than the
// transaction had locked. The transaction is rolled back.
var errRowCount = errors.New("statement changed another number of rows than the transaction locked")

func isServerError(err error, numbers ...uint16) bool {
	my, ok := errors.AsType[*mysql.MySQLError](err)
	return ok && slices.Contains(numbers, my.Number)
}

// wrap prefixes an error with what was being done; nil stays nil.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
