package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"exporttask/internal/delivery/payload"
	"exporttask/internal/model"
	"exporttask/internal/store"
	"exporttask/internal/testkit"
	"exporttask/migrations"
)

// scripted is a destination whose Send is a function of the test.
type scripted struct {
	send    func(ctx context.Context, p *payload.Payload) (string, error)
	warning string
}

func (scripted) Kind() string                { return "scripted" }
func (scripted) Check(model.DeliverTo) error { return nil }

func (s scripted) Send(ctx context.Context, p *payload.Payload) (payload.Receipt, error) {
	location, err := s.send(ctx, p)
	return payload.Receipt{Location: location, Warning: s.warning}, err
}

// bench is a real database and store with deliveries to send.
type bench struct {
	db    *model.DB
	store *store.Dir
	ends  ends
	spans *tracetest.SpanRecorder
	to    model.DeliverTo // of the instances' deliveries
}

func newBench(t *testing.T) *bench {
	t.Helper()
	db, err := model.Open(t.Context(), testkit.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := migrations.Up(t.Context(), db.SQL(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	files, err := store.NewDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &bench{db: db, store: files, to: model.DeliverTo{Destination: "a"}, ends: ends{seen: make(chan string, 100)}, spans: tracetest.NewSpanRecorder()}
}

// ends records how attempts end.
type ends struct{ seen chan string }

func (e ends) Delivered(_, end string, _ time.Duration) { e.seen <- end }

// next is how the next attempt ended.
func (e ends) next(t *testing.T) string {
	t.Helper()
	select {
	case end := <-e.seen:
		return end
	case <-time.After(20 * time.Second):
		t.Fatal("no attempt ended")
		return ""
	}
}

// maker is the span that makes the instances.
var maker = trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled})

// deliveries makes n deliveries to "a".
func (b *bench) deliveries(t *testing.T, n int) {
	t.Helper()
	made := trace.ContextWithSpanContext(t.Context(), maker)
	for range n {
		tpl, err := b.db.CreateTpl(t.Context(), model.Tpl{Name: "t", Source: "default", Expr: "SELECT 1", Status: model.TplNormal}, model.Request{})
		if err != nil {
			t.Fatal(err)
		}
		in := model.Inst{TplID: tpl.ID, TplName: "t", Source: "default", OutputFormat: model.FormatCSV, TimeoutSec: 60, RetentionSec: 3600, MaxAttempts: 3}
		in.DeliverTo.V = []model.DeliverTo{b.to}
		if _, err := b.db.CreateInst(made, in, model.Request{}, 1000); err != nil {
			t.Fatal(err)
		}
		claimed, err := b.db.Claim(t.Context(), "w", 1)
		if err != nil || len(claimed) != 1 {
			t.Fatalf("claimed %v, %v", claimed, err)
		}
		file := model.File{Name: "f.csv", Key: fmt.Sprintf("%d/1-1/f.csv", claimed[0].ID), SHA256: make([]byte, 32)}
		if err := b.db.Finish(t.Context(), &claimed[0], model.Result{Files: []model.File{file}}); err != nil {
			t.Fatal(err)
		}
	}
}

// run runs a pool with the destination "a" until the test, or stop, ends it.
func (b *bench) run(t *testing.T, dest Destination, send func(ctx context.Context, p *payload.Payload) (string, error)) (p *Pool, stop func(grace time.Duration)) {
	t.Helper()
	if s, ok := dest.Destination.(scripted); ok {
		s.send = send
		dest.Destination = s
	} else {
		dest.Destination = scripted{send: send}
	}
	dest.Slots = max(dest.Slots, 1)
	dest.Attempts = max(dest.Attempts, 3)
	dest.Timeout = max(dest.Timeout, 50*time.Millisecond)
	p = New(Config{
		Owner: t.Name(), Workers: 3, Lease: 2 * time.Second, Poll: 10 * time.Millisecond,
		Backoff: 20 * time.Millisecond, MaxBackoff: 100 * time.Millisecond, Observer: b.ends,
		Tracer: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(b.spans)).Tracer(""),
	}, Destinations{"a": dest}, b.db, b.store, nil, slog.New(slog.DiscardHandler))
	claiming, stopClaiming := context.WithCancel(context.Background())
	working, abort := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.Run(claiming, working) })
	var once sync.Once
	stop = func(grace time.Duration) {
		once.Do(func() {
			stopClaiming()
			timer := time.AfterFunc(grace, abort)
			defer timer.Stop()
			running.Wait()
		})
	}
	t.Cleanup(func() { stop(0) })
	return p, stop
}

func (b *bench) only(t *testing.T) model.Delivery {
	t.Helper()
	list, err := b.db.ListDelivery(t.Context(), model.DeliveryFilter{Limit: 2})
	if err != nil || len(list) != 1 {
		t.Fatalf("deliveries %v, %v; want one", list, err)
	}
	return list[0]
}

