package discovery

import (
	"math/rand/v2"
	"time"
)

// The delay between attempts grows from firstDelay to maxDelay. The longest delay
// and an attempt that times out together take less than six seconds, the time
// within which a process registers again after etcd is back.
const (
	firstDelay = 100 * time.Millisecond
	maxDelay   = 2 * time.Second
)

// delay returns the time to wait after a number of failures in a row: 0 after
// none, else a random time between half and all of a doubling delay, so that
// processes that lost etcd together do not register at the same moment.
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
