package listener

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"log/slog"

	"exporttask/internal/files"
)

// TLS names the PEM files of a server: its certificate with the chain that
// leads to a root, the certificate's key and, for mutual TLS, the authorities
// whose clients are let in. Without CertFile there is no TLS.
type TLS struct {
	CertFile     string
	KeyFile      string
	ClientCAFile string
}

// Define adds the options that set t.
func (t *TLS) Define(f *flag.FlagSet) {
	f.StringVar(&t.CertFile, "tls-cert-file", "", "PEM `file` of the server's certificate and chain; none: no TLS")
	f.StringVar(&t.KeyFile, "tls-key-file", "", "PEM `file` of the certificate's key")
	f.StringVar(&t.ClientCAFile, "tls-client-ca-file", "", "PEM `file` of authorities; clients must then show a certificate of one of them")
}

// On tells whether there is TLS.
func (t *TLS) On() bool { return t.CertFile != "" }

// Validate returns what does not go together, naming the option.
func (t *TLS) Validate() error {
	switch {
	case t.On() && t.KeyFile == "":
		return errors.New("tls-key-file: empty, want the key of tls-cert-file")
	case !t.On() && t.KeyFile != "":
		return errors.New("tls-cert-file: empty, want the certificate of tls-key-file")
	case !t.On() && t.ClientCAFile != "":
		return errors.New("tls-cert-file: empty, want a certificate where tls-client-ca-file is given")
	}
	return nil
}

// Certs are the certificates of a server, as its files are now.
type Certs struct{ files *files.Watched[*tls.Config] }

// Open reads the files. It is not called where On is false.
func (t *TLS) Open(log *slog.Logger) (*Certs, error) {
	names := *t
	files, err := files.Watch("tls", []string{t.CertFile, t.KeyFile, t.ClientCAFile}, names.parse, log)
	if err != nil {
		return nil, err
	}
	return &Certs{files}, nil
}

func (t *TLS) parse(texts [][]byte) (*tls.Config, error) {
	cert, err := tls.X509KeyPair(texts[0], texts[1])
	if err != nil {
		return nil, fmt.Errorf("tls-cert-file %s with tls-key-file %s: %w", t.CertFile, t.KeyFile, err)
	}
	c := &tls.Config{
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2", "http/1.1"},
		Certificates: []tls.Certificate{cert},
	}
	if t.ClientCAFile != "" {
		c.ClientCAs = x509.NewCertPool()
		if !c.ClientCAs.AppendCertsFromPEM(texts[2]) {
			return nil, fmt.Errorf("tls-client-ca-file %s: no certificate in it, want PEM", t.ClientCAFile)
		}
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return c, nil
}

// Config is for any number of gRPC and HTTP servers. Each new connection gets
// what the files hold then; connections that are open stay as they are.
func (c *Certs) Config() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		NextProtos:         []string{"h2", "http/1.1"},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.files.Get(), nil },
	}
}

// Reload reads the files now; the error tells why the old ones are used on.
func (c *Certs) Reload() error { return c.files.Reload() }

// Run reloads the files when they change, until ctx ends.
func (c *Certs) Run(ctx context.Context) { c.files.Run(ctx) }
