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

// Config is the address of etcd and what to register there. A zero value means the
// default given in parentheses.
type Config struct {
	// Endpoints are the members of etcd: HOST:PORT, http://HOST:PORT,
	// https://HOST:PORT or unix:///PATH. Without endpoints the registration is disabled.
	Endpoints []string
	// Service is the name under which clients look for the service ("exporttask").
	Service string
	// Addr is the HOST:PORT at which clients reach this process; required.
	Addr string
	// Layouts are the layouts of keys to put (all).
	Layouts []Layout
	// TTL is the lease's time to live: how long etcd keeps the keys of a crashed
	// process (10 s), in whole seconds. etcd raises it to its minimum of one and a
	// half election timeouts, rounded up: 2 s with its default settings.
	TTL time.Duration
	// ReconcileEvery is the time between two reads of the keys (5 s).
	ReconcileEvery time.Duration
	// Timeout bounds each request to etcd, including the time to connect (3 s). A
	// lost key is detected within ReconcileEvery plus Timeout.
	Timeout time.Duration

	// TLS is used for https and bare HOST:PORT endpoints. With nil, bare endpoints
	// are plain text, and https endpoints are verified with the system's roots.
	TLS *tls.Config
	// Username and Password are for an etcd with authentication enabled: both or
	// neither.
	Username, Password string

	// Logger gets one line for each state change (slog.Default()).
	Logger *slog.Logger
	// OnChange, if set, is called at each state change, in order. It is called
	// with a lock held: it must return quickly and may call no method of the
	// Registrar but State.
	OnChange func(StateChange)
}

// disabled reports whether the configuration has no etcd to register in.
func (c *Config) disabled() bool { return len(c.Endpoints) == 0 }

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

// validate returns an error for each invalid field, beginning with its name.
func (c *Config) validate() error {
	if c.disabled() {
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
		// The client would silently use plain text for it.
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

// validateAddr refuses addresses that a client on another machine cannot dial.
func validateAddr(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" || !validPort(port) {
		return fmt.Errorf("%q, want HOST:PORT with a port from 1 to 65535", addr)
	}
	if strings.ContainsAny(addr, "/\"\\<>& \t\r\n") {
		return fmt.Errorf("%q, want a plain host name or IP address", addr)
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return fmt.Errorf("%q, want the address that clients dial, not the unspecified address", addr)
	}
	return nil
}

func validPort(s string) bool {
	port, err := strconv.ParseUint(s, 10, 16)
	return err == nil && port > 0
}

// sameAs reports whether both configurations register the same in the same way.
func (c *Config) sameAs(o *Config) bool {
	return slices.Equal(c.Endpoints, o.Endpoints) && slices.Equal(c.Layouts, o.Layouts) &&
		c.Service == o.Service && c.Addr == o.Addr &&
		c.TTL == o.TTL && c.ReconcileEvery == o.ReconcileEvery && c.Timeout == o.Timeout &&
		c.TLS == o.TLS && c.Username == o.Username && c.Password == o.Password
}
