package export

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"exporttask/internal/format/row"
	"exporttask/internal/model"
	"exporttask/internal/source"
)

func TestAnExportEndsWithItsFileInTheStore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	start(t, b.pool(b.db, "w"))
	in := b.until(t, b.add(t), model.StateSucceeded)
	f, err := b.store.Open(t.Context(), in.Files[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(text); got != "n\r\n0\r\n1\r\n2\r\n" || in.RowsDone != 3 {
		t.Errorf("got %q, %d rows", got, in.RowsDone)
	}
}

// However an attempt ends without success, the store is as it was before.
func TestAnAttemptThatFailsIsToldAsItIsAndLeavesNoFile(t *testing.T) {
	t.Parallel()
	after := func(err error) func(context.Context, int) error {
		return func(_ context.Context, batch int) error {
			if batch < 2 {
				return nil
			}
			return err
		}
	}
	cases := map[string]struct {
		next     func(context.Context, int) error
		state    model.State
		attempts int32
		code     string
		msg      string
	}{
		"a connection that is lost in the middle is tried again": {
			after(&source.LostError{During: "read rows", Err: io.ErrUnexpectedEOF}), model.StateFailed, 3, "14", "data source: read rows",
		},
		"wrong SQL is not tried again": {
			after(&source.ServerError{Code: 1054, Message: "Unknown column"}), model.StateFailed, 1, "3", "Unknown column",
		},
		"a result that was damaged is not shown": {
			after(&source.DamageError{}), model.StateFailed, 1, "15", "",
		},
		"a limit that was passed is told": {
			after(&source.LimitError{Limit: source.LimitRows, Max: 7}), model.StateFailed, 1, "8", "limit of rows passed: 7",
		},
		"a statement that took too long timed out": {
			after(&source.LimitError{Limit: source.LimitStatementTime, Max: int64(time.Second)}), model.StateTimedOut, 1, "4", "1s",
		},
		"an answer that is no answer is tried again": {
			after(&source.ProtocolError{What: "a second result"}), model.StateFailed, 3, "13", "malformed answer: a second result",
		},
		"and so is a row whose cells do not add up": {
			after(row.ErrBroken), model.StateFailed, 3, "13", "malformed answer: a row whose cells do not add up",
		},
		"a panic is kept to its attempt": {
			func(context.Context, int) error { panic("bug") }, model.StateFailed, 3, "13", "internal error",
		},
		"a full disk is named": {
			after(&os.PathError{Op: "write", Path: "/secret", Err: syscall.ENOSPC}), model.StateFailed, 3, "8", "store: write: no space left on device",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.source.next = c.next
			start(t, b.pool(b.db, "w"))
			in := b.until(t, b.add(t), model.StateFailed, model.StateTimedOut, model.StateSucceeded)
			if in.State != c.state || in.Attempt != c.attempts || in.ErrCode != c.code || !strings.Contains(in.ErrMsg, c.msg) {
				t.Errorf("got %s after %d attempts: %s %q", in.State, in.Attempt, in.ErrCode, in.ErrMsg)
			}
			if strings.Contains(in.ErrMsg, "secret") {
				t.Errorf("a path is shown: %q", in.ErrMsg)
			}
			if n := b.kept(t); n != 0 {
				t.Errorf("%d files left", n)
			}
		})
	}
}

func TestCancelStopsTheAttemptAndRemovesItsFile(t *testing.T) {
	t.Parallel()
	ways := map[string]bool{"on the same replica": true, "from another replica": false}
	for name, here := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			began := make(chan struct{}, 1)
			b.source.next = untilStopped(began)
			p := b.pool(b.db, "w")
			start(t, p)
			id := b.add(t)
			<-began
			if _, err := b.db.Cancel(t.Context(), id, 7, "no longer needed"); err != nil {
				t.Fatal(err)
			}
			if here {
				p.Cancel(id)
			}
			b.until(t, id, model.StateCanceled)
			if n := b.kept(t); n != 0 {
				t.Errorf("%d files left", n)
			}
		})
	}
}

func TestAShutdownGivesBackWhatDoesNotEndInTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	began := make(chan struct{}, 1)
	b.source.next = untilStopped(began)
	stop := start(t, b.pool(b.db, "w"))
	id := b.add(t)
	<-began
	stop(0)
	in := b.until(t, id, model.StateQueued)
	if in.Attempt != 0 || in.Crashes != 0 {
		t.Errorf("attempt %d, crashes %d; want none spent", in.Attempt, in.Crashes)
	}
	if n := b.kept(t); n != 0 {
		t.Errorf("%d files left", n)
	}
	b.source.next = rows(1)
	start(t, b.pool(b.db, "w2"))
	b.until(t, id, model.StateSucceeded)
}

