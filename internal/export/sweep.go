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

// Ledger is what the sweeper needs of the model.
type Ledger interface {
	Expire(ctx context.Context) (insts int, files []model.File, err error)
	SweepStates(ctx context.Context, ids []int64) (map[int64]model.SweepState, error)
}

// Shelf is what the sweeper needs of the store.
type Shelf interface {
	ID(ctx context.Context) (string, error)
	List(ctx context.Context, fn func(store.Item) error) error
	Remove(ctx context.Context, item store.Item) error
	Delete(ctx context.Context, key string) error
}

// SweepConfig are a sweeper's settings.
type SweepConfig struct {
	// ExpireEvery and SweepEvery are the pauses between two looks for expired
	// instances and between two sweeps of the whole store.
	ExpireEvery, SweepEvery time.Duration
	// StoreID is the mark of the store this process started with.
	StoreID string
	// Force lets a sweep remove more than a fifth of the files.
	Force bool
	// SpillAge is how long a temporary file stays that does not tell whose it
	// is: longer than any attempt may take.
	SpillAge time.Duration
}

// Sweeper ends the retention of files and removes what no instance names:
// files of attempts that were cut off after they published, and unfinished
// ones of processes that died. Every process runs one; they need no leader,
// since each removes only what nobody can ask for any more.
type Sweeper struct {
	cfg    SweepConfig
	ledger Ledger
	shelf  Shelf
	log    *slog.Logger
	now    func() time.Time
}

// NewSweeper makes a sweeper that does nothing before Run.
func NewSweeper(cfg SweepConfig, ledger Ledger, shelf Shelf, log *slog.Logger, now func() time.Time) *Sweeper {
	return &Sweeper{cfg: cfg, ledger: ledger, shelf: shelf, log: log, now: now}
}

// ErrTooMany is a sweep that found more to remove than a slip of ours can
// leave behind.
var ErrTooMany = errors.New("more than a fifth of the store's files belong to no instance")

// Run expires and sweeps until ctx ends.
func (s *Sweeper) Run(ctx context.Context) {
	expire, sweep := time.NewTimer(backoff.Jitter(s.cfg.ExpireEvery)), time.NewTimer(backoff.Jitter(s.cfg.SweepEvery))
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

// ExpireOnce makes everything that is due EXPIRED, removes its files, and
// returns how many instances that were. A file that cannot be removed is left
// to the sweep.
func (s *Sweeper) ExpireOnce(ctx context.Context) (int, error) {
	total := 0
	for {
		n, files, err := s.ledger.Expire(ctx)
		total += n
		if err != nil || n == 0 {
			return total, err
		}
		for _, f := range files {
			if err := s.shelf.Delete(ctx, f.Key); err != nil {
				s.log.WarnContext(ctx, "remove an expired file", "inst_id", f.InstID, "error", err)
			}
		}
	}
}

// SweepOnce removes what no instance names and returns how many files that
// were. It removes nothing and returns ErrTooMany where that would be more
// than a fifth of the published files, and an error where the store is not
// the one it started with.
func (s *Sweeper) SweepOnce(ctx context.Context) (int, error) {
	id, err := s.shelf.ID(ctx)
	if err != nil {
		return 0, err
	}
	if id != s.cfg.StoreID {
		return 0, fmt.Errorf("the store's mark is %q, was %q at the start: is the shared folder still mounted?", id, s.cfg.StoreID)
	}
	var published, unfinished []store.Item
	err = s.shelf.List(ctx, func(i store.Item) error {
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
	orphans, err := s.unnamed(ctx, published)
	if err != nil {
		return 0, err
	}
	if len(orphans)*5 > len(published) && !s.cfg.Force {
		return 0, fmt.Errorf("%w: %d of %d, the first is %s; look whether the database is the right one and whole, then start once with -sweep-force",
			ErrTooMany, len(orphans), len(published), orphans[0].Key)
	}
	left, err := s.unnamed(ctx, unfinished)
	if err != nil {
		return 0, err
	}
	removed := 0
	for _, item := range append(orphans, left...) {
		if err := s.shelf.Remove(ctx, item); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}

// sweepBatch bounds the instances that are looked up at once.
const sweepBatch = 500

// unnamed returns the items that belong to no instance and never will.
func (s *Sweeper) unnamed(ctx context.Context, items []store.Item) ([]store.Item, error) {
	var found []store.Item
	for len(items) > 0 {
		n := min(len(items), sweepBatch)
		batch := items[:n]
		items = items[n:]
		var ids []int64
		for _, i := range batch {
			if c, ok := parseKey(i.Key); ok {
				ids = append(ids, c.id)
			}
		}
		known, err := s.ledger.SweepStates(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, i := range batch {
			if !s.wanted(i, known) {
				found = append(found, i)
			}
		}
	}
	return found, nil
}

// wanted tells whether an item is a file of an instance or may become one. The
// claim that made it must run still: claims never come back, so that whatever
// is not wanted now is not wanted later, and no clock is needed.
func (s *Sweeper) wanted(item store.Item, known map[int64]model.SweepState) bool {
	claim, ok := parseKey(item.Key)
	if !ok {
		return item.Unfinished && s.now().Sub(item.Changed) < s.cfg.SpillAge
	}
	in, there := known[claim.id]
	return there && (claim.runs(in) || slices.Contains(in.Keys, item.Key))
}
