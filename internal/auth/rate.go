package auth

import (
	"container/list"
	"flag"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is how often a client may call: PerSecond in the long run, up to Burst
// at once. A PerSecond of 0 is no bound.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Define adds the options that set r, with the defaults.
func (r *Rate) Define(f *flag.FlagSet) {
	f.Float64Var(&r.PerSecond, "rate-limit", 2000, "calls a second of each client in the long run; 0: no limit")
	f.IntVar(&r.Burst, "rate-burst", 4000, "calls of each client at once")
}

// Validate returns what is wrong, naming the option.
func (r Rate) Validate() error {
	switch {
	case r.PerSecond < 0 || r.PerSecond > 1e9:
		return fmt.Errorf("rate-limit: %g, want 0 (no limit) to 1e9 calls a second", r.PerSecond)
	case r.PerSecond > 0 && r.Burst < 1:
		return fmt.Errorf("rate-burst: %d, want 1 or more", r.Burst)
	}
	return nil
}

// maxBuckets bounds the clients that are remembered. The one not seen for the
// longest is forgotten first, and may then call as if it were new.
const maxBuckets = 10_000

// Limiter counts the calls of each client.
type Limiter struct {
	rate Rate
	most int

	mu     sync.Mutex
	recent *list.List // of *bucket, the latest first
	byKey  map[string]*list.Element
}

type bucket struct {
	key    string
	tokens *rate.Limiter
}

// NewLimiter makes a Limiter for any number of clients.
func NewLimiter(r Rate) *Limiter {
	return &Limiter{rate: r, most: maxBuckets, recent: list.New(), byKey: map[string]*list.Element{}}
}

// Allow counts a call of a client and tells whether it is within the rate, and
// if not, after what time it would be.
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
