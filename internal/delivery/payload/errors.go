package payload

import (
	"errors"
	"time"
)

// permanent is an error that another attempt cannot avoid.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent marks an error that another attempt cannot avoid. Permanent(nil) is
// nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

// IsPermanent reports whether an error was marked by Permanent.
func IsPermanent(err error) bool {
	_, is := errors.AsType[permanent](err)
	return is
}

// retryAfterError is an error with the wait that the receiver asked for.
type retryAfterError struct {
	error
	wait time.Duration
}

func (r retryAfterError) Unwrap() error { return r.error }

// RetryAfter marks an error of a receiver that asked not to be called again for a
// while.
func RetryAfter(err error, wait time.Duration) error { return retryAfterError{err, wait} }

// RetryWait returns the wait of RetryAfter, or 0 if err was not marked by it.
func RetryWait(err error) time.Duration {
	r, _ := errors.AsType[retryAfterError](err)
	return r.wait
}
