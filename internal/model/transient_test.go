package model

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"testing"

	"github.com/go-sql-driver/mysql"
)

func TestTransient(t *testing.T) {
	t.Parallel()
	server := func(number uint16) error { return fmt.Errorf("write: %w", &mysql.MySQLError{Number: number}) }
	cases := map[string]struct {
		err     error
		want    bool
		refused bool
	}{
		"none":               {nil, false, false},
		"read_only":          {server(1290), true, false},
		"read_only_mode":     {server(1836), true, false},
		"galera_non_primary": {server(1047), true, false},
		"commit_failed":      {server(1180), true, false},
		"lock_wait":          {server(1205), true, false},
		"deadlock":           {server(1213), true, false},
		"record_changed":     {server(1020), true, false},
		"shutdown":           {server(1053), true, false},
		"killed":             {server(1927), true, false},
		"disk_full":          {server(1021), true, false},
		"group_conflict":     {server(3101), true, false},
		"proxy_no_backend":   {server(9001), true, false},
		"duplicate_key":      {server(1062), false, true},
		"data_too_long":      {server(1406), false, true},
		"syntax":             {server(1064), false, true},
		"access_denied":      {server(1142), false, true},
		"bad_connection":     {driver.ErrBadConn, true, false},
		"invalid_connection": {mysql.ErrInvalidConn, true, false},
		"end_of_stream":      {io.ErrUnexpectedEOF, true, false},
		"deadline":           {context.DeadlineExceeded, true, false},
		"canceled":           {context.Canceled, false, false},
		"lease_lost":         {ErrLeaseLost, false, false},
		"request_error":      {Errorf(Quota, "full"), false, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Transient(c.err); got != c.want {
				t.Errorf("Transient(%v) = %t, want %t", c.err, got, c.want)
			}
			if got := Refused(c.err); got != c.refused {
				t.Errorf("Refused(%v) = %t, want %t", c.err, got, c.refused)
			}
		})
	}
}
