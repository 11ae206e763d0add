package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
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
	"google.golang.org/grpc/test/bufconn"

	"exporttask/api"
	"exporttask/internal/auth/signedurl"
	"exporttask/internal/gateway"
	"exporttask/internal/model"
	"exporttask/internal/server"
	"exporttask/internal/store"
)

// insideBuffer is how much of a call inside the process may be under way.
const insideBuffer = 1 << 20

// newPeerKey names the metadata by which the gateway tells callers' addresses.
func newPeerKey() string { return "x-exportd-peer-" + strings.ToLower(rand.Text()) }

// web is the HTTP port beside the gRPC server.
type web struct {
	server *http.Server
	listen net.Listener      // of the HTTP port
	inside *bufconn.Listener // of calls from the HTTP port to the gRPC server
	conn   *grpc.ClientConn
	links  *links
	tls    bool
	ready  atomic.Bool
}

// links tells where HTTP can fetch files.
type links struct {
	base   string
	signer *signedurl.Signer // nil: links need a token
}

// URL implements server.Links.
func (l *links) URL(instID int64, name string) (string, time.Time) {
	if l.signer == nil {
		return fmt.Sprintf("%s/v1/inst/%d/file?name=%s", strings.TrimSuffix(l.base, "/"), instID, url.QueryEscape(name)), time.Time{}
	}
	return l.signer.URL(l.base, instID, name, time.Now())
}

// SignedURL implements delivery.Links: the link lives as long as the file, up to
// signedurl.MaxAge, since whoever gets it cannot ask for another.
func (l *links) SignedURL(in *model.Inst, name string) (string, time.Time, bool) {
	if l.signer == nil {
		return "", time.Time{}, false
	}
	now := time.Now()
	link, expires := l.signer.For(in.Expires.Time.Sub(now)).URL(l.base, in.ID, name, now)
	return link, expires, true
}

// openLinks reads the signing keys. addr is where HTTP listens.
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

// localFiles opens files of the store for the gateway.
type localFiles struct{ tasks *server.Server }

// OpenFile implements gateway.Files.
func (l localFiles) OpenFile(ctx context.Context, instID int64, name string) (gateway.FileInfo, store.File, error) {
	in, file, f, err := l.tasks.OpenFile(ctx, instID, name)
	if err != nil {
		return gateway.FileInfo{}, nil, err
	}
	return gateway.FileInfo{
		Name: file.Name, ContentType: file.ContentType, SHA256: hex.EncodeToString(file.SHA256), Finished: in.Finished.Time,
	}, f, nil
}

// web makes the HTTP port on a listener; the gateway behind it calls the gRPC
// server inside the process, by the same door as everybody else.
func (a *app) web(listener net.Listener, d *door, tasks *server.Server, l *links, ready func(context.Context) error, metrics http.Handler) (*web, error) {
	w := &web{listen: a.cfg.edge.Listen(listener, a.log), inside: bufconn.Listen(insideBuffer), links: l, tls: d.certs != nil}
	w.ready.Store(true)
	var err error
	w.conn, err = grpc.NewClient("passthrough:inside", grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		return w.inside.DialContext(ctx)
	}), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	handler, err := gateway.New(gateway.Config{
		Client: api.NewExportTaskClient(w.conn), Files: localFiles{tasks}, Links: l.signer, Metrics: metrics, Origins: list(a.cfg.http.origins),
		PeerKey: d.peerKey, Logger: a.log, Now: time.Now,
		Ready: func(ctx context.Context) error {
			if !w.ready.Load() {
				return errors.New("shutting down")
			}
			return ready(ctx)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	w.server = &http.Server{Handler: handler, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug)} //nolint:gosec // edge.HTTP sets the timeouts below
	a.cfg.edge.HTTP(w.server)
	if w.tls {
		w.server.TLSConfig = d.certs.Config()
	}
	return w, nil
}

// serve answers until shutdown.
func (w *web) serve() error {
	var err error
	if w.tls {
		err = w.server.ServeTLS(w.listen, "", "")
	} else {
		err = w.server.Serve(w.listen)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// shutdown lets requests end by themselves until ctx ends, then ends them.
func (w *web) shutdown(ctx context.Context) {
	if err := w.server.Shutdown(ctx); err != nil {
		_ = w.server.Close() // they had their time
	}
	_ = w.conn.Close()
}
