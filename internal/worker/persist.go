package worker

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"exporttask/internal/model"
	"exporttask/internal/worker/backoff"
)

const (
	// persistTimeout bounds Persist. It is longer than a lease: after an outage
	// of the database the work is not lost unless another worker has claimed
	// the item meanwhile, which the fencing token shows.
	persistTimeout = 2 * time.Minute
	// TryTimeout bounds one try of a write in Persist.
	TryTimeout = 5 * time.Second
	// retryPause is the pause between two tries.
	retryPause = 500 * time.Millisecond
	// maxRefused is the number of times that the database may refuse the
	// statement before the refusal counts as final.
	maxRefused = 3
)

// Persist calls the write that ends an item until its outcome is certain: nil
// after success, model.ErrLeaseLost or model.ErrCanceling as write returned it,
// or an error for which model.Refused holds, after three refusals. Any other
// error means that the outcome is unknown: the write was tried for two minutes.
// Persist goes on when ctx is canceled, since the end of an item is written
// while the item is being stopped.
func Persist(ctx context.Context, log *slog.Logger, write func(context.Context) error) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), persistTimeout)
	defer stop()
	for refused := 0; ; {
		err := try(ctx, write)
		if err == nil || errors.Is(err, model.ErrLeaseLost) || errors.Is(err, model.ErrCanceling) {
			return err
		}
		if model.Refused(err) {
			if refused++; refused == maxRefused {
				return err
			}
		}
		log.WarnContext(ctx, "write the end of an item; trying again", "error", err)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(backoff.Jitter(retryPause)):
		}
	}
}

func try(ctx context.Context, write func(context.Context) error) error {
	ctx, stop := context.WithTimeout(ctx, TryTimeout)
	defer stop()
	return write(ctx)
}
