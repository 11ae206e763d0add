package main

import (
	"log/slog"
	"net"
	"strings"
	"time"

	"exporttask/internal/discovery"
	"exporttask/internal/listener"
)

// etcdConfig holds the options of the registration in etcd. They may change while
// the process runs.
type etcdConfig struct {
	endpoints string
	service   string
	layouts   string
	advertise string
	ttl       time.Duration
	username  string
	password  string
	tls       listener.ClientTLS
}

func (c *etcdConfig) define(o *options) {
	f := o.flags
	f.StringVar(&c.advertise, "advertise", "", "`HOST:PORT` that clients dial, written to etcd; empty: grpc-addr")
	f.StringVar(&c.endpoints, "etcd-endpoints", "", "members of etcd, `HOST:PORT,...`; none: the service is not registered")
	f.StringVar(&c.service, "etcd-service", "exporttask", "service `name` in etcd")
	f.StringVar(&c.layouts, "etcd-layouts", "", "key layouts to write, `NAME,...` of endpoints, naming, resolver; none: all")
	f.DurationVar(&c.ttl, "etcd-ttl", 10*time.Second, "time to live of the lease in etcd: how long the keys of a dead process remain")
	f.StringVar(&c.username, "etcd-username", "", "`user` for an etcd with authentication")
	o.secret(&c.password, "etcd-password", "the password of etcd-username")
	f.StringVar(&c.tls.CAFile, "etcd-ca-file", "", "PEM `file` of certificate authorities that verify etcd; none: the system's")
	f.StringVar(&c.tls.CertFile, "etcd-cert-file", "", "PEM `file` of the client certificate for etcd")
	f.StringVar(&c.tls.KeyFile, "etcd-key-file", "", "PEM `file` of the private key of that certificate")
}

// validate checks what the registry itself does not know; grpcHost is where
// gRPC listens.
func (c *etcdConfig) validate(grpcHost string, bad func(option, format string, args ...any)) {
	if c.endpoints != "" && c.advertise == "" && isWildcard(grpcHost) {
		bad("advertise", "empty, want the HOST:PORT that clients dial, since gRPC listens on all addresses (%q)", grpcHost)
	}
	if err := c.tls.Validate("etcd-"); err != nil {
		bad("etcd", "%s", err)
	}
}

func isWildcard(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

// announcement is what is announced where gRPC listens on addr. certs are
// those that c.tls names, nil where it names none.
func (c *etcdConfig) announcement(addr string, certs *listener.ClientCerts, log *slog.Logger) discovery.Config {
	if c.advertise != "" {
		addr = c.advertise
	}
	cfg := discovery.Config{
		Endpoints: list(c.endpoints), Service: c.service, Addr: addr, TTL: c.ttl,
		Username: c.username, Password: c.password, Logger: log,
	}
	for _, name := range list(c.layouts) {
		cfg.Layouts = append(cfg.Layouts, discovery.Layout(name))
	}
	if certs != nil {
		cfg.TLS = certs.Config()
	}
	return cfg
}

// list splits an option of several values.
func list(values string) []string {
	if values == "" {
		return nil
	}
	return strings.Split(values, ",")
}
