// Package backoff computes the waits between attempts and between polls, with
// jitter. It imports nothing of this module, so that every package may use it.
package backoff

import (
	"math"
	"math/rand/v2"
	"time"
)

// Jitter returns a random duration between 3/4 d and 5/4 d, so that processes
// that started together do not go on acting at the same moments.
func Jitter(d time.Duration) time.Duration {
	return d*3/4 + rand.N(d/2+1) //nolint:gosec // spreads load, protects nothing
}

// Exponential is a wait that doubles with every failed attempt.
type Exponential struct {
	First time.Duration // wait after the first failure, before jitter
	Max   time.Duration // upper bound of every wait, jitter included
}

// After returns the wait after the n-th failure in a row, with jitter: about
// First << (n-1), never more than Max. It returns 0 if n is 0 or less.
func (e Exponential) After(n int) time.Duration {
	if n <= 0 {
		return 0
	}
	limit := e.Max / 5 * 4 // Jitter adds up to a quarter
	wait := limit
	if shift := n - 1; shift < 63 && e.First <= math.MaxInt64>>shift {
		wait = min(e.First<<shift, limit)
	}
	return Jitter(wait)
}
