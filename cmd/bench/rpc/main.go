// Rpc is `make bench-rpc`: what calls and downloads cost. It runs the real
// exportd on a private MariaDB, calls it with ghz over 50 connections, and
// fetches one file by DownloadInst, by HTTP and from nginx in turns. It prints
//
//	name: value (wanted >= bound)
//
// and exits with 1 where a figure falls short, and with 2 where it cannot measure.
// Figures without a bound are for comparison.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"

	"exporttask/api"
	"exporttask/client"
	"exporttask/internal/testkit/servers"
)

// pairs is how often each way of fetching the file is measured.
const pairs = 15

// Bounds of downloads, as shares of nginx's speed.
const (
	wantHTTP     = 0.9
	wantDownload = 0.5
)

func main() {
	ghz := flag.String("ghz", ".cache/bin/ghz", "ghz's `binary`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ok, err := run(ctx, *ghz)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/rpc:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func run(ctx context.Context, ghz string) (ok bool, err error) {
	s := &site{}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.start(ctx); err != nil {
		return false, err
	}
	inst, err := s.export(ctx)
	if err != nil {
		return false, err
	}
	for _, c := range []struct{ method, body string }{
		{"GetInst", fmt.Sprintf(`{"einstId": %d}`, inst.GetEinstId())},
		{"ListTpl", `{"pageSize": 20}`},
		{"CreateInst", `{"etplId": 2}`},
	} {
		if err := s.calls(ctx, ghz, c.method, c.body); err != nil {
			return false, err
		}
	}
	return s.downloads(ctx, inst)
}

// site is a service with a database and an nginx beside it.
type site struct {
	dir        string
	maria      *servers.DBServer
	exportd    *exec.Cmd
	nginx      *exec.Cmd
	grpc, http string
	nginxAddr  string
	client     api.ExportTaskClient
}

func (s *site) start(ctx context.Context) error {
	cache, err := servers.CacheDir()
	if err != nil {
		return err
	}
	install, err := servers.FindMariaDB(ctx, cache, slog.Default())
	if err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp("", "bench-rpc-"); err != nil {
		return err
	}
	if err := os.Chmod(s.dir, 0o755); err != nil { // nginx's worker is another user
		return err
	}
	if s.maria, err = servers.StartDB(ctx, install, servers.DBOptions{Dir: filepath.Join(s.dir, "db")}); err != nil {
		return err
	}
	if err := s.maria.Exec(ctx, "CREATE DATABASE bench CHARACTER SET utf8mb4"); err != nil {
		return err
	}
	binary := filepath.Join(s.dir, "exportd")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/exportd").CombinedOutput(); err != nil {
		return fmt.Errorf("build exportd: %w\n%s", err, out)
	}
	if s.grpc, err = freeAddr(ctx); err != nil {
		return err
	}
	if s.http, err = freeAddr(ctx); err != nil {
		return err
	}
	// One worker: what is measured is calls, not exports.
	s.exportd = exec.Command(binary, "-grpc-addr="+s.grpc, "-http-addr="+s.http, "-store-dir="+filepath.Join(s.dir, "files"),
		"-workers=1", "-rate-limit=0", "-max-waiting=10000000", "-log-level=warn")
	s.exportd.Env = append(os.Environ(), "EXPORTD_DB_DSN="+s.maria.RootDSN("bench"), "EXPORTD_READER_DSN="+s.maria.RootDSN("bench"))
	s.exportd.Stderr = os.Stderr
	if err := s.exportd.Start(); err != nil {
		return err
	}
	c, err := client.Dial(ctx, client.Options{Target: s.grpc})
	if err != nil {
		return err
	}
	s.client = c.API()
	return nil
}

