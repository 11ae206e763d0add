package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strconv"
	"syscall"
	"time"

	"google.golang.org/grpc/codes"

	"exporttask/internal/model"
	"exporttask/internal/source"
	"exporttask/internal/store"
	"exporttask/internal/task"
	"exporttask/internal/worker"
)

// work runs one attempt and writes down how it ended.
func (p *Pool) work(ctx context.Context, i *item) {
	a, in := i.Value, &i.Value.inst
	log := p.log.With("inst_id", in.ID, "attempt", in.Attempt)
	ctx, span := p.span(ctx, in)
	log.InfoContext(ctx, "attempt begins", "template", in.TplName, "data_source", in.Source)
	began := time.Now()
	p.cfg.Observer.Began()
	outcome := Outcome{Source: in.Source, Format: task.Format(in.OutputFormat).String()}
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
		err = worker.Persist(finishing, log, func(ctx context.Context) error { return p.finisher.finish(ctx, in, made.result) })
		done(err)
		if err == nil {
			outcome.End = "succeeded"
			log.InfoContext(ctx, "attempt succeeded", "rows", made.result.Rows, "duration", time.Since(began))
			return
		}
		if !errors.Is(err, model.ErrLeaseLost) && !errors.Is(err, model.ErrCanceling) && !model.Refused(err) {
			// Nobody knows whether it was committed, so the file stays. If it
			// was not, the lease runs out and another attempt is made.
			log.ErrorContext(ctx, "finish: outcome unknown", "error", err)
			outcome.End = "lost"
			return
		}
		made.remove(ctx, log)
	}
	outcome.End, outcome.Code = p.end(ctx, log, in, err, cause)
}

// end writes down an attempt that made no file, and tells how it ended, in the
// words of Outcome.
func (p *Pool) end(ctx context.Context, log *slog.Logger, in *model.Inst, err, cause error) (end, code string) {
	var write func(ctx context.Context) error
	switch {
	case errors.Is(err, model.ErrLeaseLost), errors.Is(cause, errLeaseLost):
		log.WarnContext(ctx, "lease lost: the instance is another worker's now")
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
		f := classify(err)
		f.Backoff = p.backoff.After(int(in.Attempt))
		end, code = outcomeOf(f, in), f.Code
		log.WarnContext(ctx, "attempt failed", "error", err, "err_code", f.Code, "retry", f.Retry)
		write = func(ctx context.Context) error { return p.queue.Fail(ctx, in, f) }
	}
	if err := worker.Persist(ctx, log, write); err != nil && !errors.Is(err, model.ErrLeaseLost) {
		log.ErrorContext(ctx, "end attempt: the lease will run out instead", "error", err)
		return "lost", code
	}
	return end, code
}

func outcomeOf(f model.Failure, in *model.Inst) string {
	switch {
	case f.Retry && in.Attempt < in.MaxAttempts:
		return "retried"
	case f.State == model.StateTimedOut:
		return "timed_out"
	}
	return "failed"
}

func errCode(c codes.Code) string { return strconv.Itoa(int(c)) }

// classify tells how an attempt's error is shown and whether another attempt
// may do better.
func classify(err error) model.Failure {
	fail := func(c codes.Code, retry bool, msg string) model.Failure {
		return model.Failure{State: model.StateFailed, Code: errCode(c), Msg: msg, Retry: retry}
	}
	var (
		mine    *model.Error
		server  *source.ServerError
		limit   *source.LimitError
		damage  *source.DamageError
		lost    *source.LostError
		crashed *worker.PanicError
	)
	switch {
	case errors.As(err, &limit) && errors.Is(err, source.ErrStatementTimeout):
		return model.Failure{State: model.StateTimedOut, Code: errCode(codes.DeadlineExceeded), Msg: limit.Error()}
	case errors.As(err, &limit):
		return fail(codes.ResourceExhausted, false, limit.Error())
	case errors.As(err, &damage):
		return fail(codes.DataLoss, false, damage.Error())
	case source.Transient(err):
		return fail(codes.Unavailable, true, "data source: "+err.Error())
	case source.Misconfigured(err):
		return fail(codes.FailedPrecondition, false, "data source: "+err.Error())
	case errors.As(err, &server):
		return fail(codes.InvalidArgument, false, "data source: "+server.Error())
	case errors.As(err, &mine) && mine.Kind == model.WrongState:
		return fail(codes.FailedPrecondition, false, mine.Error())
	case errors.As(err, &mine):
		return fail(codes.InvalidArgument, false, mine.Error())
	case errors.As(err, &lost):
		return fail(codes.Unavailable, false, "data source: "+lost.Error())
	case storeCause(err) != "" && errors.Is(err, syscall.ENOSPC):
		return fail(codes.ResourceExhausted, true, "store: "+storeCause(err))
	case storeCause(err) != "":
		return fail(codes.Unavailable, true, "store: "+storeCause(err))
	case model.Refused(err):
		return fail(codes.Internal, true, "the service's database refused the result; the cause is in the worker's log")
	case errors.As(err, &crashed):
		return fail(codes.Internal, true, "internal error; the cause is in the worker's log")
	}
	return fail(codes.Internal, true, err.Error())
}

// storeCause is what the file system or the object store did not do and why, or
// nothing where the error is neither's. It tells no path: where the server keeps
// its files is not the client's business.
func storeCause(err error) string {
	var remote *store.RemoteError
	var path *fs.PathError
	var link *os.LinkError
	var call *os.SyscallError
	switch {
	case errors.As(err, &remote):
		return remote.Error()
	case errors.As(err, &path):
		return path.Op + ": " + path.Err.Error()
	case errors.As(err, &link):
		return link.Op + ": " + link.Err.Error()
	case errors.As(err, &call):
		return call.Syscall + ": " + call.Err.Error()
	}
	return ""
}
