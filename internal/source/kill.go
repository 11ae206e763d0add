package source

import (
	"context"
	"errors"
	"strconv"
	"time"
)

const (
	// killTimeout bounds the time to kill one statement.
	killTimeout = 5 * time.Second
	// killTries is how many connections are tried until one reaches the server
	// that runs the statement.
	killTries = 4
	// obeyTime is how long a killed statement may take to end.
	obeyTime = 2 * time.Second
	killPoll = 20 * time.Millisecond
)

var (
	errOtherServer = errors.New("another server answers at this address")
	errDisobeyed   = errors.New("the server has not ended it")
)

// kill kills c's statement from a second connection. It sends KILL only to the
// server that c is connected to: behind a load balancer the second connection may
// reach another server, where the connection id belongs to another client.
func (s *Source) kill(c *conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), killTimeout)
	defer cancel()
	addr := c.to.addr
	if remote := c.nc.RemoteAddr(); c.to.network != "unix" && remote != nil {
		addr = remote.String() // the same host, where the name has several addresses
	}
	begin := time.Now()
	err := errOtherServer
	for try := 0; try < killTries && errors.Is(err, errOtherServer); try++ {
		err = s.killAt(ctx, addr, c)
	}
	if err != nil {
		return &KillError{Connection: c.id, Err: err}
	}
	s.log.Info("statement killed", "connection_id", c.id, "took", time.Since(begin))
	return nil
}

func (s *Source) killAt(ctx context.Context, addr string, c *conn) error {
	k, err := s.connectTo(ctx, c.to, addr)
	if err != nil {
		return err
	}
	k.id = 0 // no statement of this connection needs a kill itself
	stop := k.watch(ctx)
	defer k.close() //nolint:errcheck // no result is lost
	defer stop()
	if k.peer != c.peer {
		return errOtherServer
	}
	err = k.exec("KILL " + strconv.FormatUint(c.id, 10))
	var se *ServerError
	if errors.As(err, &se) && se.Code == mysqlErrNoSuchThread {
		return nil // the connection has ended already
	}
	if err != nil {
		return err
	}
	return k.awaitEnd(ctx, c.id)
}

// awaitEnd waits until a killed connection has ended on the server. Some
// statements do not obey KILL for minutes, such as a regular expression that
// backtracks; the source then accepts no new work until the statement has ended.
func (c *conn) awaitEnd(ctx context.Context, id uint64) error {
	tick := time.NewTicker(killPoll)
	defer tick.Stop()
	deadline := time.After(obeyTime)
	for {
		if runs, err := c.runs(id); err != nil || !runs {
			return err
		}
		select {
		case <-tick.C:
		case <-deadline:
			c.src.stuck.add(stuckConn{server: c.peer, id: id})
			c.src.log.Error("a killed statement still runs; no new work is started on the data source until it ends", "connection_id", id)
			return errDisobeyed
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
