// Package tasktest sets up a task.Service for tests: a real database for the
// service's own tables, a real data source in a second database, a store in a
// temporary folder, and pools that only count calls. Faults of the data source
// can be injected.
package tasktest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"exporttask/internal/format/row"
	"exporttask/internal/model"
	"exporttask/internal/source"
	"exporttask/internal/sqlcheck"
	"exporttask/internal/store"
	"exporttask/internal/task"
	"exporttask/internal/testkit"
	"exporttask/migrations"
)

// Now is the time of the fixture's clock: 1 March 2026, 02:30 in Shanghai, which
// is still the last day of February in UTC.
var Now = time.Date(2026, 3, 1, 2, 30, 0, 0, time.FixedZone("Asia/Shanghai", 8*3600))

// Fixture is a service with everything behind it.
type Fixture struct {
	*task.Service
	DB         *model.DB
	Store      *store.Dir
	Source     *Source
	Exports    *Exports
	Deliveries *Deliveries
}

// New returns a fixture. Its data source "default" has the table shop(id INT,
// name VARCHAR(20), total DECIMAL(10,2)) with three rows.
func New(t *testing.T) *Fixture {
	t.Helper()
	db, err := model.Open(t.Context(), testkit.Database(t))
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	_, err = migrations.Up(t.Context(), db.SQL(), slog.New(slog.DiscardHandler))
	must(t, err)
	dir, err := store.NewDir(t.TempDir())
	must(t, err)
	f := &Fixture{DB: db, Store: dir, Source: newSource(t), Exports: &Exports{}, Deliveries: &Deliveries{}}
	f.Service = task.New(task.Config{
		DB: db, Sources: f.Source, Files: dir, Exports: f.Exports, Deliveries: f.Deliveries,
		Settings: task.Settings{Timeout: time.Minute, MaxTimeout: time.Hour, MaxAttempts: 3, Retention: 24 * time.Hour, MaxWaiting: 50},
		Now:      func() time.Time { return Now },
	})
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Tpl saves a template and returns it. edit may be nil.
func (f *Fixture) Tpl(t *testing.T, expr string, edit func(*model.Tpl)) *model.Tpl {
	t.Helper()
	tpl := &model.Tpl{Name: "shops", Source: task.DefaultSource, Expr: expr, OperatorID: 7}
	if edit != nil {
		edit(tpl)
	}
	made, err := f.CreateTpl(t.Context(), tpl, model.Request{})
	must(t, err)
	return made
}

// Inst creates an instance of a template.
func (f *Fixture) Inst(t *testing.T, tplID int32) *model.Inst {
	t.Helper()
	in, err := f.CreateInst(t.Context(), task.CreateParams{TplID: tplID, OperatorID: 7}, model.Request{})
	must(t, err)
	return in
}

// Claim claims the oldest waiting instance, as a worker does.
func (f *Fixture) Claim(t *testing.T) *model.Inst {
	t.Helper()
	claimed, err := f.DB.Claim(t.Context(), "w", 1)
	must(t, err)
	if len(claimed) != 1 {
		t.Fatalf("claimed %d instances, want 1", len(claimed))
	}
	return &claimed[0]
}

// Finish stores content as the file a.csv of the oldest waiting instance and ends
// the instance as SUCCEEDED.
func (f *Fixture) Finish(t *testing.T, content string) *model.Inst {
	t.Helper()
	in := f.Claim(t)
	file := model.File{Seq: 1, Name: "a.csv", Key: fmt.Sprintf("%d/a.csv", in.ID), ContentType: "text/csv", Rows: 1, Bytes: int64(len(content))}
	sum := sha256.Sum256([]byte(content))
	file.SHA256 = sum[:]
	w, err := f.Store.Create(t.Context(), file.Key)
	must(t, err)
	_, err = w.Write([]byte(content))
	must(t, err)
	must(t, w.Publish())
	must(t, f.DB.Finish(t.Context(), in, model.Result{Rows: 1, Files: []model.File{file}}))
	done, err := f.DB.GetInst(t.Context(), in.ID)
	must(t, err)
	return done
}

// Source is the data source "default". Err, where set, is returned instead of the
// result of a call; Down says that such an error may pass.
type Source struct {
	*source.Source
	Err  error
	Down bool
	// Parses counts the calls of CheckOptions, which precede every parsing of a
	// statement.
	Parses atomic.Int64
	db     *sql.DB
	schema string
}

func newSource(t *testing.T) *Source {
	t.Helper()
	dsn := testkit.Database(t)
	cfg, err := mysql.ParseDSN(dsn)
	must(t, err)
	db, err := sql.Open("mysql", dsn)
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	s := &Source{db: db, schema: cfg.DBName}
	s.Exec(t, "CREATE TABLE shop (id INT PRIMARY KEY, name VARCHAR(20), total DECIMAL(10,2))")
	s.Exec(t, "INSERT INTO shop VALUES (1, '=1+1', 10.50), (2, NULL, 20.00), (3, 'c', 30.25)")
	s.Source, err = source.Open(task.DefaultSource, testkit.Account(t, dsn, "SELECT"), source.Options{TimeZone: "+08:00"})
	must(t, err)
	return s
}

// Exec changes the data source's tables.
func (s *Source) Exec(t *testing.T, statement string) {
	t.Helper()
	_, err := s.db.ExecContext(t.Context(), statement)
	must(t, err)
}

// Names implements task.Sources. Operator 13 may use no data source.
func (*Source) Names(operator int32) []string {
	if operator == 13 {
		return nil
	}
	return []string{task.DefaultSource}
}

// CheckOptions implements task.Sources.
func (s *Source) CheckOptions(string) sqlcheck.Options {
	s.Parses.Add(1)
	return sqlcheck.Options{Schemas: []string{s.schema}}
}

// Info implements task.Sources.
func (s *Source) Info(name string) task.SourceInfo {
	return task.SourceInfo{Name: name, Zone: s.Location().String(), Schema: s.schema, Schemas: []string{s.schema}}
}

// Tables implements task.Sources.
func (s *Source) Tables(ctx context.Context, _ string, f source.TableFilter) ([]source.Table, error) {
	if s.Err != nil {
		return nil, s.Err
	}
	return s.Source.Tables(ctx, f)
}

// TableColumns implements task.Sources.
func (s *Source) TableColumns(ctx context.Context, _, schema, table string) ([]source.TableColumn, error) {
	if s.Err != nil {
		return nil, s.Err
	}
	return s.Source.TableColumns(ctx, schema, table)
}

// Transient implements task.Sources.
func (s *Source) Transient(err error) bool { return s.Down || source.Transient(err) }

// Zone implements task.Sources.
func (s *Source) Zone(string) *time.Location { return s.Location() }

// Notes implements task.Sources.
func (s *Source) Notes(_, text string, columns []row.Column) []source.Note {
	return s.Source.Notes(text, columns)
}

// Prepare implements task.Sources.
func (s *Source) Prepare(ctx context.Context, _, text string, args int) ([]row.Column, error) {
	if s.Err != nil {
		return nil, s.Err
	}
	return s.Source.Prepare(ctx, text, args)
}

// Sample implements task.Sources.
func (s *Source) Sample(ctx context.Context, _ string, q source.Query) (*source.Sample, error) {
	if s.Err != nil {
		return nil, s.Err
	}
	return s.Source.Sample(ctx, q)
}

// EstimateRows implements task.Sources.
func (s *Source) EstimateRows(ctx context.Context, _, text string) (int64, error) {
	return s.Source.EstimateRows(ctx, text)
}

// Exports counts the calls that a pool of exports gets.
type Exports struct {
	Wakes    atomic.Int64
	Canceled atomic.Int64 // the instance canceled last
}

// Wake implements task.Exports.
func (e *Exports) Wake() { e.Wakes.Add(1) }

// Cancel implements task.Exports.
func (e *Exports) Cancel(id int64) { e.Canceled.Store(id) }

// Deliveries is a pool of deliveries that knows the destination "share" alone.
type Deliveries struct {
	Wakes atomic.Int64
	Lost  atomic.Int32 // the operator that may not use it
}

// Check implements task.Deliveries.
func (d *Deliveries) Check(operator int32, to model.DeliverTo) error {
	if lost := d.Lost.Load(); to.Destination != "share" || lost != 0 && operator == lost {
		return fmt.Errorf("destination: %q, want share", to.Destination)
	}
	return nil
}

// Names implements server.Destinations.
func (*Deliveries) Names(int32) []string { return []string{"share"} }

// Describe implements server.Destinations.
func (*Deliveries) Describe(string) (kind string, attempts int32) { return "folder", 8 }

// Wake implements task.Deliveries.
func (d *Deliveries) Wake() { d.Wakes.Add(1) }
