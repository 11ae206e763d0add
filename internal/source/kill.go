package source

import (
	"context"
	"errors"
	"strconv"
	"time"
)

const (
	// killTimeout bounds all that is done to end one statement.
	killTimeout = 5 * time.Second
	// killTries is how often another server behind the same address may
	// answer before the kill is given up.
	killTries = 4
)

var errOtherServer = errors.New("another server answers at this address")

// kill ends c's statement on the server from a connection of its own. It
// kills only on the server that c is connected to: a balancer may lead the
// second connection elsewhere, where the number means somebody else's.
func (s *Source) kill(c *conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), killTimeout)
	defer cancel()
	addr := s.dsn.addr
	if remote := c.nc.RemoteAddr(); s.dsn.network != "unix" && remote != nil {
		addr = remote.String() // the same host where a name stands for several
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
	k, err := s.connectTo(ctx, addr)
	if err != nil {
		return err
	}
	k.id = 0 // nothing that this connection runs needs a kill itself
	stop := k.watch(ctx)
	defer k.close() //nolint:errcheck // nothing was read that could be lost
	defer stop()
	if k.where != c.where {
		return errOtherServer
	}
	err = k.exec("KILL " + strconv.FormatUint(c.id, 10))
	var se *ServerError
	if errors.As(err, &se) && se.Code == codeNoSuchThread {
		return nil // it has ended by itself
	}
	return err
}
