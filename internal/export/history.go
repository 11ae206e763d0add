package export

import (
	"context"
	"log/slog"
	"time"

	"exporttask/internal/model"
	"exporttask/internal/worker/backoff"
)

// History is the part of the model that the Historian uses; model.DB implements
// it.
type History interface {
	// Reconnected receives a value when the database may have changed.
	Reconnected() <-chan struct{}
	VerifyHistory(ctx context.Context) (*model.Loss, error)
}

// Historian notices a primary that lacks transactions which this process has
// committed, as after a failover to an asynchronous replica.
type Historian struct {
	DB  History
	Log *slog.Logger
}

const (
	// verifyTimeout bounds one comparison, verifyRetry is the pause after one
	// that failed.
	verifyTimeout = 30 * time.Second
	verifyRetry   = 200 * time.Millisecond
)

// Run compares the histories after each change of the connection until ctx ends.
func (h *Historian) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.DB.Reconnected():
		}
		for !h.verify(ctx) && ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-time.After(backoff.Jitter(verifyRetry)):
			}
		}
	}
}

func (h *Historian) verify(ctx context.Context) (done bool) {
	ctx, stop := context.WithTimeout(ctx, verifyTimeout)
	defer stop()
	loss, err := h.DB.VerifyHistory(ctx)
	if loss != nil {
		h.Log.ErrorContext(ctx, "the database has forgotten changes: it is an older primary; instances that had ended are ended again with their files, "+
			"other changes since then are lost", "changes", loss.Changes, "since", loss.Since, "restored", loss.Restored, "redone", loss.Redone, "missing", loss.Missing)
	}
	if err != nil && ctx.Err() == nil {
		h.Log.WarnContext(ctx, "compare the history of the database", "error", err)
	}
	return err == nil
}