func freeAddr(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// fileQuery makes a file of about 200 MB.
const fileQuery = "SELECT a.n, REPEAT('0123456789', 19) AS text FROM " + thousand + " a, " + thousand + " b"

const thousand = "(WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 1000) SELECT n FROM t)"

// export makes the file that is fetched, and a template for CreateInst.
func (s *site) export(ctx context.Context) (*api.WshExportInst, error) {
	tpl, err := s.client.CreateTpl(ctx, &api.WshExportTaskCreateTplReq{EtplName: "file", EtplExpr: fileQuery}, grpc.WaitForReady(true))
	if err != nil || tpl.GetErrCode() != "" {
		return nil, fmt.Errorf("CreateTpl: %v %w", tpl.GetErrMsg(), err)
	}
	if _, err := s.client.CreateTpl(ctx, &api.WshExportTaskCreateTplReq{EtplName: "tiny", EtplExpr: "SELECT 1 AS n"}); err != nil {
		return nil, err
	}
	inst, err := s.client.CreateInst(ctx, &api.WshExportTaskCreateInstReq{EtplId: tpl.GetData().GetEtplId()})
	if err != nil {
		return nil, err
	}
	stream, err := s.client.WatchInst(ctx, &api.WshExportTaskWatchInstReq{EinstId: inst.GetData().GetEinstId()})
	if err != nil {
		return nil, err
	}
	var last *api.WshExportInst
	for {
		res, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		last = res.GetData()
	}
	if len(last.GetFiles()) == 0 {
		return nil, fmt.Errorf("the export ended as %s: %s", last.GetState(), last.GetErrMsg())
	}
	return last, nil
}

// calls measures one method over 50 connections.
func (s *site) calls(ctx context.Context, ghz, method, body string) error {
	out, err := exec.CommandContext(ctx, ghz, "--insecure", "--proto", "api/exporttask.proto", "--call", "exporttask.ExportTask."+method,
		"-d", body, "-c", "50", "--connections", "50", "-z", "8s", "--duration-stop", "wait", "-O", "json", s.grpc).Output()
	if err != nil {
		return fmt.Errorf("ghz (make bench-rpc builds it): %w", err)
	}
	var report struct {
		RPS                    float64
		StatusCodeDistribution map[string]int
		LatencyDistribution    []struct {
			Percentage int
			Latency    time.Duration
		}
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return fmt.Errorf("ghz: %w", err)
	}
	if len(report.StatusCodeDistribution) != 1 || report.StatusCodeDistribution["OK"] == 0 {
		return fmt.Errorf("%s: %v", method, report.StatusCodeDistribution)
	}
	for _, l := range report.LatencyDistribution {
		if l.Percentage == 99 {
			fmt.Fprintf(os.Stdout, "%s, calls per second at 50 connections: %.0f\n%s, p99 ms: %.1f\n", method, report.RPS, method, float64(l.Latency.Microseconds())/1000)
		}
	}
	return nil
}

// downloads fetches the file in three ways in turns.
func (s *site) downloads(ctx context.Context, inst *api.WshExportInst) (bool, error) {
	file := inst.GetFiles()[0]
	if err := s.startNginx(ctx, file.GetName()); err != nil {
		return false, err
	}
	ways := []struct {
		name string
		get  func() (int64, error)
	}{
		{"nginx", func() (int64, error) { return fetch(ctx, "http://"+s.nginxAddr+"/file") }},
		{"HTTP", func() (int64, error) {
			return fetch(ctx, fmt.Sprintf("http://%s/v1/inst/%d/file", s.http, inst.GetEinstId()))
		}},
		{"DownloadInst", func() (int64, error) { return s.download(ctx, inst.GetEinstId()) }},
	}
	speeds := map[string][]float64{}
	for range pairs {
		for _, w := range ways {
			began := time.Now()
			n, err := w.get()
			if err != nil {
				return false, fmt.Errorf("%s: %w", w.name, err)
			}
			if n != file.GetBytes() {
				return false, fmt.Errorf("%s: %d bytes, want %d", w.name, n, file.GetBytes())
			}
			speeds[w.name] = append(speeds[w.name], float64(n)/1e6/time.Since(began).Seconds())
		}
	}
	ok := true
	for _, w := range []struct {
		name string
		want float64
	}{{"HTTP", wantHTTP}, {"DownloadInst", wantDownload}} {
		var ratios []float64
		for i, v := range speeds[w.name] {
			ratios = append(ratios, v/speeds["nginx"][i])
		}
		value := median(ratios)
		fmt.Fprintf(os.Stdout, "%s download, MB/s / nginx: %.2f (wanted >= %.2f)\n", w.name, value, w.want)
		ok = ok && value >= w.want
	}
	for _, w := range ways {
		fmt.Fprintf(os.Stdout, "%s download, MB/s: %.0f\n", w.name, median(speeds[w.name]))
	}
	return ok, nil
}

func median(all []float64) float64 {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}

func fetch(ctx context.Context, url string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return 0, errors.New(res.Status)
	}
	return io.CopyBuffer(discard{}, res.Body, make([]byte, 256<<10))
}

// discard has no ReadFrom, so that the buffer is used.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func (s *site) download(ctx context.Context, id int64) (n int64, err error) {
	stream, err := s.client.DownloadInst(ctx, &api.WshExportTaskDownloadInstReq{EinstId: id})
	if err != nil {
		return 0, err
	}
	for {
		res, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return 0, err
		}
		n += int64(len(res.GetData().GetContent()))
	}
}

// startNginx serves the same file from the same folder.
func (s *site) startNginx(ctx context.Context, name string) error {
	found, err := filepath.Glob(filepath.Join(s.dir, "files", "*", "*", name))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("the file in the store: %v %w", found, err)
	}
	root := filepath.Join(s.dir, "www")
	if err := os.Mkdir(root, 0o755); err != nil {
		return err
	}
	if err := os.Link(found[0], filepath.Join(root, "file")); err != nil {
		return err
	}
	if err := os.Chmod(found[0], 0o644); err != nil {
		return err
	}
	if s.nginxAddr, err = freeAddr(ctx); err != nil {
		return err
	}
	conf := filepath.Join(s.dir, "nginx.conf")
	text := fmt.Sprintf(`daemon off; worker_processes 1; pid %[1]s/nginx.pid; error_log stderr error;
events { worker_connections 64; }
http { access_log off; sendfile on; tcp_nopush on; default_type text/csv;
  client_body_temp_path %[1]s/t1; proxy_temp_path %[1]s/t2; fastcgi_temp_path %[1]s/t3; uwsgi_temp_path %[1]s/t4; scgi_temp_path %[1]s/t5;
  server { listen %[2]s; root %[3]s; } }
`, s.dir, s.nginxAddr, root)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return err
	}
	s.nginx = exec.Command("nginx", "-c", conf)
	s.nginx.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin")
	s.nginx.Stderr = os.Stderr
	if path, err := exec.LookPath("/usr/sbin/nginx"); err == nil && !strings.Contains(s.nginx.Path, "/") {
		s.nginx.Path, s.nginx.Err = path, nil
	}
	if err := s.nginx.Start(); err != nil {
		return fmt.Errorf("nginx (scripts/install-parts bench installs it): %w", err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := fetch(ctx, "http://"+s.nginxAddr+"/file"); err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *site) close() error {
	var errs []error
	for _, cmd := range []*exec.Cmd{s.nginx, s.exportd} {
		if cmd != nil && cmd.Process != nil {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			_ = cmd.Wait() // the error is the signal
		}
	}
	if s.maria != nil {
		errs = append(errs, s.maria.Stop())
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}
