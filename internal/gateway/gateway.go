// Package gateway is the service's HTTP port: JSON for every RPC, an instance's
// changes as a stream, files, signed links, OpenAPI, health and metrics.
//
// cmd/exportd puts it beside the gRPC server, or runs it alone. It speaks gRPC
// to the service like any client, so that tokens, ownership and limits hold for
// HTTP as they do for gRPC; it decides nothing of its own but who holds a signed
// link. docs/http.md lists the routes.
package gateway

import (
	"context"
	_ "embed"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/metadata"

	"exporttask/api"
	"exporttask/internal/auth/signedurl"
	gw "exporttask/internal/gateway/gw"
	"exporttask/internal/task"
)

// Files opens the files of instances. *task.Service implements it.
type Files interface {
	// OpenFile opens a file of an instance, the first one where name is empty. It
	// does not check whether a caller may read it. Where there is no file to
	// open, the error is a *model.Error.
	OpenFile(ctx context.Context, instID int64, name string) (*task.File, error)
}

// Config says what a gateway is made of.
type Config struct {
	// Client reaches the service.
	Client api.ExportTaskClient
	// Token is the gateway's own, with which signed links are answered where
	// Files is nil; empty: without one.
	Token string
	// Files opens files where the gateway has the store at hand; nil: they come
	// through DownloadInst.
	Files Files
	// Links checks signed links; nil: there are none.
	Links *signedurl.Signer
	// Ready tells why the process should get no calls at the moment; nil: it
	// always should.
	Ready func(ctx context.Context) error
	// Metrics answers /metrics; nil: there are none.
	Metrics http.Handler
	// Origins are the web origins that browsers may call from; "*" is any. None:
	// no CORS headers.
	Origins []string
	// PeerKey is the metadata that tells the service the caller's address; it
	// is a secret between the two. Empty: it is not told.
	PeerKey string
	Logger  *slog.Logger
	Now     func() time.Time
}

//go:embed exporttask.swagger.json
var openAPI []byte

// New makes the handler of the HTTP port.
func New(c Config) (http.Handler, error) {
	g := &gateway{Config: c, client: c.Client}
	rpc := g.rpcMux()
	if err := gw.RegisterExportTaskHandlerClient(context.Background(), rpc, g.client); err != nil {
		return nil, err
	}
	document, err := document(openAPI)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for _, r := range []struct {
		pattern string
		handler http.HandlerFunc
	}{
		{"GET /v1/inst/{id}/watch", g.watch},
		{"GET /v1/inst/{id}/file", g.file},
		{"GET /d/{key}/{expiry}/{signature}/{id}/{name}", g.link},
		{"GET /healthz", g.healthz},
		{"GET /readyz", g.readyz},
		{"GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(document) // the client went away
		}},
	} {
		mux.HandleFunc(r.pattern, r.handler)
	}
	if c.Metrics != nil {
		mux.Handle("GET /metrics", c.Metrics)
	}
	mux.Handle("/", rpc)
	return g.edge(mux), nil
}

type gateway struct {
	Config
	client api.ExportTaskClient
}

// healthz tells that the process lives.
func (g *gateway) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n")) // the client went away
}

// readyz tells whether the process should get calls.
func (g *gateway) readyz(w http.ResponseWriter, r *http.Request) {
	if g.Ready != nil {
		if err := g.Ready(r.Context()); err != nil {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(err.Error() + "\n")) // the client went away
			return
		}
	}
	g.healthz(w, r)
}

var errNoLinks = errors.New("this service makes no links")

// rpcMux is the generated part: JSON to gRPC and back.
func (g *gateway) rpcMux() *runtime.ServeMux {
	return runtime.NewServeMux(
		runtime.SetQueryParameterParser(&strictQuery{}),
		runtime.WithMarshalerOption(runtime.MIMEWildcard, jsonCodec()),
		runtime.WithMetadata(func(ctx context.Context, _ *http.Request) metadata.MD {
			md, _ := metadata.FromOutgoingContext(ctx) // edge has put it there
			return md
		}),
		runtime.WithIncomingHeaderMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithOutgoingHeaderMatcher(func(key string) (string, bool) { return "X-Request-Id", key == requestIDKey }),
		runtime.WithOutgoingTrailerMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithForwardResponseOption(envelopeStatus),
		runtime.WithErrorHandler(func(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, err error) {
			writeError(w, err)
		}),
		runtime.WithRoutingErrorHandler(func(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, status int) {
			writeStatus(w, status, routingText(r, status))
		}),
		runtime.WithDisablePathLengthFallback(),
	)
}
