package gateway

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"exporttask/api"
	"exporttask/internal/memory"
)

func TestGateway_Body(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	json := map[string]string{"Content-Type": "application/json"}
	list := func(element string, n int) string {
		return strings.TrimSuffix(strings.Repeat(element+",", n), ",")
	}
	for name, c := range map[string]struct {
		r      request
		status int
		says   string
	}{
		"small":              {request{"POST", "/v1/tpl", `{"etplName":"a"}`, "", json}, 200, ""},
		"largest_statement":  {request{"POST", "/v1/tpl", `{"etplExpr":"` + strings.Repeat("x", 1<<20-100) + `"}`, "", json}, 200, ""},
		"too_large":          {request{"POST", "/v1/tpl", `{"etplExpr":"` + strings.Repeat("x", 1<<20) + `"}`, "", json}, 413, "1048576 bytes"},
		"too_many_elements":  {request{"POST", "/v1/tpl", `{"etplParams":[` + list("{}", 200_000) + `]}`, "", json}, 400, "elements"},
		"many_unknown_keys":  {request{"POST", "/v1/tpl", `{` + list(`"a":1`, 150_000) + `}`, "", json}, 400, "elements"},
		"too_deep":           {request{"POST", "/v1/tpl", strings.Repeat(`{"a":`, 10_000), "", json}, 400, "nesting"},
		"get_with_body":      {request{"GET", "/v1/inst/1", strings.Repeat("x", 1<<21), "", json}, 413, "1048576 bytes"},
		"get_with_form_body": {request{"GET", "/v1/inst/1", "a=b", "", nil}, 415, "application/json"},
		"broken":             {request{"POST", "/v1/tpl", `{"etplName":`, "", json}, 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := s.do(t, c.r); got.status != c.status || !strings.Contains(got.body, c.says) {
				t.Errorf("got %d %.200s, want %d %q", got.status, got.body, c.status, c.says)
			}
		})
	}
}

// TestGateway_Body_Slow sends headers that announce a body, and no body.
func TestGateway_Body_Slow(t *testing.T) {
	t.Parallel()
	short := func(c *Config) { c.BodyTimeout = 200 * time.Millisecond }
	for name, c := range map[string]struct {
		change func(*Config)
		header string
		want   string
	}{
		"length":           {short, "Content-Length: 100\r\n", "HTTP/1.1 408"},
		"chunked":          {short, "Transfer-Encoding: chunked\r\n", "HTTP/1.1 408"},
		"without_a_token":  {withTokens, "Content-Length: 100\r\n", "HTTP/1.1 401"},
		"of_another_type":  {short, "Content-Length: 100\r\nContent-Type: text/plain\r\n", "HTTP/1.1 415"},
		"announced_larger": {short, "Content-Length: 99999999\r\n", "HTTP/1.1 413"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, c.change)
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
				t.Fatal(err)
			}
			header := c.header
			if !strings.Contains(header, "Content-Type") {
				header += "Content-Type: application/json\r\n"
			}
			if _, err := io.WriteString(conn, "POST /v1/tpl HTTP/1.1\r\nHost: x\r\n"+header+"\r\n"); err != nil {
				t.Fatal(err)
			}
			reader := bufio.NewReader(conn)
			line, err := reader.ReadString('\n')
			if err != nil || !strings.HasPrefix(line, c.want) {
				t.Errorf("got %q, %v, want %s", line, err, c.want)
			}
			if _, err := io.Copy(io.Discard, reader); err != nil {
				t.Errorf("the connection stays open: %v", err)
			}
		})
	}
}

// answering is a service that has nothing to say: each call is counted and answered.
type answering struct {
	api.ExportTaskClient
	calls int
}

func (a *answering) CreateTpl(context.Context, *api.WshExportTaskCreateTplReq, ...grpc.CallOption) (*api.WshExportTaskCreateTplRes, error) {
	a.calls++
	return &api.WshExportTaskCreateTplRes{}, nil
}

func (a *answering) CreateInst(context.Context, *api.WshExportTaskCreateInstReq, ...grpc.CallOption) (*api.WshExportTaskCreateInstRes, error) {
	a.calls++
	return &api.WshExportTaskCreateInstRes{}, nil
}

func (a *answering) CreateSched(context.Context, *api.WshExportTaskCreateSchedReq, ...grpc.CallOption) (*api.WshExportTaskCreateSchedRes, error) {
	a.calls++
	return &api.WshExportTaskCreateSchedRes{}, nil
}

func (a *answering) PreviewTpl(context.Context, *api.WshExportTaskPreviewTplReq, ...grpc.CallOption) (*api.WshExportTaskPreviewTplRes, error) {
	a.calls++
	return &api.WshExportTaskPreviewTplRes{}, nil
}

// FuzzGateway_Body sends any body to the calls whose requests hold most, through every
// step of the gateway: a body is refused, or decoded and answered by the service. An
// empty object is answered.
func FuzzGateway_Body(f *testing.F) {
	for _, seed := range []string{`{}`, `{"etplName":"a","etplParams":[{"name":"x"}]}`, `[`, "{\"etplName\":\"\xff\"}", `{"etplName":{"a":[[[]]]}}`, `null`, `"`, ` `} {
		f.Add([]byte(seed))
	}
	service := &answering{}
	handler, err := New(Config{Client: service, Logger: discard(), Now: time.Now})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, path := range []string{"/v1/tpl", "/v1/inst", "/v1/sched", "/v1/tpl:preview"} {
			before := service.calls
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "http://127.0.0.1"+path, strings.NewReader(string(body)))
			r.Header.Set("Content-Type", "application/json")
			handler.ServeHTTP(w, r)
			calls := service.calls - before
			if w.Code != 200 && w.Code != 400 && w.Code != 413 && (w.Code != 415 || len(body) > 0) || w.Code != 200 && string(body) == "{}" {
				t.Errorf("%s %q: got %d", path, body, w.Code)
			}
			if (calls == 1) != (w.Code == 200) || calls > 1 {
				t.Errorf("%s %q: got %d after %d calls of the service", path, body, w.Code, calls)
			}
		}
	})
}

// A body that has to wait for memory, and does not get it in time, is refused; small
// bodies are not affected.
func TestGateway_Body_Memory(t *testing.T) {
	t.Parallel()
	budget := memory.New("memory for calls", 4<<20)
	s := newServer(t, func(c *Config) { c.Memory, c.BodyTimeout = budget, 50*time.Millisecond })
	share, err := budget.Acquire(t.Context(), 3<<20)
	if err != nil {
		t.Fatal(err)
	}
	json := map[string]string{"Content-Type": "application/json"}
	large := request{"POST", "/v1/tpl", `{"etplExpr":"` + strings.Repeat("x", 1<<19) + `"}`, "", json}
	if got := s.do(t, large); got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "memory") {
		t.Errorf("without memory: got %d %.200s, want 503", got.status, got.body)
	}
	if got := s.do(t, request{"POST", "/v1/tpl", `{"etplName":"a"}`, "", json}); got.status != http.StatusOK {
		t.Errorf("a small body without memory: got %d %.200s, want 200", got.status, got.body)
	}
	share.Release()
	if got := s.do(t, large); got.status != http.StatusOK {
		t.Errorf("with memory: got %d %.200s, want 200", got.status, got.body)
	}
	if got := budget.Used(); got != 0 {
		t.Errorf("%d bytes are used after the requests, want 0", got)
	}
}
