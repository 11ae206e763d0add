package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"exporttask/internal/export"
	"exporttask/internal/format/row"
	"exporttask/internal/model"
	"exporttask/internal/source"
	"exporttask/internal/sqlcheck"
	"exporttask/internal/store"
)

const (
	batch        = 64 // the number of instances that a pool finishes in one transaction
	batchWorkers = 2
	operators    = 3
	fill         = 12_000           // instances for one measurement
	span         = 3 * time.Second  // of one measurement, at the longest
	creates      = 300              // for latency
	pollEvery    = 10 * time.Second // the pool's, so that only Wake is measured
)

// fillQueue empties the queue and inserts n instances.
func (b *bench) fillQueue(ctx context.Context, n int) error {
	const INSERT = `INSERT INTO welife_export_inst (etplId, status, state, operatorId, etplName, etplVersion, etplSource, etplExpr,
		etplOutputColumns, etplOutputFormat, etplParams, etplOptions, params, timeoutSec, retentionSec, maxAttempts, runAfter,
		errMsg, warnings, created, updated)
		SELECT ?, 0, 1, MOD(seq, ?), 'tiny', 1, 'default', 'SELECT 1 AS n', '', 1, '[]', '{}', '[]', 60, 3600, 3, UTC_TIMESTAMP(6),
		'', '[]', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM seq_1_to_%d`
	for _, table := range []string{"inst", "event", "file"} {
		if _, err := b.db.SQL().ExecContext(ctx, "TRUNCATE welife_export_"+table); err != nil {
			return err
		}
	}
	_, err := b.db.SQL().ExecContext(ctx, fmt.Sprintf(INSERT, n), b.tpl.ID, operators)
	return err
}

// throughput returns the number of instances that replicas claim and finish in a
// second, a whole batch at a time and without worker pools.
func (b *bench) throughput(ctx context.Context, replicas int) (float64, error) {
	if err := b.fillQueue(ctx, fill); err != nil {
		return 0, err
	}
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	var done atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	began := time.Now()
	for r := range replicas {
		db, err := b.open(ctx)
		if err != nil {
			return 0, err
		}
		defer db.Close()
		w := &worker{db: db, owner: fmt.Sprintf("bench-%d", r), done: &done, until: began.Add(span)}
		for range batchWorkers {
			group.Go(func() error { return w.run(ctx, batch) })
		}
	}
	err := group.Wait()
	return float64(done.Load()) / time.Since(began).Seconds(), err
}

// pools returns the number of instances that worker pools run in a second.
func (b *bench) pools(ctx context.Context, replicas, workers int) (float64, error) {
	if err := b.fillQueue(ctx, fill); err != nil {
		return 0, err
	}
	queue := counting{done: make(chan int, fill)}
	running, stop := context.WithCancel(ctx)
	var loops sync.WaitGroup
	began := time.Now()
	for r := range replicas {
		db, err := b.open(ctx)
		if err != nil {
			stop()
			return 0, err
		}
		defer db.Close()
		queue.DB = db
		p := export.NewPool(export.Config{Owner: fmt.Sprintf("bench-%d", r), Workers: workers, Poll: pollEvery, Backoff: time.Hour, MaxBackoff: time.Hour},
			queue, &export.Runner{Sources: oneRow{}, Store: nowhere{}}, slog.New(slog.DiscardHandler))
		loops.Go(func() { p.Run(running, ctx) })
	}
	n, end := 0, time.After(span)
	for timeUp := false; n < fill && !timeUp; {
		select {
		case some := <-queue.done:
			n += some
		case <-end:
			timeUp = true
		}
	}
	rate := float64(n) / time.Since(began).Seconds()
	stop()
	loops.Wait()
	return rate, nil
}

// counting is a queue that reports the number of finished instances.
type counting struct {
	*model.DB
	done chan int
}

func (c counting) FinishAll(ctx context.Context, list []model.Success) []error {
	errs := c.DB.FinishAll(ctx, list)
	n := 0
	for _, err := range errs {
		if err == nil {
			n++
		}
	}
	c.done <- n
	return errs
}

// worker claims and finishes until the queue is empty or its time is up.
type worker struct {
	db    *model.DB
	owner string
	done  *atomic.Int64
	until time.Time
}

func (w *worker) run(ctx context.Context, size int) error {
	for time.Now().Before(w.until) {
		n, err := w.turn(ctx, size)
		if err != nil || n == 0 {
			return err
		}
		w.done.Add(int64(n))
	}
	return nil
}

func (w *worker) turn(ctx context.Context, size int) (int, error) {
	insts, err := w.db.Claim(ctx, w.owner, size)
	if err != nil || len(insts) == 0 {
		return 0, err
	}
	list := make([]model.Success, len(insts))
	for i := range insts {
		file := model.File{Name: "tiny.csv", Key: fmt.Sprintf("%d/1-1/tiny.csv", insts[i].ID), ContentType: "text/csv", SHA256: make([]byte, 32)}
		list[i] = model.Success{Inst: &insts[i], Result: model.Result{Rows: 1, Files: []model.File{file}}}
	}
	return len(list), errors.Join(w.db.FinishAll(ctx, list)...)
}

