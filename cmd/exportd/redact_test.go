package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"exporttask/internal/source"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	const value = "4711-secret"
	server := func(code uint16, state string) error {
		return fmt.Errorf("data source default: query: %w", &source.ServerError{Code: code, State: state, Message: "near '" + value + "'"})
	}
	own := func(number uint16, state string) error {
		e := &mysql.MySQLError{Number: number, Message: "Duplicate entry '" + value + "'"}
		copy(e.SQLState[:], state)
		return fmt.Errorf("insert instance: %w", e)
	}
	for name, c := range map[string]struct {
		err   error
		shows string
	}{
		"out_of_range":      {server(1690, "22003"), "server error 1690"},
		"truncated":         {server(1292, "22007"), "server error 1292"},
		"incorrect_value":   {server(1366, "HY000"), "server error 1366"},
		"invalid_json":      {server(3140, "22032"), "server error 3140"},
		"out_of_column":     {server(1264, "22003"), "server error 1264"},
		"syntax":            {server(1064, "42000"), "server error 1064"},
		"signal":            {server(1644, "45000"), "server error 1644"},
		"joined":            {errors.Join(errors.New("first"), server(1690, "22003")), "first"},
		"own_duplicate":     {own(1062, "23000"), "Error 1062"},
		"own_incorrect":     {own(1366, "HY000"), "Error 1366"},
		"own_invalid_json":  {own(3140, "22032"), "Error 3140"},
		"own_syntax":        {own(1064, "42000"), "Error 1064"},
		"own_data_too_long": {own(1406, "22001"), "Error 1406"},
	} {
		var out bytes.Buffer
		slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: redact})).Warn("attempt failed", "error", c.err)
		if text := out.String(); strings.Contains(text, value) || !strings.Contains(text, c.shows) {
			t.Errorf("%s: got %s, want %q and no value", name, text, c.shows)
		}
	}
	// What an administrator has to mend stays.
	login := &source.LoginError{During: "login", Err: &source.ServerError{Code: 1045, State: "28000", Message: "Access denied for user 'reader'"}}
	for _, err := range []error{login, own(1205, "HY000")} {
		var out bytes.Buffer
		slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: redact})).Warn("m", "error", err)
		if strings.Contains(out.String(), "not logged") {
			t.Errorf("got %s, want the message", out.String())
		}
	}
}
