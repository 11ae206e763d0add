package discovery

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"exporttask/internal/testkit"
)

// The process has an etcd account that may write its own keys and nothing else, as
// in docs/discovery.md.
func TestRegistrar_Run_authentication(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	const service, addr = "exporttask", "10.0.0.1:50051"
	ctx := t.Context()
	open := connect(t, etcd.Endpoint())
	for user, roles := range map[string][]string{"root": {"root"}, "exportd": {"announce"}} {
		_, err := open.UserAdd(ctx, user, "secret-"+user)
		must(t, err)
		for _, role := range roles {
			_, err := open.RoleAdd(ctx, role)
			must(t, err)
			_, err = open.UserGrantRole(ctx, user, role)
			must(t, err)
		}
	}
	for _, prefix := range prefixes(service) {
		_, err := open.RoleGrantPermission(ctx, "announce", prefix, clientv3.GetPrefixRangeEnd(prefix), clientv3.PermissionType(clientv3.PermReadWrite))
		must(t, err)
	}
	_, err := open.AuthEnable(ctx)
	must(t, err)
	root, err := clientv3.New(clientv3.Config{Endpoints: []string{etcd.Endpoint()}, Username: "root", Password: "secret-root", Logger: zap.NewNop()})
	must(t, err)
	t.Cleanup(func() { _ = root.Close() })

	cfg := quick(etcd.Endpoint(), service, addr)
	cfg.Username, cfg.Password = "exportd", "wrong"
	p := build(t, cfg)
	p.run(t)
	p.awaitWarning(t, "authentication failed")

	cfg.Password = "secret-exportd"
	must(t, p.Update(cfg))
	p.await(t, Registered)
	mustHold(t, root, service, addr)
	_, err = root.Delete(ctx, service+"/"+addr)
	must(t, err)
	p.healed(t, root, service)
	must(t, p.Deregister(ctx))
	mustHold(t, root, service)
}

func TestRegistrar_Run_TLS(t *testing.T) {
	t.Parallel()
	etcd := testkit.Etcd(t)
	const service, addr = "exporttask", "10.0.0.1:50051"
	endpoint, roots := wrapInTLS(t, etcd.Endpoint())
	for _, prefix := range []string{"https://", ""} {
		cfg := quick(prefix+endpoint, service, addr)
		cfg.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		p := start(t, cfg)
		mustHold(t, connect(t, etcd.Endpoint()), service, addr)
		must(t, p.Deregister(t.Context()))
	}

	cfg := quick("https://"+endpoint, service, addr)
	cfg.TLS = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	p := build(t, cfg)
	p.run(t)
	p.awaitWarning(t, "not registered yet")
	if diff := cmp.Diff(Init, p.State()); diff != "" {
		t.Errorf("state with an unknown authority (-want +got):\n%s", diff)
	}
}

// wrapInTLS listens with TLS and forwards all connections to target.
func wrapInTLS(t *testing.T, target string) (endpoint string, roots *x509.CertPool) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil) // has a certificate for 127.0.0.1
	server.StartTLS()
	certs := server.TLS.Certificates
	roots = x509.NewCertPool()
	roots.AddCert(server.Certificate())
	server.Close()

	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certs, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var pipes sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		cancel()
		pipes.Wait()
	})
	pipes.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return // closed
			}
			out, err := new(net.Dialer).DialContext(ctx, "tcp", target)
			if err != nil {
				_ = in.Close()
				continue
			}
			stop := context.AfterFunc(ctx, func() { _ = in.Close(); _ = out.Close() })
			pipes.Go(func() {
				_, _ = io.Copy(out, in)
				_ = out.Close()
			})
			pipes.Go(func() {
				defer stop()
				_, _ = io.Copy(in, out)
				_ = in.Close()
			})
		}
	})
	return l.Addr().String(), roots
}
