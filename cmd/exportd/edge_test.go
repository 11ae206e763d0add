package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/internal/testkit"
)

// maxResident is what the service may take whatever clients do, in MiB.
const maxResident = 512

func TestServe_idle_slow_and_oversized_clients(t *testing.T) {
	t.Parallel()
	s := startService(t, testkit.Database(t))
	hostile := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}, Timeout: 10 * time.Second}
	var mu sync.Mutex
	var open []net.Conn
	t.Cleanup(func() {
		for _, c := range open {
			_ = c.Close()
		}
	})
	dial := func(addr, first string) {
		c, err := hostile.DialContext(context.WithoutCancel(t.Context()), "tcp", addr)
		if err != nil {
			return // refused, which is fine
		}
		_, _ = c.Write([]byte(first)) // it may be closed already
		mu.Lock()
		open = append(open, c)
		mu.Unlock()
	}
	httpAddr := strings.TrimPrefix(s.http, "http://")
	var all sync.WaitGroup
	for i := range 500 {
		all.Go(func() { dial(s.addr, "") })
		all.Go(func() { dial(httpAddr, fmt.Sprintf("GET /v1/tpl HTTP/1.1\r\nHost: x\r\nX-Slow-%d: ", i)) })
	}
	all.Wait()

	// Oversized requests: refused before they are kept.
	big := &api.WshExportTaskCreateTplReq{EtplName: strings.Repeat("x", 17<<20)}
	for range 20 {
		all.Go(func() {
			if _, err := s.client.CreateTpl(context.WithoutCancel(t.Context()), big); status.Code(err) != codes.ResourceExhausted {
				t.Errorf("17 MiB: %v, want RESOURCE_EXHAUSTED", err)
			}
		})
		all.Go(func() {
			req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, s.http+"/healthz", http.NoBody)
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("X-Big", strings.Repeat("x", 2<<20))
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				return // cut off before it had said all
			}
			if _ = res.Body.Close(); res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
				t.Errorf("headers of 2 MiB: %d, want 431", res.StatusCode)
			}
		})
	}
	all.Wait()
	if _, err := s.client.ListTpl(t.Context(), &api.WshExportTaskListTplReq{}); err != nil {
		t.Errorf("another client's call: %v", err)
	}
	if got := s.ask(t, "GET", "/v1/tpl", ""); got.code != 200 {
		t.Errorf("another client's request: %d", got.code)
	}
	if mib := resident(t, s.cmd.Process.Pid); mib > maxResident {
		t.Errorf("%d MiB resident at the most, want at most %d", mib, maxResident)
	}
}

// resident is the most memory that a process has had resident, in MiB.
func resident(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kib := 0
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib / 1024
}

func TestGatewayJob_validate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want string // text in the error; empty: valid
	}{
		"loopback":                    {[]string{"-target=127.0.0.1:50051"}, ""},
		"another_host_in_plain_text":  {[]string{"-target=10.0.0.7:50051"}, "target: 10.0.0.7:50051"},
		"a_name_in_plain_text":        {[]string{"-target=exportd.example.com:50051"}, "tokens would be sent"},
		"another_host_insecure":       {[]string{"-target=10.0.0.7:50051", "-insecure"}, ""},
		"another_host_tls":            {[]string{"-target=10.0.0.7:50051", "-service-server-name=exportd"}, ""},
		"etcd_in_plain_text":          {[]string{"-etcd=127.0.0.1:2379"}, ""}, // decided for each address
		"etcd_tls_without_a_name":     {[]string{"-etcd=127.0.0.1:2379", "-service-ca-file=ca.pem"}, "service-server-name: empty"},
		"etcd_tls_with_a_server_name": {[]string{"-etcd=127.0.0.1:2379", "-service-ca-file=ca.pem", "-service-server-name=exportd"}, ""},
	} {
		var j gatewayJob
		o := newOptions(os.Stderr)
		j.define(o)
		if _, err := o.load(c.args, func(string) string { return "" }); err != nil {
			t.Fatal(err)
		}
		if err := j.validate(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
