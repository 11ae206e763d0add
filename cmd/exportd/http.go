package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"exporttask/api"
	"exporttask/internal/auth"
	"exporttask/internal/auth/signedurl"
	"exporttask/internal/gateway"
	"exporttask/internal/listener"
	"exporttask/internal/model"
	"exporttask/internal/telemetry/metrics"
)

// newPeerKey returns a metadata key that callers cannot guess. Under it the HTTP
// port passes on the addresses of its callers.
func newPeerKey() string { return "x-exportd-peer-" + strings.ToLower(rand.Text()) }

// httpServer is the HTTP port beside the gRPC server.
type httpServer struct {
	server *http.Server
	listen *listener.Listener
	calls  *inProcessListener // of calls from the HTTP port to the gRPC server
	conn   *grpc.ClientConn
	links  *links
	tls    bool
	ready  atomic.Bool

	metricsToken *auth.Secret // nil: /metrics needs no token
}

// links makes the HTTP addresses of files.
type links struct {
	base   string
	signer *signedurl.Signer // nil: addresses need a token
}

// URL implements server.Links.
func (l *links) URL(instID int64, name string) (string, time.Time) {
	if l.signer == nil {
		return fmt.Sprintf("%s/v1/inst/%d/file?name=%s", strings.TrimSuffix(l.base, "/"), instID, url.QueryEscape(name)), time.Time{}
	}
	return l.signer.URL(l.base, instID, name, time.Now())
}

// SignedURL implements delivery.Links. The link is valid for as long as the file
// is kept, at most signedurl.MaxAge, since its receiver cannot ask for another.
func (l *links) SignedURL(in *model.Inst, name string) (string, time.Time, bool) {
	if l.signer == nil {
		return "", time.Time{}, false
	}
	now := time.Now()
	link, expires := l.signer.For(in.Expires.Time.Sub(now)).URL(l.base, in.ID, name, now)
	return link, expires, true
}

// openLinks reads the signing keys. addr is the address that HTTP listens on.
func (c *httpConfig) openLinks(addr string, tls bool, log *slog.Logger) (*links, error) {
	l := &links{base: c.baseURL}
	if l.base == "" {
		l.base = "http://" + addr
		if tls {
			l.base = "https://" + addr
		}
	}
	if c.linkKeysFile != "" {
		var err error
		if l.signer, err = signedurl.Open(c.linkKeysFile, c.linkTTL, log); err != nil {
			return nil, fmt.Errorf("link-keys-file: %w", err)
		}
	}
	return l, nil
}

// database is what the HTTP port shows of the service's own database.
type database interface {
	Ping(ctx context.Context) error
	Losses() model.Losses
}

// noticeTime is for how long /readyz shows that the database has forgotten changes.
const noticeTime = time.Hour

// lossNotice returns the line of /readyz about changes that the database has
// forgotten, or "".
func lossNotice(l model.Losses, now time.Time) string {
	if l.Last.IsZero() || now.Sub(l.Last) > noticeTime {
		return ""
	}
	return fmt.Sprintf("warning: the database forgot changes at %s, an older primary was promoted; see ExportdDatabaseForgot in docs/operations.md",
		l.Last.UTC().Format(time.RFC3339))
}

// newHTTPServer returns the HTTP port on a listener. Its gateway calls the gRPC
// server over an in-process connection.
func (a *app) newHTTPServer(l net.Listener, rpc *rpcServer, files gateway.Files, links *links, db database, m *metrics.Metrics) (*httpServer, error) {
	h := &httpServer{listen: a.cfg.edge.Listen(l, a.log), calls: newInProcessListener(), links: links, tls: rpc.certs != nil}
	h.ready.Store(true)
	m.AddConnections("http", h.listen.Open)
	metricsHandler, err := h.metricsHandler(a.cfg.http.metricsTokenFile, m, a.log)
	if err != nil {
		return nil, err
	}
	h.conn, err = grpc.NewClient("passthrough:in-process", grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		return h.calls.Dial(ctx)
	}), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	if a.cfg.http.console && a.cfg.tokensFile != "" && links.signer == nil {
		a.log.Info("sessions of the console end when this process does, and other replicas do not accept them; link-keys-file changes both")
	}
	app, err := a.cfg.http.openConsole()
	if err != nil {
		return nil, err
	}
	sessions := a.cfg.http.sessions(links, a.cfg.tokensFile != "")
	if sessions != nil {
		if sessions.OIDC, err = a.cfg.oidc.open(links.base); err != nil {
			return nil, err
		}
	}
	handler, err := gateway.New(gateway.Config{
		Console: app, Sessions: sessions,
		Client: api.NewExportTaskClient(h.conn), Files: files, Links: links.signer, Metrics: metricsHandler, Origins: list(a.cfg.http.origins),
		Hosts: a.cfg.http.allowedHosts(), BodyTimeout: a.cfg.edge.Body, Memory: a.memory.calls, PeerKey: rpc.peerKey, Logger: a.log, Now: time.Now,
		Panicked: func() { m.Panicked("http") },
		Authenticate: func(ctx context.Context) error {
			md, _ := metadata.FromOutgoingContext(ctx)
			return rpc.interceptors.Authenticate(ctx, md)
		},
		WithActor: func(ctx context.Context, via string) context.Context {
			md, _ := metadata.FromOutgoingContext(ctx)
			return rpc.interceptors.WithActor(ctx, md, via)
		},
		Ready: func(ctx context.Context) error {
			if !h.ready.Load() {
				return errors.New("shutting down")
			}
			return db.Ping(ctx)
		},
		Notice: func() string { return lossNotice(db.Losses(), time.Now()) },
	})
	if err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	h.server = &http.Server{Handler: handler, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug)} //nolint:gosec // Limits.HTTP sets the timeouts
	a.cfg.edge.HTTP(h.server)
	if h.tls {
		h.server.TLSConfig = rpc.certs.Config()
	}
	return h, nil
}

// metricsHandler returns the handler of /metrics, which requires the token of a
// file if one is configured.
func (h *httpServer) metricsHandler(tokenFile string, m *metrics.Metrics, log *slog.Logger) (http.Handler, error) {
	if tokenFile == "" {
		return m.Handler(), nil
	}
	var err error
	if h.metricsToken, err = auth.OpenSecret(tokenFile, log); err != nil {
		return nil, fmt.Errorf("metrics-token-file: %w", err)
	}
	return h.metricsToken.Require(m.Handler()), nil
}

// serve answers requests until shutdown is called.
func (h *httpServer) serve() error {
	var err error
	if h.tls {
		err = h.server.ServeTLS(h.listen, "", "")
	} else {
		err = h.server.Serve(h.listen)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// shutdown waits until requests have ended or ctx ends, and then closes their
// connections.
func (h *httpServer) shutdown(ctx context.Context) {
	if err := h.server.Shutdown(ctx); err != nil {
		_ = h.server.Close() // requests that have not ended by now are cut off
	}
	_ = h.conn.Close()
}
