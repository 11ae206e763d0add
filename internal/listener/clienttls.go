package listener

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"google.golang.org/grpc/credentials"

	"exporttask/internal/files"
)

// ClientTLS holds the names of the PEM files of a gRPC or etcd client: the
// certificate authorities that it trusts (none: those of the operating system)
// and, for mutual TLS, its own certificate and key.
type ClientTLS struct {
	CAFile   string
	CertFile string
	KeyFile  string
}

// On reports whether any file is configured.
func (t *ClientTLS) On() bool { return *t != ClientTLS{} }

// Validate returns an error if only one of certificate and key is configured.
// prefix is the prefix of the option names in the error, such as "etcd-".
func (t *ClientTLS) Validate(prefix string) error {
	if (t.CertFile == "") != (t.KeyFile == "") {
		return errors.New(prefix + "cert-file, " + prefix + "key-file: only one is set, want both or neither")
	}
	return nil
}

// ClientCerts is the TLS configuration of a client, reloaded when the client's
// files change. It is safe for concurrent use.
type ClientCerts struct{ files *files.Watched[*tls.Config] }

// Open reads the files. The error names the file that cannot be read or parsed.
func (t *ClientTLS) Open(log *slog.Logger) (*ClientCerts, error) {
	names := *t
	files, err := files.Watch("client TLS", []string{t.CAFile, t.CertFile, t.KeyFile}, names.parse, log)
	if err != nil {
		return nil, err
	}
	return &ClientCerts{files}, nil
}

func (t *ClientTLS) parse(texts [][]byte) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.CAFile != "" {
		var err error
		if c.RootCAs, err = files.ParseCertPool(texts[0]); err != nil {
			return nil, fmt.Errorf("%s: %w", t.CAFile, err)
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

// Config returns the current configuration: the same pointer until the files
// change. A client that is given the pointer does not see later changes; a
// client with Credentials does.
func (c *ClientCerts) Config() *tls.Config { return c.files.Get() }

// Credentials returns credentials for gRPC clients, including etcd's
// (clientv3.Config.DialOptions). Each new connection uses the current
// configuration.
func (c *ClientCerts) Credentials() credentials.TransportCredentials {
	return &reloadingCredentials{TransportCredentials: credentials.NewTLS(c.Config()), certs: c}
}

// Reload reads the files again. After an error the previous configuration stays
// in use.
func (c *ClientCerts) Reload() error { return c.files.Reload() }

// Run reloads the files whenever their content changes, until ctx ends.
func (c *ClientCerts) Run(ctx context.Context) { c.files.Run(ctx) }

// reloadingCredentials uses the current configuration for each connection. (A
// tls.Config alone cannot: its RootCAs must not change while in use, and a
// VerifyConnection callback gets no server name if a client dials an IP address.)
type reloadingCredentials struct {
	credentials.TransportCredentials
	certs *ClientCerts
}

func (r *reloadingCredentials) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return credentials.NewTLS(r.certs.Config()).ClientHandshake(ctx, authority, conn)
}

func (r *reloadingCredentials) Clone() credentials.TransportCredentials { return r.certs.Credentials() }
