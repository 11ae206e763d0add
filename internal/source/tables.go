package source

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"exporttask/internal/format/row"
)

// Table is a table or view of a data source.
type Table struct {
	Schema, Name string
	View         bool
}

// TableFilter selects the tables that Tables returns.
type TableFilter struct {
	Schemas  []string // only tables of these schemas; required
	NamePart string   // only names that contain this text; empty: any
	Offset   int      // number of tables to leave out
	Limit    int      // largest number of tables; required
}

// TableColumn is a column of a table or view.
type TableColumn struct {
	Name, Type string
	Nullable   bool
	Key        string // "PRI", "UNI", "MUL" or empty, as in SHOW COLUMNS
	Comment    string
}

// tableLimits bound the queries on information_schema, which can take long on a
// server with very many tables.
var tableLimits = Limits{StatementTime: 10 * time.Second, Bytes: 8 << 20}

// Tables returns the tables and views that the account may read, sorted by schema
// and name. The errors are those of Sample.
func (s *Source) Tables(ctx context.Context, f TableFilter) ([]Table, error) {
	if len(f.Schemas) == 0 {
		return nil, nil
	}
	// No column that would make the server open each table.
	schemas := make([]string, len(f.Schemas))
	for i, schema := range f.Schemas {
		schemas[i] = textLiteral(schema)
	}
	sql := "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA IN (" +
		strings.Join(schemas, ", ") + ")"
	if f.NamePart != "" {
		sql += " AND LOCATE(" + textLiteral(f.NamePart) + ", TABLE_NAME) > 0"
	}
	sql += fmt.Sprintf(" ORDER BY TABLE_SCHEMA, TABLE_NAME LIMIT %d OFFSET %d", f.Limit, f.Offset)
	rows, err := s.lookUp(ctx, sql, f.Limit)
	if err != nil {
		return nil, err
	}
	var tables []Table
	for _, r := range rows {
		// information_schema compares without case.
		if slices.Contains(f.Schemas, r[0]) {
			tables = append(tables, Table{Schema: r[0], Name: r[1], View: strings.HasSuffix(r[2], "VIEW")})
		}
	}
	return tables, nil
}

// maxTableColumns is above the number of columns that a table can have (4,096).
const maxTableColumns = 5000

// TableColumns returns the columns of a table or view in their order; none if the
// account may not read the table or there is none. The errors are those of Sample.
func (s *Source) TableColumns(ctx context.Context, schema, table string) ([]TableColumn, error) {
	sql := "SELECT COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_KEY, COLUMN_COMMENT, TABLE_SCHEMA, TABLE_NAME " +
		"FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = " + textLiteral(schema) + " AND TABLE_NAME = " + textLiteral(table) +
		" ORDER BY ORDINAL_POSITION"
	rows, err := s.lookUp(ctx, sql, maxTableColumns)
	if err != nil {
		return nil, err
	}
	var columns []TableColumn
	for _, r := range rows {
		if r[5] == schema && r[6] == table { // information_schema compares without case
			columns = append(columns, TableColumn{Name: r[0], Type: r[1], Nullable: r[2] == "YES", Key: r[3], Comment: r[4]})
		}
	}
	return columns, nil
}

// lookUp returns at most limit rows of a query on information_schema, with NULL
// as "".
func (s *Source) lookUp(ctx context.Context, sql string, limit int) ([][]string, error) {
	sample, err := s.Sample(ctx, Query{SQL: sql, FirstRows: int64(limit), Limits: tableLimits})
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for _, b := range sample.Batches {
		for i := range b.Len() {
			cells := make([]string, len(sample.Columns))
			rest := b.Row(i)
			for j := range cells {
				var cell []byte
				cell, rest = row.Cell(rest)
				cells[j] = string(cell)
			}
			rows = append(rows, cells)
		}
	}
	return rows, nil
}

// textLiteral returns s as a literal without quoting rules, which means the same in
// every sql_mode and character set of the connection.
func textLiteral(s string) string { return "_utf8mb4 X'" + hex.EncodeToString([]byte(s)) + "'" }
