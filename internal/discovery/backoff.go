package discovery

import (
	"time"

	"exporttask/internal/worker/backoff"
)

// maxDelay is the longest delay between attempts. It and an attempt that times
// out together take less than six seconds, the time within which a process
// registers again after etcd is back.
const maxDelay = 2 * time.Second

// delay returns the time to wait after a number of failures in a row. Its jitter
// keeps processes that lost etcd together from registering at the same moment.
func delay(failures int) time.Duration {
	return backoff.Exponential{First: 100 * time.Millisecond, Max: maxDelay}.After(failures)
}
