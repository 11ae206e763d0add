package discovery

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Config says where etcd is and what to announce there. Zero values stand for
// the defaults named beside them.
type Config struct {
	// Endpoints are the members of etcd: HOST:PORT, http://HOST:PORT,
	// https://HOST:PORT or unix:///PATH. Without any, registration is off.
	Endpoints []string
	// Service is the name under which clients look for the service ("exporttask").
	Service string
	// Addr is the HOST:PORT that clients dial, as they see it; required.
	Addr string
	// Layouts are the forms of key to write (all).
	Layouts []Layout
	// TTL is how long etcd keeps the keys of a process that crashed (10 s), in
	// whole seconds. etcd raises it to its own minimum, one and a half election
	// timeouts rounded up: 2 s by default.
	TTL time.Duration
	// ReconcileEvery is the time between two reads of the keys (5 s).
	ReconcileEvery time.Duration
	// Timeout bounds each exchange with etcd, connecting included (3 s). A
	// change for the worse is noticed within ReconcileEvery plus Timeout.
	Timeout time.Duration

	// TLS is used for https and bare HOST:PORT endpoints; nil is plain text,
	// save for https endpoints, which then get the system's roots.
	TLS *tls.Config
	// Username and Password are for an etcd with authentication turned on: both
	// or neither.
	Username, Password string

	// Logger is told each change of state once (slog.Default()).
	Logger *slog.Logger
	// OnChange, where set, is called at each change of state, in order. It runs
	// inside the Registry: it must return quickly and, of the Registry's
	// methods, may call State alone.
	OnChange func(Change)
}

// off tells whether nothing is to be announced.
func (c *Config) off() bool { return len(c.Endpoints) == 0 }

func (c *Config) setDefaults() {
	if c.Service == "" {
		c.Service = "exporttask"
	}
	if len(c.Layouts) == 0 {
		c.Layouts = allLayouts()
	}
	if c.TTL == 0 {
		c.TTL = 10 * time.Second
	}
	if c.ReconcileEvery == 0 {
		c.ReconcileEvery = 5 * time.Second
	}
	if c.Timeout == 0 {
		c.Timeout = 3 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
}

// validate returns all that is wrong, each error beginning with its field.
func (c *Config) validate() error {
	if c.off() {
		return nil
	}
	var errs []error
	for i, ep := range c.Endpoints {
		if err := c.validateEndpoint(ep); err != nil {
			errs = append(errs, fmt.Errorf("endpoints[%d]: %w", i, err))
		}
	}
	if c.Service != strings.Trim(c.Service, "/") || strings.ContainsAny(c.Service, " \t\r\n") {
		errs = append(errs, fmt.Errorf("service: %q, want a name without outer slashes or blanks", c.Service))
	}
	if err := validateAddr(c.Addr); err != nil {
		errs = append(errs, fmt.Errorf("addr: %w", err))
	}
	for i, layout := range c.Layouts {
		if !slices.Contains(allLayouts(), layout) {
			errs = append(errs, fmt.Errorf("layouts[%d]: %q, want one of %q", i, layout, allLayouts()))
		}
		if slices.Contains(c.Layouts[:i], layout) {
			errs = append(errs, fmt.Errorf("layouts[%d]: %q is there twice", i, layout))
		}
	}
	if c.TTL < time.Second || c.TTL > time.Hour || c.TTL%time.Second != 0 {
		errs = append(errs, fmt.Errorf("ttl: %v, want whole seconds from 1s to 1h", c.TTL))
	}
	if c.ReconcileEvery < 100*time.Millisecond || c.ReconcileEvery > time.Hour {
		errs = append(errs, fmt.Errorf("reconcileEvery: %v, want 100ms to 1h", c.ReconcileEvery))
	}
	if c.Timeout < 100*time.Millisecond || c.Timeout > time.Minute {
		errs = append(errs, fmt.Errorf("timeout: %v, want 100ms to 1m", c.Timeout))
	}
	if (c.Username == "") != (c.Password == "") {
		errs = append(errs, errors.New("username, password: one without the other, want both or neither"))
	}
	return errors.Join(errs...)
}

func (c *Config) validateEndpoint(ep string) error {
	scheme, rest, ok := strings.Cut(ep, "://")
	if !ok {
		scheme, rest = "", ep
	}
	switch scheme {
	case "unix", "unixs":
		if rest == "" {
			return fmt.Errorf("%q, want a path after %s://", ep, scheme)
		}
		return nil
	case "http":
		// The client would drop TLS for it without a word.
		if c.TLS != nil {
			return fmt.Errorf("%q, want https:// or HOST:PORT where TLS is configured", ep)
		}
	case "", "https":
	default:
		return fmt.Errorf("%q, want HOST:PORT, http://HOST:PORT, https://HOST:PORT or unix:///PATH", ep)
	}
	host, port, err := net.SplitHostPort(rest)
	if err != nil || host == "" || !validPort(port) {
		return fmt.Errorf("%q, want HOST:PORT with a port from 1 to 65535", ep)
	}
	return nil
}

// validateAddr refuses what a client on another machine could not dial.
func validateAddr(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" || !validPort(port) {
		return fmt.Errorf("%q, want HOST:PORT with a port from 1 to 65535", addr)
	}
	if strings.ContainsAny(addr, "/\"\\<>& \t\r\n") {
		return fmt.Errorf("%q, want a plain host name or IP address", addr)
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return fmt.Errorf("%q, want the address clients dial, not the one that stands for all interfaces", addr)
	}
	return nil
}

func validPort(s string) bool {
	port, err := strconv.ParseUint(s, 10, 16)
	return err == nil && port > 0
}

// sameAs tells whether both announce the same in the same way.
func (c *Config) sameAs(o *Config) bool {
	return slices.Equal(c.Endpoints, o.Endpoints) && slices.Equal(c.Layouts, o.Layouts) &&
		c.Service == o.Service && c.Addr == o.Addr &&
		c.TTL == o.TTL && c.ReconcileEvery == o.ReconcileEvery && c.Timeout == o.Timeout &&
		c.TLS == o.TLS && c.Username == o.Username && c.Password == o.Password
}
