package main

import (
	"cmp"
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
	"exporttask/internal/task"
)

// sources are the configured data sources, by name. They implement task.Sources
// and export.Sources.
type sources map[string]namedSource

type namedSource struct {
	*source.Source
	check     sqlcheck.Options
	schema    string  // of the DSN
	operators []int32 // that may use it; none: every operator
}

// dialects are the values of a data source's dialect key.
var dialects = map[string]sqlcheck.Dialect{"": sqlcheck.AnyServer, "mariadb": sqlcheck.MariaDB, "mysql": sqlcheck.MySQL}

// openSources opens the configured data sources. zone is the service's, which is
// the time zone of sources that name none.
func openSources(configured map[string]sourceConfig, zone *time.Location, log *slog.Logger) (sources, error) {
	opened := sources{}
	for name, c := range configured {
		src, err := source.Open(name, c.DSN, source.Options{
			CAFile: c.CAFile,
			Limits: source.Limits{
				Rows: c.MaxRows, Bytes: c.maxBytes(), RowBytes: c.MaxRowBytes, StatementTime: time.Duration(c.MaxSeconds) * time.Second,
			},
			Snapshot:            c.Snapshot,
			TimeZone:            cmp.Or(c.TimeZone, zone.String()),
			ServiceZone:         zone,
			GroupConcatMaxLen:   c.GroupConcatMaxLen,
			SessionMemory:       c.SessionMemory,
			MaxConnections:      c.MaxConnections,
			ReservedConnections: c.ReservedConnections,
			Role:                source.Role(c.Role),
			MaxReplicaLag:       c.MaxReplicaLag,
			ReplicaLagQuery:     c.ReplicaLagQuery,
			Logger:              log,
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
		opened[name] = namedSource{Source: src, check: check, schema: dsn.DBName, operators: c.Operators}
	}
	return opened, nil
}

const (
	// inspectTimeout bounds the queries to inspect one data source.
	inspectTimeout = 20 * time.Second
	// inspectRetry is the pause before data sources that did not answer are
	// inspected again.
	inspectRetry = 30 * time.Second
)

// inspect logs in to each data source, so that the kind of its server is known
// where no dialect is configured, and logs warnings about its time zone and about
// accounts that may do more than read. It repeats that for data sources that do
// not answer, until ctx ends.
func (s sources) inspect(ctx context.Context, log *slog.Logger) {
	names := s.all()
	for {
		names = slices.DeleteFunc(names, func(name string) bool { return s.inspectOne(ctx, name, log) })
		if len(names) == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(inspectRetry):
		}
	}
}

// inspectOne inspects a data source and reports whether it did answer.
func (s sources) inspectOne(ctx context.Context, name string, log *slog.Logger) bool {
	ctx, stop := context.WithTimeout(ctx, inspectTimeout)
	defer stop()
	warnings, err := s[name].Probe(ctx)
	if err != nil {
		log.WarnContext(ctx, "the data source cannot be used", "data_source", name, "error", err)
		return !source.Transient(err)
	}
	for _, w := range warnings {
		log.WarnContext(ctx, w, "data_source", name)
	}
	s.warnOfGrants(ctx, name, log)
	return true
}

// warnOfGrants logs a warning for an account that may do more than read. For
// such an account the SQL check and the read-only session are the only protection
// against writes.
func (s sources) warnOfGrants(ctx context.Context, name string, log *slog.Logger) {
	excess, err := s[name].ExcessGrants(ctx)
	switch {
	case err != nil:
		log.WarnContext(ctx, "the grants of the data source's account are not known", "data_source", name, "error", err)
	case len(excess) > 0:
		log.WarnContext(ctx, "the data source's account may do more than read; grant it SELECT on the exported tables and nothing else",
			"data_source", name, "excess", excess)
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

// Info implements task.Sources.
func (s sources) Info(name string) task.SourceInfo {
	src, ok := s[name]
	if !ok {
		return task.SourceInfo{Name: name}
	}
	info := task.SourceInfo{Name: name, Zone: src.Location().String(), Schema: src.schema}
	if src.schema != "" {
		info.Schemas = append(info.Schemas, src.schema)
	}
	for _, schema := range src.check.Schemas {
		if !slices.Contains(info.Schemas, schema) {
			info.Schemas = append(info.Schemas, schema)
		}
	}
	if f, known := src.Facts(); known {
		info.Version = f.Version
	}
	for dialect, value := range dialects {
		if dialect != "" && value == s.CheckOptions(name).Dialect {
			info.Dialect = dialect
		}
	}
	return info
}

// Tables implements task.Sources.
func (s sources) Tables(ctx context.Context, name string, f source.TableFilter) ([]source.Table, error) {
	src, ok := s[name]
	if !ok {
		return nil, errNoSource(name)
	}
	return src.Tables(ctx, f)
}

// TableColumns implements task.Sources.
func (s sources) TableColumns(ctx context.Context, name, schema, table string) ([]source.TableColumn, error) {
	src, ok := s[name]
	if !ok {
		return nil, errNoSource(name)
	}
	return src.TableColumns(ctx, schema, table)
}

// all returns the names of all data sources, sorted.
func (s sources) all() []string { return slices.Sorted(maps.Keys(s)) }

// CheckOptions implements task.Sources and export.Sources.
func (s sources) CheckOptions(name string) sqlcheck.Options {
	src := s[name]
	if src.Source == nil || src.check.Dialect != sqlcheck.AnyServer {
		return src.check
	}
	if f, known := src.Facts(); known { // no dialect is configured: that of the server
		src.check.Dialect = sqlcheck.MySQL
		if f.MariaDB {
			src.check.Dialect = sqlcheck.MariaDB
		}
	}
	return src.check
}

// Zone implements task.Sources.
func (s sources) Zone(name string) *time.Location {
	if src, ok := s[name]; ok {
		return src.Location()
	}
	return time.UTC
}

// Notes implements task.Sources.
func (s sources) Notes(name, sql string, columns []row.Column) []source.Note {
	if src, ok := s[name]; ok {
		return src.Notes(sql, columns)
	}
	return nil
}

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
func (s sources) EstimateRows(ctx context.Context, name, sql string) (int64, error) {
	src, ok := s[name]
	if !ok {
		return 0, errNoSource(name)
	}
	return src.EstimateRows(ctx, sql)
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
