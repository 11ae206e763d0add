package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"exporttask/internal/format/row"
	"exporttask/internal/model"
	"exporttask/internal/source"
	"exporttask/internal/sqlcheck"
	"exporttask/internal/store"
	"exporttask/internal/testkit"
	"exporttask/migrations"
)

// faulty is a scripted data source: next is called before each batch. The batch
// has a cell too many if next returns row.ErrBroken.
type faulty struct {
	query func(ctx context.Context) error
	next  func(ctx context.Context, batch int) error
}

func (f *faulty) CheckOptions(string) sqlcheck.Options { return sqlcheck.Options{} }

func (f *faulty) Query(ctx context.Context, _ string, _ source.Query) (Cursor, error) {
	if f.query != nil {
		if err := f.query(ctx); err != nil {
			return nil, err
		}
	}
	return &script{faulty: f}, nil
}

func (*faulty) Prepare(context.Context, string, string, int) ([]row.Column, error) {
	return nil, errors.New("not scripted")
}

type script struct {
	*faulty
	batches int
}

func (*script) Columns() []row.Column { return []row.Column{{Name: "n", Kind: row.Int}} }

func (s *script) Next(ctx context.Context) (*row.Batch, error) {
	n := s.batches
	s.batches++
	b := &row.Batch{}
	b.Append([]byte(strconv.Itoa(n)))
	err := s.next(ctx, n)
	if errors.Is(err, row.ErrBroken) {
		b.Append(nil, nil) // a source does not look at cells
		return b, nil
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (*script) Close() error { return nil }

// rows gives n batches of one row each.
func rows(n int) func(context.Context, int) error {
	return func(_ context.Context, batch int) error {
		if batch == n {
			return io.EOF
		}
		return nil
	}
}

// untilStopped gives one row, signals began, and waits to be stopped.
func untilStopped(began chan<- struct{}) func(context.Context, int) error {
	return func(ctx context.Context, batch int) error {
		if batch == 0 {
			return nil
		}
		began <- struct{}{}
		<-ctx.Done()
		return context.Cause(ctx)
	}
}

// bench is a real queue and a real store with a scripted source.
type bench struct {
	db     *model.DB
	store  *store.Dir
	source *faulty
	tpl    *model.Tpl
}

func setup(t *testing.T) *bench {
	t.Helper()
	db, err := model.Open(t.Context(), testkit.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := migrations.Up(t.Context(), db.SQL(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	dir, err := store.NewDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := db.CreateTpl(t.Context(), model.Tpl{Name: "订单", Source: "default", Expr: "SELECT 1 AS n", Status: model.TplNormal}, model.Request{})
	if err != nil {
		t.Fatal(err)
	}
	return &bench{db: db, store: dir, source: &faulty{next: rows(3)}, tpl: tpl}
}

func (b *bench) pool(queue Queue, owner string) *Pool {
	return NewPool(Config{Owner: owner, Workers: 2, Poll: 20 * time.Millisecond, Backoff: time.Millisecond, MaxBackoff: time.Millisecond},
		queue, &Runner{Sources: b.source, Store: b.store, TempDir: b.store.TempDir()}, slog.New(slog.DiscardHandler))
}

// start runs a pool until the returned function shuts it down, with grace for
// what runs.
func start(t *testing.T, p *Pool) (stop func(grace time.Duration)) {
	t.Helper()
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
	return stop
}

func (b *bench) add(t *testing.T) int64 {
	t.Helper()
	return b.addIn(t.Context(), t)
}

// addIn adds an instance that continues the trace of ctx.
func (b *bench) addIn(ctx context.Context, t *testing.T) int64 {
	t.Helper()
	in, err := b.db.CreateInst(ctx, model.Inst{
		TplID: b.tpl.ID, TplName: b.tpl.Name, Source: "default", Expr: b.tpl.Expr, OutputFormat: model.FormatCSV,
		OperatorID: 1, TimeoutSec: 60, RetentionSec: 3600, MaxAttempts: 3,
	}, model.Request{}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return in.ID
}

// until waits until the instance is in one of the states.
func (b *bench) until(t *testing.T, id int64, states ...model.State) (in *model.Inst) {
	t.Helper()
	testkit.Eventually(t, fmt.Sprintf("instance %d is in one of %v", id, states), func() bool {
		var err error
		if in, err = b.db.GetInst(context.Background(), id); err != nil {
			t.Fatal(err)
		}
		return slices.Contains(states, in.State)
	})
	return in
}

// stored is the number of files in the store, unfinished ones included.
func (b *bench) stored(t *testing.T) int {
	t.Helper()
	n := 0
	if err := b.store.List(context.Background(), func(store.Item) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}
