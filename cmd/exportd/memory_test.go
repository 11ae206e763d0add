package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/internal/testkit"
	"exporttask/internal/testkit/exportdtest"
)

const memoryLimit = 512 << 20

// TestExportd_memoryLimit runs what takes most memory at the same time, in a process
// that may have 512 MiB: exports with rows of 45 MB in all formats, wide previews,
// lists and reads of instances with 4 MB of parameters, and requests of 8 MB over gRPC
// and HTTP. The process must live, every call must end, and exports must succeed or
// say that there was no memory.
func TestExportd_memoryLimit(t *testing.T) {
	site := exportdtest.NewSite(t, "-workers=8", "-max-attempts=20")
	site.LimitMemory(t, memoryLimit)
	process := site.Start(t)
	conn, err := grpc.NewClient(process.Addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(64<<20), grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	load := &memoryLoad{conn: conn, client: api.NewExportTaskClient(conn), http: process.HTTP}

	large := load.largeInstances(t, 12)
	var exports []int64
	for i := range 8 {
		format := []api.WshExportFormat{api.WshExportFormat_FMT_DEFAULT, api.WshExportFormat_FMT_XLSX, api.WshExportFormat_FMT_XLS}[i%3]
		exports = append(exports, load.export(t, longRows, format))
	}
	ctx, stop := context.WithTimeout(t.Context(), 8*time.Second)
	defer stop()
	var all sync.WaitGroup
	for name, attack := range map[string]func(ctx context.Context, i int) error{
		"wide previews":   load.widePreview,
		"large instances": func(ctx context.Context, i int) error { return load.read(ctx, large[i%len(large)]) },
		"lists":           load.list,
		"large requests":  load.request,
		"large bodies":    load.body,
		"watches":         func(ctx context.Context, i int) error { return load.watch(ctx, large[i%len(large)]) },
	} {
		for i := range 24 {
			all.Go(func() {
				for ctx.Err() == nil {
					if err := attack(ctx, i); err != nil && ctx.Err() == nil {
						t.Errorf("%s: %v", name, err)
						return
					}
				}
			})
		}
	}
	all.Wait()
	for _, id := range exports {
		testkit.Eventually(t, fmt.Sprintf("export %d ends", id), func() bool {
			in := load.get(t, id)
			if in.GetState() == api.WshExportInstState_STATE_FAILED && in.GetErrCode() != "8" {
				t.Fatalf("export %d failed: %s %s, want success or errCode 8", id, in.GetErrCode(), in.GetErrMsg())
			}
			return in.GetState() == api.WshExportInstState_STATE_SUCCEEDED || in.GetState() == api.WshExportInstState_STATE_FAILED
		})
	}
	if in := load.get(t, exports[0]); in.GetState() != api.WshExportInstState_STATE_SUCCEEDED {
		t.Errorf("the first export alone fits: got %s, %s", in.GetState(), in.GetErrMsg())
	}
	peak := process.PeakMemory(t)
	t.Logf("at most %d MiB resident of %d", peak>>20, memoryLimit>>20)
	if peak >= memoryLimit {
		t.Errorf("the process had %d MiB resident, want less than %d", peak>>20, memoryLimit>>20)
	}
}

// longRows is a result of rows of 45 MB.
const longRows = "SELECT REPEAT('x', 15000000) AS a, REPEAT('y', 15000000) AS b, REPEAT('z', 15000000) AS c FROM (VALUES (1), (2), (3)) AS t"

// memoryLoad makes the calls of the test.
type memoryLoad struct {
	conn   *grpc.ClientConn
	client api.ExportTaskClient
	http   string
}

func (l *memoryLoad) export(t *testing.T, expr string, format api.WshExportFormat) int64 {
	t.Helper()
	tpl, err := l.client.CreateTpl(t.Context(), &api.WshExportTaskCreateTplReq{EtplName: "long", EtplExpr: expr})
	if err != nil || tpl.GetErrCode() != "" {
		t.Fatalf("CreateTpl: %v, %s %s", err, tpl.GetErrCode(), tpl.GetErrMsg())
	}
	return l.create(t, &api.WshExportTaskCreateInstReq{EtplId: tpl.GetData().GetEtplId(), EtplOutputFormat: format})
}

func (l *memoryLoad) create(t *testing.T, req *api.WshExportTaskCreateInstReq) int64 {
	t.Helper()
	in, err := l.client.CreateInst(t.Context(), req)
	if err != nil || in.GetErrCode() != "" {
		t.Fatalf("CreateInst: %v, %s %s", err, in.GetErrCode(), in.GetErrMsg())
	}
	return in.GetData().GetEinstId()
}

func (l *memoryLoad) get(t *testing.T, id int64) *api.WshExportInst {
	t.Helper()
	res, err := l.client.GetInst(t.Context(), &api.WshExportTaskGetInstReq{EinstId: id})
	if err != nil || res.GetErrCode() != "" {
		t.Fatalf("GetInst: %v, %s %s", err, res.GetErrCode(), res.GetErrMsg())
	}
	return res.GetData()
}

// largeInstances makes instances with 4 MB of parameter values.
func (l *memoryLoad) largeInstances(t *testing.T, n int) (ids []int64) {
	t.Helper()
	tpl, err := l.client.CreateTpl(t.Context(), &api.WshExportTaskCreateTplReq{
		EtplName: "list", EtplExpr: "SELECT 1 AS n FROM (SELECT 'a' AS a) AS t WHERE a IN (:list)",
		EtplParams: []*api.WshExportParamDecl{{Name: "list", Type: api.WshExportParamType_PARAM_STRING, List: true}},
	})
	if err != nil || tpl.GetErrCode() != "" {
		t.Fatalf("CreateTpl: %v, %s %s", err, tpl.GetErrCode(), tpl.GetErrMsg())
	}
	values := make([]string, 10_000)
	for i := range values {
		values[i] = strings.Repeat("v", 390)
	}
	for range n {
		ids = append(ids, l.create(t, &api.WshExportTaskCreateInstReq{EtplId: tpl.GetData().GetEtplId(), Params: []*api.WshExportParam{{Name: "list", Values: values}}}))
	}
	return ids
}

// ended returns the error of a call that was neither answered nor refused for a reason
// that the caller can act on.
func ended(err error) error {
	switch status.Code(err) {
	case codes.OK, codes.ResourceExhausted, codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return nil
	default:
		return err
	}
}

func (l *memoryLoad) widePreview(ctx context.Context, _ int) error {
	columns := strings.TrimSuffix(strings.Repeat("1,", 4000), ",")
	_, err := l.client.PreviewTpl(ctx, &api.WshExportTaskPreviewTplReq{Rows: 200, Draft: &api.WshExportTaskCreateTplReq{
		EtplName: "wide", EtplExpr: "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 200) SELECT " + columns + " FROM r",
	}})
	return ended(err)
}

func (l *memoryLoad) read(ctx context.Context, id int64) error {
	_, err := l.client.GetInst(ctx, &api.WshExportTaskGetInstReq{EinstId: id})
	return ended(err)
}

func (l *memoryLoad) list(ctx context.Context, _ int) error {
	_, err := l.client.ListInst(ctx, &api.WshExportTaskListInstReq{PageSize: 500})
	return ended(err)
}

func (l *memoryLoad) request(ctx context.Context, _ int) error {
	_, err := l.client.CreateTpl(ctx, &api.WshExportTaskCreateTplReq{EtplName: strings.Repeat("x", 8<<20-100)})
	return ended(err)
}

func (l *memoryLoad) body(ctx context.Context, _ int) error {
	body := `{"requestId":"` + strings.Repeat("x", 8<<20-100) + `"}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.http+"/v1/inst", strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil //nolint:nilerr // the server may answer before it has read everything
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusBadRequest, http.StatusServiceUnavailable, http.StatusTooManyRequests: // the last one to floods of refused requests
	default:
		return fmt.Errorf("got status %d, want 400, 429 or 503", res.StatusCode)
	}
	return nil
}

func (l *memoryLoad) watch(ctx context.Context, id int64) error {
	stream, err := l.client.WatchInst(ctx, &api.WshExportTaskWatchInstReq{EinstId: id})
	for err == nil {
		_, err = stream.Recv()
		if err == nil {
			return nil
		}
	}
	return ended(err)
}
