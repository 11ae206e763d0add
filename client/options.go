package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
)

// DefaultService is exportd's default name in etcd.
const DefaultService = "exporttask"

// Options configure a Client. Target or Etcd is required; all other fields are
// optional.
type Options struct {
	// Target is an address such as "10.0.0.7:50051", or any other gRPC target.
	// Calls are balanced over all addresses of a name.
	Target string
	// Etcd are the endpoints of the etcd cluster in which exportd is registered:
	// "etcd1:2379" or "https://etcd1:2379".
	Etcd []string
	// Service is exportd's name in etcd. Empty means DefaultService.
	Service string
	// EtcdUsername and EtcdPassword authenticate to etcd.
	EtcdUsername, EtcdPassword string
	// EtcdTLS is the TLS configuration for https endpoints of etcd. Nil means the
	// certificate authorities of the operating system.
	EtcdTLS *tls.Config

	// TLS enables TLS to exportd. So do CAFile, CertFile and ServerName, which are
	// added to it.
	TLS *tls.Config
	// CAFile is a PEM file of the certificate authorities that verify exportd.
	// Empty means those of the operating system.
	CAFile string
	// CertFile and KeyFile are PEM files of the client's certificate and key for
	// mutual TLS. They are read at each handshake, so that a renewed certificate
	// needs no restart.
	CertFile, KeyFile string
	// ServerName is the name that exportd's certificate must have. Empty means the
	// host in Target. With Etcd and TLS it is required: addresses in etcd must not
	// decide which server is trusted.
	ServerName string

	// Token is the bearer token that is sent with each call.
	Token string
	// TokenFile is a file that contains the token. It is read for each call, so
	// that a renewed token needs no restart.
	TokenFile string
	// ForwardsTokens says that the program sends tokens of its own callers in the
	// metadata of calls. Like Token, they are sent without TLS to this host only.
	ForwardsTokens bool
	// TokenInPlaintext allows sending tokens without TLS to other hosts.
	TokenInPlaintext bool

	// OperatorID is the operator of requests to a service without tokens.
	OperatorID int32

	// Patience is the time for which Watch and Download (and so Run and Export)
	// retry while no replica answers, once one has answered. 0 means one minute.
	Patience time.Duration
	// Keepalive is the time without traffic after which the client pings a
	// connection. 0 means 30 seconds; the minimum is 10 seconds. A server that
	// allows fewer pings closes the connection, after which gRPC doubles the time.
	Keepalive time.Duration

	// DialOptions are passed to gRPC after the client's own options, for example a
	// stats handler that propagates the caller's trace.
	DialOptions []grpc.DialOption
}

const (
	defaultPatience  = time.Minute
	defaultKeepalive = 30 * time.Second
	// probeTimeout is the time that a server has to answer a ping.
	probeTimeout = 10 * time.Second
)

// check returns an error for options that do not go together, and sets defaults.
func (o *Options) check() error {
	switch {
	case o.Target == "" && len(o.Etcd) == 0:
		return errors.New("client: neither Target nor Etcd is given, want one")
	case o.Target != "" && len(o.Etcd) > 0:
		return errors.New("client: Target and Etcd are both given, want one")
	case o.Token != "" && o.TokenFile != "":
		return errors.New("client: Token and TokenFile are both given, want one")
	case (o.CertFile == "") != (o.KeyFile == ""):
		return errors.New("client: CertFile and KeyFile go together, one is missing")
	case len(o.Etcd) > 0 && o.usesTLS() && o.ServerName == "" && (o.TLS == nil || o.TLS.ServerName == ""):
		return errors.New("client: ServerName is empty, want the name in exportd's certificate: addresses in etcd are not trusted")
	}
	if o.Service == "" {
		o.Service = DefaultService
	}
	if o.Patience == 0 {
		o.Patience = defaultPatience
	}
	if o.Keepalive == 0 {
		o.Keepalive = defaultKeepalive
	}
	return nil
}

func (o *Options) usesTLS() bool {
	return o.TLS != nil || o.CAFile != "" || o.CertFile != "" || o.ServerName != ""
}

// tls returns the TLS configuration for exportd, nil for plain text.
func (o *Options) tls() (*tls.Config, error) {
	if !o.usesTLS() {
		return nil, nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.TLS != nil {
		cfg = o.TLS.Clone()
	}
	if o.ServerName != "" {
		cfg.ServerName = o.ServerName
	}
	if o.CAFile != "" {
		pem, err := os.ReadFile(filepath.Clean(o.CAFile))
		if err != nil {
			return nil, fmt.Errorf("client: CAFile: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("client: CAFile: %s: no certificate in it, want PEM", o.CAFile)
		}
	}
	if o.CertFile != "" {
		load := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			cert, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile)
			return &cert, err
		}
		if _, err := load(nil); err != nil {
			return nil, fmt.Errorf("client: CertFile: %w", err)
		}
		cfg.GetClientCertificate = load
	}
	return cfg, nil
}
