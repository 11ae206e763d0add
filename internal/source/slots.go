package source

import (
	"context"
	"fmt"
	"time"
)

const (
	defaultConnections = 32
	maxDefaultReserve  = 4
	// shortWait is how long a preview or a check waits for a connection.
	shortWait = 5 * time.Second
)

// use is what a connection is used for.
type use uint8

const (
	export use = iota // may wait for a connection for as long as its context lasts
	short             // previews, checks and estimates: waits for shortWait
)

// slots bound the connections of one source in this process. Exports leave some
// of them to previews and checks.
type slots struct {
	all     chan struct{} // one element for each connection in use
	exports chan struct{} // one element for each connection of an export
}

func newSlots(total, reserved int) *slots {
	return &slots{all: make(chan struct{}, total), exports: make(chan struct{}, total-reserved)}
}

// acquire waits for a slot and returns the function that releases it. The error
// is the context's cause, or a *BusyError for a short use that waited too long.
func (s *slots) acquire(ctx context.Context, use use) (release func(), err error) {
	if use == export {
		select {
		case s.exports <- struct{}{}:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		select {
		case s.all <- struct{}{}:
			return func() { <-s.all; <-s.exports }, nil
		case <-ctx.Done():
			<-s.exports
			return nil, context.Cause(ctx)
		}
	}
	timer := time.NewTimer(shortWait)
	defer timer.Stop()
	select {
	case s.all <- struct{}{}:
		return func() { <-s.all }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-timer.C:
		return nil, &BusyError{Reason: fmt.Sprintf("all %d connections of this process are in use", cap(s.all))}
	}
}
