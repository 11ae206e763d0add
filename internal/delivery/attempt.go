package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode"

	"exporttask/internal/delivery/payload"
	"exporttask/internal/model"
	"exporttask/internal/task"
	"exporttask/internal/worker"
)

// maxMsg is the largest length of a stored error, in characters.
const maxMsg = 1000

// run runs one attempt and writes down how it ended.
func (p *Pool) run(ctx context.Context, i *item) {
	v := &i.Value
	log := p.log.With("delivery_id", v.ID, "inst_id", v.InstID, "destination", v.Destination, "attempt", v.Attempt)
	began := time.Now()
	in, err := p.instOf(ctx, v)
	ctx, span := p.span(ctx, in, v)
	var receipt payload.Receipt
	if err == nil {
		receipt, err = p.attempt(ctx, log, in, v)
	}
	// The end of an attempt is written even while the attempt is being stopped.
	end := p.end(context.WithoutCancel(ctx), log, v, receipt, err, context.Cause(ctx))
	endSpan(span, end)
	if p.cfg.Observer != nil {
		p.cfg.Observer.Delivered(v.Destination, end, time.Since(began))
	}
}

// errInternal is shown for a panic, whose text is for the log alone.
var errInternal = errors.New("internal error; the cause is in the worker's log")

// none is the receipt of an attempt that failed.
var none payload.Receipt

// attempt sends the files of in.
func (p *Pool) attempt(ctx context.Context, log *slog.Logger, in *model.Inst, v *model.Delivery) (payload.Receipt, error) {
	dest := p.Destinations[v.Destination] // only deliveries to configured destinations are claimed
	switch {
	case v.Attempt > dest.Attempts:
		return none, payload.Permanent(fmt.Errorf("the worker of the last attempt stopped renewing its lease (attempts: %d)", dest.Attempts))
	case v.Event != model.EventFiles:
		return p.sendNotice(ctx, log, in, v, dest)
	case in.State != model.StateSucceeded || int(v.Seq) > len(in.DeliverTo.V):
		return none, payload.Permanent(fmt.Errorf("instance %d is %s and has no files", in.ID, in.State))
	}
	to := in.DeliverTo.V[v.Seq-1]
	if to.Operator != nil {
		// The operator may have lost the destination since the instance was created.
		if err := p.Check(*to.Operator, to); err != nil {
			return none, payload.Permanent(err)
		}
	}
	if err := p.checkRequire(ctx, in, v, to.Require); err != nil {
		return none, err
	}
	return p.send(ctx, log, dest, p.payload(in, v, dest))
}

// sendNotice sends the notice of an event.
func (p *Pool) sendNotice(ctx context.Context, log *slog.Logger, in *model.Inst, v *model.Delivery, dest Destination) (payload.Receipt, error) {
	if to := v.Notice.V.To; to.Operator != nil {
		if err := p.Check(*to.Operator, to); err != nil {
			return none, payload.Permanent(err)
		}
	}
	message, err := p.notice(ctx, in, v, dest)
	if err != nil {
		return none, err
	}
	return p.send(ctx, log, dest, message)
}

// send sends a payload within the destination's time limit.
func (p *Pool) send(ctx context.Context, log *slog.Logger, dest Destination, what *payload.Payload) (payload.Receipt, error) {
	share, err := p.cfg.Memory.Acquire(ctx, attemptMemory)
	if err != nil {
		return none, err
	}
	defer share.Release()
	sending, stop := context.WithTimeoutCause(ctx, dest.Timeout, errTimedOut)
	defer stop()
	receipt, err := send(sending, dest, what)
	if _, panicked := errors.AsType[*worker.PanicError](err); panicked {
		log.ErrorContext(ctx, "a delivery panicked", "error", err)
		return none, errInternal
	}
	if err != nil && errors.Is(context.Cause(sending), errTimedOut) {
		err = fmt.Errorf("not sent within %s: %w", dest.Timeout, err)
	}
	return receipt, err
}

// send calls the destination and turns its panics into a worker.PanicError.
func send(ctx context.Context, dest Destination, p *payload.Payload) (_ payload.Receipt, err error) {
	defer worker.Recover(&err)
	return dest.Send(ctx, p)
}

