package export

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"google.golang.org/grpc/codes"

	"exporttask/internal/model"
	"exporttask/internal/task"
	"exporttask/internal/worker"
	"exporttask/internal/worker/backoff"
)

// work runs one attempt and writes down how it ended.
func (p *Pool) work(ctx context.Context, i *item) {
	a, in := i.Value, &i.Value.inst
	log := p.log.With("inst_id", in.ID, "attempt", in.Attempt)
	ctx, span := p.span(ctx, in)
	log.InfoContext(ctx, "attempt begins", "template", in.TplName, "data_source", in.Source)
	began := time.Now()
	p.cfg.Observer.Began()
	outcome := Outcome{Source: in.Source, Format: task.EncoderFormat(in.OutputFormat).String()}
	defer func() {
		outcome.Duration = time.Since(began)
		outcome.Rows, outcome.Bytes = a.progress.rows.Load(), a.progress.bytes.Load()
		p.cfg.Observer.Ended(outcome)
		endSpan(span, outcome)
	}()

	limit := time.Duration(in.TimeoutSec) * time.Second
	running, stop := context.WithTimeoutCause(ctx, limit, errTimedOut)
	made, err := p.runner.run(running, in, &a.progress)
	cause := context.Cause(running)
	stop()

	// The end of an attempt is written even while the attempt is being stopped.
	ctx = context.WithoutCancel(ctx)
	if err == nil {
		finishing, done := step(ctx, "finish")
		k := &keeper{log: log, files: made.store, inst: in, result: made.result}
		unanswered := time.AfterFunc(keepAfter, func() { k.keep(ctx) })
		err = worker.Persist(finishing, log, func(ctx context.Context) error {
			err := p.finisher.finish(ctx, in, made.result)
			if isUndecided(err) {
				k.keep(ctx)
			}
			return err
		})
		unanswered.Stop()
		done(err)
		if !isUndecided(err) {
			k.forget(ctx)
		}
		if err == nil {
			outcome.End = "succeeded"
			log.InfoContext(ctx, "attempt succeeded", "rows", made.result.Rows, "duration", time.Since(began))
			return
		}
		if isUndecided(err) {
			// The transaction may have been committed, so the file stays. If it
			// was not, the lease runs out, and adopt records the result.
			log.ErrorContext(ctx, "finish: outcome unknown", "error", err)
			outcome.End = "lost"
			return
		}
		made.remove(ctx, log)
	}
	outcome.End, outcome.Code = p.end(ctx, log, in, err, cause)
}

// isUndecided reports whether an error of a finish leaves open if the instance
// has ended, or will.
func isUndecided(err error) bool {
	return err != nil && !errors.Is(err, model.ErrLeaseLost) && !errors.Is(err, model.ErrCanceling) && !model.Refused(err)
}

// end writes down the end of an attempt that made no file and returns it in the
// words of Outcome. err is the attempt's error, cause that of its context.
func (p *Pool) end(ctx context.Context, log *slog.Logger, in *model.Inst, err, cause error) (end, code string) {
	var write func(ctx context.Context) error
	switch {
	case errors.Is(err, model.ErrLeaseLost), errors.Is(cause, errLeaseLost):
		log.WarnContext(ctx, "lease lost: another worker has claimed the instance")
		return "lost", ""
	case errors.Is(cause, worker.ErrShutdown):
		end = "released"
		write = func(ctx context.Context) error { return p.queue.Release(ctx, in) }
	case errors.Is(err, model.ErrCanceling), errors.Is(cause, errCanceled):
		end, code = "canceled", errCode(codes.Canceled)
		write = func(ctx context.Context) error {
			return p.queue.Fail(ctx, in, model.Failure{State: model.StateCanceled, Code: errCode(codes.Canceled), Msg: "canceled while it ran"})
		}
	case errors.Is(cause, errTimedOut):
		end, code = "timed_out", errCode(codes.DeadlineExceeded)
		msg := fmt.Sprintf("passed its timeout of %d s", in.TimeoutSec)
		write = func(ctx context.Context) error {
			return p.queue.Fail(ctx, in, model.Failure{State: model.StateTimedOut, Code: errCode(codes.DeadlineExceeded), Msg: msg})
		}
	default:
		f := p.failure(in, err)
		end, code = outcomeOf(f, in), f.Code
		log.WarnContext(ctx, "attempt failed", "error", err, "err_code", f.Code, "retry", f.Retry, "counted", !f.Uncounted)
		write = func(ctx context.Context) error { return p.queue.Fail(ctx, in, f) }
	}
	if err := worker.Persist(ctx, log, write); err != nil && !errors.Is(err, model.ErrLeaseLost) {
		log.ErrorContext(ctx, "write the end of an attempt: its lease will run out instead", "error", err)
		return "lost", code
	}
	return end, code
}

const (
	// outageWait is how long an instance waits for a data source that is not
	// reachable, unless the source has another time. After that attempts are
	// counted again.
	outageWait = 15 * time.Minute
	// maxOutageBackoff is the longest pause between two attempts to connect.
	maxOutageBackoff = 30 * time.Second
)

// failure returns how an attempt that failed with err ends.
func (p *Pool) failure(in *model.Inst, err error) model.Failure {
	f := classify(err)
	f.Msg += task.CharsetHint(err, in.Params.V)
	// Claims that were no attempts: earlier waits, and shutdowns of workers.
	waits := int(in.Claims - int64(in.Attempt))
	if since := in.OutageSince; since.Valid && time.Since(since.Time) > p.outageWait(in.Source) {
		f.Uncounted = false
	}
	if f.Uncounted {
		outage := backoff.Exponential{First: p.backoff.First, Max: min(p.backoff.Max, maxOutageBackoff)}
		f.Backoff = outage.After(waits + 1)
	} else {
		f.Backoff = p.backoff.After(int(in.Attempt))
	}
	return f
}

func (p *Pool) outageWait(source string) time.Duration {
	if wait := p.cfg.OutageWait[source]; wait > 0 {
		return wait
	}
	return outageWait
}

// outcomeOf returns the end of a failed attempt in the words of Outcome.
func outcomeOf(f model.Failure, in *model.Inst) string {
	switch {
	case f.Retry && (f.Uncounted || in.Attempt < in.MaxAttempts):
		return "retried"
	case f.State == model.StateTimedOut:
		return "timed_out"
	}
	return "failed"
}
