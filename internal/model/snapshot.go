package model

import (
	"context"
	"sync"
	"time"
)

const (
	// fastCount is the time of a count below which every call counts.
	fastCount = 25 * time.Millisecond
	// countShare is the part of the time, as 1/countShare, that a process spends
	// on a slow count at most.
	countShare = 20
	// maxCountAge is the age above which a call does not return a count but
	// waits for a new one.
	maxCountAge = 30 * time.Second
	// countTimeout bounds a count in the background.
	countTimeout = 30 * time.Second
)

// snapshot answers calls for a count that reads one index entry for every row
// counted: with a million waiting instances the count takes some tenths of a
// second. A count that is fast is done at every call. After a slow one, calls
// return the last result and start another count in the background, so rarely
// that counting takes a twentieth of the time. No result is older than 30 s.
// A snapshot is safe for concurrent use.
type snapshot[T any] struct {
	mu         sync.Mutex
	value      T
	at         time.Time // of value
	took       time.Duration
	counting   bool // in the background
	background sync.WaitGroup
}

// get returns the result of count, or that of an earlier call.
func (s *snapshot[T]) get(ctx context.Context, count func(context.Context) (T, error)) (T, error) {
	s.mu.Lock()
	value, age := s.value, time.Since(s.at)
	recent := s.took >= fastCount && age < maxCountAge
	if recent && !s.counting && age > countShare*s.took {
		s.counting = true
		s.background.Go(func() {
			ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), countTimeout)
			defer stop()
			_, _ = s.renew(ctx, count) // an error leaves the last result, until it is too old
			s.mu.Lock()
			s.counting = false
			s.mu.Unlock()
		})
	}
	s.mu.Unlock()
	if recent {
		return value, nil
	}
	return s.renew(ctx, count)
}

func (s *snapshot[T]) renew(ctx context.Context, count func(context.Context) (T, error)) (T, error) {
	began := time.Now()
	value, err := count(ctx)
	if err != nil {
		return value, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value, s.at, s.took = value, began, time.Since(began)
	return value, nil
}

// wait returns when no count runs in the background.
func (s *snapshot[T]) wait() { s.background.Wait() }
