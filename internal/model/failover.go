package model

import (
	"context"
	"database/sql/driver"
	"net"
	"sync"
	"time"
)

const (
	// watchEvery is the interval at which the current one of several servers is
	// checked.
	watchEvery = 500 * time.Millisecond
	// watchTimeout bounds one check. Together they are below a second.
	watchTimeout = 400 * time.Millisecond
)

// watch checks the current one of several servers until ctx ends. If the server
// does not answer, as a frozen host does, or has become read-only, and another
// server takes writes, watch closes all connections to the current one, so that
// calls in progress fail at once and the pool connects to the other one.
func (c *connector) watch(ctx context.Context) {
	defer close(c.stopped)
	probes := make([]driver.Conn, len(c.servers))
	defer func() {
		for _, conn := range probes {
			if conn != nil {
				_ = conn.Close()
			}
		}
	}()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		c.mu.Lock()
		at := c.current
		c.mu.Unlock()
		if c.takesWrites(ctx, probes, at) {
			continue
		}
		for i := 1; i < len(c.servers); i++ {
			if other := (at + i) % len(c.servers); c.takesWrites(ctx, probes, other) {
				c.leave(at, other)
				break
			}
		}
	}
}

// takesWrites checks a server on a connection of the watch, which it keeps.
func (c *connector) takesWrites(ctx context.Context, probes []driver.Conn, at int) bool {
	ctx, stop := context.WithTimeout(ctx, watchTimeout)
	defer stop()
	if probes[at] == nil {
		conn, err := c.servers[at].Connect(ctx)
		if err != nil {
			return false
		}
		probes[at] = conn
	}
	ok, err := isWritable(ctx, probes[at])
	if err != nil {
		_ = probes[at].Close()
		probes[at] = nil
	}
	return ok
}

// leave makes the pool use another server and closes the connections to the
// current one.
func (c *connector) leave(current, other int) {
	c.mu.Lock()
	if c.current == current {
		c.current = other
		c.epoch++
		c.retired = time.Now()
	}
	c.mu.Unlock()
	c.links.closeAll(c.addrs[current])
}

// links are the open network connections to several servers. The zero value is
// ready to use; it is safe for concurrent use.
type links struct {
	mu   sync.Mutex
	open map[*link]string // to the address
}

// link is a TCP connection. It embeds the type and not the interface because the
// driver checks idle connections by their file descriptor.
type link struct {
	*net.TCPConn
	owner *links
}

// dial connects and remembers the connection until it is closed.
func (l *links) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn, nil
	}
	one := &link{tcp, l}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == nil {
		l.open = map[*link]string{}
	}
	l.open[one] = addr
	return one, nil
}

// Close implements net.Conn.
func (l *link) Close() error {
	l.owner.mu.Lock()
	delete(l.owner.open, l)
	l.owner.mu.Unlock()
	return l.TCPConn.Close()
}

// closeAll closes the connections to an address, also while they are in use.
func (l *links) closeAll(addr string) {
	l.mu.Lock()
	var found []*link
	for one, to := range l.open {
		if to == addr {
			found = append(found, one)
		}
	}
	l.mu.Unlock()
	for _, one := range found {
		_ = one.Close()
	}
}
