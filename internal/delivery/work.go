package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"
	"unicode"

	"exporttask/internal/delivery/payload"
	"exporttask/internal/model"
	"exporttask/internal/task"
)

const (
	// writeTimeout bounds one try of a write that ends an attempt, writeRetry
	// is the pause between tries.
	writeTimeout = 5 * time.Second
	writeRetry   = 500 * time.Millisecond
	// maxMsg is the longest error that is kept, in characters.
	maxMsg = 1000
)

// work runs one attempt and writes down how it ended.
func (p *Pool) work(ctx context.Context, cancel context.CancelCauseFunc, v *model.Delivery) {
	log := p.log.With("delivery_id", v.ID, "inst_id", v.InstID, "destination", v.Destination, "attempt", v.Attempt)
	began := time.Now()
	beats := make(chan struct{})
	go func() {
		defer close(beats)
		p.beat(ctx, cancel, v)
	}()
	in, err := p.queue.GetInst(ctx, v.InstID)
	traced, span := p.span(ctx, in, v)
	var location string
	if err == nil {
		location, err = p.attempt(traced, in, v)
	}
	cause := context.Cause(ctx)
	cancel(nil)
	<-beats

	// What ends an attempt is written even while it is being stopped.
	end := p.end(context.WithoutCancel(traced), log, v, location, err, cause)
	endSpan(span, end)
	if p.cfg.Observer != nil {
		p.cfg.Observer.Delivered(v.Destination, end, time.Since(began))
	}
}

// beat renews the lease until ctx ends, and ends ctx where the lease is lost.
func (p *Pool) beat(ctx context.Context, cancel context.CancelCauseFunc, v *model.Delivery) {
	tick := time.NewTicker(p.cfg.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := p.queue.HeartbeatDelivery(ctx, v, p.cfg.Lease)
		switch {
		case errors.Is(err, model.ErrLeaseLost):
			cancel(errLeaseLost)
			return
		case err != nil && ctx.Err() == nil:
			p.log.WarnContext(ctx, "renew the lease of a delivery", "delivery_id", v.ID, "error", err)
		}
	}
}

// attempt sends the parcel of a delivery of in.
func (p *Pool) attempt(ctx context.Context, in *model.Inst, v *model.Delivery) (location string, err error) {
	defer func() {
		if r := recover(); r != nil {
			p.log.ErrorContext(ctx, "a delivery panicked", "delivery_id", v.ID, "panic", r, "stack", string(debug.Stack()))
			err = errors.New("internal error; the cause is in the worker's log")
		}
	}()
	place := p.Places[v.Destination] // only what is configured here is claimed
	if v.Attempt > place.Attempts {
		return "", payload.Permanent(fmt.Errorf("the worker of the last attempt stopped answering (attempts: %d)", place.Attempts))
	}
	if in.State != model.StateSucceeded || int(v.Seq) > len(in.DeliverTo.V) {
		return "", payload.Permanent(fmt.Errorf("instance %d is %s, its files are gone", in.ID, in.State))
	}
	ctx, stop := context.WithTimeoutCause(ctx, place.Timeout, errTimedOut)
	defer stop()
	location, err = place.Send(ctx, p.parcel(in, v))
	if err != nil && errors.Is(context.Cause(ctx), errTimedOut) {
		err = fmt.Errorf("not sent within %s: %w", place.Timeout, err)
	}
	return location, err
}

// parcel is what is sent of an instance.
func (p *Pool) parcel(in *model.Inst, v *model.Delivery) *payload.Parcel {
	to := in.DeliverTo.V[v.Seq-1]
	out := &payload.Parcel{
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

// end writes down how an attempt ended and tells it, in the words of Observer.
func (p *Pool) end(ctx context.Context, log *slog.Logger, v *model.Delivery, location string, err, cause error) (end string) {
	var write func(ctx context.Context) error
	place := p.Places[v.Destination]
	switch {
	case err == nil:
		end = "done"
		write = func(ctx context.Context) error { return p.queue.FinishDelivery(ctx, v, location) }
	case errors.Is(cause, errLeaseLost):
		log.WarnContext(ctx, "lease lost: the delivery is another worker's now")
		return "lost"
	case errors.Is(cause, errShutdown):
		end = "released"
		write = func(ctx context.Context) error { return p.queue.ReleaseDelivery(ctx, v) }
	case payload.IsPermanent(err) || v.Attempt >= place.Attempts:
		end = "failed"
		write = func(ctx context.Context) error { return p.queue.FailDelivery(ctx, v, shown(err)) }
	default:
		end = "retried"
		wait := p.backoff(v.Attempt)
		write = func(ctx context.Context) error { return p.queue.DeferDelivery(ctx, v, shown(err), wait) }
	}
	if err != nil && end != "released" {
		log.WarnContext(ctx, "delivery "+end, "error", err)
	}
	if err := p.persist(ctx, write); err != nil {
		log.ErrorContext(ctx, "end a delivery: its lease will run out instead", "error", err)
		return "lost"
	}
	if end == "done" {
		log.InfoContext(ctx, "delivered", "location", location)
	}
	return end
}

// persist tries a write until it is certain how it went, or the lease is over:
// then the delivery is sent again, under the same event.
func (p *Pool) persist(ctx context.Context, write func(context.Context) error) error {
	ctx, stop := context.WithTimeout(ctx, p.cfg.Lease)
	defer stop()
	for {
		err := once(ctx, write)
		if err == nil || errors.Is(err, model.ErrLeaseLost) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(jitter(writeRetry)):
		}
	}
}

func once(ctx context.Context, write func(context.Context) error) error {
	ctx, stop := context.WithTimeout(ctx, writeTimeout)
	defer stop()
	return write(ctx)
}

// shown is an error as people get to see it: one line of printable characters.
func shown(err error) string {
	text := strings.Join(strings.FieldsFunc(err.Error(), unicode.IsControl), " ")
	if runes := []rune(text); len(runes) > maxMsg {
		text = string(runes[:maxMsg-1]) + "…"
	}
	return text
}
