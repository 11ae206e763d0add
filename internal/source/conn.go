package source

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// maxPayload is the maximum payload of one packet in bytes. A packet of this length
// is continued by the next one (MySQL protocol, "Sending More Than 16Mb").
const maxPayload = 1<<24 - 1

// conn is one connection to the server, used for one query. Its methods are called
// by one goroutine at a time, except abort and close, which any may call.
type conn struct {
	nc   net.Conn
	in   *bufio.Reader // used until the rows begin; the cursor then reads from nc
	body []byte        // payload of the packet last read
	seq  byte          // sequence number of the next packet
	src  *Source
	to   *settings // of the server

	server    serverInfo
	id        uint64        // the server's id of this connection
	peer      identity      // the server that answered
	maxPacket uint64        // its max_allowed_packet, in bytes
	secure    bool          // TLS or a unix socket: a password may be sent in the clear
	running   atomic.Bool   // the server may be executing a command of this connection
	facts     Facts         // of the server
	release   func()        // gives the slot back; called by close; may be nil
	clock     *time.Timer   // aborts a statement that the server's own limit did not end
	limit     time.Duration // time limit of the statement, 0 = none
	began     time.Time     // when the statement was sent

	mu       sync.Mutex
	state    connState
	cause    error         // why the connection was aborted
	finished chan struct{} // closed when an abort has completed
	killErr  error         // error of the kill; read after finished is closed
}

type connState uint8

const (
	connOpen connState = iota
	connAborted
	connClosed
)

// newReader returns a buffer for the packets around the rows. It may read the
// first rows as well.
func newReader(nc net.Conn) *bufio.Reader { return bufio.NewReaderSize(nc, 4<<10) }

// readPacket returns the payload of the next packet, valid until the next call. It
// is used for everything but the rows of a cursor, and those packets are never
// continued.
func (c *conn) readPacket(during string) ([]byte, error) {
	var head [4]byte
	if err := c.readFull(head[:], during); err != nil {
		return nil, err
	}
	n := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	if head[3] != c.seq {
		return nil, &ProtocolError{What: fmt.Sprintf("packet %d, want %d", head[3], c.seq)}
	}
	c.seq++
	if n == 0 || n == maxPayload {
		return nil, &ProtocolError{What: fmt.Sprintf("%s: unexpected packet of %d bytes", during, n)}
	}
	if cap(c.body) < n {
		c.body = make([]byte, n)
	}
	c.body = c.body[:n]
	return c.body, c.readFull(c.body, during)
}

func (c *conn) readFull(p []byte, during string) error {
	for len(p) > 0 {
		n, err := c.in.Read(p)
		p = p[n:]
		if err != nil && len(p) > 0 {
			return c.failed(during, err)
		}
	}
	return nil
}

// failed returns a transport's error as a *LostError, or the cause if this side
// aborted the connection.
func (c *conn) failed(during string, err error) error {
	if cause := c.aborted(); cause != nil {
		return cause
	}
	return lost(during, err)
}

// writePacket sends payload in as many packets as it needs.
func (c *conn) writePacket(payload []byte) error {
	out := make([]byte, 0, len(payload)+4*(len(payload)/maxPayload+1))
	for {
		n := min(len(payload), maxPayload)
		out = append(out, 0, 0, 0, 0)
		putHead(out[len(out)-packetHead:], n, c.seq)
		out = append(out, payload[:n]...)
		payload = payload[n:]
		c.seq++
		if n < maxPayload {
			break
		}
	}
	if _, err := c.nc.Write(out); err != nil {
		return c.failed("send", err)
	}
	return nil
}

// putHead writes the header of a packet of n bytes.
func putHead(p []byte, n int, seq byte) {
	p[0], p[1], p[2], p[3] = byte(n), byte(n>>8), byte(n>>16), seq
}

// watch aborts the connection when ctx ends, until stop is called.
func (c *conn) watch(ctx context.Context) (stop func() bool) {
	if ctx.Done() == nil { // ctx never ends
		return func() bool { return true }
	}
	return context.AfterFunc(ctx, func() { c.abort(context.Cause(ctx)) })
}

