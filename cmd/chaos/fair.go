package main

import (
	"context"
	"errors"
	"fmt"
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
	if err := s.untilStarted(ctx, lone); err != nil {
		return err
	}
	before, err := s.startsBefore(ctx, lone)
	if err != nil {
		return err
	}
	r.note("fair: %d instances of another operator waited", waiting)
	r.atMost("fair: instances started before the lone one", float64(before), 2*slots)
	return nil
}

// startsBefore returns the number of instances that started between the creation
// and the start of one instance.
func (s *site) startsBefore(ctx context.Context, id int64) (int, error) {
	return s.count(ctx, `welife_export_event e JOIN `+s.name+`.welife_export_event q ON q.einstId = ? AND q.state = 1
		JOIN `+s.name+`.welife_export_event c ON c.einstId = q.einstId AND c.state = 3 WHERE e.state = 3 AND e.at > q.at AND e.at < c.at`, id)
}

// untilStarted waits until an instance has started.
func (s *site) untilStarted(ctx context.Context, id int64) error {
	return until(ctx, 2*time.Minute, "start of one instance", func() (bool, error) {
		started, err := s.count(ctx, "welife_export_event WHERE einstId = ? AND state = 3", id)
		return started > 0, err
	})
}

// admitNewcomer lets a new operator create one instance beside hundreds of
// operators with waiting instances.
func admitNewcomer(ctx context.Context, w *world, r *report) (err error) {
	const slots = 4
	n := pick(w, 500, 60)
	s, err := w.newSite(ctx, "exportd", 1, 10*time.Second)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	for round := range 2 {
		for i := range n {
			if _, err := s.add(ctx, round*n+i, job{rows: 20, ms: 10, operator: int32(i) + 1}); err != nil {
				return err
			}
		}
	}
	waiting, err := s.count(ctx, "welife_export_inst WHERE status = 0")
	if err != nil {
		return err
	}
	newcomer, err := s.add(ctx, 0, job{rows: 20, ms: 10, operator: int32(n) + 1})
	if err != nil {
		return err
	}
	if err := s.untilStarted(ctx, newcomer); err != nil {
		return err
	}
	before, err := s.startsBefore(ctx, newcomer)
	if err != nil {
		return err
	}
	r.note("newcomer: %d instances of %d operators waited", waiting, n)
	r.atMost("newcomer: instances started before that of a new operator", float64(before), slots+8)
	return nil
}

// useIdleSlots queues instances of many operators on a data source that allows one
// at a time, and one instance of another operator on another data source.
func useIdleSlots(ctx context.Context, w *world, r *report) (err error) {
	const slots = 4
	n := pick(w, 200, 40)
	reader, err := through(w.maria.DSN("reader", "reader", shop), w.source.Listen)
	if err != nil {
		return err
	}
	s, err := w.newSite(ctx, "exportd", 1, 10*time.Second,
		fmt.Sprintf("  narrow:\n    dsn: %q\n    functions: [linger]\n    max-running: 1\n", reader))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	wide := s.tpl
	s.tpl, err = s.addTplOn(ctx, "narrow", lingerSQL, 20, "from", "to", "ms")
	if err != nil {
		return err
	}
	for i := range n {
		if _, err := s.add(ctx, i, job{rows: 50, ms: 20, operator: int32(i) + 1}); err != nil {
			return err
		}
	}
	s.tpl = wide
	var late []int64
	for i := range slots - 1 {
		id, err := s.add(ctx, i, job{rows: 20, ms: 10, operator: int32(n) + 1})
		if err != nil {
			return err
		}
		late = append(late, id)
	}
	most := 0
	for _, id := range late {
		if err := s.untilStarted(ctx, id); err != nil {
			return err
		}
		before, err := s.startsBefore(ctx, id)
		if err != nil {
			return err
		}
		most = max(most, before)
	}
	// The narrow source starts one instance a second, and the others of the
	// operator itself may start first.
	r.atMost("idle: instances started before those that could use free slots", float64(most), slots)
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
