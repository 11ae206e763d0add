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

// DefaultService is the name that exportd registers under where its
// configuration gives no other.
const DefaultService = "exporttask"

// Options say where exportd is and how to speak to it. Either Target or Etcd has
// to be given; the rest may stay empty.
type Options struct {
	// Target is an address, "10.0.0.7:50051", or any other target of gRPC. A
	// name that stands for several addresses is balanced as well.
	Target string
	// Etcd are members of the etcd that exportd registers in: "etcd1:2379" or
	// "https://etcd1:2379".
	Etcd []string
	// Service is the name exportd registers under; empty: DefaultService.
	Service string
	// EtcdUsername and EtcdPassword log in to an etcd that asks for it.
	EtcdUsername, EtcdPassword string
	// EtcdTLS is for members of etcd with https; nil: the system's authorities.
	EtcdTLS *tls.Config

	// TLS turns on TLS towards exportd. So does any of the files; they are added
	// to it.
	TLS *tls.Config
	// CAFile holds the certificates, in PEM, of the authorities that may vouch
	// for exportd; empty: the system's.
	CAFile string
	// CertFile and KeyFile hold the client's own certificate and key, in PEM,
	// for mutual TLS. They are read at each handshake, so that a renewed
	// certificate is used without a restart.
	CertFile, KeyFile string
	// ServerName is the name wanted in exportd's certificate; empty: the host
	// that is dialed.
	ServerName string

	// Token is the bearer token sent with each call.
	Token string
	// TokenFile holds the token instead; it is read again for each call, so that
	// a renewed token is used without a restart.
	TokenFile string
	// TokenInPlaintext allows to send the token without TLS to hosts other than
	// this one.
	TokenInPlaintext bool

	// OperatorID is who asks, where the service has no tokens that tell.
	OperatorID int32

	// Patience is how long Watch and Download, and with them Run and Export,
	// look for a replica that answers once one has answered; 0: a minute.
	Patience time.Duration
	// Keepalive is how long a connection may be silent before it is probed; 0: 30
	// seconds; below 10 seconds: 10 seconds. A server that is probed more often
	// than it allows cuts the connection, and the time is doubled then.
	Keepalive time.Duration

	// DialOptions go to gRPC after the client's own, such as a stats handler that
	// carries the caller's trace to exportd.
	DialOptions []grpc.DialOption
}

const (
	defaultPatience  = time.Minute
	defaultKeepalive = 30 * time.Second
	// probeTimeout is how long a silent connection has to answer the probe.
	probeTimeout = 10 * time.Second
)

// check holds the options against each other and fills in what they leave out.
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

// tls is the configuration for exportd; nil: plaintext.
func (o *Options) tls() (*tls.Config, error) {
	if o.TLS == nil && o.CAFile == "" && o.CertFile == "" && o.ServerName == "" {
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
