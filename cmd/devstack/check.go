package main

import (
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"exporttask/api"
)

// check compares a downloaded file with the database: the file has as many rows
// as the sample's count says, and each cell of the shop's CSV file is the cell of
// the database. download has checked the file's SHA-256.
func (st *stack) check(ctx context.Context, inst *api.WshExportInst, path string) (err error) {
	db, err := sql.Open("mysql", st.readerDSN)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var rows int64
	if err := db.QueryRowContext(ctx, st.sample.count).Scan(&rows); err != nil {
		return err
	}
	if inst.GetRowsDone() != rows {
		return fmt.Errorf("it has %d rows, the database %d", inst.GetRowsDone(), rows)
	}
	if !st.sample.compare || inst.GetEtplOutputFormat() != api.WshExportFormat_FMT_CSV {
		return nil
	}
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return err
	}
	return compareCSV(ctx, db, string(text))
}

// compareCSV compares the shop's CSV file with the database, cell by cell, with
// encoding/csv as the reader and go-sql-driver as the database's client.
func compareCSV(ctx context.Context, db *sql.DB, text string) error {
	rows, err := db.QueryContext(ctx, strings.ReplaceAll(shopQuery, ":from", "?"), shopFrom)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	cells := make([]sql.NullString, len(columns))
	into := make([]any, len(columns))
	for i := range cells {
		into[i] = &cells[i]
	}
	file := csv.NewReader(strings.NewReader(text))
	if _, err := file.Read(); err != nil { // the header
		return err
	}
	for n := 1; rows.Next(); n++ {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		record, err := file.Read()
		if err != nil {
			return fmt.Errorf("row %d: %w", n, err)
		}
		for i, c := range cells {
			want := c.String
			if want == "=1+1" {
				want = "'" + want // the formula guard
			}
			if record[i] != want {
				return fmt.Errorf("row %d, %s: %q, the database says %q", n, columns[i], record[i], want)
			}
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if _, err := file.Read(); !errors.Is(err, io.EOF) {
		return errors.New("it has more rows than the database")
	}
	return nil
}
