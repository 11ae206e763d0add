package main

import (
	"log/slog"
	"testing"
	"time"

	"exporttask/internal/sqlcheck"
	"exporttask/internal/testkit"
)

// Without a configured dialect the kind of server is read at the first login.
func TestSources_CheckOptions_dialect(t *testing.T) {
	t.Parallel()
	dsn := testkit.Database(t)
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	s, err := openSources(map[string]sourceConfig{"a": {DSN: dsn}, "b": {DSN: dsn, Dialect: "mysql", TimeZone: "+09:00"}}, shanghai, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.CheckOptions("a").Dialect; got != sqlcheck.AnyServer {
		t.Errorf("before a login: dialect %v, want that of any server", got)
	}
	s.inspect(t.Context(), slog.New(slog.DiscardHandler))
	if got := s.CheckOptions("a").Dialect; got != sqlcheck.MariaDB {
		t.Errorf("after a login: dialect %v, want MariaDB", got)
	}
	if got := s.CheckOptions("b").Dialect; got != sqlcheck.MySQL {
		t.Errorf("configured: dialect %v, want MySQL", got)
	}
	if a, b := s.Zone("a").String(), s.Zone("b").String(); a != "Asia/Shanghai" || b != "+09:00" {
		t.Errorf("time zones %s and %s, want the service's and +09:00", a, b)
	}
}
