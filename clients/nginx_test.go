//go:build clients

package clients

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"exporttask/api"
	"exporttask/internal/testkit"
	"exporttask/internal/testkit/exportdtest"
)

// nginx starts nginx in front of a replica, with its defaults: only addresses and
// the folders of an unprivileged process are configured. It returns the addresses of
// HTTP and of gRPC.
func nginx(t *testing.T, r *exportdtest.Replica) (web, rpc string) {
	t.Helper()
	dir := t.TempDir()
	web, rpc = freeAddr(t), freeAddr(t)
	conf := fmt.Sprintf(`daemon off; worker_processes 1; pid %[1]s/pid; error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
	server { listen %[2]s; location / { proxy_pass %[3]s; } }
	server { listen %[4]s http2; location / { grpc_pass grpc://%[5]s; } }
}
`, dir, web, r.HTTP, rpc, r.Addr)
	if os.Getuid() == 0 { // workers would not run as root and could not write to the folders
		conf = "user root;\n" + conf
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "/usr/sbin/nginx", "-p", dir, "-c", file)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // the master ends its workers
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatalf("nginx (scripts/install-parts clients installs it): %v", err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("nginx: %s", log.Bytes())
		}
	})
	testkit.Eventually(t, "nginx listens", func() bool {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", rpc)
		return err == nil && c.Close() == nil
	})
	return "http://" + web, rpc
}

// freeAddr is a loopback address that nothing listens at.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func dial(t *testing.T, addr string) api.ExportTaskClient {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return api.NewExportTaskClient(conn)
}

// create makes a template and an instance of it.
func create(t *testing.T, rpc api.ExportTaskClient, expr string) int64 {
	t.Helper()
	tpl, err := rpc.CreateTpl(t.Context(), &api.WshExportTaskCreateTplReq{EtplName: "big", EtplExpr: expr})
	if err != nil || tpl.GetErrCode() != "" {
		t.Fatalf("%v, %v", tpl, err)
	}
	inst, err := rpc.CreateInst(t.Context(), &api.WshExportTaskCreateInstReq{EtplId: tpl.GetData().GetEtplId()})
	if err != nil || inst.GetErrCode() != "" {
		t.Fatalf("%v, %v", inst, err)
	}
	return inst.GetData().GetEinstId()
}

// get sends a GET request and returns the answer with its body unread.
func get(t *testing.T, url string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// watches follows an instance that waits, as server-sent events, as lines of JSON
// and by gRPC, and calls meanwhile while they are silent. Each stream must show the
// instance before that and its success in the end.
func watches(t *testing.T, web string, rpc api.ExportTaskClient, id int64, meanwhile func()) {
	t.Helper()
	url := fmt.Sprintf("%s/v1/inst/%d/watch", web, id)
	events, lines := bufio.NewReader(get(t, url, "Accept", "text/event-stream").Body), bufio.NewReader(get(t, url).Body)
	stream, err := rpc.WatchInst(t.Context(), &api.WshExportTaskWatchInstReq{EinstId: id})
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*bufio.Reader{"events": events, "lines": lines} {
		if first, err := r.ReadString('\n'); err != nil || !strings.Contains(first, "{") && !strings.Contains(first, ":") {
			t.Errorf("%s: first %q, %v", name, first, err)
		}
	}
	if first, err := stream.Recv(); err != nil || first.GetData().GetState() != api.WshExportInstState_STATE_QUEUED {
		t.Errorf("gRPC: first %v, %v", first, err)
	}
	meanwhile()
	for name, r := range map[string]*bufio.Reader{"events": events, "lines": lines} {
		if rest, err := io.ReadAll(r); err != nil || !bytes.Contains(rest, []byte("STATE_SUCCEEDED")) {
			t.Errorf("%s: ended with %q, %v", name, rest, err)
		}
	}
	var last *api.WshExportTaskWatchInstRes
	for {
		res, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Errorf("gRPC: %v", err)
			return
		}
		last = res
	}
	if last.GetData().GetState() != api.WshExportInstState_STATE_SUCCEEDED {
		t.Errorf("gRPC: last %v", last)
	}
}

// nginx with its defaults in front of the service: watches come at once, and files
// whole and in parts, over HTTP and gRPC.
func TestNginx(t *testing.T) {
	t.Parallel()
	site := exportdtest.NewSite(t)
	web, rpcAddr := nginx(t, site.Start(t, "-workers=0"))
	rpc := dial(t, rpcAddr)
	// 3 MB, more than nginx keeps in memory.
	id := create(t, rpc, "SELECT REPEAT('x', 60000) AS x FROM (VALUES (1),(2),(3),(4),(5),(6),(7)) AS a JOIN (VALUES (1),(2),(3),(4),(5),(6),(7)) AS b")
	watches(t, web, rpc, id, func() { site.Start(t) })

	whole := "x\r\n" + strings.Repeat(strings.Repeat("x", 60000)+"\r\n", 49)
	url := fmt.Sprintf("%s/v1/inst/%d/file", web, id)
	res := get(t, url)
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != whole || res.ContentLength != int64(len(whole)) {
		t.Errorf("%d bytes of %d, %v; want %d", len(body), res.ContentLength, err, len(whole))
	}
	for spec, want := range map[string]string{"bytes=0-2": whole[:3], "bytes=1000000-2000000": whole[1000000:2000001], "bytes=-5": whole[len(whole)-5:], "bytes=2900000-": whole[2900000:]} {
		part := get(t, url, "Range", spec, "If-Range", res.Header.Get("ETag"))
		if body, err := io.ReadAll(part.Body); err != nil || part.StatusCode != http.StatusPartialContent || string(body) != want {
			t.Errorf("%s: status %d, %d bytes, %v; want %d", spec, part.StatusCode, len(body), err, len(want))
		}
	}
	if beyond := get(t, url, "Range", "bytes=99000000-"); beyond.StatusCode != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("a range beyond the end: status %d", beyond.StatusCode)
	}
	stream, err := rpc.DownloadInst(t.Context(), &api.WshExportTaskDownloadInstReq{EinstId: id, Offset: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || chunk.GetErrCode() != "" {
			t.Fatalf("%v, %v", chunk, err)
		}
		got.Write(chunk.GetData().GetContent())
	}
	if got.String() != whole[1000:] {
		t.Errorf("gRPC: %d bytes from 1000 on, want %d", got.Len(), len(whole)-1000)
	}
}
