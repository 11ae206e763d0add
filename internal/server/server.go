// Package server implements the RPCs of api/exporttask.proto. A handler validates
// the request (validate.go), calls a use case of internal/task or reads from
// internal/model, and converts the result (convert.go). errors.go is the only
// place where an error becomes an envelope or a gRPC status.
package server

import (
	"cmp"
	"context"
	"slices"
	"time"

	"exporttask/api"
	"exporttask/internal/model"
	"exporttask/internal/task"
)

// Links makes the addresses of files.
type Links interface {
	// URL returns the HTTP address of a file and when the address expires; the
	// zero time means that it is valid for as long as the file is kept.
	URL(instID int64, name string) (url string, expires time.Time)
}

// Destinations describes the configured destinations.
type Destinations interface {
	// Describe returns the kind of a destination, such as "sftp", and how often
	// a delivery there is attempted; zero values for one that is not configured.
	Describe(destination string) (kind string, attempts int32)
	// Names returns the names of the destinations that an operator may use, sorted.
	Names(operator int32) []string
}

// Config is what a Server needs.
type Config struct {
	DB           *model.DB
	Tasks        *task.Service
	Destinations Destinations
	// Links makes the addresses of files; nil: files have none.
	Links Links
	// MaxTimeout is the upper bound of a template's timeout.
	MaxTimeout time.Duration
	// Caller returns who makes a call, and false if the service has no tokens; nil:
	// it has none.
	Caller func(ctx context.Context) (Caller, bool)
	// Version is the version of the service.
	Version string
	// KeepAlive is the time after which WatchInst sends the last state again,
	// since proxies close streams without traffic; 0: 10 s.
	KeepAlive time.Duration
	// Zone is the time zone of schedules that name none.
	Zone *time.Location
}

// Caller is who makes a call.
type Caller struct {
	Name     string // of the token or person
	Operator int32
	Scopes   []string
	Claims   []model.Param // as parameters
}

// Server implements api.ExportTaskServer. It is safe for concurrent use.
type Server struct {
	api.UnimplementedExportTaskServer
	Config

	watcher  *task.Watcher[*api.WshExportInst]
	draining chan struct{}
}

// New returns a Server.
func New(c Config) *Server {
	c.KeepAlive = cmp.Or(c.KeepAlive, defaultKeepAlive)
	s := &Server{Config: c, draining: make(chan struct{})}
	s.watcher = task.NewWatcher(c.DB, s.withDeliveries)
	return s
}

// Drain ends the streams that would otherwise hold up a shutdown: WatchInst
// answers UNAVAILABLE, and the client watches on at another replica. It must be
// called at most once.
func (s *Server) Drain() { close(s.draining) }

// caller returns who makes a call, and false if the service has no tokens.
func (s *Server) caller(ctx context.Context) (Caller, bool) {
	if s.Caller == nil {
		return Caller{}, false
	}
	return s.Caller(ctx)
}

// claims returns the claims of the caller, as parameters.
func (s *Server) claims(ctx context.Context) []model.Param {
	who, _ := s.caller(ctx)
	return append([]model.Param{}, who.Claims...) // not nil, which is another JSON
}

// ownsClaims reports whether a schedule that the caller changes gets the caller's
// claims. The change of an admin, who acts for every operator, keeps them, and so
// does a change without tokens.
func (s *Server) ownsClaims(ctx context.Context) bool {
	who, ok := s.caller(ctx)
	return ok && !slices.Contains(who.Scopes, "admin")
}
