package testkit

import (
	"bytes"
	"errors"
	"log/slog"
	"os/exec"
	"testing"

	"exporttask/internal/testkit/servers"
)

// Client runs the mariadb command line client.
type Client struct{ client servers.MariaDBClient }

// MariaDBClient returns the client, unpacking it first where it is not
// installed.
func MariaDBClient(tb testing.TB) Client {
	tb.Helper()
	cache, err := servers.CacheDir()
	if err != nil {
		tb.Fatalf("fixture: mariadb client: %v", err)
	}
	client, err := servers.FindMariaDBClient(tb.Context(), cache, slog.Default())
	if err != nil {
		tb.Fatalf("fixture: %v", err)
	}
	return Client{client}
}

// Query runs query as the account of dsn and returns what the client prints,
// byte for byte. Flags such as --batch, --raw or --skip-column-names say how. A
// query that fails ends the test.
func (c Client) Query(tb testing.TB, dsn, query string, flags ...string) []byte {
	tb.Helper()
	cmd, err := c.client.Command(tb.Context(), dsn, append(flags, "--execute="+query)...)
	if err != nil {
		tb.Fatalf("fixture: %v", err)
	}
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		tb.Fatalf("fixture: mariadb client: %v: %s", err, bytes.TrimSpace(exit.Stderr))
	}
	if err != nil {
		tb.Fatalf("fixture: mariadb client: %v", err)
	}
	return out
}
