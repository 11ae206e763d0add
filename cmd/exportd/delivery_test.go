package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/minio/minio-go/v7"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"exporttask/api"
	"exporttask/internal/delivery/deliverytest"
	"exporttask/internal/testkit"
	"exporttask/internal/testkit/exportdtest"
)

// hook is a receiver of webhooks.
type hook struct {
	*httptest.Server

	mu     sync.Mutex
	status int // the answer; 0: 204
	got    []received
}

type received struct {
	id, signature string
	body          []byte
}

func newHook(t *testing.T) *hook {
	t.Helper()
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.got = append(h.got, received{r.Header.Get("webhook-id"), r.Header.Get("webhook-signature"), body})
		w.WriteHeader(max(h.status, http.StatusNoContent))
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) answer(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = status
}

func (h *hook) events() []received {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]received(nil), h.got...)
}

// destinations is a configuration file with a folder, a bucket and a webhook.
func destinations(t *testing.T, folder string, bucket *deliverytest.S3, h *hook) string {
	t.Helper()
	return writeFile(t, "exportd.yaml", fmt.Sprintf(`destinations:
  share: {kind: folder, folder: %q}
  bucket: {kind: s3, endpoint: %q, bucket: exports, prefix: shop, access-key-file: %q, secret-key-file: %q}
  crm: {kind: webhook, url: %q, allow-private: true, secret-file: %q}
  theirs: {kind: folder, folder: %q, operators: [99]}
`, folder, bucket.Config.Endpoint, writeFile(t, "access", "a\n"), writeFile(t, "secret", "s\n"),
		h.URL+"/hook", writeFile(t, "key", "0123456789abcdef0123\n"), folder))
}

// delivered waits until the deliveries of an instance have this state.
func (s *service) delivered(t *testing.T, inst int64, state api.WshExportDeliveryState) []*api.WshExportDelivery {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		res, err := s.client.GetInst(t.Context(), &api.WshExportTaskGetInstReq{EinstId: inst})
		if err != nil {
			t.Fatal(err)
		}
		list := res.GetData().GetDeliveries()
		all := len(list) > 0
		for _, v := range list {
			all = all && v.GetState() == state
		}
		if all {
			return list
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("deliveries %v, want all %s", list, state)
		}
	}
}

