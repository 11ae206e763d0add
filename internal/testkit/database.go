package testkit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"exporttask/internal/testkit/servers"
)

const (
	// setupTimeout bounds making a database or an account.
	setupTimeout = 30 * time.Second
	// dropTimeout bounds their removal.
	dropTimeout = 15 * time.Second
)

// noSuchThread is the server's error number for a KILL that came too late.
const noSuchThread = 1094

// Database makes an empty utf8mb4 database with a name of its own and returns a
// go-sql-driver DSN to it over TCP, of an account with all rights on it and
// none elsewhere. Both are dropped at the test's cleanup, and whatever query
// still runs in it is killed first.
func Database(tb testing.TB) string {
	tb.Helper()
	s := server(tb)
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	name := fmt.Sprintf("t%d", s.serial.Add(1))
	if err := s.Exec(ctx, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4"); err != nil {
		tb.Fatalf("fixture: database %s: %v", name, err)
	}
	tb.Cleanup(func() { s.drop(tb, "db", name, "DROP DATABASE "+name) })
	return s.account(tb, name, "ALL PRIVILEGES ON "+name+".*")
}

// Account makes one more account and returns a DSN of it to the database of
// dsn, which Database gave. Each grant is what stands between GRANT and TO,
// where the database need not be named: "SELECT" is for all its tables, "SELECT
// ON orders" for one, "PROCESS ON *.*" stays as it is. Without grants the
// account may only connect, and not to that database.
func Account(tb testing.TB, dsn string, grants ...string) string {
	tb.Helper()
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		tb.Fatalf("fixture: account: %v", err)
	}
	var full []string
	for _, grant := range grants {
		full = append(full, qualify(grant, cfg.DBName))
	}
	return server(tb).account(tb, cfg.DBName, full...)
}

// qualify names the database in a grant that leaves it out.
func qualify(grant, db string) string {
	what, on, ok := strings.Cut(grant, " ON ")
	switch {
	case !ok:
		return what + " ON " + servers.QuoteName(db) + ".*"
	case strings.Contains(on, "."):
		return grant
	default:
		return what + " ON " + servers.QuoteName(db) + "." + on
	}
}

// account makes an account that is dropped at cleanup.
func (s *shared) account(tb testing.TB, db string, grants ...string) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), setupTimeout)
	defer cancel()
	user := fmt.Sprintf("u%d", s.serial.Add(1))
	tb.Cleanup(func() { s.drop(tb, "user", user, "DROP USER IF EXISTS "+user+"@'%'") })
	if err := s.SetAccount(ctx, user, user, grants...); err != nil {
		tb.Fatalf("fixture: %v", err)
	}
	return s.DSN(user, user, db)
}

// drop ends the connections whose column of the process list (db or user) has
// this value, since one that still runs a query blocks the drop, and drops.
func (s *shared) drop(tb testing.TB, column, value, stmt string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), dropTimeout)
	defer cancel()
	if err := s.disconnect(ctx, column, value); err != nil {
		tb.Errorf("fixture: disconnect %s %s: %v", column, value, err)
	}
	if _, err := s.root.ExecContext(ctx, stmt); err != nil {
		tb.Errorf("fixture: %s: %v", stmt, err)
	}
}

func (s *shared) disconnect(ctx context.Context, column, value string) error {
	rows, err := s.root.QueryContext(ctx,
		"SELECT id FROM information_schema.processlist WHERE "+column+" = ?", value)
	if err != nil {
		return err
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, id := range ids {
		_, err := s.root.ExecContext(ctx, fmt.Sprintf("KILL %d", id))
		if myErr, ok := errors.AsType[*mysql.MySQLError](err); ok && myErr.Number == noSuchThread {
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}
