package testkit

import (
	"testing"
	"time"
)

// eventuallyTimeout bounds Eventually: far longer than any condition takes on a
// loaded machine.
const eventuallyTimeout = 30 * time.Second

// Eventually polls a condition every 5 ms until it holds. It ends the test where
// the condition does not hold within 30 s, or where the test's context ends
// first; what names the condition in the failure, such as "the lease is lost".
// It must be called from the test's own goroutine.
func Eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(eventuallyTimeout)
	defer deadline.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatalf("the test ended before this held: %s", what)
		case <-deadline.C:
			t.Fatalf("not within %s: %s", eventuallyTimeout, what)
		}
	}
}
