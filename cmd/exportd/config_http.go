package main

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	"exporttask/internal/auth/session"
	"exporttask/internal/auth/signedurl"
	"exporttask/internal/console"
	"exporttask/internal/gateway"
)

// httpConfig holds the options of the HTTP port.
type httpConfig struct {
	addr         string
	baseURL      string
	linkKeysFile string
	linkTTL      time.Duration
	origins      string
	hosts        string
	console      bool
	session      session.Lifetime

	metricsTokenFile string
}

func (c *httpConfig) define(o *options) {
	f := o.flags
	f.StringVar(&c.addr, "http-addr", "127.0.0.1:50052", "`HOST:PORT` on which HTTP listens; empty: no HTTP")
	f.StringVar(&c.baseURL, "http-base-url", "", "base `URL` of file addresses, as clients reach it; empty: http-addr")
	f.StringVar(&c.linkKeysFile, "link-keys-file", "", "`file` with one or two keys that sign links to files, the same for all replicas; none: links are not signed and need a token")
	f.DurationVar(&c.linkTTL, "link-ttl", time.Hour, "time for which a signed link is valid")
	f.BoolVar(&c.console, "console", true, "serve the console, a browser application, at /console/")
	f.DurationVar(&c.session.Idle, "console-session-idle", 2*time.Hour, "time without a request after which a session of the console ends")
	f.DurationVar(&c.session.Max, "console-session-max", 12*time.Hour, "time after the sign-in at which a session of the console ends")
	f.StringVar(&c.hosts, "http-hosts", "", "host names that requests without a token may name in the Host header, besides IP addresses and names without dots, `NAME,...`; *: any")
	f.StringVar(&c.origins, "cors-origins", "", "origins whose pages may call from browsers (CORS), `URL,...` or *; none: no CORS")
}

// openConsole returns the handler of the console, nil if the console is off.
func (c *httpConfig) openConsole() (*console.Handler, error) {
	if !c.console {
		return nil, nil //nolint:nilnil // no console is no error
	}
	u, err := url.Parse(c.baseURL)
	if err != nil {
		return nil, fmt.Errorf("http-base-url: %w", err)
	}
	return console.New(u.Path)
}

// sessions returns what lets people sign in to the console, nil if it is off.
// Replicas with the same link keys accept each other's sessions. tokens says that
// the service requires tokens; otherwise the service is asked.
func (c *httpConfig) sessions(links *links, tokens bool) *gateway.Sessions {
	if !c.console {
		return nil
	}
	s := &gateway.Sessions{Sealer: session.NewRandomSealer(), Lifetime: c.session, TokensRequired: tokens}
	if links.signer != nil {
		s.Sealer = session.NewSealer(func() ([][]byte, error) { return links.signer.Derive("exportd console session") })
	}
	if u, err := url.Parse(c.baseURL); err == nil && u.Host != "" {
		s.Origin, s.Secure = u.Scheme+"://"+u.Host, u.Scheme == "https"
	}
	return s
}

// allowedHosts returns the names of http-hosts, of http-base-url and of this
// machine.
func (c *httpConfig) allowedHosts() []string {
	hosts := list(c.hosts)
	if u, err := url.Parse(c.baseURL); err == nil && u.Hostname() != "" {
		hosts = append(hosts, u.Hostname())
	}
	if name, err := os.Hostname(); err == nil {
		hosts = append(hosts, name)
	}
	return hosts
}

func (c *httpConfig) validate(bad func(option, format string, args ...any)) {
	if c.addr != "" {
		if _, port, err := net.SplitHostPort(c.addr); err != nil || port == "" {
			bad("http-addr", "%q, want HOST:PORT or nothing", c.addr)
		}
	}
	if c.baseURL != "" {
		if u, err := url.Parse(c.baseURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" {
			bad("http-base-url", "%q, want https://HOST or http://HOST with nothing behind but a path", c.baseURL)
		}
	}
	if c.session.Idle < time.Minute || c.session.Max < c.session.Idle {
		bad("console-session-idle, console-session-max", "%s and %s, want 1m or more, and the first not above the second", c.session.Idle, c.session.Max)
	}
	if c.linkTTL < time.Second || c.linkTTL > signedurl.MaxAge {
		bad("link-ttl", "%s, want 1s..%s", c.linkTTL, signedurl.MaxAge)
	}
}
