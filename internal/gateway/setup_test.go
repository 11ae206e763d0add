package gateway

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"exporttask/api"
	"exporttask/internal/model"
	"exporttask/internal/task"
)

// service is a gRPC service with one instance, 1, that has ended.
type service struct {
	api.UnimplementedExportTaskServer
	created chan *api.WshExportTaskCreateTplReq
	open    bool        // GetSession needs no token
	revoked atomic.Bool // goodToken is no longer valid in GetSession
}

// GetSession requires goodToken.
func (s *service) GetSession(ctx context.Context, _ *api.WshExportTaskGetSessionReq) (*api.WshExportTaskGetSessionRes, error) {
	if s.open {
		return &api.WshExportTaskGetSessionRes{Data: &api.WshExportSession{}}, nil
	}
	md, _ := metadata.FromIncomingContext(ctx)
	if v := md.Get("authorization"); len(v) != 1 || v[0] != goodToken || s.revoked.Load() {
		return nil, status.Error(codes.Unauthenticated, "no valid token")
	}
	return &api.WshExportTaskGetSessionRes{Data: &api.WshExportSession{Tokens: true, Name: "shop", OperatorId: 7}}, nil
}

func (s *service) CreateTpl(_ context.Context, req *api.WshExportTaskCreateTplReq) (*api.WshExportTaskCreateTplRes, error) {
	s.created <- req
	return &api.WshExportTaskCreateTplRes{}, nil
}

func (s *service) CancelInst(context.Context, *api.WshExportTaskCancelInstReq) (*api.WshExportTaskCancelInstRes, error) {
	return &api.WshExportTaskCancelInstRes{}, nil
}

func (s *service) GetInst(_ context.Context, req *api.WshExportTaskGetInstReq) (*api.WshExportTaskGetInstRes, error) {
	switch req.GetEinstId() {
	case 1:
		return &api.WshExportTaskGetInstRes{Data: &api.WshExportInst{EinstId: 1}}, nil
	case 13:
		panic("unlucky")
	}
	return &api.WshExportTaskGetInstRes{ErrCode: "5", ErrMsg: "no such instance"}, nil
}

func (s *service) WatchInst(_ *api.WshExportTaskWatchInstReq, stream grpc.ServerStreamingServer[api.WshExportTaskWatchInstRes]) error {
	return stream.Send(&api.WshExportTaskWatchInstRes{Data: &api.WshExportInst{EinstId: 1}})
}

// content is the only file, of instance 1.
const content = "0123456789"

type oneFile struct {
	recorded func(offset int64)
	refuse   error // of RecordDownload
}

type stringFile struct{ *strings.Reader }

func (f stringFile) Size() int64 { return f.Reader.Size() }
func (stringFile) Close() error  { return nil }

// RecordDownload implements Files.
func (f oneFile) RecordDownload(_ context.Context, _ *task.File, offset int64) error {
	if f.recorded != nil {
		f.recorded(offset)
	}
	return f.refuse
}

func (oneFile) OpenFile(_ context.Context, id int64, name string) (*task.File, error) {
	if id == 13 {
		panic("unlucky")
	}
	if id != 1 || name != "" && name != "a.csv" {
		return nil, model.Errorf(model.NotFound, "no such file")
	}
	return &task.File{
		File: stringFile{strings.NewReader(content)}, Finished: time.Unix(1e9, 0),
		Info: model.File{Name: "a.csv", ContentType: "text/csv", SHA256: []byte("abc")},
	}, nil
}

// server is a gateway of a service, on a real port.
type server struct {
	*httptest.Server
	service *service
}

const goodToken = "Bearer good"

// newServer starts a gateway. change may modify its configuration.
func newServer(t *testing.T, change func(*Config)) *server {
	t.Helper()
	s := &server{service: &service{created: make(chan *api.WshExportTaskCreateTplReq, 100)}}
	pipe := bufconn.Listen(1 << 16)
	grpcServer := grpc.NewServer()
	api.RegisterExportTaskServer(grpcServer, s.service)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = grpcServer.Serve(pipe)
	}()
	t.Cleanup(func() {
		grpcServer.Stop()
		<-done
	})
	conn, err := grpc.NewClient("passthrough:x", grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return pipe.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := Config{Client: api.NewExportTaskClient(conn), Files: oneFile{}, Logger: slog.New(slog.DiscardHandler), Now: time.Now, BodyTimeout: 10 * time.Second}
	if change != nil {
		change(&c)
	}
	handler, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

// withTokens requires goodToken.
func withTokens(c *Config) {
	c.Authenticate = func(ctx context.Context) error {
		md, _ := metadata.FromOutgoingContext(ctx)
		if v := md.Get("authorization"); len(v) == 1 && v[0] == goodToken {
			return nil
		}
		return status.Error(codes.Unauthenticated, "no valid token")
	}
}

// request is one HTTP request.
type request struct {
	method, path, body, host string
	header                   map[string]string
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (s *server) do(t *testing.T, r request) answer {
	t.Helper()
	return s.doWith(t, http.DefaultClient, r)
}

// doNoRedirect returns a redirect instead of following it.
func (s *server) doNoRedirect(t *testing.T, r request) answer {
	t.Helper()
	return s.doWith(t, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, r)
}

func (s *server) doWith(t *testing.T, client *http.Client, r request) answer {
	t.Helper()
	var body io.Reader = http.NoBody
	if r.body != "" {
		body = strings.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(t.Context(), r.method, s.URL+r.path, body)
	if err != nil {
		t.Fatal(err)
	}
	if r.host != "" {
		req.Host = r.host
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(text)}
}
