package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"exporttask/api"
)

// shareFairly queues one instance of an operator behind thousands of another one.
func shareFairly(ctx context.Context, w *world, r *report) (err error) {
	const slots = 4
	n := pick(w, 5000, 300)
	s, err := w.newSite(ctx, "exportd", 1, 10*time.Second)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if _, err := s.addAll(ctx, n, job{rows: 20, ms: 10, operator: 1}); err != nil {
		return err
	}
	waiting, err := s.count(ctx, "welife_export_inst WHERE status = 0")
	if err != nil {
		return err
	}
	lone, err := s.add(ctx, 0, job{rows: 20, ms: 10, operator: 2})
	if err != nil {
		return err
	}
	err = until(ctx, time.Minute, "start of the lone instance", func() (bool, error) {
		started, err := s.count(ctx, "welife_export_event WHERE einstId = ? AND state = 3", lone)
		return started > 0, err
	})
	if err != nil {
		return err
	}
	before, err := s.count(ctx, `welife_export_event e JOIN `+s.name+`.welife_export_event q ON q.einstId = ? AND q.state = 1
		JOIN `+s.name+`.welife_export_event c ON c.einstId = q.einstId AND c.state = 3 WHERE e.state = 3 AND e.at > q.at AND e.at < c.at`, lone)
	if err != nil {
		return err
	}
	r.note("fair: %d instances of another operator waited", waiting)
	r.atMost("fair: instances started before the lone one", float64(before), 2*slots)
	return nil
}

// createOnce sends the same request a hundred times concurrently, to all replicas.
func createOnce(ctx context.Context, w *world, r *report) (err error) {
	s, err := w.newSite(ctx, "exportd", 3, 10*time.Second)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	quick, err := s.addTpl(ctx, "SELECT id, note FROM items WHERE id = 1", 3)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var errs []error
	ids := map[int64]bool{}
	var calls sync.WaitGroup
	for i := range 100 {
		calls.Go(func() {
			res, err := s.replicas[i%3].client.CreateInst(ctx, &api.WshExportTaskCreateInstReq{EtplId: quick, OperatorId: 1, RequestId: "one"})
			err = answered(res, err)
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
			ids[res.GetData().GetEinstId()] = true
		})
	}
	calls.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	made, err := s.count(ctx, "welife_export_inst WHERE etplId = ?", quick)
	if err != nil {
		return err
	}
	r.exactly("once: instances made by 100 concurrent CreateInst with one requestId", made, 1)
	r.exactly("once: ids answered", len(ids), 1)
	return nil
}
