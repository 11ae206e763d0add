package main

import (
	"context"
	"errors"
	"time"
)

// restartInOutage kills a replica that has finished exports while its own database
// did not answer, and starts another one when the database is back.
func restartInOutage(ctx context.Context, w *world, r *report) (err error) {
	const n = 4 // the slots of one replica
	lease := 3 * time.Second
	s, err := w.newSite(ctx, "exportd", 1, lease)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	watch := s.watch(ctx)
	work := job{rows: 20, ms: 100}
	if _, err := s.addAll(ctx, n, work); err != nil {
		return err
	}
	err = until(ctx, time.Minute, "start of all instances", func() (bool, error) {
		running, err := s.count(ctx, "welife_export_inst WHERE status = 1")
		return running == n, err
	})
	if err != nil {
		return err
	}
	// The database is away for all: otherwise others would export again what runs.
	if err := s.api.kill(); err != nil {
		return err
	}
	s.api = nil
	var removes []func() error
	for _, stream := range []string{"upstream", "downstream"} {
		remove, err := toxic(ctx, w.own, `{"name":"hole-`+stream+`","type":"timeout","stream":"`+stream+`","attributes":{"timeout":0}}`)
		if err != nil {
			return err
		}
		removes = append(removes, remove)
	}
	// A result is kept when the database has not answered for two seconds.
	err = sleep(ctx, time.Duration(work.rows*work.ms)*time.Millisecond+4*time.Second)
	err = errors.Join(err, s.replicas[0].kill())
	for _, remove := range removes {
		err = errors.Join(err, remove())
	}
	if err != nil {
		return err
	}
	if s.replicas[0], err = s.start(ctx); err != nil {
		return err
	}
	if err := s.untilEnded(ctx, n, 4*lease+time.Minute); err != nil {
		return err
	}
	v, err := watch.finish(ctx)
	if err != nil {
		return err
	}
	again, err := s.count(ctx, "welife_export_inst WHERE claims > 1")
	if err != nil {
		return err
	}
	r.note("restart: kill -9 of a replica with %d finished exports that its database had not taken", n)
	r.exactly("restart: instances lost", n-v.succeeded, 0)
	r.exactly("restart: exports made again", again, 0)
	r.exactly("restart: files unlike the reference when first seen", v.wrong, 0)
	return nil
}
