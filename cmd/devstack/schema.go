package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/go-sql-driver/mysql"

	"exporttask/internal/testkit/servers"
)

// defaultSchema is the suggested name of the schema for exportd's own tables.
const defaultSchema = "exportd"

// Server errors of an account without the right to create a schema.
const (
	errDBAccessDenied = 1044 // ER_DBACCESS_DENIED_ERROR
	errAccessDenied   = 1227 // ER_SPECIFIC_ACCESS_DENIED_ERROR
)

// ownSchema makes sure that the server has a schema for exportd's own tables and
// returns its name. A schema that exists must be empty or hold exportd's tables.
// A schema that was not named is created only after a yes on the terminal.
// Nothing in the user's own database is changed.
func ownSchema(ctx context.Context, db *sql.DB, user *mysql.Config, named string, ask func(string) (bool, error)) (string, error) {
	name := named
	if name == "" {
		name = defaultSchema
	}
	if strings.EqualFold(name, user.DBName) {
		return "", fmt.Errorf("schema %s holds your tables; name another one for exportd's own tables: SCHEMA=NAME", name)
	}
	const SELECT = `SELECT
		(SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?),
		(SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?),
		(SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = 'welife_export_inst')`
	var schemas, tables, ours int
	if err := db.QueryRowContext(ctx, SELECT, name, name, name).Scan(&schemas, &tables, &ours); err != nil {
		return "", err
	}
	switch {
	case ours > 0:
		return name, nil
	case tables > 0:
		return "", fmt.Errorf("schema %s exists and holds %d tables that are not exportd's; name another one: SCHEMA=NAME", name, tables)
	case schemas > 0 && named != "":
		return name, nil
	}
	if named == "" {
		yes, err := ask(fmt.Sprintf("exportd needs a schema for its own tables on %s; your tables are only read. Create schema %s?", user.Addr, name))
		if err != nil {
			return "", err
		}
		if !yes {
			return "", errors.New("no schema for exportd's own tables; name one: SCHEMA=NAME")
		}
	}
	create := "CREATE DATABASE IF NOT EXISTS " + servers.QuoteName(name) + " CHARACTER SET utf8mb4"
	_, err := db.ExecContext(ctx, create)
	if refused, ok := errors.AsType[*mysql.MySQLError](err); ok && (refused.Number == errDBAccessDenied || refused.Number == errAccessDenied) {
		return "", fmt.Errorf("%w\nAsk an administrator of the server to run:\n  %s;\n  GRANT ALL ON %s.* TO %s;",
			err, create, servers.QuoteName(name), servers.QuoteString(user.User)+"@'%'")
	}
	return name, err
}

// askTerminal asks for a yes on the terminal. Without a terminal it is an error
// that names the setting which answers the question.
func askTerminal(question string) (bool, error) {
	info, err := os.Stdin.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false, fmt.Errorf("%s\nThere is no terminal to answer on: run again with SCHEMA=%s, or another name", question, defaultSchema)
	}
	fmt.Printf("%s [y/N] ", question)
	line, _ := bufio.NewReader(os.Stdin).ReadString('\n') // no answer is no
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes", nil
}
