package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
)

func TestTransient(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"changed since last read":    {&ServerError{Code: 1020}, true},
		"lock wait timeout":          {&ServerError{Code: 1205}, true},
		"deadlock":                   {&ServerError{Code: 1213}, true},
		"too many connections":       {&ServerError{Code: 1040}, true},
		"shutdown":                   {&ServerError{Code: 1053}, true},
		"connection killed":          {&ServerError{Code: 1927}, true},
		"wrapped":                    {fmt.Errorf("query: %w", &ServerError{Code: 1213}), true},
		"lost":                       {lost("read rows", io.EOF), true},
		"reset":                      {lost("read rows", &net.OpError{Op: "read", Err: syscall.ECONNRESET}), true},
		"refused":                    {lost("dial", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), true},
		"no such host":               {lost("dial", &net.DNSError{Err: "no such host"}), true},
		"wrong SQL":                  {&ServerError{Code: 1064}, false},
		"no such table":              {&ServerError{Code: 1146}, false},
		"access denied":              {&ServerError{Code: 1045}, false},
		"killed by an administrator": {&ServerError{Code: mysqlErrQueryInterrupted}, false},
		"statement timeout":          {&LimitError{Limit: LimitStatementTime, Err: &ServerError{Code: mysqlErrStatementTimeout}}, false},
		"rows":                       {&LimitError{Limit: LimitRows}, false},
		"damage":                     {&DamageError{}, false},
		"malformed":                  {&ProtocolError{}, true},
		"cancelled":                  {context.Canceled, false},
		"nothing":                    {nil, false},
		"a limit, and then lost":     {errors.Join(&LimitError{Limit: LimitRows}, lost("read rows", io.EOF)), false},
		"a limit and a kill refused": {errors.Join(&LimitError{Limit: LimitRows}, &KillError{Err: lost("dial", io.EOF)}), false},
	} {
		if got := Transient(c.err); got != c.want {
			t.Errorf("%s: got %t, want %t", name, got, c.want)
		}
	}
}

func TestLostError_notEOF(t *testing.T) {
	err := lost("read rows", io.EOF)
	if errors.Is(err, io.EOF) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want io.ErrUnexpectedEOF and not io.EOF", err)
	}
}
