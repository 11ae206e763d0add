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

// sources are the configured data sources, by name. They implement task.Sources
// and export.Sources.
type sources map[string]namedSource

type namedSource struct {
	*source.Source
	check     sqlcheck.Options
	operators []int32 // that may use it; none: every operator
}

// dialects are the values of a data source's dialect key.
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
		check := sqlcheck.Options{Dialect: dialects[c.Dialect], Schemas: c.Schemas, Functions: c.Functions}
		if dsn.DBName != "" {
			check.Schemas = append(check.Schemas, dsn.DBName)
		}
		opened[name] = namedSource{Source: src, check: check, operators: c.Operators}
	}
	return opened, nil
}

// grantsTimeout bounds the query for the grants of one account.
const grantsTimeout = 10 * time.Second

// warnOfGrants logs a warning for each account that may do more than read. For
// such an account the SQL check and the read-only session are the only protection
// against writes.
func (s sources) warnOfGrants(ctx context.Context, log *slog.Logger) {
	for _, name := range s.all() {
		ctx, stop := context.WithTimeout(ctx, grantsTimeout)
		excess, err := s[name].ExcessGrants(ctx)
		stop()
		switch {
		case err != nil:
			log.WarnContext(ctx, "the grants of the data source's account are not known", "data_source", name, "error", err)
		case len(excess) > 0:
			log.WarnContext(ctx, "the data source's account may do more than read; grant it SELECT on the exported tables and nothing else",
				"data_source", name, "excess", excess)
		}
	}
}

// Names implements task.Sources. A data source without a list of operators is open
// to every operator.
func (s sources) Names(operator int32) []string {
	var names []string
	for _, name := range s.all() {
		if list := s[name].operators; len(list) == 0 || slices.Contains(list, operator) {
			names = append(names, name)
		}
	}
	return names
}

// all returns the names of all data sources, sorted.
func (s sources) all() []string { return slices.Sorted(maps.Keys(s)) }

// CheckOptions implements task.Sources and export.Sources.
func (s sources) CheckOptions(name string) sqlcheck.Options { return s[name].check }

// Transient implements task.Sources.
func (s sources) Transient(err error) bool { return source.Transient(err) }

// Prepare implements task.Sources.
func (s sources) Prepare(ctx context.Context, name, sql string, args int) ([]row.Column, error) {
	src, ok := s[name]
	if !ok {
		return nil, errNoSource(name)
	}
	return src.Prepare(ctx, sql, args)
}

// Sample implements task.Sources.
func (s sources) Sample(ctx context.Context, name string, q source.Query) (*source.Sample, error) {
	src, ok := s[name]
	if !ok {
		return nil, errNoSource(name)
	}
	return src.Sample(ctx, q)
}

// EstimateRows implements task.Sources.
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

// errNoSource is the error of an instance whose data source has been removed from
// the configuration since the template was saved.
func errNoSource(name string) error {
	return fmt.Errorf("data source %q is not configured", name)
}
