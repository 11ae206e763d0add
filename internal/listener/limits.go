package listener

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// Limits are the limits of the connections of a gRPC or HTTP server. Each server
// applies them to its own connections.
type Limits struct {
	MaxMessage    int // size of a request, in bytes
	MaxHeader     int // size of the headers of a call, in bytes
	MaxStreams    int // concurrent calls of one connection
	MaxConns      int // concurrent connections
	MaxConnsPerIP int // concurrent connections of one client address (ClientHost)

	Handshake time.Duration // time for the TLS handshake and the headers of an HTTP request
	Body      time.Duration // time that the body of an HTTP request, or the request of a gRPC stream, has to arrive
	Idle      time.Duration // time after which a connection without calls is closed
	// MaxAge is the age, varied by up to 10 %, at which the client of a
	// connection is asked to reconnect (GOAWAY); 0 means never. Grace is the
	// time that calls of the old connection then have to end.
	MaxAge, Grace time.Duration

	// KeepaliveTime is the time without traffic after which the server pings a
	// client, KeepaliveTimeout the time that the client has to answer. They
	// close connections whose client is gone or sends its headers byte by byte.
	KeepaliveTime, KeepaliveTimeout time.Duration
	// KeepaliveMin is the minimum time between two keepalive pings of a client.
	// A client that pings more often is disconnected (too_many_pings).
	KeepaliveMin time.Duration
}

// DefaultLimits returns the defaults of the options.
func DefaultLimits() Limits {
	return Limits{
		MaxMessage: 8 << 20, MaxHeader: 16 << 10, MaxStreams: 250, MaxConns: 2048, MaxConnsPerIP: 1024,
		Handshake: 10 * time.Second, Body: 15 * time.Second, Idle: 15 * time.Minute, MaxAge: time.Hour, Grace: time.Hour,
		KeepaliveTime: time.Minute, KeepaliveTimeout: 20 * time.Second, KeepaliveMin: 5 * time.Second,
	}
}

// Define registers the flags that set l, with the defaults.
func (l *Limits) Define(f *flag.FlagSet) {
	d := DefaultLimits()
	f.IntVar(&l.MaxMessage, "grpc-max-recv", d.MaxMessage, "maximum size of a request, in `bytes`")
	f.IntVar(&l.MaxHeader, "max-header", d.MaxHeader, "maximum size of the headers of a call, in `bytes`")
	f.IntVar(&l.MaxStreams, "max-streams", d.MaxStreams, "maximum number of concurrent calls of a connection")
	f.IntVar(&l.MaxConns, "max-conns", d.MaxConns, "maximum number of connections; further ones are closed at once")
	f.IntVar(&l.MaxConnsPerIP, "max-conns-per-ip", d.MaxConnsPerIP, "maximum number of connections from one IPv4 address or IPv6 /64")
	f.DurationVar(&l.Handshake, "handshake-timeout", d.Handshake, "time that a new connection has for the TLS handshake and its first headers")
	f.DurationVar(&l.Body, "body-timeout", d.Body, "time that the body of an HTTP request, or the request of a gRPC stream, has to arrive")
	f.DurationVar(&l.Idle, "idle-timeout", d.Idle, "time after which a connection without calls is closed")
	f.DurationVar(&l.MaxAge, "max-conn-age", d.MaxAge, "age, varied by up to 10 %, at which clients are asked to reconnect; 0: never")
	f.DurationVar(&l.Grace, "max-conn-age-grace", d.Grace, "time that calls have to end after max-conn-age")
	f.DurationVar(&l.KeepaliveTime, "keepalive-time", d.KeepaliveTime, "time without traffic after which the server pings a client")
	f.DurationVar(&l.KeepaliveTimeout, "keepalive-timeout", d.KeepaliveTimeout, "time that a client has to answer a ping")
	f.DurationVar(&l.KeepaliveMin, "keepalive-min", d.KeepaliveMin, "minimum time between keepalive pings of a client; clients that ping more often are disconnected")
}

// Validate returns one error for each invalid option, joined. Each begins with
// the option's name.
func (l *Limits) Validate() error {
	var errs []error
	between := func(option string, n, least, most int) {
		if n < least || n > most {
			errs = append(errs, fmt.Errorf("%s: %d, want %d..%d", option, n, least, most))
		}
	}
	between("grpc-max-recv", l.MaxMessage, 64<<10, 1<<30)
	between("max-header", l.MaxHeader, 4<<10, 1<<20)
	between("max-streams", l.MaxStreams, 1, 100_000)
	between("max-conns", l.MaxConns, 1, 1_000_000)
	between("max-conns-per-ip", l.MaxConnsPerIP, 1, 1_000_000)
	least := func(option string, d, least time.Duration) {
		if d < least {
			errs = append(errs, fmt.Errorf("%s: %s, want %s or more", option, d, least))
		}
	}
	least("handshake-timeout", l.Handshake, 100*time.Millisecond)
	least("body-timeout", l.Body, 100*time.Millisecond)
	least("idle-timeout", l.Idle, time.Second)
	if l.MaxAge != 0 {
		least("max-conn-age", l.MaxAge, time.Second)
	}
	least("max-conn-age-grace", l.Grace, time.Second)
	// grpc raises values below a second to one second.
	least("keepalive-time", l.KeepaliveTime, time.Second)
	least("keepalive-timeout", l.KeepaliveTimeout, 100*time.Millisecond)
	least("keepalive-min", l.KeepaliveMin, 10*time.Millisecond)
	return errors.Join(errs...)
}

// writeBuffer is the size of grpc's write buffer of a connection, in bytes. With
// grpc's default of 32 KiB downloads are slowed down by small writes.
const writeBuffer = 256 << 10

// ServerOptions returns the options of a gRPC server for all limits except the
// number of connections, which Listen enforces.
func (l *Limits) ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.WriteBufferSize(writeBuffer),
		grpc.MaxRecvMsgSize(l.MaxMessage),
		grpc.MaxHeaderListSize(uint32(l.MaxHeader)),
		grpc.MaxConcurrentStreams(uint32(l.MaxStreams)),
		grpc.ConnectionTimeout(l.Handshake),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionIdle: l.Idle, MaxConnectionAge: l.MaxAge, MaxConnectionAgeGrace: l.Grace,
			Time: l.KeepaliveTime, Timeout: l.KeepaliveTimeout,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: l.KeepaliveMin, PermitWithoutStream: true}),
	}
}

// HTTP sets the limits of an HTTP server, except the number of connections,
// which Listen enforces, and the limits of request bodies, which the handler
// enforces.
func (l *Limits) HTTP(s *http.Server) {
	s.ReadHeaderTimeout = l.Handshake
	s.IdleTimeout = l.Idle
	s.MaxHeaderBytes = l.MaxHeader
	s.HTTP2 = &http.HTTP2Config{
		MaxConcurrentStreams: l.MaxStreams, SendPingTimeout: l.KeepaliveTime, PingTimeout: l.KeepaliveTimeout,
	}
}
