package auth

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
	"google.golang.org/protobuf/types/known/durationpb"

	"exporttask/internal/auth/session"
	"exporttask/internal/listener"
	"exporttask/internal/model"
)

// Config configures Interceptors.
type Config struct {
	// Tokens authenticates callers. Nil disables authentication: every caller
	// may do everything.
	Tokens *Tokens
	// Owners is required if Tokens is set.
	Owners OwnerLookup
	// Rate is the rate limit of each client. A client is a token, or for calls
	// without a token a network address (listener.ClientHost).
	Rate Rate
	// Deadline is the longest time of a unary call, whatever its client sets. Zero means
	// no deadline.
	Deadline time.Duration
	// RequestTimeout is the time that the client of a stream has to send its
	// request. Zero means no limit. (The request of a unary call has to arrive
	// before the call's deadline.)
	RequestTimeout time.Duration
	// Requests, if set, bounds the requests that Tap has admitted and that are still
	// arriving.
	Requests *listener.Requests
	// PeerKey is the metadata key in which the HTTP gateway of this process
	// passes its caller's address; session.PersonKey is derived from it. The key
	// is random and known to this process alone, so that no client can set it.
	// Empty means that no gateway exists.
	PeerKey string
	Logger  *slog.Logger
	// Refused, if set, is called for each call that Tap refuses; interceptors
	// and stats handlers do not see these calls. It must not block.
	Refused func(fullMethod string, code codes.Code)
	// Audit, if set, records a call that is refused because of its caller: its
	// token lacks the scope, or it names an object of another operator. ctx has
	// the caller (model.WithActor). It must not block.
	Audit func(ctx context.Context, e model.AuditEntry)
}

// Interceptors authenticates, authorizes and rate-limits the calls of a gRPC
// server. It is safe for concurrent use.
type Interceptors struct {
	Config
	calls  *Limiter
	logins *Limiter // limits the log lines about failed logins
	// floods slows down the clients whose calls are refused.
	floods *Limiter
	// refusals limits the audit entries about refused calls of each token.
	refusals *Limiter
	// open counts the health checks of each client, downloads its DownloadInst calls.
	open, downloads concurrency
}

// New returns the interceptors of a gRPC server.
func New(c Config) *Interceptors {
	return &Interceptors{
		Config: c, calls: NewLimiter(c.Rate), logins: NewLimiter(Rate{PerSecond: 1, Burst: 5}),
		floods:   NewLimiter(Rate{PerSecond: maxRefusals, Burst: maxRefusals}),
		refusals: NewLimiter(Rate{PerSecond: 1, Burst: 100}),
	}
}

// Tap is the tap.ServerInHandle of the server (grpc.InTapHandle). It decides
// when a call's headers have arrived, so that the server does not read the
// request of a caller that is refused. Unary and Stream repeat the decision for
// a server without a tap.
func (i *Interceptors) Tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	admitted, err := i.admit(ctx, info.FullMethodName, info.Header)
	if err == nil {
		if i.Requests != nil {
			c, _ := admitted.Value(callKey{}).(call)
			admitted = i.Requests.Begin(admitted, i.client(ctx, c.identity, info.Header))
		}
		return i.withRequestTimeout(admitted, info.FullMethodName), nil
	}
	i.refused(info.FullMethodName, err)
	i.slowDown(ctx, i.peerAddr(ctx, info.Header))
	if at, has := ctx.Deadline(); has && time.Until(at) > maxRefusedDeadline {
		return refuseLater(ctx, err), nil
	}
	return ctx, err
}

const (
	// maxRefusedDeadline is the deadline up to which Tap itself refuses a call.
	// grpc keeps the timer of a call that its tap refuses until the deadline has
	// passed, and a client may ask for a deadline in 11,000 years.
	maxRefusedDeadline = 10 * time.Minute
	// refuseLaterTimeout is the time that the request of a call that refuseLater
	// has marked has to arrive.
	refuseLaterTimeout = time.Second
)

type refusedKey struct{}

// refuseLater returns the context of a call that Unary or Stream will refuse with
// err, after which grpc stops the call's timer.
func refuseLater(ctx context.Context, err error) context.Context {
	limited, cancel := context.WithTimeout(ctx, refuseLaterTimeout)
	context.AfterFunc(ctx, cancel)
	return context.WithValue(limited, refusedKey{}, err)
}

