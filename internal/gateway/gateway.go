// Package gateway is the HTTP/JSON API: it translates HTTP requests to gRPC
// calls, and serves files, signed URLs, the state of instances as a stream, the
// console, OpenAPI, health checks and metrics. docs/http.md lists the routes.
//
// cmd/exportd runs it beside the gRPC server, or by itself (exportd gateway). It
// calls the service through a gRPC client, so that authentication, ownership and
// rate limits are the same for HTTP and gRPC. Only signed URLs are decided here.
//
// A request passes these steps:
//
//	recover from panics ─▶ CORS ─▶ session cookie ─▶ headers to gRPC metadata ─▶ access: token, host, origin ─▶ body: size, time, elements ─▶ route
package gateway

import (
	"context"
	_ "embed"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/metadata"

	"exporttask/api"
	"exporttask/internal/auth/signedurl"
	"exporttask/internal/console"
	gw "exporttask/internal/gateway/gw"
	"exporttask/internal/memory"
	"exporttask/internal/task"
)

// Files opens the files of instances. *task.Service implements it.
type Files interface {
	// OpenFile opens a file of an instance; an empty name means the instance's
	// first file. It does not check whether a caller may read the file. The error
	// is a *model.Error if there is no such file.
	OpenFile(ctx context.Context, instID int64, name string) (*task.File, error)
	// RecordDownload records in the audit log that the caller reads a file from an
	// offset on. Where it fails, nothing is sent.
	RecordDownload(ctx context.Context, f *task.File, offset int64) error
}

// Config configures the handler of the HTTP port.
type Config struct {
	// Client calls the service.
	Client api.ExportTaskClient
	// Authenticate returns a gRPC status error unless the outgoing metadata of
	// ctx has valid credentials. It is called before the body of a request is
	// read. Nil means that requests need no credentials.
	Authenticate func(ctx context.Context) error
	// WithActor returns a context with the caller of a request, for the audit log;
	// ctx has the outgoing metadata. via is "http", or "link" for a signed URL. Nil
	// where Files is nil: the service records its calls.
	WithActor func(ctx context.Context, via string) context.Context
	// Token is the gateway's own admin token, with which it downloads the files
	// of signed URLs if Files is nil. Empty means that the service needs none.
	Token string
	// Files opens files in the store. Nil means that files are downloaded from
	// the service (DownloadInst).
	Files Files
	// Links verifies signed URLs. Nil disables them.
	Links *signedurl.Signer
	// Ready returns why the process must not get requests at the moment. Nil
	// means that it always can.
	Ready func(ctx context.Context) error
	// Notice returns a line that /readyz shows below "ok", or "". Nil means that
	// there never is one.
	Notice func() string
	// Console serves the browser application below console.Root. Nil disables it.
	Console *console.Handler
	// Sessions lets people sign in to the console. Nil disables that.
	Sessions *Sessions
	// Metrics serves /metrics. Nil disables the route.
	Metrics http.Handler
	// Origins are the web origins whose pages may call the API from a browser
	// (CORS); "*" means any. None disables CORS.
	Origins []string
	// Hosts are the host names, besides IP addresses and names without a dot,
	// that requests without a token may name in their Host header; "*" means any.
	Hosts []string
	// BodyTimeout is the time that the body of a request has to arrive. Zero
	// means no limit.
	BodyTimeout time.Duration
	// Memory is shared by the bodies of all requests and by other calls; nil: no
	// limit.
	Memory *memory.Budget
	// PeerKey is the metadata key in which the caller's address is passed to the
	// service of the same process. Empty means that it is not passed.
	PeerKey string
	// Panicked, if set, is called after a panic in a handler was recovered.
	Panicked func()
	Logger   *slog.Logger
	Now      func() time.Time
}

//go:embed exporttask.swagger.json
var generatedOpenAPI []byte

type gateway struct {
	Config
	client  api.ExportTaskClient
	methods *methodTable
}

// New returns the handler of the HTTP port.
func New(c Config) (http.Handler, error) {
	g := &gateway{Config: c, client: c.Client}
	rpc := g.rpcMux()
	if err := gw.RegisterExportTaskHandlerClient(context.Background(), rpc, g.client); err != nil {
		return nil, err
	}
	document, err := openAPI(generatedOpenAPI)
	if err != nil {
		return nil, err
	}
	if g.methods, err = newMethodTable(document); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	get := func(pattern string, handler http.HandlerFunc) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet && r.Method != http.MethodHead {
				writeMethodNotAllowed(w, r, "GET, HEAD")
				return
			}
			handler(w, r)
		})
	}
	get("/v1/inst/{id}/watch", g.watch)
	get("/v1/inst/{id}/file", g.file)
	get("/d/{key}/{expiry}/{signature}/{id}/{name}", g.link)
	get("/healthz", healthz)
	get("/readyz", g.readyz)
	get("/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(document) // an error means that the client disconnected
	})
	if c.Metrics != nil {
		get("/metrics", c.Metrics.ServeHTTP)
	}
	if c.Console != nil {
		get(console.Root, c.Console.ServeHTTP)
		get("/console", c.Console.Redirect)
		get("/{$}", c.Console.Redirect)
	}
	if c.Sessions != nil {
		mux.HandleFunc(sessionPath, g.session)
		if c.Sessions.OIDC != nil {
			get(oidcStartPath, g.oidcStart)
			get(oidcCallbackPath, g.oidcCallback)
		}
	}
	mux.Handle("/", g.checkRoute(rpc))
	return g.recoverPanics(g.cors(g.withSession(g.withMetadata(g.access(g.body(mux)))))), nil
}

// healthz reports that the process is alive.
func healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n")) // an error means that the client disconnected
}

// readyz reports whether the process can get requests.
func (g *gateway) readyz(w http.ResponseWriter, r *http.Request) {
	if g.Ready != nil {
		if err := g.Ready(r.Context()); err != nil {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(err.Error() + "\n")) // an error means that the client disconnected
			return
		}
	}
	healthz(w, r)
	if g.Notice != nil {
		if text := g.Notice(); text != "" {
			_, _ = w.Write([]byte(text + "\n")) // an error means that the client disconnected
		}
	}
}

// useStrictQuery makes the generated code parse queries with strictQuery. The
// library keeps the parser in a variable of its package, so it is set once in a
// process and not with each gateway.
var useStrictQuery = sync.OnceFunc(func() {
	runtime.NewServeMux(runtime.SetQueryParameterParser(&strictQuery{}))
})

// rpcMux returns the generated part of the API: JSON to gRPC and back.
func (g *gateway) rpcMux() *runtime.ServeMux {
	useStrictQuery()
	return runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, jsonCodec()),
		runtime.WithMetadata(func(ctx context.Context, _ *http.Request) metadata.MD {
			md, _ := metadata.FromOutgoingContext(ctx) // set by withMetadata
			return md
		}),
		runtime.WithIncomingHeaderMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithOutgoingHeaderMatcher(func(key string) (string, bool) { return "X-Request-Id", key == requestIDKey }),
		runtime.WithOutgoingTrailerMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithForwardResponseOption(setEnvelopeStatus),
		runtime.WithErrorHandler(func(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, err error) {
			writeError(w, err)
		}),
		runtime.WithRoutingErrorHandler(func(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, status int) {
			writeStatus(w, status, http.StatusText(status))
		}),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithDisableHTTPMethodOverride(),
	)
}
