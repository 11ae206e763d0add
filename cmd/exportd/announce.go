package main

import (
	"fmt"
	"log/slog"

	"exporttask/internal/discovery"
	"exporttask/internal/listener"
)

// registrationStates are the names of the states of a registration, for metrics.
var registrationStates = []string{
	string(discovery.Init), string(discovery.Leased), string(discovery.Registered), string(discovery.Lost), string(discovery.Draining), string(discovery.Gone),
}

// announcer keeps the registration in etcd and follows changes of its options and
// TLS files.
type announcer struct {
	*discovery.Registrar
	addr  string // where gRPC listens
	log   *slog.Logger
	named listener.ClientTLS
	certs *listener.ClientCerts
}

// announce returns the registration of addr, the address that gRPC listens on.
// Without etcd endpoints the registration does nothing and logs so once.
func announce(c *etcdConfig, addr string, log *slog.Logger) (*announcer, error) {
	a := &announcer{addr: addr, log: log}
	cfg, err := a.config(c)
	if err != nil {
		return nil, err
	}
	if a.Registrar, err = discovery.New(cfg); err != nil {
		return nil, fmt.Errorf("etcd: %w", err)
	}
	return a, nil
}

// update applies changed options and changed TLS files. After an error nothing has
// changed.
func (a *announcer) update(c *etcdConfig) error {
	cfg, err := a.config(c)
	if err != nil {
		return err
	}
	if err := a.Update(cfg); err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	return nil
}

func (a *announcer) config(c *etcdConfig) (discovery.Config, error) {
	certs := a.certs
	switch {
	case !c.tls.On():
		certs = nil
	case certs != nil && c.tls == a.named:
		if err := certs.Reload(); err != nil {
			return discovery.Config{}, fmt.Errorf("etcd: %w", err)
		}
	default:
		var err error
		if certs, err = c.tls.Open(a.log); err != nil {
			return discovery.Config{}, fmt.Errorf("etcd: %w", err)
		}
	}
	a.named, a.certs = c.tls, certs
	return c.announcement(a.addr, certs, a.log), nil
}
