package servers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// DSN is the data source name, for go-sql-driver, of an account on the server's
// TCP address. db may be empty.
func (s *DBServer) DSN(user, password, db string) string {
	return s.config(user, password, db).FormatDSN()
}

// RootDSN is the DSN of the server's all-powerful account.
func (s *DBServer) RootDSN(db string) string { return s.DSN("root", s.password, db) }

func (s *DBServer) config(user, password, db string) *mysql.Config {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd = user, password
	cfg.Net, cfg.Addr, cfg.DBName = "tcp", s.Addr(), db
	return cfg
}

// OpenRoot opens a pool of root's connections, which the caller closes.
func (s *DBServer) OpenRoot(db string) (*sql.DB, error) {
	cfg := s.config("root", s.password, db)
	cfg.Logger = &mysql.NopLogger{} // lost connections of a starting or killed server are expected
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, fmt.Errorf("open root: %w", err)
	}
	return sql.OpenDB(connector), nil
}

// ping checks that the server accepts a connection of root.
func (s *DBServer) ping(ctx context.Context) error {
	db, err := s.OpenRoot("")
	if err != nil {
		return err
	}
	defer db.Close()
	return db.PingContext(ctx)
}

// Exec runs statements as root, each on its own, on one connection, until one
// fails.
func (s *DBServer) Exec(ctx context.Context, stmts ...string) (err error) {
	db, err := s.OpenRoot("")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	for _, stmt := range stmts {
		if _, err := conn.ExecContext(ctx, stmt); err != nil {
			return err
		}
	}
	return nil
}

// SetAccount creates the account user unless it exists, sets its password, and
// grants it each of grants: the text between GRANT and TO, such as
// "SELECT ON shop.orders". Earlier grants stay.
func (s *DBServer) SetAccount(ctx context.Context, user, password string, grants ...string) error {
	name := QuoteString(user) + "@'%'"
	stmts := []string{
		"CREATE USER IF NOT EXISTS " + name,
		"ALTER USER " + name + " IDENTIFIED BY " + QuoteString(password),
	}
	for _, grant := range grants {
		stmts = append(stmts, "GRANT "+grant+" TO "+name)
	}
	if err := s.Exec(ctx, stmts...); err != nil {
		return fmt.Errorf("account %s: %w", user, err)
	}
	return nil
}

// QuoteName quotes a table's, column's or database's name for SQL.
func QuoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// QuoteString quotes a string for SQL, for the few statements that take no
// parameters, at the server's default sql_mode.
func QuoteString(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(text) + "'"
}
