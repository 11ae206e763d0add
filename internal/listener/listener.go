package listener

import (
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// refusalsLogged is the least time between two lines about refused connections.
const refusalsLogged = 10 * time.Second

// Listener closes connections that are more than allowed as soon as they come,
// so that their clients know at once and try elsewhere.
type Listener struct {
	net.Listener
	most, mostPerHost int
	log               *slog.Logger
	lines             rate.Sometimes

	mu      sync.Mutex
	open    int
	hosts   map[string]int // open connections by ClientHost
	refused int64
}

// Listen bounds the connections of a listener.
func (l *Limits) Listen(inner net.Listener, log *slog.Logger) *Listener {
	return &Listener{
		Listener: inner, most: l.MaxConns, mostPerHost: l.MaxConnsPerIP, log: log,
		lines: rate.Sometimes{First: 1, Interval: refusalsLogged}, hosts: map[string]int{},
	}
}

// Open returns how many connections are open, and how many were refused so far.
func (l *Listener) Open() (open int, refused int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open, l.refused
}

// Accept waits for the next connection that is within the bounds.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		host := ClientHost(c.RemoteAddr())
		option, open, refused := l.take(host)
		if option == "" {
			return &conn{Conn: c, release: sync.OnceFunc(func() { l.giveBack(host) })}, nil
		}
		_ = c.Close() // nothing was written that could be lost
		l.lines.Do(func() {
			l.log.Warn("connection refused: as many as allowed are open", "option", option, "client", host, "open", open, "refused", refused)
		})
	}
}

// take counts a connection in, or names the option that is in its way.
func (l *Listener) take(host string) (option string, open int, refused int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.hosts[host] >= l.mostPerHost:
		option = "max-conns-per-ip"
	case l.open >= l.most:
		option = "max-conns"
	default:
		l.open++
		l.hosts[host]++
		return "", l.open, l.refused
	}
	l.refused++
	return option, l.open, l.refused
}

func (l *Listener) giveBack(host string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if l.hosts[host]--; l.hosts[host] == 0 {
		delete(l.hosts, host)
	}
}

// conn counts itself out when it is closed, however often.
type conn struct {
	net.Conn
	release func()
}

func (c *conn) Close() error {
	defer c.release()
	return c.Conn.Close()
}

// ReadFrom keeps the kernel's way from a file to a TCP connection, by which
// HTTP downloads go.
func (c *conn) ReadFrom(r io.Reader) (int64, error) {
	if to, ok := c.Conn.(io.ReaderFrom); ok {
		return to.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{c.Conn}, r)
}