func TestAShutdownSeesThroughWhatEndsInTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	began, goOn := make(chan struct{}), make(chan struct{})
	b.source.next = func(_ context.Context, batch int) error {
		if batch == 1 {
			close(began)
			<-goOn
			return io.EOF
		}
		return nil
	}
	stop := start(t, b.pool(b.db, "w"))
	id := b.add(t)
	<-began
	go close(goOn)
	stop(time.Minute)
	b.until(t, id, model.StateSucceeded)
}

// lossy loses answers: the database does what it was asked, the worker never
// hears of it.
type lossy struct {
	*model.DB
	claims, ends atomic.Int32 // how many answers still get lost
}

var errLost = errors.New("answer lost")

func (l *lossy) Claim(ctx context.Context, owner string, slots int) ([]model.Inst, error) {
	got, err := l.DB.Claim(ctx, owner, slots)
	if len(got) > 0 && l.claims.Add(-1) >= 0 {
		return nil, errLost
	}
	return got, err
}

func (l *lossy) FinishAll(ctx context.Context, list []model.Success) []error {
	errs := l.DB.FinishAll(ctx, list)
	if l.ends.Add(-1) >= 0 {
		for i := range errs {
			errs[i] = errLost
		}
	}
	return errs
}

func TestAFinishWhoseAnswerIsLostIsAskedForAgainAndCountsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	queue := &lossy{DB: b.db}
	queue.ends.Store(2)
	stop := start(t, b.pool(queue, "w"))
	in := b.until(t, b.add(t), model.StateSucceeded)
	stop(time.Minute) // until the worker is certain
	if _, err := b.store.Open(t.Context(), in.Files[0].Key); err != nil {
		t.Errorf("the file that is shown: %v", err)
	}
	tpl, err := b.db.GetTpl(t.Context(), b.tpl.ID)
	if err != nil {
		t.Fatal(err)
	}
	if tpl.ExecTimes != 1 {
		t.Errorf("counted %d times, want once", tpl.ExecTimes)
	}
}

func TestAClaimWhoseAnswerWasLostIsGivenBackAtTheShutdown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	queue := &lossy{DB: b.db}
	queue.claims.Store(1)
	stop := start(t, b.pool(queue, "w"))
	id := b.add(t)
	b.until(t, id, model.StateRunning)
	stop(0)
	if in := b.until(t, id, model.StateQueued); in.Attempt != 0 {
		t.Errorf("attempt %d spent, want none", in.Attempt)
	}
}

func TestALostLeaseStopsTheAttemptAndItsFileIsNotShown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	began := make(chan struct{}, 1)
	stopped := make(chan error, 1)
	b.source.next = func(ctx context.Context, batch int) error {
		if batch == 0 {
			return nil
		}
		began <- struct{}{}
		<-ctx.Done()
		stopped <- context.Cause(ctx)
		return context.Cause(ctx)
	}
	stop := start(t, b.pool(b.db, "first"))
	id := b.add(t)
	<-began
	// Another worker takes it away, as after a pause longer than the lease.
	if _, err := b.db.SQL().ExecContext(t.Context(), `UPDATE welife_export_inst SET owner = 'second', claims = claims + 1 WHERE einstId = ?`, id); err != nil {
		t.Fatal(err)
	}
	if err := <-stopped; !errors.Is(err, errLeaseLost) {
		t.Errorf("stopped by %v, want the lost lease", err)
	}
	stop(time.Minute)
	if n := b.kept(t); n != 0 {
		t.Errorf("%d files left", n)
	}
	if in := b.until(t, id, model.StateRunning); in.Owner != "second" {
		t.Errorf("owner %q, want the second", in.Owner)
	}
}

func TestOnlyAnAttemptThatMovesOrWaitsForItsSourceKeepsItsLease(t *testing.T) {
	t.Parallel()
	now := time.Now()
	long := now.Add(time.Hour)
	const every = 10 * time.Second
	cases := map[string]struct {
		change func(*progress)
		want   bool
	}{
		"rows came":                    {func(p *progress) { p.rows.Add(1); p.steps.Add(1) }, true},
		"it hangs":                     {func(p *progress) { p.kept.at = now.Add(-every) }, false},
		"it waits":                     {func(p *progress) { p.waiting.Store(true); p.kept.at = now.Add(-every) }, true},
		"it waits, its lease is fresh": {func(p *progress) { p.waiting.Store(true); p.kept.at = now.Add(-every / 2) }, false},
		"it waits past its timeout":    {func(p *progress) { p.waiting.Store(true); p.deadline = now.Add(-1); p.kept.at = now.Add(-every) }, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &progress{deadline: long}
			p.kept.at = now
			c.change(p)
			if _, got := p.due(now, every); got != c.want {
				t.Errorf("due: got %t, want %t", got, c.want)
			}
		})
	}
}
