// Package server answers the RPCs of the contract in api/exporttask.proto:
// it validates a request, asks or changes the model, and converts the answer.
// It never runs an export; it only tells the worker pool of this process, if
// there is one, that there is something to do.
package server

import (
	"context"
	"time"

	"exporttask/api"
	"exporttask/internal/format/row"
	"exporttask/internal/model"
	"exporttask/internal/source"
	"exporttask/internal/sqlcheck"
	"exporttask/internal/store"
)

// Sources knows the data sources by name.
type Sources interface {
	// Names are the names that templates may give, sorted.
	Names() []string
	// Prepare asks a data source for the columns of a statement with "?"
	// placeholders, args of them, without running it.
	Prepare(ctx context.Context, source, sql string, args int) ([]row.Column, error)
	// Sample runs a statement and keeps its first rows.
	Sample(ctx context.Context, source string, q source.Query) (*source.Sample, error)
	// EstimateRows asks for the rows that a statement's plan reads; 0 means
	// that there is no guess.
	EstimateRows(ctx context.Context, source, sql string, args []row.Arg) (int64, error)
	// Guard is what a statement may reach on a data source.
	Guard(source string) sqlcheck.Options
	// Transient tells whether an error of Prepare may pass by itself: the
	// data source could not be reached.
	Transient(err error) bool
}

// Pool is the worker pool of this process.
type Pool interface {
	// Wake makes the pool look for waiting instances now.
	Wake()
	// Cancel tells that an instance became CANCELING; one that does not run
	// here is passed over.
	Cancel(instID int64)
}

// Limits are what a template's zero values stand for, and how far its own
// values may go.
type Limits struct {
	Timeout     time.Duration // of an attempt, where the template names none
	MaxTimeout  time.Duration // the longest a template may name
	MaxAttempts int           // where the template names none
	Retention   time.Duration // of files, where the template names none
	MaxWaiting  int           // instances that wait, for each operator
}

// Links tells where HTTP can fetch a file.
type Links interface {
	// URL is the address of a file, and until when it holds; the zero time is
	// for as long as the file is kept.
	URL(instID int64, name string) (url string, expires time.Time)
}

// Deliveries send finished files on; see internal/delivery.
type Deliveries interface {
	// Check tells what is wrong with a wish of an operator to send files
	// somewhere; the error begins with the field.
	Check(operator int32, to model.DeliverTo) error
	// Describe tells the kind of a destination and how often a delivery there
	// is tried; neither for one that is not configured.
	Describe(destination string) (kind string, attempts int32)
	// Wake makes the pool look for waiting deliveries now.
	Wake()
}

// Server implements the ExportTask service.
type Server struct {
	api.UnimplementedExportTaskServer

	db         *model.DB
	sources    Sources
	files      store.Store
	pool       Pool
	deliveries Deliveries
	limits     Limits
	links      Links
	now        func() time.Time
	drain      chan struct{}
}

// New makes a Server. links may be nil: then files have no address. now is the
// clock for time parameters.
func New(db *model.DB, sources Sources, files store.Store, pool Pool, deliveries Deliveries, limits Limits, links Links, now func() time.Time) *Server {
	return &Server{
		db: db, sources: sources, files: files, pool: pool, deliveries: deliveries, limits: limits, links: links, now: now,
		drain: make(chan struct{}),
	}
}

// Drain ends the streams that would otherwise hold up a shutdown: WatchInst
// answers UNAVAILABLE, and the client watches on at another replica. It is
// called once.
func (s *Server) Drain() { close(s.drain) }
