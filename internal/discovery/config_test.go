package discovery

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"
)

func TestNew_invalidField(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*Config)
		want  string // what the error must contain; "" is no error
	}{
		"all right":                    {func(*Config) {}, ""},
		"IPv6":                         {func(c *Config) { c.Addr = "[fd00::1]:50051" }, ""},
		"off needs nothing":            {func(c *Config) { *c = Config{} }, ""},
		"unix endpoint":                {func(c *Config) { c.Endpoints[0] = "unix:///run/etcd.sock" }, ""},
		"https endpoint with TLS":      {func(c *Config) { c.Endpoints[0], c.TLS = "https://etcd:2379", &tls.Config{} }, ""},
		"http endpoint with TLS":       {func(c *Config) { c.Endpoints[0], c.TLS = "http://etcd:2379", &tls.Config{} }, `endpoints[0]: "http://etcd:2379", want https`},
		"endpoint without a port":      {func(c *Config) { c.Endpoints = append(c.Endpoints, "etcd") }, `endpoints[1]: "etcd"`},
		"endpoint of another scheme":   {func(c *Config) { c.Endpoints[0] = "ftp://etcd:2379" }, `endpoints[0]: "ftp://etcd:2379"`},
		"empty endpoint":               {func(c *Config) { c.Endpoints[0] = "" }, `endpoints[0]: ""`},
		"no address":                   {func(c *Config) { c.Addr = "" }, `addr: ""`},
		"address without a host":       {func(c *Config) { c.Addr = ":50051" }, `addr: ":50051"`},
		"address of all interfaces":    {func(c *Config) { c.Addr = "0.0.0.0:50051" }, `addr: "0.0.0.0:50051"`},
		"address of all IPv6":          {func(c *Config) { c.Addr = "[::]:50051" }, `addr: "[::]:50051"`},
		"address at port 0":            {func(c *Config) { c.Addr = "host:0" }, `addr: "host:0"`},
		"address with a slash":         {func(c *Config) { c.Addr = "a/b:1" }, `addr: "a/b:1"`},
		"service with an outer slash":  {func(c *Config) { c.Service = "/exporttask" }, `service: "/exporttask"`},
		"unknown layout":               {func(c *Config) { c.Layouts = []Layout{Naming, "dns"} }, `layouts[1]: "dns"`},
		"layout twice":                 {func(c *Config) { c.Layouts = []Layout{Naming, Naming} }, `layouts[1]: "naming" is there twice`},
		"TTL with a fraction":          {func(c *Config) { c.TTL = 2500 * time.Millisecond }, `ttl: 2.5s`},
		"negative TTL":                 {func(c *Config) { c.TTL = -time.Second }, `ttl: -1s`},
		"reconciling without a pause":  {func(c *Config) { c.ReconcileEvery = time.Millisecond }, `reconcileEvery: 1ms`},
		"no time for an answer":        {func(c *Config) { c.Timeout = time.Nanosecond }, `timeout: 1ns`},
		"a user name without password": {func(c *Config) { c.Username = "u" }, `username, password: `},
		"all that is wrong, not one":   {func(c *Config) { c.Addr, c.TTL = "x", 1 }, "ttl: 1ns"},
		"all that is wrong, the other": {func(c *Config) { c.Addr, c.TTL = "x", 1 }, `addr: "x"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := Config{Endpoints: []string{"127.0.0.1:2379"}, Addr: "10.0.0.1:50051"}
			c.spoil(&cfg)
			_, err := New(cfg)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case c.want != "" && err == nil:
				t.Errorf("got no error, want %q", c.want)
			case c.want != "" && !strings.Contains(err.Error(), c.want):
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