// statements returns the number of statements for one instance from claim to
// finish, BEGIN and COMMIT included, as the server counts them.
func (b *bench) statements(ctx context.Context) (single, batched float64, err error) {
	for size, to := range map[int]*float64{1: &single, batch: &batched} {
		const turns = 20
		if err := b.fillQueue(ctx, batch*(turns+2)); err != nil {
			return 0, 0, err
		}
		w := &worker{db: b.db, owner: "count"}
		for range 2 { // the first round fills caches
			if _, err := w.turn(ctx, size); err != nil {
				return 0, 0, err
			}
		}
		before, err := b.questions(ctx)
		if err != nil {
			return 0, 0, err
		}
		n := 0
		for range turns {
			did, err := w.turn(ctx, size)
			if err != nil {
				return 0, 0, err
			}
			n += did
		}
		after, err := b.questions(ctx)
		if err != nil {
			return 0, 0, err
		}
		*to = float64(after-before-1) / float64(n) // reading the counter is a statement itself
	}
	return single, batched, nil
}

func (b *bench) questions(ctx context.Context) (n int, err error) {
	err = b.db.SQL().QueryRowContext(ctx, "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'QUESTIONS'").Scan(&n)
	return n, err
}

// latency returns the milliseconds from the start of CreateInst until the claim of
// the instance has been committed, on an idle replica.
func (b *bench) latency(ctx context.Context) (p50, p99 float64, err error) {
	if err := b.fillQueue(ctx, 1); err != nil {
		return 0, 0, err
	}
	files, err := store.NewDir(b.dir + "/files")
	if err != nil {
		return 0, 0, err
	}
	began := make(chan time.Time, 1)
	pool := export.NewPool(export.Config{Owner: "latency", Workers: 4, Poll: pollEvery, Backoff: time.Hour, MaxBackoff: time.Hour},
		b.db, &export.Runner{Sources: starting{began}, Store: files, TempDir: files.TempDir()}, slog.New(slog.DiscardHandler))
	running, stop := context.WithCancel(ctx)
	var loops sync.WaitGroup
	loops.Go(func() { pool.Run(running, ctx) })
	defer func() {
		stop()
		loops.Wait()
	}()
	<-began // of the instance that was waiting before
	var waits []float64
	for range creates {
		before := time.Now()
		_, err := b.db.CreateInst(ctx, model.Inst{
			TplID: b.tpl.ID, TplName: b.tpl.Name, Source: "default", Expr: b.tpl.Expr, OutputFormat: model.FormatCSV,
			OperatorID: 1, TimeoutSec: 60, RetentionSec: 3600, MaxAttempts: 1,
		}, model.Request{}, fill)
		if err != nil {
			return 0, 0, err
		}
		pool.Wake()
		select {
		case at := <-began:
			waits = append(waits, float64(at.Sub(before).Microseconds())/1000)
		case <-ctx.Done():
			return 0, 0, ctx.Err()
		}
	}
	slices.Sort(waits)
	return waits[len(waits)/2], waits[len(waits)*99/100], nil
}

// starting is a data source without rows that reports when it is opened, which
// happens after the claim has been committed.
type starting struct{ began chan<- time.Time }

func (starting) CheckOptions(string) sqlcheck.Options { return sqlcheck.Options{} }

func (starting) Prepare(context.Context, string, string, int) ([]row.Column, error) {
	return nil, errNothing
}

func (s starting) Query(context.Context, string, source.Query) (export.Cursor, error) {
	s.began <- time.Now()
	return nil, errNothing
}

// oneRow is a data source that returns one row.
type oneRow struct{}

func (oneRow) CheckOptions(string) sqlcheck.Options { return sqlcheck.Options{} }

func (oneRow) Prepare(context.Context, string, string, int) ([]row.Column, error) {
	return nil, errNothing
}

func (oneRow) Query(context.Context, string, source.Query) (export.Cursor, error) {
	return &tiny{}, nil
}

type tiny struct{ read bool }

func (*tiny) Columns() []row.Column { return []row.Column{{Name: "n", Kind: row.Int}} }

func (t *tiny) Next(context.Context) (*row.Batch, error) {
	if t.read {
		return nil, io.EOF
	}
	t.read = true
	b := &row.Batch{}
	b.Append([]byte("1"))
	return b, nil
}

func (*tiny) Close() error { return nil }

// nowhere is a store that discards files.
type nowhere struct{}

func (nowhere) Create(context.Context, string) (store.Writer, error) { return gone{}, nil }
func (nowhere) Open(context.Context, string) (store.File, error)     { return nil, store.ErrNotExist }
func (nowhere) Delete(context.Context, string) error                 { return nil }

type gone struct{}

func (gone) Write(p []byte) (int, error) { return len(p), nil }
func (gone) Publish() error              { return nil }
func (gone) Abort()                      {}

var errNothing = &source.ServerError{Code: 1105, Message: "nothing here"}
