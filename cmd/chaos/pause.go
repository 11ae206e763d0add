package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// pauseReplica repeatedly stops a replica for longer than its lease and continues
// it while other replicas run its instances.
func pauseReplica(ctx context.Context, w *world, r *report) error {
	return pauseOn(ctx, w, r, "exportd", pick(w, 250, fewPaused), pick(w, 10*time.Second, shortLease))
}

// The number of instances and the lease that suffice to detect a broken build.
const (
	fewPaused  = 36
	shortLease = 3 * time.Second
)

func pauseOn(ctx context.Context, w *world, r *report, program string, n int, lease time.Duration) (err error) {
	pause := lease + lease/2
	// A job takes longer than pause - lease, so that its second attempt runs
	// when the first one continues.
	length := pause - lease + lease/2
	s, err := w.newSite(ctx, program, 3, lease)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	watch := s.watch(ctx)
	ids, err := s.addAll(ctx, n, job{rows: 50, ms: int(length.Milliseconds() / 50)})
	if err != nil {
		return err
	}
	pauses, frozen := 0, 0
	for i := 0; ; i++ {
		ended, err := s.count(ctx, "welife_export_inst WHERE status IN (2, 3)")
		if err != nil {
			return err
		}
		if ended >= len(ids) || n == fewPaused && i == 3 {
			break
		}
		victim := s.replicas[i%len(s.replicas)]
		running, err := s.runningOn(ctx, victim.pid())
		if err != nil {
			return err
		}
		if err := victim.signal(syscall.SIGSTOP); err != nil {
			return err
		}
		pauses, frozen = pauses+1, frozen+len(running)
		if err := sleep(ctx, pause); err != nil {
			return errors.Join(err, victim.signal(syscall.SIGCONT))
		}
		if err := victim.signal(syscall.SIGCONT); err != nil {
			return err
		}
		// Long enough for reclaimed instances to end: three lost leases in a
		// row would end an instance as FAILED.
		if err := sleep(ctx, length); err != nil {
			return err
		}
	}
	if err := s.untilEnded(ctx, len(ids), 4*lease+3*time.Minute); err != nil {
		return err
	}
	// Let attempts that lost their lease try their last writes.
	if err := sleep(ctx, length); err != nil {
		return err
	}
	v, err := watch.finish(ctx)
	if err != nil {
		return err
	}
	r.note("SIGSTOP for %s at a lease of %s: %d times, %d instances ran there at those moments", pause, lease, pauses, frozen)
	r.exactly("pause: instances lost", n-v.succeeded, 0)
	r.exactly("pause: stale writes accepted", v.twice+v.miscounted, 0)
	r.exactly("pause: files replaced", v.replaced, 0)
	r.exactly("pause: files unlike the reference when first seen", v.wrong, 0)
	return nil
}

// unfencedBuildFails repeats the pauses on a build without the fence. At least one
// figure must exceed its bound there.
func unfencedBuildFails(ctx context.Context, w *world, r *report) error {
	var out bytes.Buffer
	mutant := &report{out: &out, prefix: "  without the fence: "}
	if err := pauseOn(ctx, w, mutant, unfenced, fewPaused, shortLease); err != nil {
		return err
	}
	fmt.Fprint(r.out, out.String())
	r.atLeast("mutant: figures that fall short on the build without the fence", float64(mutant.failed), 1)
	return nil
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
