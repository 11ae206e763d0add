package worker

import (
	"fmt"
	"runtime/debug"
)

// PanicError is a panic of an item's work as an error.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.Value, e.Stack) }

// Recover sets *err to a PanicError if the function that defers it panics. The
// text of the error holds the stack: it is for the log alone.
func Recover(err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{Value: v, Stack: debug.Stack()}
	}
}
