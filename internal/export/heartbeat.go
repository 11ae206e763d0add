package export

import (
	"context"
	"sync/atomic"
	"time"

	"exporttask/internal/model"
	"exporttask/internal/worker"
	"exporttask/internal/worker/backoff"
)

const (
	// heartbeatEvery bounds how far rowsDone of a running instance lags behind
	// in the database.
	heartbeatEvery = 500 * time.Millisecond
	// maxHeartbeat bounds the database calls of one heartbeat.
	maxHeartbeat = 5 * time.Second
	// queueTimeout bounds one call of the queue besides heartbeats.
	queueTimeout = 5 * time.Second
	// orphanAfter is how long a claim may be this process's in the database
	// without running here before it is given back: the answer to the claim was
	// lost. It is longer than any claim takes.
	orphanAfter = 10 * time.Second
	// idleListEvery is the interval at which a process that runs nothing reads
	// its claims, to find orphans.
	idleListEvery = 10 * time.Second
)

// progress is how far a running attempt has come. The attempt writes it, the
// heartbeat reads it.
type progress struct {
	rows, bytes atomic.Int64
	// steps counts batches of rows and writes of the encoder.
	steps atomic.Int64
	// blocked is set while the attempt waits for the data source, or for the
	// store to make the file durable. Both may take long without a fault.
	blocked atomic.Bool

	// deadline is the end of the attempt's timeout plus a lease. Past it, being
	// blocked no longer renews the lease.
	deadline time.Time

	// written is what the last successful heartbeat wrote. Only the heartbeat
	// uses it.
	written sample
}

// sample is the progress of an attempt at one moment.
type sample struct {
	steps, rows, bytes int64
	at                 time.Time
}

// due returns the attempt's progress, and whether a heartbeat has to write it:
// rows or bytes changed, or the lease is to be renewed. The lease is not renewed
// for an attempt that makes no progress and is not blocked; another worker then
// reclaims the instance.
func (g *progress) due(now time.Time, renewEvery time.Duration) (sample, bool) {
	s := sample{steps: g.steps.Load(), rows: g.rows.Load(), bytes: g.bytes.Load(), at: now}
	if s.steps == g.written.steps && (!g.blocked.Load() || now.After(g.deadline)) {
		return s, false
	}
	changed := s.rows != g.written.rows || s.bytes != g.written.bytes
	return s, changed || now.Sub(g.written.at) >= renewEvery
}

// heartbeat writes progress, renews leases, stops attempts that were canceled
// or lost their lease, and gives back orphaned claims.
func (p *Pool) heartbeat(ctx context.Context, now time.Time, running []*item) error {
	ctx, stop := context.WithTimeout(ctx, min(maxHeartbeat, p.cfg.Lease/3))
	defer stop()
	var due []*attempt
	var samples []sample
	var list []model.Progress
	for _, i := range running {
		a := i.Value
		if s, ok := a.progress.due(now, p.cfg.Lease/3); ok {
			due, samples = append(due, a), append(samples, s)
			list = append(list, model.Progress{Claim: a.inst.Claim(), Rows: s.rows, Bytes: s.bytes})
		}
	}
	if len(running) == 0 && len(p.orphans) == 0 && now.Sub(p.listed) < idleListEvery {
		return nil
	}
	if err := p.queue.Heartbeat(ctx, list); err != nil {
		return err
	}
	for i, a := range due {
		a.progress.written = samples[i]
	}
	held, err := p.queue.ListClaims(ctx, p.cfg.Owner)
	if err != nil {
		return err
	}
	p.listed = now
	stopLost(running, held)
	for _, h := range p.orphanedClaims(now, held) {
		p.giveBack(ctx, h)
	}
	return nil
}

// stopLost stops attempts whose instance is CANCELING, or is no longer held by
// this claim; held is what the database says that this process holds.
func stopLost(running []*item, held []model.HeldClaim) {
	byID := make(map[int64]model.HeldClaim, len(held))
	for _, h := range held {
		byID[h.ID] = h
	}
	for _, i := range running {
		h, ok := byID[i.Value.inst.ID]
		switch {
		case !ok || h.Claim != i.Value.inst.Claim():
			// The attempt may just have finished; Stop has no effect then.
			i.Stop(errLeaseLost)
		case h.State == model.StateCanceling:
			i.Stop(errCanceled)
		}
	}
}

// orphanedClaims returns the claims that this process has held for a while
// without running them. p.orphans remembers since when; only the heartbeat uses
// it.
func (p *Pool) orphanedClaims(now time.Time, held []model.HeldClaim) (orphaned []model.Claim) {
	here := map[model.Claim]bool{}
	for _, i := range p.pool.Running() {
		here[i.Value.inst.Claim()] = true
	}
	orphans := map[model.Claim]time.Time{}
	for _, h := range held {
		id := h.Claim
		if here[id] {
			continue
		}
		since, known := p.orphans[id]
		if !known {
			since = now
		}
		orphans[id] = since
		if now.Sub(since) > orphanAfter {
			orphaned = append(orphaned, id)
		}
	}
	p.orphans = orphans
	return orphaned
}

// giveBack releases a claim that nothing here runs.
func (p *Pool) giveBack(ctx context.Context, h model.Claim) {
	in := &model.Inst{ID: h.ID, Identity: h.Identity, Owner: h.Owner, Claims: h.Claims, Token: h.Token}
	p.log.WarnContext(ctx, "giving back an instance whose claim or end got no answer from the database", "inst_id", h.ID)
	if err := p.queue.Release(ctx, in); err != nil {
		p.log.WarnContext(ctx, "give back an instance: its lease will run out instead", "inst_id", h.ID, "error", err)
	}
}

// releaseOrphans gives back every claim that the database still has under this
// process's name. It is called when nothing runs here any more.
func (p *Pool) releaseOrphans(ctx context.Context) error {
	held, err := p.queue.ListClaims(ctx, p.cfg.Owner)
	if err != nil {
		return err
	}
	for _, h := range held {
		p.giveBack(ctx, h.Claim)
	}
	return nil
}

// rescueEvery is the interval at which each process looks for expired leases.
func (p *Pool) rescueEvery() time.Duration { return min(p.cfg.Lease/6, 2500*time.Millisecond) }

// rescueLoop puts instances whose lease has expired back into the queue, until
// ctx ends.
func (p *Pool) rescueLoop(ctx context.Context) {
	for {
		n, err := p.rescueOnce(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			p.log.WarnContext(ctx, "rescue instances with expired leases", "error", err)
		case n > 0:
			p.log.WarnContext(ctx, "rescued instances whose worker stopped renewing their leases", "instances", n)
			p.Wake()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(backoff.Jitter(p.rescueEvery())):
		}
	}
}

// rescueOnce records the results that workers have left in the store, and returns
// the other instances whose lease has expired to the queue.
func (p *Pool) rescueOnce(ctx context.Context) (int, error) {
	reading, stop := context.WithTimeout(ctx, queueTimeout)
	defer stop()
	expired, err := p.queue.ListExpired(reading)
	if err != nil || len(expired) == 0 {
		return 0, err
	}
	if err := p.adopt(ctx, expired); err != nil {
		return 0, err
	}
	rescuing, stopRescue := context.WithTimeout(ctx, queueTimeout)
	defer stopRescue()
	return p.queue.Rescue(rescuing)
}

// item is a claimed instance in the worker pool.
type item = worker.Item[*attempt]
