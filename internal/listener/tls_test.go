package listener

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// serverName returns the common name of the server's certificate on the
// connection of c.
func serverName(t *testing.T, c healthpb.HealthClient) string {
	t.Helper()
	var p peer.Peer
	must(t, check(t, c, grpc.Peer(&p)))
	return p.AuthInfo.(credentials.TLSInfo).State.PeerCertificates[0].Subject.CommonName
}

func TestCerts_Reload(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "ca")
	files := serverFiles(t, ca)
	certs, err := files.Open(quiet())
	must(t, err)
	l := serve(t, DefaultLimits(), grpc.Creds(credentials.NewTLS(certs.Config())))
	old := dial(t, l.Addr().String(), trusting(ca))
	if got := serverName(t, old); got != "first" {
		t.Fatalf("got the certificate of %q, want first", got)
	}

	// A certificate that does not match the key.
	nextKey := filepath.Join(t.TempDir(), "key.pem")
	ca.issue(t, "second", files.CertFile, nextKey)
	if err := certs.Reload(); err == nil || !strings.Contains(err.Error(), files.CertFile) {
		t.Errorf("reload of a broken pair: %v, want an error that names %s", err, files.CertFile)
	}
	if got := serverName(t, dial(t, l.Addr().String(), trusting(ca))); got != "first" {
		t.Errorf("after a broken pair: got the certificate of %q, want first", got)
	}

	key, err := os.ReadFile(nextKey)
	must(t, err)
	must(t, os.WriteFile(files.KeyFile, key, 0o600))
	must(t, certs.Reload())
	if got := serverName(t, dial(t, l.Addr().String(), trusting(ca))); got != "second" {
		t.Errorf("after the reload: a new connection got the certificate of %q, want second", got)
	}
	if got := serverName(t, old); got != "first" {
		t.Errorf("after the reload: the old connection has the certificate of %q, want first", got)
	}
	if open, _ := l.Open(); open != 3 {
		t.Errorf("got %d connections, want 3: the old one lives", open)
	}
}

func TestTLS_ClientCAFile(t *testing.T) {
	t.Parallel()
	ca, clients, strangers := newAuthority(t, "ca"), newAuthority(t, "clients"), newAuthority(t, "strangers")
	files := serverFiles(t, ca)
	files.ClientCAFile = write(t, filepath.Join(t.TempDir(), "clients.pem"), clients)
	certs, err := files.Open(quiet())
	must(t, err)
	l := serve(t, DefaultLimits(), grpc.Creds(credentials.NewTLS(certs.Config())))
	with := func(by *authority) credentials.TransportCredentials {
		dir := t.TempDir()
		certFile, keyFile := filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem")
		by.issue(t, "client", certFile, keyFile)
		pair, err := tls.LoadX509KeyPair(certFile, keyFile)
		must(t, err)
		return trusting(ca, pair)
	}
	try := func(creds credentials.TransportCredentials) codes.Code {
		return status.Code(check(t, dial(t, l.Addr().String(), creds)))
	}
	good, other := with(clients), with(strangers)
	if got := try(good); got != codes.OK {
		t.Errorf("with a certificate: got %s, want OK", got)
	}
	if got := try(trusting(ca)); got != codes.Unavailable {
		t.Errorf("without a certificate: got %s, want Unavailable", got)
	}
	if got := try(other); got != codes.Unavailable {
		t.Errorf("with a stranger's certificate: got %s, want Unavailable", got)
	}
	if got := try(plain()); got != codes.Unavailable {
		t.Errorf("in plain text: got %s, want Unavailable", got)
	}

	write(t, files.ClientCAFile, strangers)
	must(t, certs.Reload())
	if got := try(other); got != codes.OK {
		t.Errorf("with the new authority's certificate: got %s, want OK", got)
	}
	if got := try(good); got != codes.Unavailable {
		t.Errorf("with the certificate of the authority that was taken out: got %s, want Unavailable", got)
	}
}

func TestClientCerts_Reload(t *testing.T) {
	t.Parallel()
	ca, next, clients := newAuthority(t, "ca"), newAuthority(t, "next"), newAuthority(t, "clients")
	files := serverFiles(t, ca)
	files.ClientCAFile = write(t, filepath.Join(t.TempDir(), "clients.pem"), clients)
	server, err := files.Open(quiet())
	must(t, err)
	l := serve(t, DefaultLimits(), grpc.Creds(credentials.NewTLS(server.Config())))

	dir := t.TempDir()
	mine := ClientTLS{CAFile: write(t, filepath.Join(dir, "ca.pem"), ca), CertFile: filepath.Join(dir, "c.pem"), KeyFile: filepath.Join(dir, "k.pem")}
	clients.issue(t, "client", mine.CertFile, mine.KeyFile)
	certs, err := mine.Open(quiet())
	must(t, err)
	same := certs.Config()
	must(t, certs.Reload())
	if certs.Config() != same {
		t.Error("the configuration changed with unchanged files")
	}
	// An IP address in the certificate, and a name that is not in it.
	must(t, check(t, dial(t, l.Addr().String(), certs.Credentials())))
	if err := check(t, dial(t, l.Addr().String(), certs.Credentials(), grpc.WithAuthority("elsewhere"))); status.Code(err) != codes.Unavailable {
		t.Errorf("a server of another name: %v, want Unavailable", err)
	}

	creds := certs.Credentials() // made before the change
	next.issue(t, "moved", files.CertFile, files.KeyFile)
	must(t, server.Reload())
	if err := check(t, dial(t, l.Addr().String(), creds)); status.Code(err) != codes.Unavailable {
		t.Errorf("a server of an unknown authority: %v, want Unavailable", err)
	}
	write(t, mine.CAFile, ca, next)
	must(t, certs.Reload())
	must(t, check(t, dial(t, l.Addr().String(), creds)))
}

func TestCerts_HTTP(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "ca")
	files := serverFiles(t, ca)
	certs, err := files.Open(quiet())
	must(t, err)
	inner, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	limits := DefaultLimits()
	s := &http.Server{ //nolint:gosec // HTTP sets the timeouts
		TLSConfig: certs.Config(),
		Handler:   http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }),
	}
	limits.HTTP(s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.ServeTLS(limits.Listen(inner, quiet()), "", "")
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	for _, http2 := range []bool{false, true} {
		pool := ca.pool()
		c := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: http2, TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}}}
		res, err := c.Get("https://" + inner.Addr().String())
		must(t, err)
		body, err := io.ReadAll(res.Body)
		must(t, err)
		_ = res.Body.Close()
		c.CloseIdleConnections()
		want := map[bool]string{false: "HTTP/1.1", true: "HTTP/2.0"}[http2]
		if got := string(body); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestTLS_Validate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		files TLS
		want  string
	}{
		{TLS{}, ""},
		{TLS{CertFile: "c", KeyFile: "k", ClientCAFile: "a"}, ""},
		{TLS{CertFile: "c"}, "tls-key-file: "},
		{TLS{KeyFile: "k"}, "tls-cert-file: "},
		{TLS{ClientCAFile: "a"}, "tls-cert-file: "},
	} {
		err := c.files.Validate()
		if got := errText(err); !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%+v: got %q, want %q", c.files, got, c.want)
		}
	}
	mine := ClientTLS{CertFile: "c"}
	if err := mine.Validate("etcd-"); err == nil || !strings.HasPrefix(err.Error(), "etcd-cert-file, etcd-key-file: ") {
		t.Errorf("a client's certificate without a key: %v", err)
	}
}