func TestPool_Run_retries(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.deliveries(t, 1)
	var events []string
	b.run(t, Destination{}, func(_ context.Context, p *payload.Payload) (string, error) {
		events = append(events, p.EventID)
		if len(events) < 3 {
			return "", errors.New("down")
		}
		return "there", nil
	})
	for _, want := range []string{"retried", "retried", "done"} {
		if got := b.ends.next(t); got != want {
			t.Errorf("ended as %s, want %s", got, want)
		}
	}
	if v := b.only(t); v.State != model.DeliveryDone || v.Attempt != 3 || v.Location != "there" || v.ErrMsg != "" {
		t.Errorf("kept %+v", v)
	}
	if events[0] != events[1] || events[1] != events[2] {
		t.Errorf("events %v, want one", events)
	}
}

func TestPool_Run_fails(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		send     func(ctx context.Context, p *payload.Payload) (string, error)
		attempts int32
		says     string
	}{
		"down": {func(context.Context, *payload.Payload) (string, error) { return "", errors.New("line one\r\nline two") }, 3, "line one line two"},
		"refusing": {func(context.Context, *payload.Payload) (string, error) {
			return "", payload.Permanent(errors.New("no"))
		}, 1, "no"},
		"panicking": {func(context.Context, *payload.Payload) (string, error) { panic("x") }, 3, "internal error"},
		"silent": {func(ctx context.Context, _ *payload.Payload) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}, 3, "not sent within 50ms: "},
		"stored_file_missing": {func(ctx context.Context, p *payload.Payload) (string, error) {
			_, err := p.Files[0].Open(ctx)
			return "", err
		}, 3, "file does not exist"},
		"talkative": {func(context.Context, *payload.Payload) (string, error) {
			return "", errors.New(strings.Repeat("长", 5000))
		}, 3, "长…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.deliveries(t, 1)
			b.run(t, Destination{}, tc.send)
			for end := ""; end != "failed"; {
				end = b.ends.next(t)
			}
			v := b.only(t)
			if v.State != model.DeliveryFailed || v.Attempt != tc.attempts || !strings.Contains(v.ErrMsg, tc.says) {
				t.Errorf("%s after %d attempts with %q, want FAILED after %d with %q", v.State, v.Attempt, v.ErrMsg, tc.attempts, tc.says)
			}
		})
	}
}

// A warning of the destination is kept with the delivery, which is DONE.
func TestPool_Run_warning(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.deliveries(t, 1)
	b.run(t, Destination{Destination: scripted{warning: "b@example.org:\n550 no such user"}}, func(context.Context, *payload.Payload) (string, error) {
		return "there", nil
	})
	if end := b.ends.next(t); end != "done" {
		t.Errorf("ended as %s", end)
	}
	if v := b.only(t); v.State != model.DeliveryDone || v.Location != "there" || v.ErrMsg != "b@example.org: 550 no such user" {
		t.Errorf("kept %s at %q with %q", v.State, v.Location, v.ErrMsg)
	}
}

// A receiver that asks for a longer wait than the back-off gets it.
func TestPool_Run_retry_after(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.deliveries(t, 1)
	b.run(t, Destination{}, func(context.Context, *payload.Payload) (string, error) {
		return "", fmt.Errorf("busy: %w", payload.RetryAfter(errors.New("429"), 5*time.Hour))
	})
	if end := b.ends.next(t); end != "retried" {
		t.Errorf("ended as %s", end)
	}
	if v := b.only(t); v.State != model.DeliveryRetryWait || v.NextAt.Time.Sub(v.Updated) < 4*time.Hour {
		t.Errorf("%s, next attempt %s after %s; want 5 hours", v.State, v.NextAt.Time, v.Updated)
	}
}

// An operator may lose a destination while a delivery waits.
func TestPool_Run_destination_lost(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		operators []int32
		want      string
	}{
		"lost": {[]int32{8}, "failed"},
		"kept": {[]int32{8, 7}, "done"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			operator := int32(7)
			b.to.Operator = &operator
			b.deliveries(t, 1)
			b.run(t, Destination{Operators: tc.operators}, func(context.Context, *payload.Payload) (string, error) { return "there", nil })
			if end := b.ends.next(t); end != tc.want {
				t.Errorf("ended as %s, want %s", end, tc.want)
			}
			if v := b.only(t); tc.want == "failed" && (v.Attempt != 1 || !strings.Contains(v.ErrMsg, `destination: "a", but this server has no destinations for operator 7`)) {
				t.Errorf("after %d attempts: %q", v.Attempt, v.ErrMsg)
			}
		})
	}
}