func TestServe_delivery(t *testing.T) {
	t.Parallel()
	folder, bucket, h := t.TempDir(), deliverytest.NewS3(t), newHook(t)
	s := startService(t, testkit.Database(t), "EXPORTD_CONFIG="+destinations(t, folder, bucket, h))
	tpl := s.create(t, &api.WshExportTaskCreateTplReq{
		EtplName: "订单", EtplExpr: "SELECT :shop AS shop, :due AS due",
		EtplDeliverTo: []*api.WshExportDeliverTo{
			{Destination: "bucket", Path: "daily/{param.shop}/{due:2006}/{name}-{due}"},
			{Destination: "crm"},
		},
	})
	sched, err := s.client.CreateSched(t.Context(), &api.WshExportTaskCreateSchedReq{
		EschedName: "nightly", EtplId: tpl, Cron: "@daily", Params: []*api.WshExportParam{{Name: "shop", Value: "a/../b"}},
		DeliverTo: []*api.WshExportDeliverTo{{Destination: "share", Path: "in/"}},
	})
	if err != nil || sched.GetErrCode() != "" {
		t.Fatalf("CreateSched: %v %v", sched, err)
	}
	runs, err := s.client.RunSched(t.Context(), &api.WshExportTaskRunSchedReq{
		EschedId: sched.GetData().GetEschedId(), From: "2026-03-01T00:00:00Z", To: "2026-03-02T00:00:00Z",
	})
	if err != nil || len(runs.GetData()) != 1 {
		t.Fatalf("RunSched: %v %v", runs, err)
	}
	inst := s.watch(t, runs.GetData()[0].GetEinstId())
	list := s.delivered(t, inst.GetEinstId(), api.WshExportDeliveryState_DELIVERY_DONE)
	want := s.download(t, inst.GetEinstId(), 0)
	name := fmt.Sprintf("订单-%d.csv", inst.GetEinstId())

	got, err := os.ReadFile(filepath.Join(folder, "in", name))
	if err != nil || string(got) != want {
		t.Errorf("the folder has %q, %v; want %q", got, err, want)
	}
	const key = "shop/daily/a_.._b/2026/订单-2026-03-01.csv"
	o, err := bucket.Client.GetObject(t.Context(), "exports", key, minio.GetObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(o); err != nil || string(got) != want {
		t.Errorf("the bucket has %q, %v; want %q", got, err, want)
	}
	events := h.events()
	if len(events) != 1 || events[0].id == "" || !strings.HasPrefix(events[0].signature, "v1,") {
		t.Fatalf("%d calls, %+v; want one that is signed", len(events), events)
	}
	var event struct {
		Event string
		Files []struct{ Name, SHA256 string }
	}
	if err := json.Unmarshal(events[0].body, &event); err != nil || len(event.Files) != 1 ||
		event.Files[0].Name != name || event.Files[0].SHA256 != inst.GetFiles()[0].GetSha256() {
		t.Errorf("event %s, %v", events[0].body, err)
	}
	var shown []string
	for _, v := range list {
		shown = append(shown, fmt.Sprintf("%s %s %d/%d %s", v.GetDestination(), v.GetKind(), v.GetAttempt(), v.GetMaxAttempts(), v.GetLocation()))
	}
	for i, part := range []string{"bucket s3 1/12 s3://exports/" + key, "crm webhook 1/12 " + h.URL + "/hook", "share folder 1/12 file://" + folder + "/in/" + name} {
		if shown[i] != part {
			t.Errorf("delivery %q, want %q", shown[i], part)
		}
	}
}

func TestServe_delivery_retried(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	s := startService(t, testkit.Database(t), "EXPORTD_CONFIG="+destinations(t, t.TempDir(), deliverytest.NewS3(t), h))
	tpl := s.create(t, &api.WshExportTaskCreateTplReq{
		EtplName: "t", EtplExpr: "SELECT 1 AS n", EtplDeliverTo: []*api.WshExportDeliverTo{{Destination: "crm"}},
	})
	run := func() int64 {
		res, err := s.client.CreateInst(t.Context(), &api.WshExportTaskCreateInstReq{EtplId: tpl})
		if err != nil || res.GetErrCode() != "" {
			t.Fatalf("CreateInst: %v %v", res, err)
		}
		return res.GetData().GetEinstId()
	}
	retry := func(id int64) *api.WshExportTaskRetryDeliveryRes {
		t.Helper()
		res, err := s.client.RetryDelivery(t.Context(), &api.WshExportTaskRetryDeliveryReq{EdeliveryId: id})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}

	h.answer(http.StatusServiceUnavailable)
	inst := run()
	waits := s.delivered(t, inst, api.WshExportDeliveryState_DELIVERY_RETRY_WAIT)[0]
	if !strings.Contains(waits.GetErrMsg(), "503") || waits.GetNextAttempt() == "" {
		t.Errorf("waits with %q until %q, want the cause and a time", waits.GetErrMsg(), waits.GetNextAttempt())
	}
	if in := s.watch(t, inst); in.GetState() != api.WshExportInstState_STATE_SUCCEEDED {
		t.Errorf("the instance is %s, want that it succeeded", in.GetState())
	}
	h.answer(http.StatusOK)
	if res := retry(waits.GetEdeliveryId()); res.GetErrCode() != "" {
		t.Errorf("retry: %v", res)
	}
	s.delivered(t, inst, api.WshExportDeliveryState_DELIVERY_DONE)
	if events := h.events(); len(events) != 2 || events[0].id != events[1].id {
		t.Errorf("%d calls, want two of one event", len(events))
	}
	if res := retry(waits.GetEdeliveryId()); res.GetErrCode() != "9" || !strings.Contains(res.GetErrMsg(), "is DONE") {
		t.Errorf("retry of one that is done: %v", res)
	}
	if res := retry(999); res.GetErrCode() != "5" {
		t.Errorf("retry of none: %v", res)
	}

	h.answer(http.StatusForbidden)
	refused := run()
	failed := s.delivered(t, refused, api.WshExportDeliveryState_DELIVERY_FAILED)[0]
	if failed.GetAttempt() != 1 || !strings.Contains(failed.GetErrMsg(), "403") {
		t.Errorf("failed after %d attempts with %q, want at once with the cause", failed.GetAttempt(), failed.GetErrMsg())
	}
	list, err := s.client.ListDelivery(t.Context(), &api.WshExportTaskListDeliveryReq{States: []api.WshExportDeliveryState{api.WshExportDeliveryState_DELIVERY_FAILED}})
	if err != nil || len(list.GetData()) != 1 || list.GetData()[0].GetEinstId() != refused {
		t.Errorf("those that failed: %v %v", list, err)
	}
	page, err := s.client.ListDelivery(t.Context(), &api.WshExportTaskListDeliveryReq{PageSize: 1})
	if err != nil || len(page.GetData()) != 1 || page.GetNextPageToken() == "" {
		t.Fatalf("first page: %v %v", page, err)
	}
	page, err = s.client.ListDelivery(t.Context(), &api.WshExportTaskListDeliveryReq{PageSize: 1, PageToken: page.GetNextPageToken()})
	if err != nil || len(page.GetData()) != 1 || page.GetData()[0].GetEinstId() != inst || page.GetNextPageToken() != "" {
		t.Errorf("last page: %v %v", page, err)
	}
	h.answer(http.StatusOK)
	if res := retry(failed.GetEdeliveryId()); res.GetErrCode() != "" {
		t.Errorf("retry of one that failed: %v", res)
	}
	s.delivered(t, refused, api.WshExportDeliveryState_DELIVERY_DONE)
}

func TestServe_deliverTo_invalid(t *testing.T) {
	t.Parallel()
	s := startService(t, testkit.Database(t), "EXPORTD_CONFIG="+destinations(t, t.TempDir(), deliverytest.NewS3(t), newHook(t)))
	many := make([]*api.WshExportDeliverTo, 11)
	for i := range many {
		many[i] = &api.WshExportDeliverTo{Destination: "share"}
	}
	for name, tc := range map[string]struct {
		to   []*api.WshExportDeliverTo
		says string
	}{
		"unknown":           {[]*api.WshExportDeliverTo{{Destination: "nowhere"}}, `etplDeliverTo[0].destination: "nowhere", want one of bucket, crm, share`},
		"others'":           {[]*api.WshExportDeliverTo{{Destination: "share"}, {Destination: "theirs"}}, `etplDeliverTo[1].destination: "theirs", want one of bucket, crm, share`},
		"too many":          {many, "etplDeliverTo: 11 destinations, want at most 10"},
		"out of the folder": {[]*api.WshExportDeliverTo{{Destination: "share", Path: "../x"}}, `etplDeliverTo[0].path: part ".."`},
		"absolute":          {[]*api.WshExportDeliverTo{{Destination: "share", Path: "/etc/x"}}, "etplDeliverTo[0].path: empty part"},
		"an odd word":       {[]*api.WshExportDeliverTo{{Destination: "share", Path: "{shop}"}}, "etplDeliverTo[0].path: part \"{shop}\""},
		"no such parameter": {[]*api.WshExportDeliverTo{{Destination: "share", Path: "{param.shop}"}}, "etplDeliverTo[0].path: {param.shop}, want a parameter that the SQL uses"},
		"mail to a bucket":  {[]*api.WshExportDeliverTo{{Destination: "bucket", Recipients: []string{"a@example.com"}}}, "etplDeliverTo[0].recipients"},
		"a path of a call":  {[]*api.WshExportDeliverTo{{Destination: "crm", Path: "x"}}, "etplDeliverTo[0].path"},
	} {
		res, err := s.client.CreateTpl(t.Context(), &api.WshExportTaskCreateTplReq{EtplName: "x", EtplExpr: "SELECT 1 AS n", EtplDeliverTo: tc.to})
		if err != nil || res.GetErrCode() != "3" || !strings.Contains(res.GetErrMsg(), tc.says) {
			t.Errorf("%s: %q %q (%v), want 3 %q", name, res.GetErrCode(), res.GetErrMsg(), err, tc.says)
		}
	}
	if list, err := s.client.ListTpl(t.Context(), &api.WshExportTaskListTplReq{}); err != nil || len(list.GetData()) != 0 {
		t.Errorf("refused templates were kept: %v %v", list, err)
	}
	s.create(t, &api.WshExportTaskCreateTplReq{
		EtplName: "theirs", EtplExpr: "SELECT 1 AS n", OperatorId: 99, EtplDeliverTo: []*api.WshExportDeliverTo{{Destination: "theirs"}},
	})
	tpl := s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "t", EtplExpr: "SELECT 1 AS n"})
	res, err := s.client.CreateSched(t.Context(), &api.WshExportTaskCreateSchedReq{
		EschedName: "s", EtplId: tpl, Cron: "@daily", DeliverTo: []*api.WshExportDeliverTo{{Destination: "share", Path: "{param.shop}"}},
	})
	if err != nil || res.GetErrCode() != "3" || !strings.Contains(res.GetErrMsg(), "deliverTo[0].path: {param.shop}") {
		t.Errorf("a schedule's: %v %v", res, err)
	}
	for says, req := range map[string]*api.WshExportTaskListDeliveryReq{
		"einstId: -1":   {EinstId: -1},
		"states[0]":     {States: []api.WshExportDeliveryState{0}},
		"pageSize: 501": {PageSize: 501},
		"pageToken":     {PageToken: "x"},
	} {
		res, err := s.client.ListDelivery(t.Context(), req)
		if err != nil || res.GetErrCode() != "3" || !strings.Contains(res.GetErrMsg(), says) {
			t.Errorf("ListDelivery %v: %v %v, want 3 %q", req, res, err, says)
		}
	}
}

