package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/go-sql-driver/mysql"

	"exporttask/internal/export"
	"exporttask/internal/format/row"
	"exporttask/internal/source"
	"exporttask/internal/sqlcheck"
)

// sources are the configured data sources by name. They are what the server
// and the workers see of internal/source.
type sources map[string]namedSource

type namedSource struct {
	*source.Source
	guard sqlcheck.Options
}

// dialects are the servers that a source can be declared to be.
var dialects = map[string]sqlcheck.Dialect{"": sqlcheck.AnyServer, "mariadb": sqlcheck.MariaDB, "mysql": sqlcheck.MySQL}

func openSources(configured map[string]sourceConfig, log *slog.Logger) (sources, error) {
	opened := sources{}
	for name, c := range configured {
		src, err := source.Open(name, c.DSN, source.Options{
			CAFile: c.CAFile,
			Limits: source.Limits{
				Rows: c.MaxRows, Bytes: c.MaxBytes, StatementTime: time.Duration(c.MaxSeconds) * time.Second,
			},
			Snapshot: c.Snapshot,
			Logger:   log,
		})
		if err != nil {
			return nil, err
		}
		dsn, err := mysql.ParseDSN(c.DSN)
		if err != nil {
			return nil, fmt.Errorf("data source %s: %w", name, err)
		}
		guard := sqlcheck.Options{Dialect: dialects[c.Dialect], Schemas: c.Schemas, Functions: c.Functions}
		if dsn.DBName != "" {
			guard.Schemas = append(guard.Schemas, dsn.DBName)
		}
		opened[name] = namedSource{Source: src, guard: guard}
	}
	return opened, nil
}

// grantsTimeout bounds the look at one account's grants.
const grantsTimeout = 10 * time.Second

// warnOfGrants tells of accounts that may do more than read: the read-only
// check and the read-only session are then all that stands before the data.
func (s sources) warnOfGrants(ctx context.Context, log *slog.Logger) {
	for _, name := range s.Names() {
		ctx, stop := context.WithTimeout(ctx, grantsTimeout)
		excess, err := s[name].ExcessGrants(ctx)
		stop()
		switch {
		case err != nil:
			log.WarnContext(ctx, "what the data source's account may do is not known", "data_source", name, "error", err)
		case len(excess) > 0:
			log.WarnContext(ctx, "the data source's account may do more than read: give it SELECT on what is exported, and nothing else",
				"data_source", name, "excess", excess)
		}
	}
}

// Names implements server.Sources.
func (s sources) Names() []string { return slices.Sorted(maps.Keys(s)) }

// Guard implements server.Sources and export.Sources.
func (s sources) Guard(name string) sqlcheck.Options { return s[name].guard }

// Transient implements server.Sources.
func (s sources) Transient(err error) bool { return source.Transient(err) }

// Prepare implements server.Sources.
func (s sources) Prepare(ctx context.Context, name, sql string, args int) ([]row.Column, error) {
	src, ok := s[name]
	if !ok {
		return nil, errNoSource(name)
	}
	return src.Prepare(ctx, sql, args)
}

// Sample implements server.Sources.
func (s sources) Sample(ctx context.Context, name string, q source.Query) (*source.Sample, error) {
	src, ok := s[name]
	if !ok {
		return nil, errNoSource(name)
	}
	return src.Sample(ctx, q)
}

// EstimateRows implements server.Sources.
func (s sources) EstimateRows(ctx context.Context, name, sql string, args []row.Arg) (int64, error) {
	src, ok := s[name]
	if !ok {
		return 0, errNoSource(name)
	}
	return src.EstimateRows(ctx, sql, args)
}

// Query implements export.Sources.
func (s sources) Query(ctx context.Context, name string, q source.Query) (export.Cursor, error) {
	src, ok := s[name]
	if !ok {
		return nil, errNoSource(name)
	}
	return src.Query(ctx, q)
}

// errNoSource is what an instance gets whose data source was taken out of the
// configuration after the template was made.
func errNoSource(name string) error {
	return fmt.Errorf("data source %q is not configured", name)
}
