// Package audit keeps the audit log in order: it appends new entries to the chain
// of hashes, removes rows after their retention, and records refused calls. Each
// process runs one Keeper; there is no leader.
//
// Entries about changes are recorded by internal/model, in the transactions that
// make the changes.
package audit

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"exporttask/internal/model"
	"exporttask/internal/worker/backoff"
)

// Store is the part of the model that the keeper uses; model.DB implements it.
type Store interface {
	Audit(ctx context.Context, e model.AuditEntry) error
	AuditAdded() <-chan struct{}
	SealAudit(ctx context.Context) (int, error)
	CutAudit(ctx context.Context, keep time.Duration) (int, error)
}

// Config are the settings of a Keeper.
type Config struct {
	// Keep is the time for which rows are kept; 0: for ever.
	Keep time.Duration
	// CutEvery is the pause between two searches for rows to remove.
	CutEvery time.Duration
}

const (
	// sealPause is the time for which entries are collected before they are
	// appended.
	sealPause = 500 * time.Millisecond
	// pollEvery is the pause between two searches for entries of processes that
	// ended before they appended them.
	pollEvery = 30 * time.Second
	// cutPause is the pause between two steps of a removal, so that it slows
	// nothing down.
	cutPause = 100 * time.Millisecond
	// writeTimeout bounds each write, and the last one at the end of Run.
	writeTimeout = 5 * time.Second
	// maxRefusals bounds the refused calls that wait to be recorded.
	maxRefusals = 1000
)

// Keeper keeps the audit log.
type Keeper struct {
	cfg      Config
	store    Store
	log      *slog.Logger
	refusals chan refusal
}

// refusal is a refused call with its caller.
type refusal struct {
	ctx   context.Context //nolint:containedctx // holds the caller; never ends
	entry model.AuditEntry
}

// NewKeeper returns a keeper that does nothing before Run.
func NewKeeper(cfg Config, store Store, log *slog.Logger) *Keeper {
	return &Keeper{cfg: cfg, store: store, log: log, refusals: make(chan refusal, maxRefusals)}
}

// Record records an entry later. It never blocks; where too many entries wait, the
// entry is only logged. ctx has the caller (model.WithActor).
func (k *Keeper) Record(ctx context.Context, e model.AuditEntry) {
	select {
	case k.refusals <- refusal{context.WithoutCancel(ctx), e}:
	default:
		k.log.ErrorContext(ctx, "a refused call is missing in the audit log: too many wait", "detail", e.Detail)
	}
}

// Run keeps the log until ctx ends, and then appends what has been recorded.
func (k *Keeper) Run(ctx context.Context) {
	poll := time.NewTimer(0)
	cut := time.NewTimer(backoff.Jitter(k.cfg.CutEvery))
	defer poll.Stop()
	defer cut.Stop()
	for {
		select {
		case <-ctx.Done():
			k.drain(context.WithoutCancel(ctx))
			return
		case r := <-k.refusals:
			k.write(r)
		case <-k.store.AuditAdded():
			poll.Reset(sealPause)
		case <-poll.C:
			k.seal(ctx)
			poll.Reset(backoff.Jitter(pollEvery))
		case <-cut.C:
			k.cut(ctx)
			cut.Reset(backoff.Jitter(k.cfg.CutEvery))
		}
	}
}

// drain records the refused calls that wait, and appends all entries.
func (k *Keeper) drain(ctx context.Context) {
	for {
		select {
		case r := <-k.refusals:
			k.write(r)
		default:
			k.seal(ctx)
			return
		}
	}
}

func (k *Keeper) write(r refusal) {
	ctx, stop := context.WithTimeout(r.ctx, writeTimeout)
	defer stop()
	if err := k.store.Audit(ctx, r.entry); err != nil {
		k.log.ErrorContext(r.ctx, "a refused call is missing in the audit log", "detail", r.entry.Detail, "error", err)
	}
}

func (k *Keeper) seal(ctx context.Context) {
	limited, stop := context.WithTimeout(ctx, writeTimeout)
	defer stop()
	// An error leaves the entries where they are; they are appended later.
	if _, err := k.store.SealAudit(limited); err != nil && ctx.Err() == nil {
		k.log.WarnContext(ctx, "append to the audit log", "error", err)
	}
}

// cut removes the rows whose retention is over.
func (k *Keeper) cut(ctx context.Context) {
	if k.cfg.Keep == 0 {
		return
	}
	total := 0
	for {
		n, err := k.store.CutAudit(ctx, k.cfg.Keep)
		total += n
		switch {
		case errors.Is(err, model.ErrAuditBroken):
			k.log.ErrorContext(ctx, "old rows of the audit log are not removed; run exportctl audit verify", "error", err)
		case err != nil && ctx.Err() == nil:
			k.log.ErrorContext(ctx, "remove old rows of the audit log", "error", err)
		}
		if err != nil || n == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(cutPause):
		}
	}
	if total > 0 {
		k.log.InfoContext(ctx, "removed old rows of the audit log", "rows", total)
	}
}
