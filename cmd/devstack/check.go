package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"exporttask/api"
)

// check holds a downloaded file against the database: its sum is the one that
// was stored with the instance, its rows are as many as the shop's, and a
// CSV's cells are the shop's, one by one.
func (st *stack) check(ctx context.Context, inst *api.WshExportInst, path string) (err error) {
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != inst.GetFiles()[0].GetSha256() {
		return errors.New("its SHA-256 is not the instance's")
	}
	db, err := sql.Open("mysql", st.shopDSN)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var rows int64
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM orders").Scan(&rows); err != nil {
		return err
	}
	if inst.GetRowsDone() != rows {
		return fmt.Errorf("it has %d rows, the database %d", inst.GetRowsDone(), rows)
	}
	if inst.GetEtplOutputFormat() != api.WshExportFormat_FMT_CSV {
		return nil
	}
	return compareCSV(ctx, db, string(text))
}

// compareCSV compares a CSV with the shop, cell by cell, as another reader and
// another driver see them.
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
