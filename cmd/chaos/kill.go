package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// killReplicas kills a random one of three replicas every two seconds while
// they work through a queue.
func killReplicas(ctx context.Context, w *world, r *report) (err error) {
	n, span := pick(w, 2000, 200), pick(w, 60*time.Second, 8*time.Second)
	lease := pick(w, 30*time.Second, 3*time.Second)
	s, err := w.newSite(ctx, "exportd", 3, lease)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	watch := s.watch(ctx)
	// Work for more than the time of the kills, on 12 slots.
	ids, err := s.addAll(ctx, n, job{rows: 20, ms: pick(w, 22, 35)})
	if err != nil {
		return err
	}
	kills, hit, err := s.killFor(ctx, span)
	if err != nil {
		return err
	}
	if err := s.untilEnded(ctx, len(ids), 4*lease+2*time.Minute); err != nil {
		return err
	}
	v, err := watch.finish(ctx)
	if err != nil {
		return err
	}
	again, err := s.claimedAgain(ctx, hit)
	if err != nil {
		return err
	}
	r.note("kill -9 of a random replica of 3: %d times, %d instances ran there at those moments, %d of them were claimed again", kills, len(hit), len(again))
	r.exactly("kill: instances lost", n-v.succeeded, 0)
	r.exactly("kill: instances ended twice", v.twice+v.miscounted, 0)
	r.exactly("kill: files unlike the reference when first seen", v.wrong, 0)
	slices.Sort(again)
	if len(again) > 0 {
		p99 := again[(len(again)*99-1)/100]
		r.atMost("kill: seconds from kill to claimed again, p99", p99.Seconds(), (lease + 2*time.Second).Seconds())
	}
	r.atLeast("kill: instances claimed again", float64(len(again)), 1)
	return nil
}

// victim is an instance that ran in a process when the process was killed.
type victim struct {
	inst int64
	at   time.Time // of the kill
}

// killFor kills and restarts replicas for a while.
func (s *site) killFor(ctx context.Context, span time.Duration) (kills int, hit []victim, err error) {
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for end := time.After(span); ; kills++ {
		select {
		case <-end:
			return kills, hit, nil
		case <-ctx.Done():
			return kills, hit, ctx.Err()
		case <-tick.C:
		}
		i := rand.N(len(s.replicas))
		running, err := s.runningOn(ctx, s.replicas[i].pid())
		if err != nil {
			return kills, hit, err
		}
		if err := s.replicas[i].kill(); err != nil {
			return kills, hit, err
		}
		now := time.Now()
		for _, inst := range running {
			hit = append(hit, victim{inst, now})
		}
		if s.replicas[i], err = s.start(ctx); err != nil {
			return kills, hit, err
		}
	}
}

// runningOn returns the instances that run in a process, by the name of the worker.
func (s *site) runningOn(ctx context.Context, pid int) ([]int64, error) {
	return s.ints(ctx, `SELECT einstId FROM %s.welife_export_inst WHERE status = 1 AND owner LIKE ?`, fmt.Sprintf("%%-%d-%%", pid))
}

func (s *site) ints(ctx context.Context, query string, args ...any) (list []int64, err error) {
	rows, err := s.root().QueryContext(ctx, fmt.Sprintf(query, s.name), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, rows.Err()
}

// claimedAgain returns how long each victim waited for its next claim. A victim
// that ended just before the kill is left out.
func (s *site) claimedAgain(ctx context.Context, hit []victim) ([]time.Duration, error) {
	var waits []time.Duration
	for _, v := range hit {
		query := fmt.Sprintf(`SELECT COALESCE(TIMESTAMPDIFF(MICROSECOND, ?, MIN(at)), -1) FROM %s.welife_export_event WHERE einstId = ? AND state = 3 AND at > ?`, s.name)
		at := v.at.UTC().Format("2006-01-02 15:04:05.000000")
		var micros int64
		if err := s.root().QueryRowContext(ctx, query, at, v.inst, at).Scan(&micros); err != nil {
			return nil, err
		}
		if micros >= 0 {
			waits = append(waits, time.Duration(micros)*time.Microsecond)
		}
	}
	return waits, nil
}
