package main

import (
	"context"
	"errors"
	"time"

	"exporttask/api"
)

// poison runs one instance that kills every process that runs it, among many.
func poison(ctx context.Context, w *world, r *report) (err error) {
	n := pick(w, 200, 40)
	s, err := w.newSite(ctx, "exportd", 2, 3*time.Second)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	bad, err := s.add(ctx, 0, job{rows: 60, ms: 1000})
	if err != nil {
		return err
	}
	if _, err := s.addAll(ctx, n, job{rows: 20, ms: 40}); err != nil {
		return err
	}
	deaths := 0
	err = until(ctx, 3*time.Minute, "end of all", func() (bool, error) {
		for i, rep := range s.replicas {
			running, err := s.runningOn(ctx, rep.pid())
			if err != nil {
				return false, err
			}
			for _, inst := range running {
				if inst != bad {
					continue
				}
				deaths++
				if err := rep.kill(); err != nil {
					return false, err
				}
				if s.replicas[i], err = s.start(ctx); err != nil {
					return false, err
				}
			}
		}
		ended, err := s.count(ctx, "welife_export_inst WHERE status IN (2, 3)")
		return ended == n+1, err
	})
	if err != nil {
		return err
	}
	done, err := s.count(ctx, "welife_export_inst WHERE state = 5")
	if err != nil {
		return err
	}
	res, err := s.api.client.GetInst(ctx, &api.WshExportTaskGetInstReq{EinstId: bad})
	if err := answered(res, err); err != nil {
		return err
	}
	failed := 0
	if res.GetData().GetState() == api.WshExportInstState_STATE_FAILED {
		failed = 1
	}
	r.exactly("poison: instances done beside it", done, n)
	r.exactly("poison: the poison one FAILED", failed, 1)
	r.exactly("poison: processes it killed", deaths, 3)
	return nil
}