const (
	// maxRefusals is the number of refused calls and requests and of health checks of an
	// address in a second after which the next refused ones are slowed down, each for at
	// most maxSlowDown.
	maxRefusals = 3000
	maxSlowDown = 100 * time.Millisecond
)

// slowDown waits if calls from an address are refused too often. It is called before
// the server reads the next call of the same connection, so that a client that floods
// the service with calls waits itself, and not others.
func (i *Interceptors) slowDown(ctx context.Context, from net.Addr) {
	until := time.Now().Add(maxSlowDown)
	for key := listener.ClientHost(from); ; {
		after, ok := i.floods.Allow(key, time.Now())
		if ok || time.Now().Add(after).After(until) {
			return
		}
		timer := time.NewTimer(after)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

func (i *Interceptors) refused(method string, err error) {
	if i.Refused != nil {
		i.Refused(method, status.Code(err))
	}
}

// Authenticate returns the status with which any call with the metadata md would
// be refused if it has no valid token, nil if it has one. The HTTP gateway
// calls it before it reads the body of a request.
func (i *Interceptors) Authenticate(ctx context.Context, md metadata.MD) error {
	if i.Tokens == nil {
		return nil
	}
	if _, ok := i.identify(md); ok {
		return nil
	}
	err := i.unauthenticated(ctx, "HTTP request", i.peerAddr(ctx, md))
	i.refused("", err)
	i.slowDown(ctx, i.peerAddr(ctx, md))
	return err
}

// identify returns the caller that metadata identifies: the person of a session of
// the console, or the owner of a token.
func (i *Interceptors) identify(md metadata.MD) (Identity, bool) {
	if i.PeerKey != "" {
		if values := md.Get(session.PersonKey(i.PeerKey)); len(values) == 1 {
			p, err := session.PersonOf(values[0])
			if err != nil {
				return Identity{}, false
			}
			who := Identity{Name: p.Name, Operator: p.Operator}
			for _, scope := range p.Scopes {
				who.Scopes = append(who.Scopes, Scope(scope))
			}
			return who, true
		}
	}
	return i.Tokens.Identify(md.Get("authorization"))
}

// admit returns a context that carries the call's request id and identity. The
// error is the status of a call that is refused.
func (i *Interceptors) admit(ctx context.Context, method string, md metadata.MD) (context.Context, error) {
	c := call{requestID: requestID(md)}
	ctx = context.WithValue(ctx, callKey{}, c)
	if open(method) {
		client := i.client(ctx, nil, md)
		if _, ok := i.floods.Allow(listener.ClientHost(i.peerAddr(ctx, md)), time.Now()); !ok {
			return ctx, status.Errorf(codes.ResourceExhausted, "%s makes more than %d health checks a second", client, maxRefusals)
		}
		return ctx, i.admitOpen(ctx, client)
	}
	if i.Tokens != nil {
		who, ok := i.identify(md)
		if !ok {
			return ctx, i.unauthenticated(ctx, method, i.peerAddr(ctx, md))
		}
		if r, _, known := ruleOf(method); known && r.scope != anyScope && !who.May(r.scope) {
			i.audit(model.WithActor(ctx, i.actor(ctx, &who, md)), &who, model.AuditEntry{
				Detail: fmt.Sprintf("%s needs the scope %s", path.Base(method), r.scope),
			})
			return ctx, status.Errorf(codes.PermissionDenied, "%s needs the scope %s, which the token %q does not have", method, r.scope, who.Name)
		}
		c.identity = &who
		ctx = context.WithValue(ctx, callKey{}, c)
	}
	ctx = model.WithActor(ctx, i.actor(ctx, c.identity, md))
	client := i.client(ctx, c.identity, md)
	if err := i.withinRate(client); err != nil {
		return ctx, err
	}
	return ctx, i.withinDownloads(ctx, method, client, c.identity)
}

// actor returns the caller of a call as the audit log records it.
func (i *Interceptors) actor(ctx context.Context, who *Identity, md metadata.MD) model.Actor {
	a := model.Actor{Peer: listener.ClientHost(i.peerAddr(ctx, md)), RequestID: RequestID(ctx), Via: "grpc"}
	if i.PeerKey != "" && len(md.Get(i.PeerKey)) == 1 {
		a.Via = "http"
	}
	if who == nil {
		return a
	}
	a.Operator, a.Token = who.Operator, who.Name
	if from := md.Get(LinkPeerHeader); who.Admin() && len(from) == 1 {
		a.Via, a.Peer = "link", from[0]
	}
	return a
}

// LinkPeerHeader is the metadata key in which a gateway without access to the store
// passes the network address that opens a signed link, for the audit log. It has
// no effect without a token of the scope admin.
const LinkPeerHeader = "x-exportd-link-peer"

// WithActor returns a context with the caller of an HTTP request that makes no call
// (model.WithActor). md is the metadata that a call would have; via is "http", or
// "link" for a signed URL.
func (i *Interceptors) WithActor(ctx context.Context, md metadata.MD, via string) context.Context {
	var who *Identity
	if i.Tokens != nil && via != "link" {
		if found, ok := i.identify(md); ok {
			who = &found
		}
	}
	a := i.actor(context.WithValue(ctx, callKey{}, call{requestID: requestID(md)}), who, md)
	a.Via = via
	return model.WithActor(ctx, a)
}

// audit records a refused call. Calls beyond a rate are not recorded, so that a
// caller cannot fill the database.
func (i *Interceptors) audit(ctx context.Context, who *Identity, e model.AuditEntry) {
	if i.Audit == nil {
		return
	}
	if _, ok := i.refusals.Allow(who.Name, time.Now()); ok {
		e.Action, e.Operator = model.AuditRefuse, who.Operator
		i.Audit(ctx, e)
	}
}

// unauthenticated returns the status of a call without a valid token and logs
// the failed login. Log lines are rate-limited for each address.
func (i *Interceptors) unauthenticated(ctx context.Context, method string, from net.Addr) error {
	if _, ok := i.logins.Allow(listener.ClientHost(from), time.Now()); ok {
		i.Logger.WarnContext(ctx, "call without a valid token", "method", printableMethod(method), "peer", from.String())
	}
	return status.Error(codes.Unauthenticated, "no valid token; want metadata `authorization: Bearer TOKEN` with a token of this service")
}

// printableMethod returns a method's name for the log. A client chooses the name
// freely: it may be long and need not be UTF-8.
func printableMethod(method string) string {
	if len(method) > 100 || !printable(strings.ReplaceAll(method, " ", "_")) {
		return fmt.Sprintf("%.100q", method)
	}
	return method
}

func (i *Interceptors) withinRate(client string) error {
	after, ok := i.calls.Allow(client, time.Now())
	if ok {
		return nil
	}
	text := fmt.Sprintf("%s calls more than %g times a second (%d at once); try again in %s",
		client, i.Rate.PerSecond, i.Rate.Burst, after.Round(time.Millisecond))
	st := status.New(codes.ResourceExhausted, text)
	if hinted, err := st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(after)}); err == nil {
		st = hinted
	}
	return st.Err()
}

// client returns the key of a caller in the rate limiter. A token's name
// contains no space, so that no token name equals the key of an address.
func (i *Interceptors) client(ctx context.Context, who *Identity, md metadata.MD) string {
	if who != nil {
		return "token " + who.Name
	}
	return "address " + listener.ClientHost(i.peerAddr(ctx, md))
}

// peerAddr returns the caller's network address: the address that the gateway
// of this process passed in metadata if there is one, else the address of the
// connection.
func (i *Interceptors) peerAddr(ctx context.Context, md metadata.MD) net.Addr {
	if i.PeerKey != "" {
		if at := md.Get(i.PeerKey); len(at) == 1 {
			return forwardedAddr(at[0])
		}
	}
	if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		return p.Addr
	}
	return noAddr{}
}

// forwardedAddr is an address HOST:PORT that the HTTP gateway passed on.
type forwardedAddr string

func (forwardedAddr) Network() string  { return "tcp" }
func (a forwardedAddr) String() string { return string(a) }

// noAddr is the address of a caller without a network connection.
type noAddr struct{}

func (noAddr) Network() string { return "none" }
func (noAddr) String() string  { return "unknown" }
