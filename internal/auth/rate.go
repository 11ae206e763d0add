package auth

import (
	"container/list"
	"flag"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is a token-bucket rate limit: PerSecond calls a second on average, and up
// to Burst calls at once. A PerSecond of 0 means no limit.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Define registers the flags that set r, with their defaults.
func (r *Rate) Define(f *flag.FlagSet) {
	f.Float64Var(&r.PerSecond, "rate-limit", 2000, "average calls per second of each client; 0: no limit")
	f.IntVar(&r.Burst, "rate-burst", 4000, "calls that each client may make at once")
}

// Validate returns an error that begins with the name of the flag that has an
// invalid value.
func (r Rate) Validate() error {
	switch {
	case r.PerSecond < 0 || r.PerSecond > 1e9:
		return fmt.Errorf("rate-limit: %g, want 0 (no limit) to 1e9 calls a second", r.PerSecond)
	case r.PerSecond > 0 && r.Burst < 1:
		return fmt.Errorf("rate-burst: %d, want 1 or more", r.Burst)
	}
	return nil
}

// maxBuckets is the number of clients that a Limiter keeps buckets for. The
// least recently seen client loses its bucket first and starts with a full one
// at its next call.
const maxBuckets = 10_000

// Limiter applies a Rate to each of many clients. It is safe for concurrent use.
type Limiter struct {
	rate Rate
	most int

	mu     sync.Mutex
	recent *list.List // of *bucket, the most recently used first
	byKey  map[string]*list.Element
}

type bucket struct {
	key    string
	tokens *rate.Limiter
}

// NewLimiter returns a Limiter that applies r to each client.
func NewLimiter(r Rate) *Limiter {
	return &Limiter{rate: r, most: maxBuckets, recent: list.New(), byKey: map[string]*list.Element{}}
}

// Allow counts a call of a client and reports whether the call is within the
// rate. If it is not, retryAfter is the time until a call would be allowed.
func (l *Limiter) Allow(client string, now time.Time) (retryAfter time.Duration, ok bool) {
	if l.rate.PerSecond == 0 {
		return 0, true
	}
	tokens := l.bucket(client)
	if tokens.AllowN(now, 1) {
		return 0, true
	}
	missing := 1 - tokens.TokensAt(now)
	return max(time.Millisecond, time.Duration(missing/l.rate.PerSecond*float64(time.Second))), false
}

func (l *Limiter) bucket(client string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.byKey[client]; ok {
		l.recent.MoveToFront(e)
		return e.Value.(*bucket).tokens
	}
	if l.recent.Len() >= l.most {
		oldest := l.recent.Back()
		l.recent.Remove(oldest)
		delete(l.byKey, oldest.Value.(*bucket).key)
	}
	b := &bucket{key: client, tokens: rate.NewLimiter(rate.Limit(l.rate.PerSecond), l.rate.Burst)}
	l.byKey[client] = l.recent.PushFront(b)
	return b.tokens
}
