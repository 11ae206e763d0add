package task

import (
	"context"
	"fmt"
	"time"

	"exporttask/internal/format/row"
	"exporttask/internal/model"
	"exporttask/internal/source"
	"exporttask/internal/sqlcheck"
	"exporttask/internal/store"
)

// DefaultSource is the data source of templates that name none.
const DefaultSource = "default"

// Sources are the configured data sources, by name.
type Sources interface {
	// Names returns the names of the data sources that an operator may use,
	// sorted.
	Names(operator int32) []string
	// Zone returns the time zone of a data source, in which the values of time
	// parameters are written.
	Zone(source string) *time.Location
	// Prepare returns the result columns of a statement with "?" placeholders,
	// args of them, without running the statement.
	Prepare(ctx context.Context, source, sql string, args int) ([]row.Column, error)
	// Notes returns remarks on values of a statement that the data source does not
	// send in full, as far as they are known from its columns.
	Notes(source, sql string, columns []row.Column) []source.Note
	// Sample runs a statement and keeps its first rows.
	Sample(ctx context.Context, source string, q source.Query) (*source.Sample, error)
	// EstimateRows returns how many rows the server's plan of a statement reads;
	// 0 means that the server gives no estimate.
	EstimateRows(ctx context.Context, source, sql string) (int64, error)
	// Info describes a data source.
	Info(source string) SourceInfo
	// Tables returns the tables that templates may read on a data source, and
	// TableColumns the columns of one of them.
	Tables(ctx context.Context, name string, f source.TableFilter) ([]source.Table, error)
	TableColumns(ctx context.Context, name, schema, table string) ([]source.TableColumn, error)
	// CheckOptions returns what a statement may use on a data source.
	CheckOptions(source string) sqlcheck.Options
	// Transient reports whether an error of Prepare or Sample may pass without
	// a change of the statement, for example a lost connection.
	Transient(err error) bool
}

// Exports is the pool of workers that runs instances in this process.
type Exports interface {
	// Wake makes the pool look for a waiting instance at once.
	Wake()
	// Cancel stops an instance that has become CANCELING, if it runs in this
	// process.
	Cancel(instID int64)
}

// Deliveries is the pool of workers that sends files to destinations.
type Deliveries interface {
	// Check reports whether an operator may send files to a destination with
	// the given options. The error begins with the field that is wrong.
	Check(operator int32, to model.DeliverTo) error
	// Wake makes the pool look for a waiting delivery at once.
	Wake()
}

// Settings are the values that a template's zero values stand for, and their
// upper bounds.
type Settings struct {
	Timeout     time.Duration // of an attempt, where the template sets none
	MaxTimeout  time.Duration // upper bound of a template's timeout
	MaxAttempts int           // of an instance, where the template sets none
	Retention   time.Duration // of files, where the template sets none
	MaxWaiting  int           // waiting instances of one operator
}

// Config is what a Service needs. All fields are required.
type Config struct {
	DB         *model.DB
	Sources    Sources
	Files      store.Store
	Exports    Exports
	Deliveries Deliveries
	Settings   Settings
	// Now returns the current time in the zone of the service. Built-in time
	// parameters such as :today are computed from it.
	Now func() time.Time
}

// Service runs the use cases. It is safe for concurrent use.
type Service struct {
	db         *model.DB
	sources    Sources
	files      store.Store
	exports    Exports
	deliveries Deliveries
	settings   Settings
	now        func() time.Time
}

// New returns a Service.
func New(c Config) *Service {
	return &Service{
		db: c.DB, sources: c.Sources, files: c.Files, exports: c.Exports, deliveries: c.Deliveries,
		settings: c.Settings, now: c.Now,
	}
}

// UnavailableError is returned where a data source did not answer and the call
// may succeed later.
type UnavailableError struct {
	Source string // name of the data source
	Err    error  // cause; not for clients, since it can hold addresses
}

// Error returns the source's name and the cause.
func (e *UnavailableError) Error() string {
	return fmt.Sprintf("data source %q does not answer: %v", e.Source, e.Err)
}

// Unwrap returns the cause.
func (e *UnavailableError) Unwrap() error { return e.Err }

// invalid returns the error of a field that the caller has to change.
func invalid(field, format string, args ...any) error {
	return model.Errorf(model.Invalid, "%s: %s", field, fmt.Sprintf(format, args...))
}

// invalidAt is invalid for a mistake whose place may be known.
func invalidAt(place *model.Place, field, format string, args ...any) error {
	return &model.Error{Kind: model.Invalid, Text: field + ": " + fmt.Sprintf(format, args...), Place: place}
}

// Settings returns the values that a template's zero values stand for.
func (s *Service) Settings() Settings { return s.settings }

// Now returns the current time in the zone of the service.
func (s *Service) Now() time.Time { return s.now() }
