package export

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"exporttask/internal/model"
	"exporttask/internal/store"
	"exporttask/internal/worker/backoff"
)

// SweepQueue is the part of the model that the sweeper uses; model.DB implements
// it.
type SweepQueue interface {
	Expire(ctx context.Context) (insts int, files []model.File, err error)
	SweepStates(ctx context.Context, ids []int64) (map[int64]model.SweepState, error)
	Prune(ctx context.Context, keep time.Duration, after int64) (last int64, n int, err error)
}

// SweepStore is the part of the store that the sweeper uses.
type SweepStore interface {
	ID(ctx context.Context) (string, error)
	List(ctx context.Context, fn func(store.Item) error) error
	Remove(ctx context.Context, item store.Item) error
	Delete(ctx context.Context, key string) error
}

// SweepConfig are the settings of a sweeper.
type SweepConfig struct {
	// ExpireEvery is the pause between two searches for expired instances,
	// SweepEvery that between two sweeps of the whole store.
	ExpireEvery, SweepEvery time.Duration
	// KeepHistory is the time after its end for which an instance is kept; 0:
	// for ever.
	KeepHistory time.Duration
	// StoreID is the id of the store that this process started with.
	StoreID string
	// Force allows a sweep to remove more than a fifth of the files.
	Force bool
	// SpillAge is the age at which a temporary file whose name does not tell its
	// instance is removed. It must exceed the longest attempt.
	SpillAge time.Duration
}

// Sweeper expires instances whose retention has ended, and removes files that no
// instance names: those of attempts that were cut off after they published, and
// unfinished ones of processes that died. Every process runs a sweeper. They need
// no leader, since each removes only files that no attempt can still use.
type Sweeper struct {
	cfg   SweepConfig
	queue SweepQueue
	store SweepStore
	log   *slog.Logger
	now   func() time.Time
}

// NewSweeper returns a sweeper that does nothing before Run.
func NewSweeper(cfg SweepConfig, queue SweepQueue, files SweepStore, log *slog.Logger, now func() time.Time) *Sweeper {
	return &Sweeper{cfg: cfg, queue: queue, store: files, log: log, now: now}
}

// ErrTooManyOrphans is returned when a sweep would delete more than a fifth of
// the stored files, which suggests a wrong database or store.
var ErrTooManyOrphans = errors.New("more than a fifth of the store's files belong to no instance")

// Run expires and sweeps until ctx ends.
func (s *Sweeper) Run(ctx context.Context) {
	expire := time.NewTimer(backoff.Jitter(s.cfg.ExpireEvery))
	sweep := time.NewTimer(backoff.Jitter(s.cfg.SweepEvery))
	defer expire.Stop()
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-expire.C:
			s.report(ctx, "expire", "instances", s.ExpireOnce)
			expire.Reset(backoff.Jitter(s.cfg.ExpireEvery))
		case <-sweep.C:
			s.report(ctx, "sweep the store", "files", s.SweepOnce)
			s.report(ctx, "remove old instances", "instances", s.PruneOnce)
			sweep.Reset(backoff.Jitter(s.cfg.SweepEvery))
		}
	}
}

func (s *Sweeper) report(ctx context.Context, what, unit string, do func(context.Context) (int, error)) {
	n, err := do(ctx)
	switch {
	case err != nil && ctx.Err() == nil:
		s.log.ErrorContext(ctx, what, "error", err, unit, n)
	case n > 0:
		s.log.InfoContext(ctx, what, unit, n)
	}
}

// ExpireOnce makes instances whose retention has ended EXPIRED, removes their
// files, and returns the number of instances. A file that cannot be removed is
// left to a later sweep.
func (s *Sweeper) ExpireOnce(ctx context.Context) (int, error) {
	total := 0
	for {
		n, files, err := s.queue.Expire(ctx)
		total += n
		if err != nil || n == 0 {
			return total, err
		}
		for _, f := range files {
			if err := s.store.Delete(ctx, f.Key); err != nil {
				s.log.WarnContext(ctx, "remove an expired file", "inst_id", f.InstID, "error", err)
			}
		}
	}
}

// prunePause is the pause between two steps of PruneOnce, so that removing many
// instances slows nothing down.
const prunePause = 200 * time.Millisecond

// PruneOnce removes instances that ended longer ago than KeepHistory, in small
// steps, and returns their number.
func (s *Sweeper) PruneOnce(ctx context.Context) (int, error) {
	if s.cfg.KeepHistory == 0 {
		return 0, nil
	}
	total := 0
	for after := int64(0); ; {
		last, n, err := s.queue.Prune(ctx, s.cfg.KeepHistory, after)
		total += n
		if err != nil || last == 0 {
			return total, err
		}
		after = last
		select {
		case <-ctx.Done():
			return total, nil
		case <-time.After(prunePause):
		}
	}
}

// SweepOnce removes the files that no instance names and returns their number.
// It removes nothing and returns ErrTooManyOrphans if these are more than a fifth
// of the published files, and another error if the store is not the one that this
// process started with.
func (s *Sweeper) SweepOnce(ctx context.Context) (int, error) {
	id, err := s.store.ID(ctx)
	if err != nil {
		return 0, err
	}
	if id != s.cfg.StoreID {
		return 0, fmt.Errorf("the store's id is %q, at the start it was %q: is the shared folder still mounted?", id, s.cfg.StoreID)
	}
	var published, unfinished []store.Item
	err = s.store.List(ctx, func(i store.Item) error {
		if i.Unfinished {
			unfinished = append(unfinished, i)
		} else {
			published = append(published, i)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	orphans, err := s.orphans(ctx, published)
	if err != nil {
		return 0, err
	}
	if len(orphans)*5 > len(published) && !s.cfg.Force {
		return 0, fmt.Errorf("%w: %d of %d, the first is %s; check that the database is the right one and complete, then start once with -sweep-force",
			ErrTooManyOrphans, len(orphans), len(published), orphans[0].Key)
	}
	abandoned, err := s.orphans(ctx, unfinished)
	if err != nil {
		return 0, err
	}
	removed := 0
	for _, item := range append(orphans, abandoned...) {
		if err := s.store.Remove(ctx, item); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}

// sweepBatch bounds the instances of one database query.
const sweepBatch = 500

// orphans returns the items that belong to no instance and never will.
func (s *Sweeper) orphans(ctx context.Context, items []store.Item) ([]store.Item, error) {
	var found []store.Item
	for batch := range slices.Chunk(items, sweepBatch) {
		var ids []int64
		for _, i := range batch {
			if c, ok := parseKey(i.Key); ok {
				ids = append(ids, c.id)
			}
		}
		states, err := s.queue.SweepStates(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, i := range batch {
			if !s.needed(i, states) {
				found = append(found, i)
			}
		}
	}
	return found, nil
}

// needed reports whether an item is a file of an instance or may become one: an
// instance names it, or the claim that writes it still runs. A claim never runs
// again after its end, so an item that is not needed now never will be, and no
// clock is involved.
func (s *Sweeper) needed(item store.Item, states map[int64]model.SweepState) bool {
	claim, ok := parseKey(item.Key)
	if !ok {
		return item.Unfinished && s.now().Sub(item.Changed) < s.cfg.SpillAge
	}
	in, exists := states[claim.id]
	return exists && (claim.runs(in) || slices.Contains(in.Keys, item.Key))
}