// aborted returns the cause of an abort or of a close, or nil.
func (c *conn) aborted() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// abort ends the connection at once and kills the statement that runs on the
// server. It does not wait for the kill; close does. Only the first call has an
// effect. The kill does not use the query's context, which has usually ended.
func (c *conn) abort(cause error) {
	c.mu.Lock()
	if c.state != connOpen {
		c.mu.Unlock()
		return
	}
	c.state, c.cause = connAborted, cause
	nc := c.nc
	c.mu.Unlock()

	_ = nc.SetDeadline(time.Unix(1, 0)) // in the past, which wakes a blocked read
	go func() {
		defer close(c.finished)
		if c.running.Load() {
			c.killErr = c.src.kill(c)
		}
		_ = nc.Close() // the kill has usually closed it already
	}()
}

// close ends the connection. After an abort it waits for the kill (bounded by
// killTimeout) and returns its error.
func (c *conn) close() error {
	if c.release != nil {
		defer c.release()
	}
	if c.running.Load() {
		c.abort(errClosed)
	}
	c.mu.Lock()
	state := c.state
	if state == connOpen {
		c.state, c.cause = connClosed, errClosed
	}
	c.mu.Unlock()
	if c.clock != nil {
		c.clock.Stop()
	}
	switch state {
	case connAborted:
		<-c.finished
		return c.killErr
	case connOpen:
		_ = c.nc.SetDeadline(time.Now().Add(time.Second))
		_, _ = c.nc.Write([]byte{1, 0, 0, 0, comQuit}) // best effort: the server notices the closed socket anyway
		_ = c.nc.Close()
	case connClosed:
	}
	return nil
}

// errLoginTimeout is the cause of a context that ended at the login timeout.
var errLoginTimeout = errors.New("login timeout")

// acquire waits for a slot of the source and connects. The error is that of the
// slot, a *LoginError, a *LostError, a *BusyError if a killed statement still runs,
// or the cause of ctx.
func (s *Source) acquire(ctx context.Context, use use) (*conn, error) {
	release, err := s.slots.acquire(ctx, use)
	if err != nil {
		return nil, err
	}
	c, err := s.connect(ctx)
	if err != nil {
		release()
		return nil, connectFailed(ctx, err)
	}
	c.release = sync.OnceFunc(release)
	stop := c.watch(ctx)
	defer stop()
	if err := c.checkStuck(); err != nil {
		_ = c.close() // the first error counts
		return nil, err
	}
	return c, nil
}

// connect dials, logs in and identifies a server, within the login timeout.
func (s *Source) connect(ctx context.Context) (*conn, error) {
	if s.chooses() {
		return s.choose(ctx)
	}
	return s.connectTo(ctx, &s.dsns[0], s.dsns[0].addr)
}

// connectTo connects to an address of a server.
func (s *Source) connectTo(ctx context.Context, to *settings, addr string) (*conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.opts.LoginTimeout, errLoginTimeout)
	defer cancel()
	var d net.Dialer
	nc, err := d.DialContext(ctx, to.network, addr)
	if err != nil {
		return nil, loginFailed(ctx, "dial", err)
	}
	c := &conn{
		nc: nc, in: newReader(nc), src: s, to: to, secure: to.network == "unix",
		finished: make(chan struct{}),
	}
	stop := c.watch(ctx)
	defer stop()
	err = c.login(to)
	if err == nil {
		err = c.identify()
	}
	if err == nil && stop() {
		return c, nil
	}
	cause := c.aborted()
	_ = c.close() // nothing runs that needs a kill
	switch {
	case cause == nil:
		if _, ok := errors.AsType[*LoginError](err); !ok {
			err = &LoginError{During: "login", Err: err}
		}
		return nil, err
	case errors.Is(cause, errLoginTimeout):
		return nil, &LostError{During: "login", Err: fmt.Errorf("%w: %s", cause, s.opts.LoginTimeout)}
	}
	return nil, cause
}

// connectFailed wraps the error of a connection that could not be made in a
// *LoginError, unless the caller's context has ended.
func connectFailed(ctx context.Context, err error) error {
	if _, wrapped := errors.AsType[*LoginError](err); wrapped || ctx.Err() != nil {
		return err
	}
	return &LoginError{During: "connect", Err: err}
}

// loginFailed returns the error of a dial, or the cause if ctx ended for another
// reason than the login timeout.
func loginFailed(ctx context.Context, during string, err error) error {
	cause := context.Cause(ctx)
	if cause == nil || errors.Is(cause, errLoginTimeout) {
		return &LostError{During: during, Err: err}
	}
	return cause
}
