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

// Limits bound what connections may cost. They are the same for gRPC and HTTP.
type Limits struct {
	MaxMessage    int // bytes of a request
	MaxHeader     int // bytes of a call's headers
	MaxStreams    int // calls at once on one connection
	MaxConns      int // connections at once
	MaxConnsPerIP int // of them, from one client (ClientHost)

	Handshake time.Duration // for TLS and the first bytes of HTTP
	Idle      time.Duration // a connection without calls is kept
	// MaxAge is how long a connection is kept, give or take a tenth, before its
	// client is asked to connect anew; 0: for ever. Grace is how long calls may
	// then go on: none that is shorter is ever cut off.
	MaxAge, Grace time.Duration

	// KeepaliveTime is how long a connection may be silent before it is asked
	// whether it is still there, KeepaliveTimeout how long the answer may take.
	// Together they end a client that is gone, and one that sends headers
	// byte by byte.
	KeepaliveTime, KeepaliveTimeout time.Duration
	// KeepaliveMin is how often clients may ask in turn. One that asks more
	// often than that is cut off.
	KeepaliveMin time.Duration
}

// DefaultLimits suit a service for back ends.
func DefaultLimits() Limits {
	return Limits{
		MaxMessage: 16 << 20, MaxHeader: 16 << 10, MaxStreams: 250, MaxConns: 2048, MaxConnsPerIP: 1024,
		Handshake: 10 * time.Second, Idle: 15 * time.Minute, MaxAge: time.Hour, Grace: time.Hour,
		KeepaliveTime: time.Minute, KeepaliveTimeout: 20 * time.Second, KeepaliveMin: 5 * time.Second,
	}
}

// Define adds the options that set l, with the defaults.
func (l *Limits) Define(f *flag.FlagSet) {
	d := DefaultLimits()
	f.IntVar(&l.MaxMessage, "grpc-max-recv", d.MaxMessage, "largest request taken, in `bytes`")
	f.IntVar(&l.MaxHeader, "max-header", d.MaxHeader, "largest headers of a call taken, in `bytes`")
	f.IntVar(&l.MaxStreams, "max-streams", d.MaxStreams, "calls at once on one connection")
	f.IntVar(&l.MaxConns, "max-conns", d.MaxConns, "connections at once; more are closed as they come")
	f.IntVar(&l.MaxConnsPerIP, "max-conns-per-ip", d.MaxConnsPerIP, "connections at once from one IPv4 address or IPv6 /64")
	f.DurationVar(&l.Handshake, "handshake-timeout", d.Handshake, "how long a new connection may take to begin, TLS included")
	f.DurationVar(&l.Idle, "idle-timeout", d.Idle, "how long a connection without calls is kept")
	f.DurationVar(&l.MaxAge, "max-conn-age", d.MaxAge, "age at which clients are asked to connect anew, give or take a tenth; 0: never")
	f.DurationVar(&l.Grace, "max-conn-age-grace", d.Grace, "how long calls may then go on; none that is shorter is cut off")
	f.DurationVar(&l.KeepaliveTime, "keepalive-time", d.KeepaliveTime, "silence after which a connection is asked whether it is still there")
	f.DurationVar(&l.KeepaliveTimeout, "keepalive-timeout", d.KeepaliveTimeout, "how long the answer to that may take")
	f.DurationVar(&l.KeepaliveMin, "keepalive-min", d.KeepaliveMin, "how often clients may ask in turn; more often, and they are cut off")
}

// Validate returns all that is wrong, each error naming its option.
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
	least("idle-timeout", l.Idle, time.Second)
	if l.MaxAge != 0 {
		least("max-conn-age", l.MaxAge, time.Second)
	}
	least("max-conn-age-grace", l.Grace, time.Second)
	// grpc itself raises anything below a second to a second.
	least("keepalive-time", l.KeepaliveTime, time.Second)
	least("keepalive-timeout", l.KeepaliveTimeout, 100*time.Millisecond)
	least("keepalive-min", l.KeepaliveMin, 10*time.Millisecond)
	return errors.Join(errs...)
}

// writeBuffer is how much of a stream is put together before it is sent: with
// grpc's own 32 KiB a download spends its time in small writes.
const writeBuffer = 256 << 10

// ServerOptions are the limits of a gRPC server, but for the number of
// connections, which is Listen's.
func (l *Limits) ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.WriteBufferSize(writeBuffer),
		grpc.MaxRecvMsgSize(l.MaxMessage),
		grpc.MaxHeaderListSize(uint32(l.MaxHeader)),     //nolint:gosec // validated
		grpc.MaxConcurrentStreams(uint32(l.MaxStreams)), //nolint:gosec // validated
		grpc.ConnectionTimeout(l.Handshake),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionIdle: l.Idle, MaxConnectionAge: l.MaxAge, MaxConnectionAgeGrace: l.Grace,
			Time: l.KeepaliveTime, Timeout: l.KeepaliveTimeout,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: l.KeepaliveMin, PermitWithoutStream: true}),
	}
}

// HTTP sets the limits of an HTTP server, but for the number of connections,
// which is Listen's, and the size and time of bodies, which are the handlers'.
func (l *Limits) HTTP(s *http.Server) {
	s.ReadHeaderTimeout = l.Handshake
	s.IdleTimeout = l.Idle
	s.MaxHeaderBytes = l.MaxHeader
	s.HTTP2 = &http.HTTP2Config{
		MaxConcurrentStreams: l.MaxStreams, SendPingTimeout: l.KeepaliveTime, PingTimeout: l.KeepaliveTimeout,
	}
}
