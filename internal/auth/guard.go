package auth

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
	"google.golang.org/protobuf/types/known/durationpb"

	"exporttask/internal/listener"
)

// Config says what a Guard holds calls to.
type Config struct {
	// Tokens knows the callers; nil: everybody may do everything.
	Tokens *Tokens
	// Owners is needed where Tokens is set.
	Owners Owners
	// Rate is how often each client may call: each token, or each address of a
	// caller without one.
	Rate Rate
	// Deadline is how long a unary call may take whose client set no deadline;
	// 0: as long as it likes.
	Deadline time.Duration
	// PeerKey, where not empty, is metadata in which a gateway of this process
	// tells its caller's address. Its name is a secret that nobody else can set.
	PeerKey string
	Logger  *slog.Logger
	// Refused, where set, is told of each call that Tap refuses: neither
	// interceptors nor stats handlers see those. It must return at once.
	Refused func(fullMethod string, code codes.Code)
}

// Guard holds the calls of a gRPC server to its Config.
type Guard struct {
	Config
	calls  *Limiter
	logins *Limiter // bounds the lines about failed logins
}

// New makes a Guard.
func New(c Config) *Guard {
	return &Guard{Config: c, calls: NewLimiter(c.Rate), logins: NewLimiter(Rate{PerSecond: 1, Burst: 5})}
}

// Tap looks at a call as soon as its headers are there (grpc.InTapHandle), so
// that a caller who may not call can't make the server read a large request
// either. The interceptors do the same for a server that has no tap.
func (g *Guard) Tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	admitted, err := g.admit(ctx, info.FullMethodName, info.Header)
	if err != nil {
		if g.Refused != nil {
			g.Refused(info.FullMethodName, status.Code(err))
		}
		return ctx, err
	}
	return admitted, nil
}

// admit puts what is known of a call into its context, or refuses it.
func (g *Guard) admit(ctx context.Context, method string, md metadata.MD) (context.Context, error) {
	c := call{requestID: requestID(md)}
	ctx = context.WithValue(ctx, callKey{}, c)
	if open(method) {
		return ctx, nil
	}
	if g.Tokens != nil {
		who, ok := g.Tokens.Identify(md.Get("authorization"))
		if !ok {
			return ctx, g.unauthenticated(ctx, method, g.peerAddr(ctx, md))
		}
		if r, _, known := ruleOf(method); known && !who.May(r.scope) {
			return ctx, status.Errorf(codes.PermissionDenied, "%s needs the scope %s, which the token %q does not have", method, r.scope, who.Name)
		}
		c.identity = &who
		ctx = context.WithValue(ctx, callKey{}, c)
	}
	return ctx, g.withinRate(g.client(ctx, c.identity, md))
}

// unauthenticated logs a failed login, unless its address had many of late.
func (g *Guard) unauthenticated(ctx context.Context, method string, from net.Addr) error {
	if _, ok := g.logins.Allow(listener.ClientHost(from), time.Now()); ok {
		g.Logger.WarnContext(ctx, "call without a valid token", "method", method, "peer", from.String())
	}
	return status.Error(codes.Unauthenticated, "no valid token; want metadata `authorization: Bearer TOKEN` with a token of this service")
}

func (g *Guard) withinRate(client string) error {
	after, ok := g.calls.Allow(client, time.Now())
	if ok {
		return nil
	}
	text := fmt.Sprintf("%s calls more than %g times a second (%d at once); try again in %s",
		client, g.Rate.PerSecond, g.Rate.Burst, after.Round(time.Millisecond))
	st := status.New(codes.ResourceExhausted, text)
	if hinted, err := st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(after)}); err == nil {
		st = hinted
	}
	return st.Err()
}

// client names whom a rate is counted for. A token's name holds no blank, so
// that it can't be taken for an address.
func (g *Guard) client(ctx context.Context, who *Identity, md metadata.MD) string {
	if who != nil {
		return "token " + who.Name
	}
	return "address " + listener.ClientHost(g.peerAddr(ctx, md))
}

// peerAddr is where a call comes from: the gateway's word goes before that of
// the connection, which is the gateway's own.
func (g *Guard) peerAddr(ctx context.Context, md metadata.MD) net.Addr {
	if g.PeerKey != "" {
		if at := md.Get(g.PeerKey); len(at) == 1 {
			return toldAddr(at[0])
		}
	}
	if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		return p.Addr
	}
	return noAddr{}
}

// toldAddr is an address that the gateway told.
type toldAddr string

func (toldAddr) Network() string  { return "tcp" }
func (a toldAddr) String() string { return string(a) }

// noAddr is the address of a caller inside the process.
type noAddr struct{}

func (noAddr) Network() string { return "none" }
func (noAddr) String() string  { return "unknown" }
