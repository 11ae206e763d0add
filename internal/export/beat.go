package export

import (
	"context"
	"sync/atomic"
	"time"

	"exporttask/internal/model"
)

const (
	// beatEvery is how old a running instance's rowsDone may be in the
	// database, at the most.
	beatEvery = 500 * time.Millisecond
	// maxBeat bounds one round of beats.
	maxBeat = 5 * time.Second
	// strayAfter is how long an instance may be this process's in the database
	// and not run here before it is given back: the answer to its claim was
	// lost. It is longer than any claim is waited for.
	strayAfter = 2 * claimTimeout
)

// progress is what a running attempt tells the beat. The attempt writes it,
// the beat reads it.
type progress struct {
	rows, bytes atomic.Int64
	// steps counts whatever the pump got done.
	steps atomic.Int64
	// waiting is set while the pump waits for the data source, or for the
	// store to make the file durable: both may rightly take long.
	waiting atomic.Bool

	// deadline is when the attempt's timeout has long stopped it: past it,
	// waiting is no excuse.
	deadline time.Time

	// kept is the beat's own memory: what was written last.
	kept beat
}

// beat is what one beat writes of an attempt.
type beat struct {
	steps, rows, bytes int64
	at                 time.Time
}

// due tells whether a beat is to be written, and which. An attempt that
// neither waits for its source nor moves gets no new lease: its worker hangs,
// and another one shall have the instance.
func (g *progress) due(now time.Time, renewEvery time.Duration) (beat, bool) {
	b := beat{steps: g.steps.Load(), rows: g.rows.Load(), bytes: g.bytes.Load(), at: now}
	if b.steps == g.kept.steps && (!g.waiting.Load() || now.After(g.deadline)) {
		return b, false
	}
	news := b.rows != g.kept.rows || b.bytes != g.kept.bytes
	return b, news || now.Sub(g.kept.at) >= renewEvery
}

// Beat writes progress, renews leases, and stops attempts that were canceled
// or lost, until ctx ends. It has to outlive Shutdown, so that what is being
// seen through keeps its lease.
func (p *Pool) Beat(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	strays := map[model.Claim]time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if err := p.beatOnce(ctx, now, strays); err != nil && ctx.Err() == nil {
				p.log.WarnContext(ctx, "beat", "error", err)
			}
		}
	}
}

func (p *Pool) beatOnce(ctx context.Context, now time.Time, strays map[model.Claim]time.Time) error {
	ctx, stop := context.WithTimeout(ctx, min(maxBeat, p.cfg.Lease/3))
	defer stop()
	running := p.snapshot()
	var due []*attempt
	var beats []beat
	var list []model.Progress
	for _, a := range running {
		if b, ok := a.progress.due(now, p.cfg.Lease/3); ok {
			due, beats = append(due, a), append(beats, b)
			list = append(list, model.Progress{ID: a.inst.ID, Claims: a.inst.Claims, Rows: b.rows, Bytes: b.bytes})
		}
	}
	if err := p.queue.Heartbeat(ctx, p.cfg.Owner, list); err != nil {
		return err
	}
	for i, a := range due {
		a.progress.kept = beats[i]
	}
	held, err := p.queue.ListClaims(ctx, p.cfg.Owner)
	if err != nil {
		return err
	}
	p.compare(running, held)
	p.giveBackStrays(ctx, now, held, strays)
	return nil
}

// compare stops attempts that the database knows as canceled or not as ours.
func (p *Pool) compare(running []*attempt, held []model.Claim) {
	known := make(map[int64]model.Claim, len(held))
	for _, h := range held {
		known[h.ID] = h
	}
	for _, a := range running {
		h, ok := known[a.inst.ID]
		switch {
		case !ok || h.Claims != a.inst.Claims:
			// It may just have ended by its own Finish; then nobody listens.
			if heeds {
				a.cancel(errLeaseLost)
			}
		case h.State == model.StateCanceling:
			a.cancel(errCanceled)
		}
	}
}

// giveBackStrays gives back instances that are ours in the database and have
// not run here for a while. strays remembers since when.
func (p *Pool) giveBackStrays(ctx context.Context, now time.Time, held []model.Claim, strays map[model.Claim]time.Time) {
	here := map[model.Claim]bool{}
	for _, a := range p.snapshot() {
		here[model.Claim{ID: a.inst.ID, Claims: a.inst.Claims}] = true
	}
	there := map[model.Claim]bool{}
	for _, h := range held {
		id := model.Claim{ID: h.ID, Claims: h.Claims}
		there[id] = true
		since, known := strays[id]
		switch {
		case here[id]:
			delete(strays, id)
		case !known:
			strays[id] = now
		case now.Sub(since) > strayAfter:
			p.giveBack(ctx, id)
		}
	}
	for id := range strays {
		if !there[id] {
			delete(strays, id)
		}
	}
}

// giveBack releases an instance that nobody runs.
func (p *Pool) giveBack(ctx context.Context, h model.Claim) {
	in := &model.Inst{ID: h.ID, Owner: p.cfg.Owner, Claims: h.Claims}
	p.log.WarnContext(ctx, "giving back an instance whose claim or end was cut off", "inst_id", h.ID)
	if err := p.queue.Release(ctx, in); err != nil {
		p.log.WarnContext(ctx, "give back: its lease will run out instead", "inst_id", h.ID, "error", err)
	}
}

// rescueEvery is how often each process looks for lost leases.
func (p *Pool) rescueEvery() time.Duration { return min(p.cfg.Lease/6, time.Second) }

func (p *Pool) rescueLoop(ctx context.Context) {
	for {
		n, err := p.rescueOnce(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			p.log.WarnContext(ctx, "rescue", "error", err)
		case n > 0:
			p.log.WarnContext(ctx, "took back instances whose worker stopped answering", "instances", n)
			p.Nudge()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(jitter(p.rescueEvery())):
		}
	}
}

func (p *Pool) rescueOnce(ctx context.Context) (int, error) {
	ctx, stop := context.WithTimeout(ctx, claimTimeout)
	defer stop()
	return p.queue.Rescue(ctx)
}
