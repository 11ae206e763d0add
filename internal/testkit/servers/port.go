package servers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Free ports are looked for below the range from which Linux takes the ports of
// outgoing connections (32768 and up), so that no connection occupies a
// server's port while the server restarts.
const (
	lowestPort = 20000
	portCount  = 12000
)

// loopback is the only address servers of this package listen on.
const loopback = "127.0.0.1"

// portFree reports whether a server could listen on the loopback port now.
func portFree(ctx context.Context, port int) bool {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", hostPort(port))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// pickPort returns preferred if it is not 0 and free, else some free port. Another
// process may take the port before it is used: callers try again.
func pickPort(ctx context.Context, preferred int) (int, error) {
	if preferred != 0 && portFree(ctx, preferred) {
		return preferred, nil
	}
	const attempts = 100
	for range attempts {
		port := lowestPort + rand.IntN(portCount)
		if portFree(ctx, port) {
			return port, nil
		}
	}
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("pick port: %w", err)
	}
	return 0, errors.New("pick port: no free loopback port found")
}

// hostPort is the loopback address of a port.
func hostPort(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }
