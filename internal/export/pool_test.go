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

	"exporttask/internal/format"
	"exporttask/internal/format/row"
	"exporttask/internal/memory"
	"exporttask/internal/model"
	"exporttask/internal/source"
)

func TestPool_Run(t *testing.T) {
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

// After an attempt that fails in whatever way, the store holds no file of it.
func TestPool_Run_failure(t *testing.T) {
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
		"connection_lost_is_retried": {
			after(&source.LostError{During: "read rows", Err: io.ErrUnexpectedEOF}), model.StateFailed, 3, "14", "data source: read rows",
		},
		"wrong_sql_is_final": {
			after(&source.ServerError{Code: 1054, Message: "Unknown column"}), model.StateFailed, 1, "3", "Unknown column",
		},
		"damaged_result": {
			after(&source.DamageError{}), model.StateFailed, 1, "15", "",
		},
		"limit_of_rows": {
			after(&source.LimitError{Limit: source.LimitRows, Max: 7}), model.StateFailed, 1, "8", "limit of rows passed: 7",
		},
		"statement_timeout": {
			after(&source.LimitError{Limit: source.LimitStatementTime, Max: int64(time.Second)}), model.StateTimedOut, 1, "4", "1s",
		},
		"malformed_answer_is_retried": {
			after(&source.ProtocolError{What: "a second result"}), model.StateFailed, 3, "14", "malformed response: a second result",
		},
		"malformed_row_is_retried": {
			after(row.ErrBroken), model.StateFailed, 3, "14", row.ErrBroken.Error(),
		},
		"value_of_another_type": {
			after(&format.ValueError{Column: "n", Row: 7, Kind: "a text that is no number", Want: "a number"}), model.StateFailed, 1, "9",
			`column "n", row 7: a text that is no number, want a number`,
		},
		"panic": {
			func(context.Context, int) error { panic("bug") }, model.StateFailed, 3, "13", "internal error",
		},
		"disk_full_without_path": {
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
			if n := b.stored(t); n != 0 {
				t.Errorf("%d files left", n)
			}
		})
	}
}

// An outage of the data source is waited out without counting attempts.
func TestPool_Run_source_outage(t *testing.T) {
	t.Parallel()
	down := &source.LoginError{During: "login", Err: &source.LostError{During: "dial", Err: syscall.ECONNREFUSED}}
	for name, tc := range map[string]struct {
		err      error
		refusals int64
		state    model.State
		attempts int32
		claims   int64
	}{
		"ends":                       {down, 6, model.StateSucceeded, 1, 7},
		"server_starting":            {&source.LoginError{During: "login", Err: &source.ServerError{Code: 1053}}, 5, model.StateSucceeded, 1, 6},
		"busy":                       {&source.BusyError{Reason: "a killed statement still runs"}, 5, model.StateSucceeded, 1, 6},
		"no_memory":                  {&memory.ExceededError{Budget: "memory-limit", Limit: 1, Want: 2, Waited: 3}, 5, model.StateSucceeded, 1, 6},
		"never_enough_memory":        {&memory.ExceededError{Budget: "memory-limit", Limit: 1, Want: 2}, 1 << 40, model.StateFailed, 1, 1},
		"lost_after_the_login":       {&source.LostError{During: "execute", Err: io.ErrUnexpectedEOF}, 1 << 40, model.StateFailed, 3, 3},
		"login_refused_is_no_outage": {&source.LoginError{During: "login", Err: &source.ServerError{Code: 1045}}, 1 << 40, model.StateFailed, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			var refused atomic.Int64
			b.source.query = func(context.Context) error {
				if refused.Add(1) <= tc.refusals {
					return tc.err
				}
				return nil
			}
			start(t, b.pool(b.db, "w"))
			in := b.until(t, b.add(t), model.StateFailed, model.StateSucceeded)
			if in.State != tc.state || in.Attempt != tc.attempts || in.Claims != tc.claims {
				t.Errorf("%s after %d attempts and %d claims (%s), want %s, %d and %d", in.State, in.Attempt, in.Claims, in.ErrMsg, tc.state, tc.attempts, tc.claims)
			}
		})
	}
}

func TestPool_Cancel(t *testing.T) {
	t.Parallel()
	ways := map[string]bool{"same_replica": true, "other_replica": false}
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
			if n := b.stored(t); n != 0 {
				t.Errorf("%d files left", n)
			}
		})
	}
}

func TestPool_Run_shutdown_releases(t *testing.T) {
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
	if n := b.stored(t); n != 0 {
		t.Errorf("%d files left", n)
	}
	b.source.next = rows(1)
	start(t, b.pool(b.db, "w2"))
	b.until(t, id, model.StateSucceeded)
}

func TestPool_Run_shutdown_finishes(t *testing.T) {
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

// lossy loses answers: the database commits, the worker gets errLost.
type lossy struct {
	*model.DB
	claims, ends atomic.Int32 // number of answers still to be lost
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

func TestPool_Run_finish_answer_lost(t *testing.T) {
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

func TestPool_Run_claim_answer_lost(t *testing.T) {
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

func TestPool_Run_lease_lost(t *testing.T) {
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
	if n := b.stored(t); n != 0 {
		t.Errorf("%d files left", n)
	}
	if in := b.until(t, id, model.StateRunning); in.Owner != "second" {
		t.Errorf("owner %q, want the second", in.Owner)
	}
}

func TestProgress_due(t *testing.T) {
	t.Parallel()
	now := time.Now()
	long := now.Add(time.Hour)
	const every = 10 * time.Second
	cases := map[string]struct {
		change func(*progress)
		want   bool
	}{
		"progress":                 {func(p *progress) { p.rows.Add(1); p.steps.Add(1) }, true},
		"no_progress":              {func(p *progress) { p.written.at = now.Add(-every) }, false},
		"blocked":                  {func(p *progress) { p.blocked.Store(true); p.written.at = now.Add(-every) }, true},
		"blocked_with_fresh_lease": {func(p *progress) { p.blocked.Store(true); p.written.at = now.Add(-every / 2) }, false},
		"blocked_past_timeout":     {func(p *progress) { p.blocked.Store(true); p.deadline = now.Add(-1); p.written.at = now.Add(-every) }, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &progress{deadline: long}
			p.written.at = now
			c.change(p)
			if _, got := p.due(now, every); got != c.want {
				t.Errorf("due: got %t, want %t", got, c.want)
			}
		})
	}
}
