package task

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"exporttask/internal/model"
	"exporttask/internal/source"
	"exporttask/internal/sqlcheck"
)

// SourceInfo describes a data source.
type SourceInfo struct {
	Name string
	// Dialect is "mariadb" or "mysql", and Version the server's own text; both are
	// empty before the server was reached.
	Dialect, Version string
	Zone             string
	// Schema is the data source's own schema, empty if its DSN names none.
	Schema string
	// Schemas are all schemas that templates may read, the own one first.
	Schemas []string
}

// ListSources describes the data sources that an operator may use, sorted by name.
func (s *Service) ListSources(operator int32) []SourceInfo {
	var list []SourceInfo
	for _, name := range s.sources.Names(operator) {
		list = append(list, s.sources.Info(name))
	}
	return list
}

// Table is a table or view with its name as SQL writes it.
type Table struct {
	source.Table
	SQLName string
}

// ListTables returns tables and views that templates of an operator may read on a
// data source. f.Schemas is ignored.
func (s *Service) ListTables(ctx context.Context, operator int32, name string, f source.TableFilter) ([]Table, error) {
	if err := s.checkSource(name, operator); err != nil {
		return nil, err
	}
	info := s.sources.Info(name)
	f.Schemas = info.Schemas
	found, err := s.sources.Tables(ctx, name, f)
	if err != nil {
		return nil, s.lookUpError(ctx, name, err)
	}
	tables := make([]Table, len(found))
	for i, t := range found {
		tables[i] = Table{t, sqlcheck.Name(t.Name)}
		if t.Schema != info.Schema {
			tables[i].SQLName = sqlcheck.Name(t.Schema) + "." + tables[i].SQLName
		}
	}
	return tables, nil
}

// TableColumn is a column with its name as SQL writes it.
type TableColumn struct {
	source.TableColumn
	SQLName string
}

// ListTableColumns returns the columns of a table or view. An empty schema is the
// data source's own one. A table that does not exist, or that templates may not
// read, is a NotFound.
func (s *Service) ListTableColumns(ctx context.Context, operator int32, name, schema, table string) ([]TableColumn, error) {
	if err := s.checkSource(name, operator); err != nil {
		return nil, err
	}
	info := s.sources.Info(name)
	schema = cmp.Or(schema, info.Schema)
	if !slices.Contains(info.Schemas, schema) {
		return nil, invalid("schema", "%.64q, want one of %s", schema, strings.Join(info.Schemas, ", "))
	}
	found, err := s.sources.TableColumns(ctx, name, schema, table)
	if err != nil {
		return nil, s.lookUpError(ctx, name, err)
	}
	if len(found) == 0 {
		return nil, model.Errorf(model.NotFound, "table: %.64q, no such table in %q, or the data source's account may not read it", table, schema)
	}
	columns := make([]TableColumn, len(found))
	for i, c := range found {
		columns[i] = TableColumn{c, sqlcheck.Name(c.Name)}
	}
	return columns, nil
}

// checkSource returns an error unless an operator may use a data source.
func (s *Service) checkSource(name string, operator int32) error {
	names := s.sources.Names(operator)
	if slices.Contains(names, name) {
		return nil
	}
	return invalid("etplSource", "%.64q, want one of %s", name, cmp.Or(strings.Join(names, ", "), "none: no data source is open to this operator"))
}

// lookUpError separates a data source that does not answer at the moment from one
// that refuses the query.
func (s *Service) lookUpError(ctx context.Context, name string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if limit, ok := errors.AsType[*source.LimitError](err); ok {
		return invalid("etplSource", "the data source %q was too slow: %s", name, limit)
	}
	if s.sources.Transient(err) {
		return &UnavailableError{Source: name, Err: err}
	}
	return model.Errorf(model.WrongState, "the data source %q cannot be used; its administrator has to mend this: %s", name, err)
}
