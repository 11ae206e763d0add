package source

import (
	"fmt"
	"sync"
	"time"
)

// stuck holds the connections that a server did not end after a KILL. While one
// of them runs, the source accepts no new work: a statement that ignores KILL
// cannot be bounded, and more of them would exhaust the server.
type stuck struct {
	mu    sync.Mutex
	since map[stuckConn]time.Time
}

// stuckConn is a connection of one server.
type stuckConn struct {
	server identity
	id     uint64
}

func (s *stuck) add(c stuckConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since == nil {
		s.since = map[stuckConn]time.Time{}
	}
	s.since[c] = time.Now()
}

// on returns the ids of the stuck connections of a server.
func (s *stuck) on(server identity) (ids []uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.since {
		if c.server == server {
			ids = append(ids, c.id)
		}
	}
	return ids
}

// remove forgets a connection that has ended.
func (s *stuck) remove(c stuckConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.since, c)
}

// age returns how long ago a connection was killed.
func (s *stuck) age(c stuckConn) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(s.since[c])
}

// checkStuck returns a *BusyError while a killed connection still runs on the
// server that c is connected to.
func (c *conn) checkStuck() error {
	for _, id := range c.src.stuck.on(c.peer) {
		of := stuckConn{server: c.peer, id: id}
		runs, err := c.runs(id)
		if err != nil {
			return err
		}
		if runs {
			return &BusyError{Reason: fmt.Sprintf("a statement killed %s ago still runs on the server (connection %d); no new work is started until it ends",
				c.src.stuck.age(of).Round(time.Second), id)}
		}
		c.src.stuck.remove(of)
		c.src.log.Info("a killed statement has ended", "connection_id", id)
	}
	return nil
}

// runs reports whether the server still has a connection of this id. An account
// always sees its own connections.
func (c *conn) runs(id uint64) (bool, error) {
	rows, err := c.selectAll(fmt.Sprintf("SELECT id FROM information_schema.processlist WHERE id = %d", id))
	return len(rows) > 0, err
}
