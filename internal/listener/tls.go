package listener

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"log/slog"

	"exporttask/internal/files"
)

// TLS holds the names of the PEM files of a server: its certificate chain, the
// certificate's key and, for mutual TLS, the certificate authorities of the
// clients. TLS is off if CertFile is empty.
type TLS struct {
	CertFile     string
	KeyFile      string
	ClientCAFile string
}

// Define registers the flags that set t.
func (t *TLS) Define(f *flag.FlagSet) {
	f.StringVar(&t.CertFile, "tls-cert-file", "", "PEM `file` of the server's certificate chain; empty: no TLS")
	f.StringVar(&t.KeyFile, "tls-key-file", "", "PEM `file` of the certificate's key")
	f.StringVar(&t.ClientCAFile, "tls-client-ca-file", "", "PEM `file` of certificate authorities; clients must present a certificate of one of them")
}

// On reports whether TLS is configured.
func (t *TLS) On() bool { return t.CertFile != "" }

// Validate returns an error for options that do not go together. The error
// begins with the option's name.
func (t *TLS) Validate() error {
	switch {
	case t.On() && t.KeyFile == "":
		return errors.New("tls-key-file: empty, want the key of tls-cert-file")
	case !t.On() && t.KeyFile != "":
		return errors.New("tls-cert-file: empty, want the certificate of tls-key-file")
	case !t.On() && t.ClientCAFile != "":
		return errors.New("tls-cert-file: empty, want a certificate if tls-client-ca-file is set")
	}
	return nil
}

// Certs is the TLS configuration of a server, reloaded when the server's files
// change. It is safe for concurrent use.
type Certs struct{ files *files.Watched[*tls.Config] }

// Open reads the files. It must not be called if On is false.
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
		if c.ClientCAs, err = files.ParseCertPool(texts[2]); err != nil {
			return nil, fmt.Errorf("tls-client-ca-file %s: %w", t.ClientCAFile, err)
		}
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return c, nil
}

// Config returns a configuration for any number of gRPC and HTTP servers. Each
// new connection uses the current certificates; open connections do not change.
func (c *Certs) Config() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		NextProtos:         []string{"h2", "http/1.1"},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.files.Get(), nil },
	}
}

// Reload reads the files again. After an error the previous certificates stay in
// use.
func (c *Certs) Reload() error { return c.files.Reload() }

// Run reloads the files whenever their content changes, until ctx ends.
func (c *Certs) Run(ctx context.Context) { c.files.Run(ctx) }