// A worker that is killed in the middle of a call has another make it again,
// under the same event id.
func TestServe_delivery_worker_killed(t *testing.T) {
	t.Parallel()
	entered, release := make(chan string, 10), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		entered <- r.Header.Get("webhook-id")
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	site := exportdtest.NewSite(t, "-lease=2s", "-config="+destinations(t, t.TempDir(), deliverytest.NewS3(t), &hook{Server: server}))
	connect := func(r *exportdtest.Replica) *service {
		conn, err := grpc.NewClient(r.Addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return &service{client: api.NewExportTaskClient(conn)}
	}
	replica := site.Start(t)
	first := connect(replica)
	tpl := first.create(t, &api.WshExportTaskCreateTplReq{
		EtplName: "t", EtplExpr: "SELECT 1 AS n", EtplDeliverTo: []*api.WshExportDeliverTo{{Destination: "crm"}},
	})
	res, err := first.client.CreateInst(t.Context(), &api.WshExportTaskCreateInstReq{EtplId: tpl})
	if err != nil || res.GetErrCode() != "" {
		t.Fatalf("CreateInst: %v %v", res, err)
	}
	begun := <-entered
	replica.Kill(t)
	second := connect(site.Start(t))
	again := <-entered
	close(release)
	done := second.delivered(t, res.GetData().GetEinstId(), api.WshExportDeliveryState_DELIVERY_DONE)[0]
	if begun != again || done.GetAttempt() != 2 {
		t.Errorf("events %s and %s, attempt %d; want the same event and the second attempt", begun, again, done.GetAttempt())
	}
}

func TestServe_store_in_bucket(t *testing.T) {
	t.Parallel()
	bucket := deliverytest.NewS3(t)
	s := startService(t, testkit.Database(t), "EXPORTD_STORE_S3_BUCKET=exports", "EXPORTD_STORE_S3_ENDPOINT="+bucket.Config.Endpoint,
		"EXPORTD_STORE_S3_PREFIX=files", "EXPORTD_STORE_S3_ACCESS_KEY=a", "EXPORTD_STORE_S3_SECRET_KEY=s")
	tpl := s.create(t, &api.WshExportTaskCreateTplReq{EtplName: "t", EtplExpr: "SELECT 1 AS n"})
	res, err := s.client.CreateInst(t.Context(), &api.WshExportTaskCreateInstReq{EtplId: tpl})
	if err != nil || res.GetErrCode() != "" {
		t.Fatalf("CreateInst: %v %v", res, err)
	}
	id := res.GetData().GetEinstId()
	inst := s.watch(t, id)
	if inst.GetState() != api.WshExportInstState_STATE_SUCCEEDED {
		t.Fatalf("it is %s: %s", inst.GetState(), inst.GetErrMsg())
	}
	const want = "n\r\n1\r\n"
	if got := s.download(t, id, 0); got != want {
		t.Errorf("downloaded %q, want %q", got, want)
	}
	if got := s.download(t, id, 3); got != want[3:] {
		t.Errorf("from the third byte on: %q, want %q", got, want[3:])
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s/v1/inst/%d/file", s.http, id), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Range", "bytes=3-")
	reply, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if got, err := io.ReadAll(reply.Body); err != nil || reply.StatusCode != http.StatusPartialContent || string(got) != want[3:] {
		t.Errorf("by HTTP: %d %q, %v; want %q", reply.StatusCode, got, err, want[3:])
	}
	token := regexp.MustCompile(`\.[0-9a-f]{32}-`)
	var keys []string
	for _, key := range bucket.Keys(t) {
		keys = append(keys, token.ReplaceAllString(key, ".TOKEN-"))
	}
	if diff := cmp.Diff([]string{"files/.exportd-store", fmt.Sprintf("files/%d/1.TOKEN-1/t-%d.csv", id, id)}, keys); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}

	// A bucket that is down for a while costs attempts, not the file.
	bucket.Fault(func(w http.ResponseWriter, r *http.Request) bool {
		down := r.Method == http.MethodPut
		if down {
			w.WriteHeader(http.StatusForbidden)
		}
		return down
	})
	res, err = s.client.CreateInst(t.Context(), &api.WshExportTaskCreateInstReq{EtplId: tpl})
	if err != nil || res.GetErrCode() != "" {
		t.Fatalf("CreateInst: %v %v", res, err)
	}
	s.logged(t, "attempt failed")
	got, err := s.client.GetInst(t.Context(), &api.WshExportTaskGetInstReq{EinstId: res.GetData().GetEinstId()})
	if err != nil || got.GetData().GetErrCode() != "14" && got.GetData().GetErrCode() != "" || strings.Contains(got.GetData().GetErrMsg(), "127.0.0.1") {
		t.Errorf("it waits with %v, %v", got, err)
	}
	bucket.Fault(nil)
	if in := s.watch(t, res.GetData().GetEinstId()); in.GetState() != api.WshExportInstState_STATE_SUCCEEDED || in.GetAttempt() != 2 {
		t.Errorf("it is %s after attempt %d: %s", in.GetState(), in.GetAttempt(), in.GetErrMsg())
	}
}
