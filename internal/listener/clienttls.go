package listener

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"google.golang.org/grpc/credentials"

	"exporttask/internal/files"
)

// ClientTLS names the PEM files of a client of gRPC or etcd: the authorities
// it trusts (none: the system's) and, for mutual TLS, its own certificate and
// key.
type ClientTLS struct {
	CAFile   string
	CertFile string
	KeyFile  string
}

// On tells whether any file is named.
func (t *ClientTLS) On() bool { return *t != ClientTLS{} }

// Validate returns what does not go together. prefix is what the names of the
// options begin with, such as "etcd-".
func (t *ClientTLS) Validate(prefix string) error {
	if (t.CertFile == "") != (t.KeyFile == "") {
		return errors.New(prefix + "cert-file, " + prefix + "key-file: one without the other, want both or neither")
	}
	return nil
}

// ClientCerts is what a client trusts and shows, as its files are now.
type ClientCerts struct{ files *files.Watched[*tls.Config] }

// Open reads the files.
func (t *ClientTLS) Open(log *slog.Logger) (*ClientCerts, error) {
	names := *t
	files, err := files.Watch("tls of a client", []string{t.CAFile, t.CertFile, t.KeyFile}, names.parse, log)
	if err != nil {
		return nil, err
	}
	return &ClientCerts{files}, nil
}

func (t *ClientTLS) parse(texts [][]byte) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.CAFile != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(texts[0]) {
			return nil, fmt.Errorf("%s: no certificate in it, want PEM", t.CAFile)
		}
	}
	if t.CertFile != "" {
		cert, err := tls.X509KeyPair(texts[1], texts[2])
		if err != nil {
			return nil, fmt.Errorf("%s with %s: %w", t.CertFile, t.KeyFile, err)
		}
		c.Certificates = []tls.Certificate{cert}
	}
	return c, nil
}

// Config is what the files hold now: the same pointer until they change. A
// client that is given it keeps to it; Credentials follow the files instead.
func (c *ClientCerts) Config() *tls.Config { return c.files.Get() }

// Credentials are for gRPC clients, etcd's among them (clientv3.Config's
// DialOptions). Each new connection uses what the files hold then.
func (c *ClientCerts) Credentials() credentials.TransportCredentials {
	return &following{TransportCredentials: credentials.NewTLS(c.Config()), certs: c}
}

// Reload reads the files now; the error tells why the old ones are used on.
func (c *ClientCerts) Reload() error { return c.files.Reload() }

// Run reloads the files when they change, until ctx ends.
func (c *ClientCerts) Run(ctx context.Context) { c.files.Run(ctx) }

// following are credentials made anew for each connection. (A tls.Config alone
// can't do it: its RootCAs must not change, and a VerifyConnection of our own
// is not told the name where a client dials an IP address.)
type following struct {
	credentials.TransportCredentials
	certs *ClientCerts
}

func (f *following) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return credentials.NewTLS(f.certs.Config()).ClientHandshake(ctx, authority, conn)
}

func (f *following) Clone() credentials.TransportCredentials { return f.certs.Credentials() }