// Operators who share a destination write below folders of their own.
func TestPool_Run_operator_folders(t *testing.T) {
	t.Parallel()
	operator := int32(7)
	for name, tc := range map[string]struct {
		folders  bool
		operator *int32
		want     string
	}{
		"on":                        {true, &operator, "7/daily/f.csv"},
		"off":                       {false, &operator, "daily/f.csv"},
		"instance_of_older_release": {true, nil, "0/daily/f.csv"}, // the instance's operator
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.to.Path, b.to.Operator = "daily/", tc.operator
			b.deliveries(t, 1)
			b.run(t, Destination{OperatorFolders: tc.folders}, func(_ context.Context, p *payload.Payload) (string, error) {
				return p.Files[0].Path, nil
			})
			b.ends.next(t)
			if v := b.only(t); v.Location != tc.want {
				t.Errorf("got %s, want %s", v.Location, tc.want)
			}
		})
	}
}

func TestPool_Run_slots(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.deliveries(t, 6)
	entered, release := make(chan struct{}, 6), make(chan struct{})
	p, _ := b.run(t, Destination{Slots: 2, Timeout: time.Minute}, func(context.Context, *payload.Payload) (string, error) {
		entered <- struct{}{}
		<-release
		return "there", nil
	})
	<-entered
	<-entered
	for range 10 { // a claim now finds no slot
		if got, err := p.claim(t.Context(), 3); err != nil || len(got) > 0 {
			t.Fatalf("claimed %v, %v; want none", got, err)
		}
	}
	select {
	case <-entered:
		t.Error("a third one is sent")
	default:
	}
	close(release)
	for range 6 {
		if end := b.ends.next(t); end != "done" {
			t.Errorf("ended as %s", end)
		}
	}
}

func TestPool_Run_shutdown(t *testing.T) {
	t.Parallel()
	t.Run("finishes", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.deliveries(t, 1)
		entered, release := make(chan struct{}), make(chan struct{})
		_, stop := b.run(t, Destination{Timeout: time.Minute}, func(context.Context, *payload.Payload) (string, error) {
			close(entered)
			<-release
			return "there", nil
		})
		<-entered
		stopped := make(chan struct{})
		go func() { stop(time.Minute); close(stopped) }()
		close(release)
		<-stopped
		if v := b.only(t); v.State != model.DeliveryDone {
			t.Errorf("it is %s", v.State)
		}
	})
	t.Run("releases", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		b.deliveries(t, 1)
		entered := make(chan struct{})
		_, stop := b.run(t, Destination{Timeout: time.Minute}, func(ctx context.Context, _ *payload.Payload) (string, error) {
			close(entered)
			<-ctx.Done()
			return "", ctx.Err()
		})
		<-entered
		stop(0)
		if v := b.only(t); v.State != model.DeliveryWaiting || v.Attempt != 0 || b.ends.next(t) != "released" {
			t.Errorf("it is %s with attempt %d, want that it waits unharmed", v.State, v.Attempt)
		}
	})
}

// An attempt that lost its lease is stopped, and its last write changes nothing.
func TestPool_Run_lease_lost(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.deliveries(t, 1)
	first := true
	b.run(t, Destination{Slots: 2, Timeout: time.Minute}, func(ctx context.Context, _ *payload.Payload) (string, error) {
		if !first {
			return "second", nil
		}
		first = false
		if _, err := b.db.SQL().ExecContext(ctx, `UPDATE welife_export_delivery SET nextAt = UTC_TIMESTAMP(6)`); err != nil {
			t.Error(err)
		}
		<-ctx.Done()
		return "first", nil // it thinks that it was through
	})
	got := map[string]int{}
	for range 2 {
		got[b.ends.next(t)]++
	}
	if v := b.only(t); v.Location != "second" || v.Attempt != 2 || got["lost"] != 1 || got["done"] != 1 {
		t.Errorf("kept %s of attempt %d, ended as %v", v.Location, v.Attempt, got)
	}
}

func TestPool_Run_damaged_file(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.deliveries(t, 1)
	w, err := b.store.Create(t.Context(), "1/1-1/f.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "damaged"); err != nil {
		t.Fatal(err)
	}
	if err := w.Publish(); err != nil {
		t.Fatal(err)
	}
	b.run(t, Destination{}, func(ctx context.Context, p *payload.Payload) (string, error) {
		f, err := p.Files[0].Open(ctx)
		if err != nil {
			return "", err
		}
		defer f.Close()
		_, err = io.Copy(io.Discard, f)
		return "", err
	})
	if end := b.ends.next(t); end != "failed" {
		t.Errorf("ended as %s, want that a damaged file is not sent", end)
	}
	if v := b.only(t); !strings.Contains(v.ErrMsg, "is not the exported file") {
		t.Errorf("kept %q", v.ErrMsg)
	}
}
