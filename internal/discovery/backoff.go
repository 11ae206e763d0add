package discovery

import (
	"math/rand/v2"
	"time"
)

// Waits between attempts grow from firstDelay to maxDelay. The longest wait and
// a timed-out attempt together stay below the six seconds in which a process is
// to be back once etcd is.
const (
	firstDelay = 100 * time.Millisecond
	maxDelay   = 2 * time.Second
)

// delay is how long to wait after so many failures in a row: nothing after
// none, else a random half to whole of a doubling time, so that processes which
// lost etcd together do not come back together.
func delay(failures int) time.Duration {
	if failures == 0 {
		return 0
	}
	d := maxDelay
	if failures <= 5 { // 100 ms << 5 is over maxDelay
		d = min(firstDelay<<(failures-1), maxDelay)
	}
	return d/2 + rand.N(d/2) //nolint:gosec // not a secret
}
