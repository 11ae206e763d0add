package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
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
	in, err := p.queue.GetInst(ctx, v.InstID)
	ctx, span := p.span(ctx, in, v)
	var location string
	if err == nil {
		location, err = p.attempt(ctx, log, in, v)
	}
	// The end of an attempt is written even while the attempt is being stopped.
	end := p.end(context.WithoutCancel(ctx), log, v, location, err, context.Cause(ctx))
	endSpan(span, end)
	if p.cfg.Observer != nil {
		p.cfg.Observer.Delivered(v.Destination, end, time.Since(began))
	}
}

// errInternal is shown for a panic, whose text is for the log alone.
var errInternal = errors.New("internal error; the cause is in the worker's log")

// attempt sends the files of in and returns where they are.
func (p *Pool) attempt(ctx context.Context, log *slog.Logger, in *model.Inst, v *model.Delivery) (location string, err error) {
	dest := p.Destinations[v.Destination] // only deliveries to configured destinations are claimed
	switch {
	case v.Attempt > dest.Attempts:
		return "", payload.Permanent(fmt.Errorf("the worker of the last attempt stopped renewing its lease (attempts: %d)", dest.Attempts))
	case in.State != model.StateSucceeded || int(v.Seq) > len(in.DeliverTo.V):
		return "", payload.Permanent(fmt.Errorf("instance %d is %s and has no files", in.ID, in.State))
	}
	sending, stop := context.WithTimeoutCause(ctx, dest.Timeout, errTimedOut)
	defer stop()
	location, err = send(sending, dest, p.payload(in, v))
	if _, panicked := errors.AsType[*worker.PanicError](err); panicked {
		log.ErrorContext(ctx, "a delivery panicked", "error", err)
		return "", errInternal
	}
	if err != nil && errors.Is(context.Cause(sending), errTimedOut) {
		err = fmt.Errorf("not sent within %s: %w", dest.Timeout, err)
	}
	return location, err
}

// send calls the destination and turns its panics into a worker.PanicError.
func send(ctx context.Context, dest Destination, p *payload.Payload) (location string, err error) {
	defer worker.Recover(&err)
	return dest.Send(ctx, p)
}

// payload returns what a delivery sends of an instance.
func (p *Pool) payload(in *model.Inst, v *model.Delivery) *payload.Payload {
	to := in.DeliverTo.V[v.Seq-1]
	out := &payload.Payload{
		EventID: v.EventID, Claim: v.Claims, Inst: in,
		Recipients: to.Recipients, Subject: task.Subject(in, to.Subject),
	}
	for _, f := range in.Files {
		file := payload.File{
			File: f, Path: task.FilePath(in, to.Path, f.Name),
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
func (p *Pool) end(ctx context.Context, log *slog.Logger, v *model.Delivery, location string, err, cause error) (end string) {
	var write func(ctx context.Context) error
	switch {
	case err == nil:
		end = "done"
		write = func(ctx context.Context) error { return p.queue.FinishDelivery(ctx, v, location) }
	case errors.Is(cause, errLeaseLost):
		log.WarnContext(ctx, "lease lost: another worker has claimed the delivery")
		return "lost"
	case errors.Is(cause, worker.ErrShutdown):
		end = "released"
		write = func(ctx context.Context) error { return p.queue.ReleaseDelivery(ctx, v) }
	case payload.IsPermanent(err) || v.Attempt >= p.Destinations[v.Destination].Attempts:
		end = "failed"
		write = func(ctx context.Context) error { return p.queue.FailDelivery(ctx, v, printable(err)) }
	default:
		end = "retried"
		wait := p.backoff.After(int(v.Attempt))
		write = func(ctx context.Context) error { return p.queue.DeferDelivery(ctx, v, printable(err), wait) }
	}
	if err != nil && end != "released" {
		log.WarnContext(ctx, "delivery "+end, "error", err)
	}
	if err := worker.Persist(ctx, log, write); err != nil {
		log.ErrorContext(ctx, "write the end of a delivery: its lease will run out instead", "error", err)
		return "lost"
	}
	if end == "done" {
		log.InfoContext(ctx, "delivered", "location", location)
	}
	return end
}

// printable is the text of an error on one line, without control characters and
// cut to maxMsg.
func printable(err error) string {
	text := strings.Join(strings.FieldsFunc(err.Error(), unicode.IsControl), " ")
	if runes := []rune(text); len(runes) > maxMsg {
		text = string(runes[:maxMsg-1]) + "…"
	}
	return text
}
