package client_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/client"
)

// guarded serves ListTpl to whoever brings the token.
type guarded struct {
	api.UnimplementedExportTaskServer
}

const rightToken = "right"

func (guarded) ListTpl(ctx context.Context, _ *api.WshExportTaskListTplReq) (*api.WshExportTaskListTplRes, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if got := strings.Join(md.Get("authorization"), "|"); got != "Bearer "+rightToken {
		return nil, status.Error(codes.Unauthenticated, got)
	}
	return &api.WshExportTaskListTplRes{}, nil
}

func list(t *testing.T, c *client.Client) error {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	_, err := c.API().ListTpl(ctx, &api.WshExportTaskListTplReq{})
	return err
}

// authority is a certificate for 127.0.0.1 and a file of who signed it.
func authority(t *testing.T) (cert tls.Certificate, caFile string) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(caFile, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return s.TLS.Certificates[0], caFile
}

func TestOptions_TLS(t *testing.T) {
	t.Parallel()
	cert, caFile := authority(t)
	addr := serve(t, guarded{}, grpc.Creds(credentials.NewServerTLSFromCert(&cert)))
	tokenFile := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		if err := os.WriteFile(tokenFile, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	if err := list(t, dial(t, client.Options{Target: addr, CAFile: caFile, Token: rightToken})); err != nil {
		t.Errorf("right token: %v", err)
	}
	err := list(t, dial(t, client.Options{Target: addr, CAFile: caFile, Token: "wrong"}))
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("wrong token: %v, want UNAUTHENTICATED", err)
	}
	write("wrong")
	c := dial(t, client.Options{Target: addr, CAFile: caFile, TokenFile: tokenFile})
	if err := list(t, c); status.Code(err) != codes.Unauthenticated {
		t.Errorf("wrong token in the file: %v, want UNAUTHENTICATED", err)
	}
	write(rightToken)
	if err := list(t, c); err != nil {
		t.Errorf("after the file was renewed: %v", err)
	}
	if err := list(t, dial(t, client.Options{Target: addr, TLS: &tls.Config{RootCAs: x509.NewCertPool()}})); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown authority: %v, want an error about the certificate", err)
	}
	if err := list(t, dial(t, client.Options{Target: addr, CAFile: caFile, ServerName: "other.test"})); err == nil || !strings.Contains(err.Error(), "other.test") {
		t.Errorf("another name: %v, want an error that names it", err)
	}
}

func TestOptions_TokenInPlaintext(t *testing.T) {
	t.Parallel()
	here := serve(t, guarded{})
	if err := list(t, dial(t, client.Options{Target: here, Token: rightToken})); err != nil {
		t.Errorf("loopback: %v", err)
	}
	elsewhere := hostAddress(t)
	listener, err := net.Listen("tcp", net.JoinHostPort(elsewhere, "0"))
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	api.RegisterExportTaskServer(server, guarded{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() { server.Stop(); <-done })
	addr := listener.Addr().String()
	if err := list(t, dial(t, client.Options{Target: addr, Token: rightToken})); err == nil || !strings.Contains(err.Error(), "in plain text") {
		t.Errorf("another host: %v, want an error that no token is sent", err)
	}
	if err := list(t, dial(t, client.Options{Target: addr, ForwardsTokens: true})); err == nil || !strings.Contains(err.Error(), "in plain text") {
		t.Errorf("another host, tokens of others: %v, want an error that no token is sent", err)
	}
	if err := list(t, dial(t, client.Options{Target: addr, Token: rightToken, TokenInPlaintext: true})); err != nil {
		t.Errorf("another host, allowed: %v", err)
	}
}

// hostAddress is one of this host's addresses that is not loopback.
func hostAddress(t *testing.T) string {
	t.Helper()
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		if ip, ok := a.(*net.IPNet); ok && !ip.IP.IsLoopback() && ip.IP.IsGlobalUnicast() {
			return ip.IP.String()
		}
	}
	t.Fatal("this host has no address but loopback; the test needs one")
	return ""
}

func TestOptions_Token_invalid(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tokens.yaml")
	sum := sha256.Sum256([]byte(rightToken))
	entry := fmt.Sprintf("- {name: shop, sha256: %x, operator: 7, scopes: [read, run]}\n", sum)
	if err := os.WriteFile(file, []byte(entry), 0o600); err != nil {
		t.Fatal(err)
	}
	addr := newSite(t, "-tokens-file="+file).Start(t).Addr
	right := dial(t, client.Options{Target: addr, Token: rightToken})
	tpl := makeTpl(t, right, allOrders)
	inst, err := right.Export(t.Context(), tpl, nil, io.Discard)
	if err != nil || inst.GetOperatorId() != 7 {
		t.Fatalf("right token: instance %v, error %v", inst, err)
	}
	for name, call := range map[string]func(*client.Client) error{
		"Run":   func(c *client.Client) error { _, err := c.Run(t.Context(), tpl, nil); return err },
		"Watch": func(c *client.Client) error { _, err := c.Watch(t.Context(), inst.GetEinstId(), nil); return err },
		"Download": func(c *client.Client) error {
			_, err := c.Download(t.Context(), inst.GetEinstId(), io.Discard)
			return err
		},
	} {
		if err := call(dial(t, client.Options{Target: addr, Token: "wrong"})); status.Code(err) != codes.Unauthenticated {
			t.Errorf("%s with a wrong token: %v, want UNAUTHENTICATED", name, err)
		}
	}
}
