package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"exporttask/api"
	"exporttask/internal/testkit"
)

// authority signs certificates of the test's own.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{pool: x509.NewCertPool()}
	var der []byte
	a.key, der = issue(t, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}, nil)
	var err error
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pool.AddCert(a.cert)
	return a
}

// issue makes a key and its certificate, signed by a or by itself.
func issue(t *testing.T, template *x509.Certificate, a *authority) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parent, signer := template, key
	if a != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	return key, der
}

// write puts a fresh certificate for this machine, with a number, into two files.
func (a *authority) write(t *testing.T, dir string, number int64) (cert, key string) {
	t.Helper()
	k, der := issue(t, &x509.Certificate{
		SerialNumber: big.NewInt(number), Subject: pkix.Name{CommonName: "exportd"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a)
	raw, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// The real binary speaks TLS on both ports, wants its clients' certificates, and
// takes over a new certificate without a restart.
func TestServe_mutual_TLS_reload(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	dir := t.TempDir()
	cert, key := a.write(t, dir, 10)
	ca := writeFile(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})))
	s := startService(t, testkit.Database(t), "EXPORTD_TLS_CERT_FILE="+cert, "EXPORTD_TLS_KEY_FILE="+key, "EXPORTD_TLS_CLIENT_CA_FILE="+ca)

	mine, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	known := &tls.Config{RootCAs: a.pool, Certificates: []tls.Certificate{mine}, MinVersion: tls.VersionTLS12}
	stranger := &tls.Config{RootCAs: a.pool, MinVersion: tls.VersionTLS12}
	call := func(c *tls.Config) error {
		conn, err := grpc.NewClient(s.addr, grpc.WithTransportCredentials(credentials.NewTLS(c)))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		_, err = api.NewExportTaskClient(conn).ListTpl(ctx, &api.WshExportTaskListTplReq{})
		return err
	}
	get := func(c *tls.Config) (serial int64, err error) {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: c, DisableKeepAlives: true}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.Replace(s.http, "http:", "https:", 1)+"/v1/tpl", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			return 0, err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("over TLS: %s", res.Status)
		}
		return res.TLS.PeerCertificates[0].SerialNumber.Int64(), nil
	}
	if err := call(known); err != nil {
		t.Errorf("gRPC with a certificate: %v", err)
	}
	if err := call(stranger); status.Code(err) != codes.Unavailable {
		t.Errorf("gRPC without a certificate: %v, want it refused", err)
	}
	if serial, err := get(known); err != nil || serial != 10 {
		t.Errorf("HTTP with a certificate: %d, %v", serial, err)
	}
	if _, err := get(stranger); err == nil {
		t.Error("HTTP without a certificate: answered")
	}

	a.write(t, dir, 11)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for {
		if serial, err := get(known); err == nil && serial == 11 {
			break
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the new certificate is not taken over")
		}
	}
}

// The gateway by itself reaches a service that wants certificates with one of its
// own, which the Go client inside of it shows.
func TestGateway_mutual_TLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	cert, key := a.write(t, t.TempDir(), 10)
	ca := writeFile(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})))
	s := startService(t, testkit.Database(t), "EXPORTD_TLS_CERT_FILE="+cert, "EXPORTD_TLS_KEY_FILE="+key, "EXPORTD_TLS_CLIENT_CA_FILE="+ca)
	for name, tc := range map[string]struct {
		args []string
		want int
	}{
		"with a certificate": {[]string{"-service-ca-file=" + ca, "-service-cert-file=" + cert, "-service-key-file=" + key}, http.StatusOK},
		"without one":        {[]string{"-service-ca-file=" + ca}, http.StatusServiceUnavailable},
	} {
		base := startGateway(t, append(tc.args, "-target="+s.addr)...)
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/v1/tpl", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _ = res.Body.Close(); res.StatusCode != tc.want {
			t.Errorf("%s: %s, want %d", name, res.Status, tc.want)
		}
		stop()
	}
}

// A caller that gives up ends what runs for it on the database.
func TestServe_deadline_reaches_database(t *testing.T) {
	t.Parallel()
	dsn := testkit.Database(t)
	s := startService(t, dsn)
	db, err := sql.Open("mysql", testkit.Account(t, dsn, "SELECT", "PROCESS ON *.*"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	running := func(want int) {
		t.Helper()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		// Less than what is left of a preview's own ten seconds.
		deadline := time.After(5 * time.Second)
		for {
			var n int
			const SELECT = `SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%given_up%' AND id <> CONNECTION_ID()`
			if err := db.QueryRowContext(context.WithoutCancel(t.Context()), SELECT).Scan(&n); err != nil {
				t.Fatal(err)
			}
			if n == want {
				return
			}
			select {
			case <-tick.C:
			case <-deadline:
				t.Fatalf("%d queries run, want %d", n, want)
			}
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		_, err := s.client.PreviewTpl(ctx, &api.WshExportTaskPreviewTplReq{Draft: &api.WshExportTaskCreateTplReq{
			EtplExpr: "SELECT COUNT(*) FROM " + manyRows + " a, " + manyRows + " b, " + manyRows + " given_up",
		}})
		ended <- err
	}()
	running(1)
	if err := <-ended; status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("got %v, want DEADLINE_EXCEEDED", err)
	}
	running(0)
}
