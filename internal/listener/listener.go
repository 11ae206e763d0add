package listener

import (
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// refusalLogInterval is the minimum time between two log lines about refused
// connections.
const refusalLogInterval = 10 * time.Second

// Listener is a net.Listener that closes connections over the limits as soon as
// they are accepted, so that clients can try another replica at once.
type Listener struct {
	net.Listener
	maxConns, maxPerHost int
	log                  *slog.Logger
	logLimit             rate.Sometimes

	mu      sync.Mutex
	open    int
	hosts   map[string]int // open connections by ClientHost
	refused int64
}

// Listen returns a Listener that applies MaxConns and MaxConnsPerIP to inner.
func (l *Limits) Listen(inner net.Listener, log *slog.Logger) *Listener {
	return &Listener{
		Listener: inner, maxConns: l.MaxConns, maxPerHost: l.MaxConnsPerIP, log: log,
		logLimit: rate.Sometimes{First: 1, Interval: refusalLogInterval}, hosts: map[string]int{},
	}
}

// Open returns the number of open connections and the number of connections
// refused since the start.
func (l *Listener) Open() (open int, refused int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open, l.refused
}

// Accept waits for the next connection within the limits.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		host := ClientHost(c.RemoteAddr())
		option, open, refused := l.acquire(host)
		if option == "" {
			return &conn{Conn: c, release: sync.OnceFunc(func() { l.release(host) })}, nil
		}
		_ = c.Close() // nothing was written that could be lost
		l.logLimit.Do(func() {
			l.log.Warn("connection refused: the limit is reached", "option", option, "client", host, "open", open, "refused", refused)
		})
	}
}

// acquire counts a new connection, or returns the option whose limit is reached.
func (l *Listener) acquire(host string) (option string, open int, refused int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.hosts[host] >= l.maxPerHost:
		option = "max-conns-per-ip"
	case l.open >= l.maxConns:
		option = "max-conns"
	default:
		l.open++
		l.hosts[host]++
		return "", l.open, l.refused
	}
	l.refused++
	return option, l.open, l.refused
}

func (l *Listener) release(host string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if l.hosts[host]--; l.hosts[host] == 0 {
		delete(l.hosts, host)
	}
}

// conn is a counted connection. The first Close releases it.
type conn struct {
	net.Conn
	release func()
}

func (c *conn) Close() error {
	defer c.release()
	return c.Conn.Close()
}

// ReadFrom implements io.ReaderFrom, so that net/http can send files with
// sendfile(2).
func (c *conn) ReadFrom(r io.Reader) (int64, error) {
	if to, ok := c.Conn.(io.ReaderFrom); ok {
		return to.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{c.Conn}, r)
}
