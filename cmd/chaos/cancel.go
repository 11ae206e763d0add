package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"exporttask/api"
)

// cancelRunning cancels heavy joins while they run. All calls go to one of two
// replicas, so that about half of the instances run on the other one.
func cancelRunning(ctx context.Context, w *world, r *report) (err error) {
	n := pick(w, 200, 16)
	s, err := w.newSite(ctx, "exportd", 2, 10*time.Second)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	heavy, err := s.addTpl(ctx, "SELECT COUNT(*) AS n FROM items a, items b, items c WHERE a.note < b.note AND b.note < c.note", 3)
	if err != nil {
		return err
	}
	for range n {
		res, err := s.api.client.CreateInst(ctx, &api.WshExportTaskCreateInstReq{EtplId: heavy, OperatorId: 1})
		if err := answered(res, err); err != nil {
			return err
		}
	}
	var last time.Time
	err = until(ctx, 5*time.Minute, "cancel all", func() (bool, error) {
		running, err := s.ints(ctx, `SELECT einstId FROM %s.welife_export_inst WHERE state = 3`)
		if err != nil {
			return false, err
		}
		for _, id := range running {
			res, err := s.api.client.CancelInst(ctx, &api.WshExportTaskCancelInstReq{EinstId: id, OperatorId: 1, Reason: "chaos"})
			if err := answered(res, err); err != nil {
				return false, err
			}
			last = time.Now()
		}
		open, err := s.count(ctx, "welife_export_inst WHERE state IN (1, 2, 3)")
		return open == 0, err
	})
	if err != nil {
		return err
	}
	queries := func() (n int, err error) {
		err = s.w.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'reader' AND command <> 'Sleep'`).Scan(&n)
		return n, err
	}
	const limit = 12 * time.Second
	waitErr := until(ctx, limit, "end of the queries", func() (bool, error) {
		left, err := queries()
		return left == 0, err
	})
	took := time.Since(last)
	left, err := queries()
	if err != nil {
		return err
	}
	// A worker stores CANCELED after its query has ended; on a loaded machine this
	// takes a while. If a worker never does, the figure below falls short.
	const ending = 2 * time.Minute
	_ = until(ctx, ending, "end of the last CANCELING", func() (bool, error) {
		open, err := s.count(ctx, "welife_export_inst WHERE state = 4")
		return open == 0, err
	})
	canceled, err := s.count(ctx, "welife_export_inst WHERE state = 8")
	if err != nil {
		return err
	}
	slowest, err := s.slowestCancel(ctx)
	if err != nil {
		return err
	}
	r.exactly("cancel: queries in the process list 12 s after the last cancel", left, 0)
	r.exactly("cancel: instances CANCELED", canceled, n)
	r.atMost("cancel: seconds from the last cancel to no query", took.Seconds(), limit.Seconds())
	r.atMost("cancel: seconds from cancel on another replica to CANCELED, the slowest", slowest.Seconds(), limit.Seconds())
	if waitErr != nil && ctx.Err() != nil {
		return waitErr
	}
	return nil
}

// slowestCancel returns the longest time between the events CANCELING and
// CANCELED of one instance.
func (s *site) slowestCancel(ctx context.Context) (time.Duration, error) {
	query := fmt.Sprintf(`SELECT COALESCE(MAX(TIMESTAMPDIFF(MICROSECOND, a.at, b.at)), 0) FROM %[1]s.welife_export_event a
		JOIN %[1]s.welife_export_event b ON b.einstId = a.einstId AND b.state = 8 WHERE a.state = 4`, s.name)
	var micros int64
	err := s.root().QueryRowContext(ctx, query).Scan(&micros)
	return time.Duration(micros) * time.Microsecond, err
}
