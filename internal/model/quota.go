package model

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// quotaAge is how long a count of waiting instances is used again.
	quotaAge = 10 * time.Second
	// largeQuota is the bound from which counts are used again: counting up to a
	// smaller bound is fast.
	largeQuota = 1000
)

// quotas remembers how many instances of an operator waited, so that a create
// beside thousands of waiting instances need not count them. A count is used only
// while it, with the instances that this process created since, is below half of
// the bound, so that the bound holds unless other processes create half of it
// within quotaAge. It is safe for concurrent use.
type quotas struct {
	mu sync.Mutex
	of map[int32]waitingCount
}

type waitingCount struct {
	at time.Time
	n  int
}

func newQuotas() *quotas { return &quotas{of: map[int32]waitingCount{}} }

// admits reports whether a remembered count allows one more instance, and adds it.
func (q *quotas) admits(operator int32, maxWaiting int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	c, ok := q.of[operator]
	if !ok || maxWaiting < largeQuota || time.Since(c.at) > quotaAge || c.n >= maxWaiting/2 {
		return false
	}
	c.n++
	q.of[operator] = c
	return true
}

// counted remembers a count.
func (q *quotas) counted(operator int32, n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.of) > maxTurns {
		clear(q.of)
	}
	q.of[operator] = waitingCount{at: time.Now(), n: n + 1}
}

// checkQuota returns a Quota error if an operator has maxWaiting waiting instances
// or more. It reads at most maxWaiting entries of an index.
func (d *DB) checkQuota(ctx context.Context, operator int32, maxWaiting int) error {
	const COUNT = `SELECT COUNT(*) FROM (SELECT einstId FROM welife_export_inst FORCE INDEX (ix_ready)
		WHERE status = ? AND operatorId = ? LIMIT ?) AS waiting`
	if d.quotas.admits(operator, maxWaiting) {
		return nil
	}
	var n int
	if err := d.db.GetContext(ctx, &n, COUNT, Waiting, operator, maxWaiting); err != nil {
		return fmt.Errorf("count waiting instances: %w", err)
	}
	if n >= maxWaiting {
		return Errorf(Quota, "operatorId: %d has %d instances waiting, which is the most allowed; try again when some have run", operator, maxWaiting)
	}
	d.quotas.counted(operator, n)
	return nil
}
