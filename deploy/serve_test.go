package deploy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"exporttask/internal/testkit"
)

// Each package starts the real program with its own options, secrets and paths,
// which are found below a folder of the test, on a real MariaDB with the
// package's own accounts, and a real etcd.
func TestPackages_serve(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	all := packages(t)
	// Before the others, which wait for it in compose and kubernetes.
	for _, name := range []string{"compose", "kubernetes"} {
		if out, err := s.command(t, all[name], *all[name].migrate).CombinedOutput(); err != nil {
			t.Fatalf("%s: migrate: %v\n%s", name, err, out)
		}
	}
	for name, p := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := s.start(t, p)
			for _, path := range append(p.probes, "/healthz", "/readyz") {
				if code, body := s.get(t, r.http+path); code != http.StatusOK {
					t.Errorf("GET %s: %d %s", path, code, body)
				}
			}
			if at := p.serve.env["EXPORTD_ADVERTISE"]; at != "" {
				s.wantInEtcd(t, at)
			}
			if name == "compose" {
				s.firstExport(t, r)
			}
			r.stop(t)
		})
	}
}

// A package without secrets must not start: it listens for other machines.
func TestPackages_refuse_to_start_without_tokens(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), program(t, "exportd"))
	cmd.Env = []string{"EXPORTD_DB_DSN=u:p@tcp(h:1)/d", "EXPORTD_READER_DSN=u:p@tcp(h:1)/d"}
	for name, value := range imageEnv(t) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, _ := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "anybody could call") {
		t.Errorf("ended with %d, want 2 and why\n%s", cmd.ProcessState.ExitCode(), out)
	}
}

// site is what the packages share: accounts, secrets, a store.
type site struct {
	secrets, store string
	database, etcd string // HOST:PORT
	http           *http.Client
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{secrets: filepath.Join(t.TempDir(), "secrets"), store: t.TempDir()}
	if out, err := exec.CommandContext(t.Context(), "compose/make-secrets", s.secrets).CombinedOutput(); err != nil {
		t.Fatalf("make-secrets: %v\n%s", err, out)
	}
	server := testkit.Server(t)
	s.database, s.etcd = server.Addr(), testkit.Etcd(t).Endpoint()
	for _, file := range []string{filepath.Join(s.secrets, "users.sql"), "compose/accounts.sql"} {
		for stmt := range strings.SplitSeq(readFile(t, file), ";\n") {
			if strings.TrimSpace(stmt) == "" {
				continue
			}
			if err := server.Exec(t.Context(), stmt); err != nil {
				t.Fatalf("%s: %s: %v", file, stmt, err)
			}
		}
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM([]byte(readFile(t, filepath.Join(s.secrets, "ca.crt"))))
	s.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities}}}
	t.Cleanup(s.http.CloseIdleConnections)
	return s
}

// command is exportd as the package starts it, in a folder of its own that
// stands for the package's file system.
func (s *site) command(t *testing.T, p *shipped, c command) *exec.Cmd {
	t.Helper()
	root := t.TempDir()
	there := strings.NewReplacer(
		"/etc/exportd", root+"/etc/exportd", "/run/", root+"/run/", "/var/lib/exportd", s.store,
		"mariadb:3306", s.database, "etcd:2379", s.etcd, "etcd.etcd.svc:2379", s.etcd,
		": :50051", ": :0", ": :50052", ": :0",
	)
	write := func(path, text string) {
		path = root + path
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(there.Replace(text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(p.configPath, p.config)
	for path, file := range c.secrets {
		write(path, readFile(t, filepath.Join(s.secrets, file)))
	}
	cmd := exec.Command(program(t, "exportd"))
	for _, arg := range c.args {
		cmd.Args = append(cmd.Args, there.Replace(arg))
	}
	for name, value := range c.env {
		if name == "EXPORTD_GRPC_ADDR" || name == "EXPORTD_HTTP_ADDR" {
			value = ":0"
		}
		cmd.Env = append(cmd.Env, name+"="+there.Replace(value))
	}
	cmd.Dir = root
	return cmd
}

// replica is a running exportd.
type replica struct {
	http   string // "https://localhost:41234"
	cmd    *exec.Cmd
	exited chan error
}

func (s *site) start(t *testing.T, p *shipped) *replica {
	t.Helper()
	r := &replica{cmd: s.command(t, p, p.serve), exited: make(chan error, 1)}
	stderr, err := r.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	listening, drained := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(drained)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			var line struct{ Msg, HTTP string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
				listening <- line.HTTP
			}
			t.Logf("exportd: %s", lines.Text())
		}
	}()
	go func() {
		<-drained
		r.exited <- r.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		<-drained
	})
	select {
	case addr := <-listening:
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		r.http = "https://localhost:" + port
	case err := <-r.exited:
		t.Fatalf("exportd ended: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatal("exportd does not listen")
	}
	return r
}

// stop asks the process to end, which it has to do well.
func (r *replica) stop(t *testing.T) {
	t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-r.exited; err != nil {
		t.Errorf("exportd ended with %v after SIGTERM", err)
	}
}

func (s *site) get(t *testing.T, url string) (code int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// wantInEtcd waits until the address is where clients look for it.
func (s *site) wantInEtcd(t *testing.T, addr string) {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{s.etcd}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	key := "exporttask/" + addr
	changes := client.Watch(ctx, key)
	for {
		found, err := client.Get(ctx, key)
		if err != nil {
			t.Fatalf("etcd has no %s: %v", key, err)
		}
		if found.Count == 1 {
			return
		}
		<-changes // closed when ctx ends
	}
}

// firstExport runs the commands of docs/packaging.md's section on compose.
func (s *site) firstExport(t *testing.T, r *replica) {
	t.Helper()
	var script []string
	for line := range strings.Lines(readFile(t, "../docs/packaging.md")) {
		if strings.HasPrefix(line, "ask") {
			script = append(script, strings.ReplaceAll(line, "https://localhost:50052", r.http))
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-ec", strings.Join(script, ""))
	cmd.Dir = filepath.Dir(s.secrets)
	out, err := cmd.CombinedOutput()
	const want = "order_no,customer,amount,ordered_at\r\n" +
		"9007199254740993,Ada,19.90,2026-01-02 03:04:05\r\n9007199254740995,Grace,120.00,2026-01-03 10:00:00\r\n"
	if err != nil || len(script) != 5 || !strings.HasSuffix(string(out), want) {
		t.Errorf("%d lines of docs/packaging.md ended with %v, want 5 and the shop's orders at the end of\n%s", len(script), err, out)
	}
}
