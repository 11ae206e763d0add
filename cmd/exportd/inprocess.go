package main

import (
	"context"
	"net"
	"sync"
)

// inProcessListener is a net.Listener whose connections begin and end in this
// process. The HTTP port calls the gRPC server over it, so that tokens,
// ownership and limits hold for HTTP as they do for gRPC.
type inProcessListener struct {
	conns  chan net.Conn
	closed chan struct{}
	close  sync.Once
}

func newInProcessListener() *inProcessListener {
	return &inProcessListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept implements net.Listener.
func (l *inProcessListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *inProcessListener) Close() error {
	l.close.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *inProcessListener) Addr() net.Addr { return inProcessAddr{} }

// Dial returns the client's end of a new connection.
func (l *inProcessListener) Dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type inProcessAddr struct{}

func (inProcessAddr) Network() string { return "in-process" }
func (inProcessAddr) String() string  { return "in-process" }
