package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"exporttask/api"
)

// duesOfOne is the number of missed due times that each schedule runs.
const duesOfOne = 100

// fireUnderKills runs missed due times of schedules while a random one of three
// replicas is killed every two seconds.
func fireUnderKills(ctx context.Context, w *world, r *report) (err error) {
	scheds, span := pick(w, 20, 4), pick(w, 30*time.Second, 6*time.Second)
	n := scheds * duesOfOne
	s, err := w.newSite(ctx, "exportd", 3, 5*time.Second)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	quick, err := s.addTpl(ctx, "SELECT id, note FROM items WHERE id = 1", 3)
	if err != nil {
		return err
	}
	for i := range scheds {
		res, err := s.api.client.CreateSched(ctx, &api.WshExportTaskCreateSchedReq{
			EschedName: fmt.Sprint("s", i), EtplId: quick, OperatorId: 1, Cron: "* * * * *", Paused: true, Missed: api.WshExportMissed_MISSED_ALL,
		})
		if err := answered(res, err); err != nil {
			return fmt.Errorf("CreateSched: %w", err)
		}
	}
	// The schedules become overdue one after the other and end with their last
	// due time, so that kills happen during runs and their number is known.
	var late error
	var waking sync.WaitGroup
	waking.Go(func() { late = s.wake(ctx, scheds, span) })
	kills, _, err := s.killFor(ctx, span)
	waking.Wait()
	if err := errors.Join(err, late); err != nil {
		return err
	}
	err = until(ctx, 2*time.Minute, "end of all schedules", func() (bool, error) {
		left, err := s.count(ctx, "welife_export_sched WHERE status = 0")
		return left == 0, err
	})
	if err != nil {
		return err
	}
	if err := s.untilEnded(ctx, n, 2*time.Minute); err != nil {
		return err
	}
	made, err := s.count(ctx, "welife_export_inst WHERE eschedId <> 0")
	if err != nil {
		return err
	}
	dues, err := s.count(ctx, "welife_export_due")
	if err != nil {
		return err
	}
	r.note("sched: kill -9 of a random replica of 3, %d times", kills)
	r.exactly("sched: instances made", made, n)
	r.exactly("sched: due times that have one", dues, n)
	return nil
}

// wake makes schedules due, spread over a while.
func (s *site) wake(ctx context.Context, scheds int, span time.Duration) error {
	first := time.Now().UTC().Truncate(time.Minute).Add(-2 * duesOfOne * time.Minute)
	for range scheds {
		_, err := s.w.db.ExecContext(ctx, "UPDATE "+s.name+".welife_export_sched SET status = 0, nextDue = ?, endAt = ? WHERE status = 1 LIMIT 1",
			first, first.Add((duesOfOne-1)*time.Minute))
		if err != nil {
			return err
		}
		if err := sleep(ctx, span/time.Duration(scheds)); err != nil {
			return err
		}
	}
	return nil
}
