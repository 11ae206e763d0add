package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"exporttask/internal/testkit/servers"
)

// mostRows is how many rows, by the server's estimate, a table of the user's may
// have for devstack to export it by itself.
const mostRows = 1_000_000

// sample is a template that devstack creates: a query and what is checked of its
// file.
type sample struct {
	name, source string
	sql          string
	from         string // value of the parameter "from"; "" where the query has none
	count        string // query for the number of rows that the file must have
	compare      bool   // compare the cells of the CSV file with those of the database
	formats      int    // number of formats to export in, in the order of formats()
	skip         bool   // create the template, export nothing
}

// userSample returns a sample that reads one of the user's tables: the smallest
// one with rows. It returns nil where the database has no tables.
func userSample(ctx context.Context, db *sql.DB) (*sample, error) {
	const SELECT = `SELECT TABLE_NAME, COALESCE(TABLE_ROWS, 0) FROM information_schema.TABLES
		WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE'
		ORDER BY COALESCE(TABLE_ROWS, 0) = 0, TABLE_ROWS, TABLE_NAME LIMIT 1`
	var table string
	var rows int64
	err := db.QueryRowContext(ctx, SELECT).Scan(&table, &rows)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	quoted := servers.QuoteName(table)
	return &sample{
		name: table, source: "default", sql: "SELECT * FROM " + quoted,
		count: "SELECT COUNT(*) FROM " + quoted, formats: 1, skip: rows > mostRows,
	}, nil
}