// header returns a payload without files.
func header(in *model.Inst, v *model.Delivery, dest Destination, to model.DeliverTo) *payload.Payload {
	return &payload.Payload{
		EventID: v.EventID, Claim: v.Claims, Attempt: v.Attempt, Attempts: dest.Attempts, Inst: in,
		Recipients: to.Recipients, Subject: task.Subject(in, to.Subject),
	}
}

// folder returns the beginning of all paths of an operator at a destination.
func folder(to model.DeliverTo, v *model.Delivery, dest Destination) string {
	if !dest.OperatorFolders {
		return ""
	}
	operator := v.OperatorID
	if to.Operator != nil {
		operator = *to.Operator
	}
	return strconv.Itoa(int(operator)) + "/"
}

// payload returns what a delivery sends of an instance.
func (p *Pool) payload(in *model.Inst, v *model.Delivery, dest Destination) *payload.Payload {
	to := in.DeliverTo.V[v.Seq-1]
	out := header(in, v, dest, to)
	for _, f := range in.Files {
		file := payload.File{
			File: f, Path: folder(to, v, dest) + task.FilePath(in, to.Path, f.Name),
			Source: func(ctx context.Context) (io.ReadCloser, error) { return p.files.Open(ctx, f.Key) },
		}
		if p.links != nil {
			if _, _, ok := p.links.SignedURL(in, f.Name); ok {
				file.Link = func(context.Context) (string, time.Time, error) {
					url, expires, _ := p.links.SignedURL(in, f.Name)
					return url, expires, nil
				}
			}
		}
		out.Files = append(out.Files, file)
	}
	return out
}

// end writes down how an attempt ended and returns it in the words of Observer.
// err is the attempt's error, cause that of its context.
func (p *Pool) end(ctx context.Context, log *slog.Logger, v *model.Delivery, receipt payload.Receipt, err, cause error) (end string) {
	var write func(ctx context.Context) error
	var unmet notRequiredError
	switch {
	case err == nil:
		end = "done"
		write = func(ctx context.Context) error {
			return p.queue.FinishDelivery(ctx, v, receipt.Location, printable(receipt.Warning))
		}
	case errors.As(err, &unmet):
		end = "skipped"
		write = func(ctx context.Context) error { return p.queue.SkipDelivery(ctx, v, unmet.Error()) }
	case errors.Is(cause, errLeaseLost):
		log.WarnContext(ctx, "lease lost: another worker has claimed the delivery")
		return "lost"
	case errors.Is(cause, worker.ErrShutdown):
		end = "released"
		write = func(ctx context.Context) error { return p.queue.ReleaseDelivery(ctx, v) }
	case payload.IsPermanent(err) || v.Attempt >= p.Destinations[v.Destination].Attempts:
		end = "failed"
		write = func(ctx context.Context) error { return p.queue.FailDelivery(ctx, v, printable(err.Error())) }
	default:
		end = "retried"
		wait := max(p.backoff.After(int(v.Attempt)), payload.RetryWait(err))
		write = func(ctx context.Context) error { return p.queue.DeferDelivery(ctx, v, printable(err.Error()), wait) }
	}
	if err != nil && end != "released" && end != "skipped" {
		log.WarnContext(ctx, "delivery "+end, "error", err)
	}
	if err := worker.Persist(ctx, log, write); err != nil {
		log.ErrorContext(ctx, "write the end of a delivery: its lease will run out instead", "error", err)
		return "lost"
	}
	switch {
	case end == "done" && receipt.Warning != "":
		log.WarnContext(ctx, "delivered in part", "location", receipt.Location, "warning", receipt.Warning)
	case end == "skipped":
		log.InfoContext(ctx, "not delivered: its condition does not hold", "reason", unmet.Error())
	case end == "done":
		log.InfoContext(ctx, "delivered", "location", receipt.Location)
	}
	return end
}

// printable returns a text on one line, without control characters and cut to
// maxMsg.
func printable(text string) string {
	text = strings.Join(strings.FieldsFunc(text, unicode.IsControl), " ")
	if runes := []rune(text); len(runes) > maxMsg {
		text = string(runes[:maxMsg-1]) + "…"
	}
	return text
}
