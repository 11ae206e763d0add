package main

import (
	"errors"
	"log/slog"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"

	"exporttask/internal/source"
)

// withheld replaces the message of a database server in log lines.
const withheld = "(message not logged: it may quote values)"

// redact takes the messages of database servers out of errors in log lines. Messages
// about a statement quote values: 1690 "BIGINT value is out of range in '(42 + …)'", 1292,
// 1366, 3140, and 1064 the text itself. The number stays, and errMsg shows the message to
// the owner of the instance.
func redact(_ []string, a slog.Attr) slog.Attr {
	err, ok := a.Value.Any().(error)
	if !ok {
		return a
	}
	text := err.Error()
	if e, ok := errors.AsType[*source.ServerError](err); ok && !beforeStatement(err) {
		text = strings.ReplaceAll(text, e.Message, withheld)
	}
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok && quotesValues(e) {
		text = strings.ReplaceAll(text, e.Message, withheld)
	}
	if text == err.Error() {
		return a
	}
	return slog.String(a.Key, text)
}

// beforeStatement reports whether an error of a data source came before the statement was
// sent: its message is about accounts and addresses.
func beforeStatement(err error) bool {
	_, login := errors.AsType[*source.LoginError](err)
	return login
}

// quotesValues reports whether the message of an error of the service's own database may
// quote values: errors of data (SQLSTATE 22), of constraints (23), and some of the general
// classes.
func quotesValues(e *mysql.MySQLError) bool {
	class := string(e.SQLState[:2])
	return class == "22" || class == "23" || slices.Contains([]uint16{1064, 1366, 1411, 1525, 1582, 3140, 3141, 3156}, e.Number)
}
